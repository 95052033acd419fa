/// A queue of waiters that are each due at their own time.
struct DelayLine<Waiter> {
    private var waiters: [Ticket: Waiter] = [:]
    /// The latest first. Entries of waiters who have left stay until their time.
    private var times: [(time: ContinuousClock.Instant, ticket: Ticket)] = []

    /// When the next is due, or was.
    var earliest: ContinuousClock.Instant? { times.last?.time }

    /// Costs a search, and a move of those who are due earlier.
    mutating func insert(_ waiter: Waiter, ticket: Ticket, until time: ContinuousClock.Instant) {
        var low = 0
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            // Among equals, who came first stays nearer to the end, which is due first.
            if times[middle].time > time { low = middle + 1 } else { high = middle }
        }
        times.insert((time, ticket), at: low)
        waiters[ticket] = waiter
    }

    /// Removes a waiter that is due.
    mutating func popDue(at now: ContinuousClock.Instant) -> (ticket: Ticket, waiter: Waiter)? {
        while let last = times.last, last.time <= now {
            times.removeLast()
            if let waiter = waiters.removeValue(forKey: last.ticket) { return (last.ticket, waiter) }
        }
        return nil
    }

    /// Removes a waiter that gives up; nil if the ticket is not in the queue.
    mutating func remove(_ ticket: Ticket) -> Waiter? {
        defer { if waiters.isEmpty { times = [] } }
        return waiters.removeValue(forKey: ticket)
    }

    /// Removes all waiters, in the order in which they are due.
    mutating func removeAll() -> [Waiter] {
        defer {
            waiters = [:]
            times = []
        }
        return times.reversed().compactMap { waiters[$0.ticket] }
    }
}

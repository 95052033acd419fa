import NIOCore

/// A first-in, first-out queue of waiters. Joining, leaving and being served take constant time.
struct WaitingLine<Waiter> {
    private var waiters: [Ticket: Waiter] = [:]
    /// The tickets in order, including those of waiters that have left.
    private var order = CircularBuffer<Ticket>()

    var isEmpty: Bool { waiters.isEmpty }
    var count: Int { waiters.count }

    /// The next waiter.
    var first: Waiter? {
        mutating get {
            while let ticket = order.first {
                if let waiter = waiters[ticket] { return waiter }
                order.removeFirst()
            }
            return nil
        }
    }

    mutating func append(_ waiter: Waiter, ticket: Ticket) {
        waiters[ticket] = waiter
        order.append(ticket)
    }

    /// Removes the first waiter.
    mutating func popFirst() -> (ticket: Ticket, waiter: Waiter)? {
        while let ticket = order.popFirst() {
            if let waiter = waiters.removeValue(forKey: ticket) { return (ticket, waiter) }
        }
        return nil
    }

    /// Removes a waiter that gives up; nil if the ticket is not in the queue.
    mutating func remove(_ ticket: Ticket) -> Waiter? {
        defer { if waiters.isEmpty { order.removeAll(keepingCapacity: true) } }
        return waiters.removeValue(forKey: ticket)
    }

    /// Removes all waiters, in order.
    mutating func removeAll() -> [Waiter] {
        var all: [Waiter] = []
        while let (_, waiter) = popFirst() { all.append(waiter) }
        return all
    }
}

/// Identifies a waiter. Every wait has its own ticket.
struct Ticket: Hashable, Sendable {
    private let number: UInt64

    /// Gives out tickets, no two the same.
    struct Roll {
        private var next: UInt64 = 0

        mutating func issue() -> Ticket {
            defer { next += 1 }
            return Ticket(number: next)
        }
    }
}

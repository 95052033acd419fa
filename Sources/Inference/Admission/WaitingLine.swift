import NIOCore

/// Those who wait for something, first come, first served. Joining, leaving and being served cost the same however many
/// wait.
struct WaitingLine<Waiter> {
    private var waiters: [Ticket: Waiter] = [:]
    /// The tickets in their order, those of waiters who have left included.
    private var order = CircularBuffer<Ticket>()

    var isEmpty: Bool { waiters.isEmpty }
    var count: Int { waiters.count }

    /// Who is served next.
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

    /// Takes the first out of the line.
    mutating func popFirst() -> (ticket: Ticket, waiter: Waiter)? {
        while let ticket = order.popFirst() {
            if let waiter = waiters.removeValue(forKey: ticket) { return (ticket, waiter) }
        }
        return nil
    }

    /// Takes one out of the line who will wait no longer; nil if the ticket is not in it.
    mutating func remove(_ ticket: Ticket) -> Waiter? {
        defer { if waiters.isEmpty { order.removeAll(keepingCapacity: true) } }
        return waiters.removeValue(forKey: ticket)
    }

    /// Takes all out of the line, in their order.
    mutating func removeAll() -> [Waiter] {
        var all: [Waiter] = []
        while let (_, waiter) = popFirst() { all.append(waiter) }
        return all
    }
}

/// Names one who waits. Every wait has a ticket of its own.
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

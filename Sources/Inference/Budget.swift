/// What a run may spend.
public struct BudgetLimits: Hashable, Sendable {
    /// How many requests may be sent, repeated ones counted.
    public var maxRequests: Int?
    /// What the answers may cost, in the currency of the models' prices.
    public var maxCost: Double?

    public init(maxRequests: Int? = nil, maxCost: Double? = nil) {
        self.maxRequests = maxRequests
        self.maxCost = maxCost
    }
}

/// What a request may cost.
struct Cost: Hashable {
    /// What is known beforehand.
    var fixed: Double
    /// The price of a token of the output, where the request does not limit these; else it is in `fixed`.
    var perToken = 0.0
}

/// Keeps a run within its limits: a request reserves what it may cost before it is sent, so that those under way cannot
/// overshoot, and is charged what it did cost afterwards.
///
/// Where a limit could be reached by the reservations alone, a request waits until some of them are settled.
struct Budget<Waiter> {
    /// What is to be done after an event.
    struct Actions {
        /// Those who may go, and what was reserved for them.
        var granted: [(waiter: Waiter, reserved: Double)] = []
        var refused: [(waiter: Waiter, reason: String)] = []
    }

    let limits: BudgetLimits
    private(set) var sent = 0
    private(set) var spent = 0.0
    /// Output tokens that an answer is expected to have whose request does not limit them.
    var expectedOutput = 256.0
    private var reservations = 0
    private var reserved = 0.0
    private var line = WaitingLine<(waiter: Waiter, cost: Cost)>()

    init(limits: BudgetLimits) {
        self.limits = limits
    }

    /// Asks for room for a request that may cost `cost`.
    mutating func reserve(_ cost: Cost, waiter: Waiter, ticket: Ticket) -> Actions {
        line.append((waiter, cost), ticket: ticket)
        return advance()
    }

    /// Lets one out who will not wait longer; nil if the ticket does not wait here.
    mutating func leave(_ ticket: Ticket) -> (Waiter, Actions)? {
        line.remove(ticket).map { ($0.waiter, advance()) }
    }

    /// Gives back a reservation of `cost` that was granted.
    ///
    /// - Parameters:
    ///   - actual: what the request did cost.
    ///   - wasSent: whether it was sent.
    mutating func settle(_ cost: Double, actual: Double, wasSent: Bool) -> Actions {
        reservations -= 1
        // Sums of fractions leave a rest.
        reserved = reservations == 0 ? 0 : reserved - cost
        spent += actual
        if wasSent { sent += 1 }
        return advance()
    }

    private mutating func advance() -> Actions {
        var actions = Actions()
        while let first = line.first {
            // Estimated only now: those who waited have learnt from the answers to those before.
            let cost = first.cost.fixed + first.cost.perToken * expectedOutput
            if let reason = obstacle(to: cost, with: (reservations, reserved)) {
                // What is under way may turn out to be cheaper than expected, and make room.
                guard obstacle(to: first.cost.fixed, with: (0, 0)) != nil || reservations == 0 else { break }
                _ = line.popFirst()
                let isGuess = limits.maxCost != nil && first.cost.perToken > 0
                actions.refused.append((first.waiter, reason + (isGuess ? " (max_tokens would limit that)" : "")))
            } else {
                _ = line.popFirst()
                reservations += 1
                reserved += cost
                actions.granted.append((first.waiter, cost))
            }
        }
        return actions
    }

    /// Which limit a request of `cost` would exceed beside the given reservations; nil if none.
    private func obstacle(to cost: Double, with open: (count: Int, cost: Double)) -> String? {
        if let limit = limits.maxRequests, sent + open.count >= limit {
            return "the limit of \(limit) requests is reached"
        }
        if let limit = limits.maxCost, spent + open.cost + cost > limit {
            return "the limit of \(limit) on the cost is reached: \(Self.rounded(spent)) is spent, and the request may "
                + "cost \(Self.rounded(cost))"
        }
        return nil
    }

    private static func rounded(_ cost: Double) -> Double { (cost * 1_000_000).rounded() / 1_000_000 }
}

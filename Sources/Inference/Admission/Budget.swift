/// The budget of a run.
public struct BudgetLimits: Hashable, Sendable {
    /// The maximum number of requests, including retries.
    public var maxRequests: Int?
    /// The maximum cost of the replies, in the currency of the models' prices.
    ///
    /// A request is sent only if the money already spent, plus the expected cost of the requests in progress and of this one,
    /// stays within the limit. The limit can therefore only be exceeded by requests that were in progress when it was
    /// reached and cost more than expected.
    public var maxCost: Double?

    public init(maxRequests: Int? = nil, maxCost: Double? = nil) {
        self.maxRequests = maxRequests
        self.maxCost = maxCost
    }
}

/// The cost of a request, before it is sent.
struct Cost: Hashable {
    /// The model. The costs of its earlier replies predict those of later ones.
    var model: String
    /// The estimated price of the prompt.
    var prompt = 0.0
    /// The price of the prompt and of the longest reply that the request allows; nil if it sets no limit.
    var bound: Double?
    /// The price of the prompt and of ``unknownReply`` tokens.
    var usual = 0.0

    /// The tokens of a reply of which nothing is known: neither what the request allows nor how long others were.
    static let unknownReply = 4096
}

extension Model {
    /// What a request may cost; nothing without a price.
    func cost(of request: InferenceRequest) -> Cost {
        guard let price else { return Cost(model: id) }
        let input = estimatedTokens(request.body)
        func cost(output: Int) -> Double { price.cost(of: TokenUsage(input: input, output: output)) }
        let bound = price.output > 0 ? maximumOutput(of: request).map(cost) : cost(output: 0)
        return Cost(model: id, prompt: cost(output: 0), bound: bound, usual: cost(output: Cost.unknownReply))
    }
}

/// What a request was charged with.
enum Charge: Hashable {
    /// No reply came, and none was written.
    case nothing
    /// What its reply cost.
    case reply(Double)
    /// No reply came, and the server may have written and billed one; or one whose length is not known.
    case presumed
}

/// Keeps a run within its limits. A request reserves its expected cost, is checked again when its turn comes, and is charged
/// its actual cost afterwards.
///
/// What a reply of a model is expected to cost is learnt from its earlier replies, see ``ReplyCosts``, and is at most what
/// the request allows. These bounds hold:
/// - As long as the maximum costs of all requests in progress fit in the rest of the budget, the limit cannot be exceeded.
/// - If nothing is known about a model, and its request may cost more than the rest of the budget, a single request is sent
///   while no others are in progress. After n replies, at most n of its requests are in progress at once.
/// - Once the limit is reached, nothing more is sent.
///
/// Where a limit could be reached by the reservations alone, a request waits until some of them are settled.
struct Budget<Waiter> {
    /// The actions after an event.
    struct Actions {
        /// Those who may wait for their turn: something is reserved for them, until `start` or `release`.
        var granted: [Waiter] = []
        var refused: [(waiter: Waiter, reason: String)] = []
    }

    /// The decision about a request whose turn has come.
    enum Admission: Hashable {
        case allowed
        /// It must reserve again, because newer information leaves no room for it now.
        case deferred
        case refused(reason: String)
    }

    let limits: BudgetLimits
    private(set) var sent = 0
    private(set) var spent = 0.0
    /// The part of `spent` that no server has confirmed.
    private(set) var presumed = 0.0
    private var held = RequestLoad()
    private var underWay = RequestLoad()
    private var costs: [String: ReplyCosts] = [:]
    private var line = WaitingLine<(waiter: Waiter, cost: Cost)>()

    /// - Parameters:
    ///   - sent: the requests of the run so far, and `spent`, what they cost.
    init(limits: BudgetLimits, sent: Int = 0, spent: Double = 0) {
        self.limits = limits
        self.sent = sent
        self.spent = spent
    }

    /// Reserves room for a request with this cost.
    mutating func reserve(_ cost: Cost, waiter: Waiter, ticket: Ticket) -> Actions {
        line.append((waiter, cost), ticket: ticket)
        return advance()
    }

    /// Removes a waiter that gives up; nil if the ticket is not waiting here.
    mutating func leave(_ ticket: Ticket) -> (Waiter, Actions)? {
        line.remove(ticket).map { ($0.waiter, advance()) }
    }

    /// Releases a granted reservation that was not started.
    mutating func release(_ cost: Cost) -> Actions {
        held.remove(cost)
        return advance()
    }

    /// Checks a request whose turn to be sent has come, and counts it as sent if it is allowed. Its reservation is used up,
    /// whatever the answer.
    ///
    /// - Parameter isHeld: whether it has a reservation.
    mutating func start(_ cost: Cost, isHeld: Bool) -> (Admission, Actions) {
        if isHeld { held.remove(cost) }
        // Those that hold a reservation are checked when their own turn comes; only the number of requests is promised.
        let obstacle = obstacle(to: cost, beside: underWay, counting: isHeld ? 0 : held.count)
        guard let obstacle else {
            sent += 1
            underWay.add(cost)
            return (.allowed, advance())
        }
        let isFinal = underWay.isEmpty && (isHeld || held.isEmpty) || isHopeless(cost)
        return (isFinal ? .refused(reason: obstacle) : .deferred, advance())
    }

    /// Records the end of a started request.
    mutating func settle(_ cost: Cost, _ charge: Charge) -> Actions {
        underWay.remove(cost)
        switch charge {
        case .nothing: break
        case .reply(let actual):
            spent += actual
            let isBeyondBound = cost.bound.map { actual > $0 * (1 + 1e-9) } ?? false
            costs[cost.model, default: ReplyCosts()].add(actual - cost.prompt, isBeyondBound: isBeyondBound)
        case .presumed:
            let presumption = presumption(of: cost)
            spent += presumption
            presumed += presumption
        }
        return advance()
    }

    /// What is charged for a request that may have been answered and billed, though its reply did not come: what it was
    /// expected to cost. Where the model's replies are not known yet, that is what the request allows at most.
    func presumption(of cost: Cost) -> Double {
        let expected = expectedCost(of: cost)
        return expected.isFinite ? expected : cost.bound ?? cost.usual
    }

    private mutating func advance() -> Actions {
        var actions = Actions()
        while let first = line.first {
            let reserved = held + underWay
            if let reason = obstacle(to: first.cost, beside: reserved, counting: held.count) {
                // Requests in progress may turn out to be cheaper than expected, and make room.
                guard reserved.isEmpty || isHopeless(first.cost) else { break }
                _ = line.popFirst()
                actions.refused.append((first.waiter, reason))
            } else {
                _ = line.popFirst()
                held.add(first.cost)
                actions.granted.append(first.waiter)
            }
        }
        return actions
    }
}

// MARK: What fits

extension Budget {
    /// Which limit a request would exceed; nil if none.
    ///
    /// - Parameters:
    ///   - load: the requests whose costs are expected beside it.
    ///   - promised: how many requests that are not sent yet may be sent before it.
    private func obstacle(to cost: Cost, beside load: RequestLoad, counting promised: Int) -> String? {
        if let limit = limits.maxRequests, sent + promised >= limit {
            return "the limit of \(limit) requests is reached"
        }
        guard let limit = limits.maxCost, !fits(cost, beside: load, within: limit) else { return nil }
        let expected = load.isEmpty ? expectedCost(of: cost) : nil
        let rest = expected.map { $0.isFinite ? ", and the request may cost \(Self.rounded($0))" : "" } ?? ""
        let part =
            presumed > 0 ? " (\(Self.rounded(presumed)) of it for replies that may be billed and did not come)" : ""
        return "the limit of \(limit) on the cost is reached: \(Self.rounded(spent)) is spent\(part)\(rest)"
    }

    private func fits(_ cost: Cost, beside load: RequestLoad, within limit: Double) -> Bool {
        // Sums of fractions have rounding errors.
        let left = limit * (1 + 1e-9) - spent
        var whole = load
        whole.add(cost)
        if whole.bound(costs) <= left { return true }
        guard let known = costs[cost.model] else { return load.isEmpty && cost.prompt < left }
        return load.count(of: cost.model) < known.count && whole.expected(costs) <= left
    }

    /// Whether there is no room for the request even if all requests in progress cost nothing.
    private func isHopeless(_ cost: Cost) -> Bool {
        if let limit = limits.maxRequests, sent >= limit { return true }
        if let limit = limits.maxCost { return spent + cost.prompt > limit * (1 + 1e-9) }
        return false
    }

    private func expectedCost(of cost: Cost) -> Double {
        var load = RequestLoad()
        load.add(cost)
        return load.expected(costs)
    }

    private static func rounded(_ cost: Double) -> Double { (cost * 1_000_000).rounded() / 1_000_000 }
}

/// What the batches of a run have cost and may cost.
///
/// A batch cannot be unspent: what its requests may cost at most is reserved before they are submitted, and what does not fit
/// is not submitted.
struct BatchLedger {
    let limits: BudgetLimits
    private(set) var requests = 0
    private(set) var spent = 0.0
    private(set) var reserved = 0.0
    private var costs: [String: ReplyCosts] = [:]

    init(_ limits: BudgetLimits) {
        self.limits = limits
    }

    /// Reserves room for a request.
    ///
    /// - Returns: what is reserved; nil if it does not fit.
    mutating func reserve(_ cost: Cost, factor: Double) -> Double? {
        if let limit = limits.maxRequests, requests >= limit { return nil }
        let expected = expectedCost(of: cost) * factor
        if let limit = limits.maxCost, spent + reserved + expected > limit * (1 + 1e-9) { return nil }
        requests += 1
        reserved += expected
        return expected
    }

    /// Adds a batch that another run has submitted, and that this one waits for.
    mutating func add(requests: Int, reserved: Double) {
        self.requests += requests
        self.reserved += reserved
    }

    /// Adds requests that were sent by themselves.
    mutating func add(requests: Int, spent: Double) {
        self.requests += requests
        self.spent += spent
    }

    /// Gives back what a batch has reserved that is not submitted, or that somebody else pays for.
    mutating func release(requests: Int, reserved: Double) {
        self.requests -= requests
        self.reserved -= reserved
    }

    /// Replaces what a batch has reserved by what it cost.
    mutating func settle(reserved: Double, spent: Double) {
        self.reserved -= reserved
        self.spent += spent
    }

    /// Learns from a reply what others may cost.
    mutating func learn(_ cost: Double, factor: Double, model: String) {
        guard factor > 0 else { return }
        costs[model, default: ReplyCosts()].add(cost / factor, isBeyondBound: false)
    }

    /// What the request allows; what earlier replies of the model cost, once there are enough of them to tell.
    private func expectedCost(of cost: Cost) -> Double {
        let most = cost.bound ?? cost.usual
        guard let known = costs[cost.model], known.count >= 20 else { return most }
        return min(most, known.expected(isAlone: false))
    }

    /// Why a request does not fit.
    var refusal: InferenceError {
        if let limit = limits.maxRequests, requests >= limit {
            return InferenceError(.notAsked, "not sent: the limit of \(limit) requests is reached")
        }
        let limit = limits.maxCost ?? 0
        return InferenceError(
            .notAsked,
            "not sent in a batch: its replies may exceed the limit of \(limit) on the cost; a lower max_tokens makes "
                + "room for more requests")
    }
}

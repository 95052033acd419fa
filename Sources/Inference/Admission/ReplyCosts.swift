/// What the replies of a model cost beyond their prompts' estimated price: the price of their output, and by how much the
/// estimate was off.
struct ReplyCosts {
    private(set) var count = 0
    /// Whether a reply cost more than its request seemed to allow: because the server does not count its thinking towards the
    /// limit, or because prompts have more tokens than estimated. What requests allow says nothing then.
    private(set) var isBeyondBounds = false
    private var mean = 0.0
    /// The sum of the squared differences from the mean.
    private var squares = 0.0

    /// Records a reply (Welford, "Note on a method for calculating corrected sums of squares and products", 1962).
    ///
    /// - Parameter isBeyondBound: whether it cost more than its request seemed to allow.
    mutating func add(_ cost: Double, isBeyondBound: Bool) {
        count += 1
        if isBeyondBound { isBeyondBounds = true }
        let difference = cost - mean
        mean += difference / Double(count)
        squares += difference * (cost - mean)
    }

    /// What a reply is expected to cost at most: the mean and two standard deviations. Where several are asked for at once,
    /// a share of the mean is added that falls with the number of replies known, for then a wrong guess counts for each.
    func expected(isAlone: Bool) -> Double {
        guard count > 0 else { return .infinity }
        let deviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : 0
        return mean + 2 * deviation + (isAlone ? 0 : abs(mean) / Double(count))
    }
}

/// A number of requests, and what they may cost together.
struct RequestLoad {
    private struct Share {
        var count = 0
        var prompts = 0.0
        var bounds = 0.0
        /// How many of the requests set no limit to their replies.
        var unbounded = 0

        var bound: Double { unbounded > 0 ? .infinity : bounds }

        mutating func add(_ cost: Cost, times sign: Int) {
            count += sign
            prompts += Double(sign) * cost.prompt
            if let bound = cost.bound { bounds += Double(sign) * bound } else { unbounded += sign }
        }
    }

    private(set) var count = 0
    /// By the model; none that is empty.
    private var shares: [String: Share] = [:]

    var isEmpty: Bool { count == 0 }

    /// How many of the requests are to the model.
    func count(of model: String) -> Int { shares[model]?.count ?? 0 }

    /// What the requests cost at most; infinite where one of them sets no limit, or none that holds.
    func bound(_ costs: [String: ReplyCosts]) -> Double {
        shares.reduce(0) { $0 + (costs[$1.key]?.isBeyondBounds == true ? .infinity : $1.value.bound) }
    }

    /// What the requests are expected to cost; infinite where that is not known of one of them.
    func expected(_ costs: [String: ReplyCosts]) -> Double {
        shares.reduce(0) { sum, share in
            let known = costs[share.key]
            let reply = known?.expected(isAlone: count == 1) ?? .infinity
            let expected = max(0, share.value.prompts + reply * Double(share.value.count))
            return sum + (known?.isBeyondBounds == true ? expected : min(share.value.bound, expected))
        }
    }

    mutating func add(_ cost: Cost) {
        count += 1
        shares[cost.model, default: Share()].add(cost, times: 1)
    }

    mutating func remove(_ cost: Cost) {
        count -= 1
        shares[cost.model]?.add(cost, times: -1)
        // Sums of fractions leave a rest, which is dropped with the last request.
        if shares[cost.model]?.count == 0 { shares[cost.model] = nil }
    }

    static func + (one: RequestLoad, other: RequestLoad) -> RequestLoad {
        var sum = one
        sum.count += other.count
        sum.shares.merge(other.shares) { first, second in
            Share(
                count: first.count + second.count, prompts: first.prompts + second.prompts,
                bounds: first.bounds + second.bounds, unbounded: first.unbounded + second.unbounded)
        }
        return sum
    }
}

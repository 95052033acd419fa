/// A limit that a server states in the headers of a response.
struct StatedLimit: Hashable, Sendable {
    enum Unit: Hashable, Sendable {
        case requests
        case inputTokens
        case outputTokens
        case tokens
    }

    /// What the server calls it, such as `requests` or `tokens-minute`.
    var name: String
    var unit: Unit
    /// What may be used at once.
    var limit: Double
    /// What of that is left.
    var remaining: Double
    /// How much is added per second, up to the limit.
    var refill: Double
}

extension StatedLimit {
    /// Seconds until the limit is reset, if it leaves no room for a request and that takes longer than a rate is waited for;
    /// nil otherwise.
    ///
    /// Such a limit is a quota, of a day for example. Whether it fills evenly or all at once is not known, so the
    /// later time counts.
    ///
    /// - Parameter tokens: the tokens of the prompt.
    func reset(refusing tokens: Int) -> Double? {
        guard remaining < (unit == .requests ? 1 : max(1, Double(tokens))) else { return nil }
        let seconds = (limit - remaining) / refill
        return seconds > StatedLimits.longestWait ? seconds : nil
    }

    /// Whether it leaves no room now, but will soon, as a limit per minute does.
    var isUsedUpForAMoment: Bool { remaining < 1 && (limit - remaining) / refill <= StatedLimits.longestWait }
}

/// The limits that a server states, kept up to date between its responses.
///
/// Each is a bucket that empties with every request that starts. Limits on tokens take what an average reply used, because a
/// request does not tell. While a bucket holds enough, requests start without delay; then they start as it fills.
///
/// A limit that keeps the next request waiting for longer than ``longestWait`` is left to the server to enforce: it may not
/// fill evenly, or not be meant. If the server refuses the request, it is known when to come again, see
/// ``StatedLimit/reset(refusing:)``.
struct StatedLimits {
    private struct Bucket {
        var limit: StatedLimit
        var level: Double
        var time: ContinuousClock.Instant
        /// The request whose response stated it last.
        var number: Int

        func level(at now: ContinuousClock.Instant) -> Double {
            min(limit.limit, level + max(0, (now - time) / .seconds(1)) * limit.refill)
        }
    }

    private var buckets: [String: Bucket] = [:]
    private var inputTokens = Average()
    private var outputTokens = Average()
    /// Whether a request has had to wait for a bucket to fill.
    private(set) var areBinding = false

    /// A server may name anything.
    private static let mostBuckets = 16
    /// Clocks and counts differ a little.
    private static let share = 0.98
    private static let reserve = 1.6
    /// Seconds. A limit per minute takes no longer.
    static let longestWait = 120.0

    /// The average of the latest 50 or so.
    private struct Average {
        private(set) var value = 0.0
        private var count = 0.0

        mutating func add(_ new: Double) {
            count = min(count + 1, 50)
            value += (new - value) / count
        }
    }

    /// The requests per second that all limits allow in the long run; nil if none is stated.
    var rate: Double? {
        buckets.values.compactMap { bucket in
            let cost = cost(of: bucket.limit.unit)
            return cost > 0 ? bucket.limit.refill * Self.share / cost : nil
        }.min()
    }

    /// When the next request may start; nil for at once.
    mutating func start(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var latest: ContinuousClock.Instant?
        for bucket in buckets.values {
            let cost = cost(of: bucket.limit.unit)
            // The next reply may be longer than the average one. What needs more than the limit is for the server to refuse.
            let needed = min(bucket.limit.unit == .requests ? cost : Self.reserve * cost, bucket.limit.limit)
            let missing = needed - bucket.level(at: now)
            let seconds = missing / (bucket.limit.refill * Self.share)
            guard missing > 1e-6, seconds <= Self.longestWait else { continue }
            let time = now + .seconds(seconds)
            latest = max(latest ?? time, time)
        }
        if latest != nil { areBinding = true }
        return latest
    }

    /// Records that a request starts.
    mutating func recordStart(at now: ContinuousClock.Instant) {
        for (name, var bucket) in buckets {
            bucket.level = bucket.level(at: now) - cost(of: bucket.limit.unit)
            bucket.time = now
            buckets[name] = bucket
        }
    }

    /// Records what a response states.
    ///
    /// - Parameters:
    ///   - start: the request.
    ///   - lastStart: the number of the latest request that has started.
    ///   - usage: what the response says that it used.
    mutating func record(
        _ limits: [StatedLimit], of start: AttemptStart, lastStart: Int, usage: TokenUsage?,
        at now: ContinuousClock.Instant
    ) {
        if let usage {
            inputTokens.add(Double(usage.input))
            outputTokens.add(Double(usage.output))
        }
        for limit in limits {
            if let known = buckets[limit.name], known.number > start.number { continue }
            if buckets[limit.name] == nil, buckets.count >= Self.mostBuckets { continue }
            // The state when the request arrived: since then, others have started, and the bucket has filled.
            let later = Double(lastStart - start.number) * cost(of: limit.unit)
            let filled = (now - start.time) / .seconds(1) * limit.refill
            let level = min(limit.limit, limit.remaining + filled - later)
            buckets[limit.name] = Bucket(limit: limit, level: level, time: now, number: start.number)
        }
    }

    private func cost(of unit: StatedLimit.Unit) -> Double {
        switch unit {
        case .requests: 1
        case .inputTokens: inputTokens.value
        case .outputTokens: outputTokens.value
        case .tokens: inputTokens.value + outputTokens.value
        }
    }
}

extension Estimate {
    /// The share of successes, with Wilson's interval (1927): (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n).
    ///
    /// It is not 0 wide where all rows failed or all succeeded, and stays inside 0...1.
    package static func proportion(_ successes: Int, of n: Int, level: Double = 0.95) -> Estimate {
        guard n > 0 else { return Estimate(nil, reason: "no scores") }
        let p = Double(successes) / Double(n)
        return Estimate(
            p, standardError: n > 1 ? (p * (1 - p) / Double(n - 1)).squareRoot() : nil,
            interval: wilson(p, n: Double(n), level: level))
    }

    static func wilson(_ p: Double, n: Double, level: Double) -> Interval {
        let z = Normal.halfWidth(level: level)
        let center = p + z * z / (2 * n)
        let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        return Interval(
            level: level, lower: p == 0 ? 0 : max(0, (center - half) / scale),
            upper: p == 1 ? 1 : min(1, (center + half) / scale), method: .wilson)
    }

    /// The mean of scores: as a proportion where all of them are 0 or 1, else with ± t · s/√n.
    package static func mean(of moments: Moments, level: Double = 0.95) -> Estimate {
        if moments.isBinary, moments.count > 0 {
            return proportion(Int(moments.sum.value), of: moments.count, level: level)
        }
        return realMean(of: moments, level: level)
    }

    /// The mean of scores with ± t · s/√n, whatever they are.
    package static func realMean(of moments: Moments, level: Double = 0.95) -> Estimate {
        guard let mean = moments.mean() else { return Estimate(nil, reason: "no scores") }
        return Estimate(
            mean, standardError: moments.standardError, level: level, degreesOfFreedom: Double(moments.count - 1),
            reason: moments.count == 1 ? "one score" : "all scores are equal")
    }

    /// The weighted mean with ± t · its linearised standard error.
    package static func weightedMean(of moments: WeightedMoments, level: Double = 0.95) -> Estimate {
        guard let mean = moments.mean else { return Estimate(nil, reason: "the weights add up to 0") }
        return Estimate(
            mean, standardError: moments.standardError, level: level, degreesOfFreedom: Double(moments.count - 1),
            reason: moments.count <= 1 ? "one score with a weight" : "all scores are equal")
    }

    /// The median of ascending runs of equal scores, with the scores that bound it by the binomial distribution: the
    /// k-th from below and from above, with the largest k for which 2 P(Bin(n, ½) ≤ k - 1) ≤ 1 - level.
    package static func median(
        of runs: [(value: Double, count: Int)], value: Double?, level: Double = 0.95
    ) -> Estimate {
        let n = runs.reduce(0) { $0 + $1.count }
        guard let value else { return Estimate(nil, reason: "no scores") }
        let coin = FairCoin(tosses: n)
        func isAllowed(_ k: Int) -> Bool { 2 * coin.atMost(k - 1) <= 1 - level }
        guard n > 0, isAllowed(1) else {
            return Estimate(value, reason: "too few scores for an interval of the median")
        }
        var (low, high) = (1, n / 2 + 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if isAllowed(middle) { low = middle } else { high = middle }
        }
        func score(_ place: Int) -> Double {
            var end = 0
            for run in runs {
                end += run.count
                if place <= end { return run.value }
            }
            return value
        }
        return Estimate(
            value,
            interval: Interval(level: level, lower: score(low), upper: score(n + 1 - low), method: .orderStatistics))
    }
}

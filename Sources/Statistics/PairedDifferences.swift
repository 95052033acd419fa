/// Two runs over the same rows, in the making: takes pairs one by one, in constant memory without clusters.
///
/// The result does not depend on the order of the pairs. A difference is B's score minus A's.
package struct PairedDifferences: Sendable {
    package private(set) var better = 0
    package private(set) var worse = 0
    package private(set) var equal = 0
    package private(set) var a = Moments()
    package private(set) var b = Moments()
    private(set) var differences = Moments()
    /// The differences that are not 0, as long as they are few enough to be flipped in all ways.
    private var changed: [Double] = []
    private(set) var table = PairedBinary()
    /// By cluster, where there are clusters.
    private var clusters: [Int: ClusterScores]?

    /// What the pairs of a cluster add up to.
    private struct ClusterScores {
        var a = ClusterSum()
        var b = ClusterSum()
        var difference = ClusterSum()
    }

    /// - Parameter isClustered: whether pairs come with a cluster.
    package init(isClustered: Bool = false) { clusters = isClustered ? [:] : nil }

    package var count: Int { better + worse + equal }

    package var isClustered: Bool { clusters != nil }

    /// Whether all scores of both sides are 0 or 1.
    package var isBinary: Bool { a.isBinary && b.isBinary }

    /// Adds a pair of finite scores.
    ///
    /// - Parameter cluster: a number that stands for the pair's cluster; not looked at without clusters.
    package mutating func add(_ scoreA: Double, _ scoreB: Double, cluster: Int = 0) {
        if scoreB > scoreA { better += 1 } else if scoreB < scoreA { worse += 1 } else { equal += 1 }
        a.add(scoreA)
        b.add(scoreB)
        differences.add(difference: scoreB, scoreA)
        if isBinary {
            switch (scoreA, scoreB) {
            case (1, 1): table.both += 1
            case (1, _): table.onlyA += 1
            case (_, 1): table.onlyB += 1
            default: table.neither += 1
            }
        }
        if scoreA != scoreB, changed.count <= SignFlips.limit { changed.append(scoreB - scoreA) }
        guard clusters != nil else { return }
        clusters?[cluster, default: ClusterScores()].a.add(scoreA)
        clusters?[cluster, default: ClusterScores()].b.add(scoreB)
        clusters?[cluster, default: ClusterScores()].difference.add(difference: scoreB, scoreA)
    }

    /// The mean of one side's scores, with the interval that is usual for them.
    package func estimate(of side: Side, level: Double = 0.95) -> Estimate {
        let moments = side == .a ? a : b
        guard let clusters else { return .mean(of: moments, level: level) }
        return ClusteredMean(clusters.values.map { side == .a ? $0.a : $0.b })
            .estimate(isBinary: moments.isBinary, level: level)
    }

    package enum Side: Sendable { case a, b }
}

/// What the comparison of two runs came to.
package struct PairedResult: Sendable {
    package var difference: Double?
    package var standardError: Double?
    package var interval: Interval?
    package var p: Double?
    /// The same where the exact form is another one.
    package var exactP: Double?
    package var test: Test?
    /// Units, or clusters, that the variance rests on.
    package var units: Int
    package var clusters: Int?
    package var designEffect: Double?
    /// The standard deviation of the differences.
    package var standardDeviation: Double?
    /// The share of pairs that differ, where all scores are 0 or 1 and there are no clusters.
    package var discordant: Double?
    /// Why an interval or a p value is missing.
    package var reason: String?
    /// Whether no p below 0.05 was possible: at most 4 units differ.
    package var isTooFew: Bool

    /// A comparison that nothing is known of.
    package init(units: Int, isTooFew: Bool) {
        self.units = units
        self.isTooFew = isTooFew
    }

    init(
        difference: Double?, standardError: Double?, interval: Interval?, p: Double? = nil, exactP: Double? = nil,
        test: Test? = nil, units: Int, clusters: Int? = nil, designEffect: Double? = nil, standardDeviation: Double?,
        discordant: Double? = nil, reason: String? = nil, isTooFew: Bool
    ) {
        self.difference = difference
        self.standardError = standardError
        self.interval = interval
        self.p = p
        self.exactP = exactP
        self.test = test
        self.units = units
        self.clusters = clusters
        self.designEffect = designEffect
        self.standardDeviation = standardDeviation
        self.discordant = discordant
        self.reason = reason
        self.isTooFew = isTooFew
    }

    /// How a p value was computed. The raw values are the names that results use.
    package enum Test: String, Sendable {
        case mcNemar = "mcnemar mid-p"
        case mcNemarExact = "mcnemar exact"
        case signFlips = "sign flips mid-p"
        case pairedT = "paired t"
        case clusteredFlips = "sign flips of clusters mid-p"
        case clusteredT = "paired t, clustered"
        case permutation = "sign flips, sampled"
        case wilcoxon = "wilcoxon signed-rank"
        case bootstrap = "bootstrap"
    }
}

extension PairedDifferences {
    /// The default comparison: Newcombe's interval and McNemar's test for scores of 0 and 1, t for others, and exact sign
    /// flips where at most 16 units differ.
    package func result(level: Double = 0.95) -> PairedResult {
        if clusters != nil { return clustered(level) }
        if isBinary, count > 0 { return binary(level) }
        return real(level)
    }

    private func binary(_ level: Double) -> PairedResult {
        PairedResult(
            difference: table.difference, standardError: table.standardError, interval: table.interval(level: level),
            p: table.p, exactP: table.exactP, test: .mcNemar, units: count,
            standardDeviation: differences.standardDeviation,
            discordant: Double(better + worse) / Double(count), isTooFew: better + worse <= 4)
    }

    /// The comparison of scores that are any numbers.
    func real(_ level: Double) -> PairedResult {
        let estimate = Estimate.realMean(of: differences, level: level)
        var result = PairedResult(
            difference: estimate.value, standardError: estimate.standardError, interval: estimate.interval,
            units: count, standardDeviation: differences.standardDeviation,
            reason: reason(units: count, standardError: estimate.standardError),
            isTooFew: better + worse <= 4)
        if count == 0 { return result }
        if count == 1 {
            result.p = better + worse == 0 ? 1 : nil
            return result
        }
        if changed.count <= SignFlips.limit {
            let flips = SignFlips(changed)
            (result.p, result.exactP, result.test) = (flips.midP, flips.exactP, .signFlips)
        } else if let error = estimate.standardError, error > 0, let difference = estimate.value {
            result.p = StudentT.twoSidedP(difference / error, degreesOfFreedom: Double(count - 1))
            result.test = .pairedT
        } else {
            // All differences are the same and not 0: no flip but none, and all of them, is as far.
            (result.p, result.exactP, result.test) = (allFlips(count), 2 * allFlips(count), .signFlips)
        }
        return result
    }

    func clustered(_ level: Double) -> PairedResult {
        let sums = (clusters ?? [:]).values.map(\.difference)
        let mean = ClusteredMean(sums)
        let estimate = mean.estimate(isBinary: false, level: level)
        let changed = sums.map(\.sum.value).filter { $0 != 0 }
        var result = PairedResult(
            difference: mean.mean, standardError: mean.standardError, interval: estimate.interval,
            units: mean.clusters, clusters: mean.clusters,
            designEffect: mean.designEffect(plain: differences.standardError),
            standardDeviation: differences.standardDeviation,
            reason: reason(units: mean.clusters, standardError: mean.standardError),
            isTooFew: changed.count <= 4)
        if mean.clusters == 0 { return result }
        if mean.clusters == 1 {
            result.p = changed.isEmpty ? 1 : nil
            return result
        }
        if changed.count <= SignFlips.limit {
            let flips = SignFlips(changed)
            (result.p, result.exactP, result.test) = (flips.midP, flips.exactP, .clusteredFlips)
        } else if let error = mean.standardError, error > 0, let difference = mean.mean {
            result.p = StudentT.twoSidedP(difference / error, degreesOfFreedom: Double(mean.clusters - 1))
            result.test = .clusteredT
        } else {
            let p = allFlips(changed.count)
            (result.p, result.exactP, result.test) = (p, 2 * p, .clusteredFlips)
        }
        return result
    }

    private func reason(units: Int, standardError: Double?) -> String? {
        switch (units, standardError) {
        case (0, _): "no pairs"
        case (1, _): clusters == nil ? "one pair" : "one cluster"
        case (_, 0): "all differences are equal"
        default: nil
        }
    }

    /// The mid-p of n differences that are all the same: no flips and all flips are as far as what was seen.
    private func allFlips(_ n: Int) -> Double { Double(sign: .plus, exponent: -n, significand: 1) }
}

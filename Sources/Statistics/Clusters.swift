/// The scores of one cluster: how many there are, and what they add up to.
package struct ClusterSum: Sendable {
    package private(set) var count = 0
    package private(set) var sum = Expansion()

    /// No scores.
    package init() {}

    package mutating func add(_ score: Double) {
        count += 1
        sum.add(score)
    }

    /// Adds the difference `b - a`, without rounding.
    package mutating func add(difference b: Double, _ a: Double) {
        count += 1
        sum.add(b)
        sum.add(-a)
    }

    package mutating func merge(_ other: ClusterSum) {
        count += other.count
        sum.merge(other.sum)
    }

    package func write(to writer: inout StateWriter) {
        writer.append(count: count)
        sum.write(to: &writer)
    }

    /// - Parameter limit: the most scores.
    package init(_ reader: inout StateReader, limit: Int) throws(StateFault) {
        count = try reader.count(limit: limit)
        sum = try Expansion(&reader)
        guard count > 0 else { throw .invalid }
    }
}

/// The mean of scores that come in clusters, such as several questions about one text.
///
/// The standard error is √(C/(C - 1) · Σ_c (Σ_{i in c} (x_i - x̄))²) / n for C clusters: the cluster-robust one of a
/// regression on a constant, CR1 (as in statsmodels and inspect_ai; E. Miller, "Adding error bars to evals", 2024,
/// without C/(C - 1)). It does not depend on the order of clusters or scores.
package struct ClusteredMean: Sendable {
    package let count: Int
    package let clusters: Int
    package let mean: Double?
    /// Nil for fewer than two clusters.
    package let standardError: Double?

    package init(_ sums: some Sequence<ClusterSum>) {
        var total = Expansion()
        var (count, clusters) = (0, 0)
        for sum in sums where sum.count > 0 {
            total.merge(sum.sum)
            count += sum.count
            clusters += 1
        }
        self.count = count
        self.clusters = clusters
        let n = Double(count)
        mean = count > 0 ? total.value / n : nil
        guard clusters > 1 else {
            standardError = nil
            return
        }
        // n times what a cluster's sum is off, exactly up to one rounding, so that equal means leave exactly nothing.
        var squares = ExactSum()
        for sum in sums where sum.count > 0 {
            var residual = Expansion()
            residual.add(sum.sum, times: n)
            residual.add(total, times: -Double(sum.count))
            let value = residual.value / n
            squares.add(product: value, value)
        }
        let c = Double(clusters)
        let error = (squares.value * (c / (c - 1))).squareRoot() / n
        standardError = error.isFinite ? error : nil
    }

    /// The mean with its interval, ± t with C - 1 degrees of freedom.
    ///
    /// - Parameter isBinary: whether all scores are 0 or 1. Their interval is clipped to 0...1, and where all are equal
    ///   it is Wilson's for as many scores as there are clusters.
    package func estimate(isBinary: Bool, level: Double = 0.95) -> Estimate {
        guard let mean else { return Estimate(nil, reason: "no scores") }
        guard clusters > 1 else { return Estimate(mean, reason: "one cluster") }
        if isBinary, mean == 0 || mean == 1 {
            return Estimate(
                mean, standardError: standardError,
                interval: Estimate.wilson(mean, n: Double(clusters), level: level))
        }
        var estimate = Estimate(
            mean, standardError: standardError, level: level, degreesOfFreedom: Double(clusters - 1),
            method: .clusteredT, reason: "the means of all clusters are equal")
        if isBinary { estimate.interval = estimate.interval?.clipped(to: 0...1) }
        return estimate
    }

    /// How much wider the interval is for the clusters: (SE / SE without clusters)².
    package func designEffect(plain: Double?) -> Double? {
        guard let standardError, let plain, plain > 0 else { return nil }
        return (standardError / plain) * (standardError / plain)
    }
}

import Glibc

/// An estimate and its interval from resampled units.
package struct Bootstrap: Sendable {
    package var resamples = Resampling.defaultReplicates
    package var seed: UInt64 = 0
    package var level = 0.95

    package init(resamples: Int = Resampling.defaultReplicates, seed: UInt64 = 0, level: Double = 0.95) {
        self.resamples = resamples
        self.seed = seed
        self.level = level
    }

    /// The mean of units that each are a sum of scores and their number: of clusters, or of single scores.
    ///
    /// - Parameter correctsBias: whether the interval is BCa (B. Efron, "Better bootstrap confidence intervals", 1987).
    package func mean(of units: [(sum: Double, count: Int)], correctsBias: Bool = false) -> Estimate {
        estimate(units.count, correctsBias: correctsBias) { indices in
            // Exact, so that resamples with the mean of the sample are seen to be equal to it.
            var (sum, count) = (Expansion(), 0)
            for index in indices {
                sum.add(units[index].sum)
                count += units[index].count
            }
            return sum.value / Double(max(1, count))
        }
    }

    /// The median of scores.
    package func median(of scores: [Double]) -> Estimate {
        estimate(scores.count, correctsBias: false) { indices in
            Self.middle(of: indices.map { scores[$0] })
        }
    }

    /// The difference of the medians of paired scores, B's minus A's.
    package func medianDifference(of pairs: [(a: Double, b: Double)]) -> Estimate {
        estimate(pairs.count, correctsBias: false) { indices in
            Self.middle(of: indices.map { pairs[$0].b }) - Self.middle(of: indices.map { pairs[$0].a })
        }
    }

    /// The same for pairs that come in clusters, which are drawn whole.
    package func medianDifference(ofClusters clusters: [[(a: Double, b: Double)]]) -> Estimate {
        estimate(clusters.count, correctsBias: false) { indices in
            Self.middle(of: indices.flatMap { clusters[$0].map(\.b) })
                - Self.middle(of: indices.flatMap { clusters[$0].map(\.a) })
        }
    }

    /// The percentiles of replicates of any statistic of n units.
    private func estimate(_ n: Int, correctsBias: Bool, _ statistic: ([Int]) -> Double) -> Estimate {
        guard n > 0 else { return Estimate(nil, reason: "no scores") }
        let observed = statistic(Array(0..<n))
        let draws = Resampling(seed: seed, stream: .bootstrap)
        let replicates = (0..<resamples).map { statistic(draws.indices(n, replicate: $0)) }
        var moments = Moments()
        moments.add(replicates.span)
        var result = Estimate(observed, standardError: moments.standardDeviation)
        let sorted = replicates.sorted()
        guard let first = sorted.first, let last = sorted.last, first < last else {
            result.reason = "all resamples are equal"
            return result
        }
        var ends = (0.5 - level / 2, 0.5 + level / 2)
        if correctsBias {
            let left = (0..<n).map { dropped in statistic((0..<n).filter { $0 != dropped }) }
            guard let corrected = Self.corrected(ends, replicates, observed: observed, withoutEach: left) else {
                result.reason = "the correction of the bias is not defined"
                return result
            }
            ends = corrected
        }
        result.interval = Interval(
            level: level, lower: percentile(sorted, ends.0), upper: percentile(sorted, ends.1),
            method: correctsBias ? .bca : .bootstrap)
        return result
    }

    /// The shares between which the interval lies, corrected for bias and acceleration.
    private static func corrected(
        _ ends: (Double, Double), _ replicates: [Double], observed: Double, withoutEach: [Double]
    ) -> (Double, Double)? {
        let below = replicates.count { $0 < observed }
        let upTo = replicates.count { $0 <= observed }
        let share = Double(below + upTo) / Double(2 * replicates.count)
        guard share > 0, share < 1 else { return nil }
        let bias = Normal.quantile(share)
        let n = Double(withoutEach.count)
        let mean = withoutEach.reduce(0, +) / n
        let parts = withoutEach.map { (n - 1) * (mean - $0) }
        let cubes = parts.reduce(0) { $0 + $1 * $1 * $1 } / (n * n * n)
        let squares = parts.reduce(0) { $0 + $1 * $1 } / (n * n)
        guard squares > 0 else { return nil }
        let acceleration = cubes / (6 * pow(squares, 1.5))
        func end(_ p: Double) -> Double {
            let z = bias + Normal.quantile(p)
            return Normal.lowerTail(bias + z / (1 - acceleration * z))
        }
        return (end(ends.0), end(ends.1))
    }

    /// The middle of some scores, the mean of the two middle ones of an even number.
    package static func middle(of scores: [Double]) -> Double {
        let sorted = scores.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

/// The percentile of sorted numbers by linear interpolation between the nearest two (type 7, the default of numpy).
func percentile(_ sorted: [Double], _ p: Double) -> Double {
    let place = Double(sorted.count - 1) * min(1, max(0, p))
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
}

/// The p of sign flips that are drawn instead of being enumerated: (1 + #{T ≥ t}) / (B + 1) (B. Phipson, G. K. Smyth,
/// 2010).
package func sampledSignFlips(
    _ differences: [Double], resamples: Int = Resampling.defaultReplicates, seed: UInt64 = 0
) -> (atLeastAsFar: Int, p: Double) {
    var sum = ExactSum()
    var sizes = ExactSum()
    for difference in differences {
        sum.add(difference)
        sizes.add(difference.magnitude)
    }
    let observed = sum.value.magnitude
    let tolerance = 1e-12 * sizes.value
    let draws = Resampling(seed: seed, stream: .signs)
    var count = 0
    for replicate in 0..<resamples {
        let flips = draws.flips(differences.count, replicate: replicate)
        var sum = 0.0
        for i in differences.indices { sum += flips[i] ? -differences[i] : differences[i] }
        if sum.magnitude >= observed - tolerance { count += 1 }
    }
    return (count, Double(count + 1) / Double(resamples + 1))
}

import Glibc

/// Krippendorff's alpha: the agreement of any number of raters, with ratings missing, at any level of measurement
/// (K. Krippendorff, "Content analysis", 2004, chapter 11).
package struct KrippendorffAlpha: Sendable {
    /// What a rating's value means.
    package enum Level: String, CaseIterable, Sendable {
        /// Values are the same or not.
        case nominal
        /// Values have an order.
        case ordinal
        /// Distances of values mean something.
        case interval
    }

    package let alpha: Double?
    /// Why it is not defined.
    package let reason: String?
    /// Rows with two ratings or more.
    package let rows: Int
    /// The ratings of these rows.
    package let ratings: Int

    /// - Parameter units: the ratings of each row; those with fewer than two are left out.
    package init(_ units: [[Double]], level: Level) {
        let paired = units.filter { $0.count > 1 }
        rows = paired.count
        ratings = paired.reduce(0) { $0 + $1.count }
        var counts: [Double: Int] = [:]
        for unit in paired { for value in unit { counts[value, default: 0] += 1 } }
        guard rows > 0 else {
            (alpha, reason) = (nil, "no row has two ratings")
            return
        }
        guard counts.count > 1 else {
            (alpha, reason) = (nil, "all ratings are the same")
            return
        }
        let n = Double(ratings)
        // An order is a distance between the midpoints of cumulated counts.
        var places: [Double: Double] = [:]
        var below = 0.0
        for (value, count) in counts.sorted(by: { $0.key < $1.key }) {
            places[value] = level == .ordinal ? below + Double(count) / 2 : value
            below += Double(count)
        }
        func disagreement(_ values: [Double: Int], _ n: Double) -> Double {
            if level == .nominal {
                return n * n - values.values.reduce(0) { $0 + Double($1) * Double($1) }
            }
            // Σ (x - y)² over ordered pairs, around the mean for accuracy.
            let points = values.map { (places[$0.key] ?? 0, Double($0.value)) }.sorted { $0.0 < $1.0 }
            let mean = points.reduce(0) { $0 + $1.0 * $1.1 } / n
            return 2 * n * points.reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 }
        }
        var observed = ExactSum()
        for unit in paired {
            var own: [Double: Int] = [:]
            for value in unit { own[value, default: 0] += 1 }
            if own.count > 1 {
                observed.add(disagreement(own, Double(unit.count)) / Double(unit.count - 1))
            }
        }
        alpha = 1 - (n - 1) * observed.value / disagreement(counts, n)
        reason = nil
    }

    /// Alpha with percentiles over resampled rows. Resamples without an alpha are dropped; more than 5 % of them leave
    /// no interval.
    package static func estimate(
        _ units: [[Double]], level: Level, bootstrap: Bootstrap = Bootstrap()
    ) -> (estimate: Estimate, undefined: Int) {
        let whole = KrippendorffAlpha(units, level: level)
        guard let alpha = whole.alpha else { return (Estimate(nil, reason: whole.reason), 0) }
        let paired = units.filter { $0.count > 1 }
        let draws = Resampling(seed: bootstrap.seed, stream: .alpha)
        let replicates = (0..<bootstrap.resamples).compactMap { replicate in
            KrippendorffAlpha(draws.indices(paired.count, replicate: replicate).map { paired[$0] }, level: level).alpha
        }
        let undefined = bootstrap.resamples - replicates.count
        guard Double(undefined) <= 0.05 * Double(bootstrap.resamples) else {
            return (Estimate(alpha, reason: "in too many resamples all ratings are the same"), undefined)
        }
        let sorted = replicates.sorted()
        let interval = Interval(
            level: bootstrap.level, lower: percentile(sorted, 0.5 - bootstrap.level / 2),
            upper: percentile(sorted, 0.5 + bootstrap.level / 2), method: .bootstrap)
        return (Estimate(alpha, interval: interval), undefined)
    }
}

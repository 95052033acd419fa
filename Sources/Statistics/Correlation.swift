import Glibc

/// How two sides of numbers go together: Pearson's r, Spearman's ρ and Kendall's τ-b.
///
/// Intervals are on the scale of Fisher's z, with the variances of D. G. Bonett and T. A. Wright (2000).
package struct Correlations: Sendable {
    package let pearson: Estimate
    package let spearman: Estimate
    package let kendall: Estimate

    /// - Parameters:
    ///   - x: as long as `y`.
    ///   - y: finite numbers, as those of `x` are.
    package init(_ x: [Double], _ y: [Double], level: Double = 0.95) {
        let n = Double(x.count)
        let undefined: String? =
            x.count < 3 ? "fewer than 3 rows" : Set(x).count < 2 || Set(y).count < 2 ? "one side is constant" : nil
        if let undefined {
            let none = Estimate(nil, reason: undefined)
            (pearson, spearman, kendall) = (none, none, none)
            return
        }
        let rho = Self.pearson(averageRanks(of: x), averageRanks(of: y))
        pearson = Self.estimate(Self.pearson(x, y), variance: n > 3 ? 1 / (n - 3) : nil, level)
        spearman = Self.estimate(rho, variance: n > 3 ? (1 + rho * rho / 2) / (n - 3) : nil, level)
        kendall = Self.estimate(Self.kendall(x, y), variance: n > 4 ? 0.437 / (n - 4) : nil, level)
    }

    private static func estimate(_ r: Double, variance: Double?, _ level: Double) -> Estimate {
        guard let variance else { return Estimate(r, reason: "too few rows for an interval") }
        guard r.magnitude < 1 - 1e-12 else { return Estimate(r, reason: "the correlation is perfect") }
        let half = Normal.halfWidth(level: level) * variance.squareRoot()
        return Estimate(
            r,
            interval: Interval(
                level: level, lower: tanh(atanh(r) - half), upper: tanh(atanh(r) + half), method: .fisher))
    }

    private static func pearson(_ x: [Double], _ y: [Double]) -> Double {
        let n = Double(x.count)
        let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (x, y) in zip(x, y) {
            xx += (x - meanX) * (x - meanX)
            yy += (y - meanY) * (y - meanY)
            xy += (x - meanX) * (y - meanY)
        }
        return min(1, max(-1, xy / xx.squareRoot() / yy.squareRoot()))
    }

    /// τ-b in O(n log n): pairs in disorder are counted while sorting (W. R. Knight, 1966).
    private static func kendall(_ x: [Double], _ y: [Double]) -> Double {
        let order = x.indices.sorted { (x[$0], y[$0]) < (x[$1], y[$1]) }
        let sortedY = order.map { y[$0] }
        var scratch = sortedY
        var merged = sortedY
        let discordant = inversions(&merged, &scratch, 0, merged.count)
        func tied(_ keys: [[Double]]) -> Double {
            Dictionary(grouping: keys, by: { $0 }).values.reduce(0) { $0 + Double($1.count) * Double($1.count - 1) / 2 }
        }
        let n = Double(x.count)
        let pairs = n * (n - 1) / 2
        let (tiedX, tiedY) = (tied(x.map { [$0] }), tied(y.map { [$0] }))
        let tiedBoth = tied(zip(x, y).map { [$0, $1] })
        let concordant = pairs - tiedX - tiedY + tiedBoth - Double(discordant)
        return (concordant - Double(discordant)) / (pairs - tiedX).squareRoot() / (pairs - tiedY).squareRoot()
    }

    /// Sorts a part and returns how many pairs were in the wrong order.
    private static func inversions(_ a: inout [Double], _ scratch: inout [Double], _ start: Int, _ end: Int) -> Int {
        if end - start < 2 { return 0 }
        let middle = (start + end) / 2
        var count = inversions(&a, &scratch, start, middle) + inversions(&a, &scratch, middle, end)
        var (i, j, k) = (start, middle, start)
        while k < end {
            if j >= end || (i < middle && a[i] <= a[j]) {
                scratch[k] = a[i]
                i += 1
            } else {
                scratch[k] = a[j]
                count += middle - i
                j += 1
            }
            k += 1
        }
        for index in start..<end { a[index] = scratch[index] }
        return count
    }
}

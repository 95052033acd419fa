import Glibc

/// Wilcoxon's signed-rank test, for those who ask for it: whether differences lie around 0 in rank, which is another
/// question than that of the mean.
///
/// Zeros are dropped, sizes are rounded to 9 decimals and ranked with ties sharing a rank; p is of the normal
/// approximation with the correction for ties and without one for continuity.
package struct WilcoxonSignedRank: Sendable {
    package let nonzero: Int
    /// The sum of the ranks of positive differences.
    package let positiveRanks: Double
    package let z: Double?
    package let p: Double?

    package init(_ differences: [Double]) {
        let rounded = differences.map { ($0 * 1e9).rounded(.toNearestOrEven) / 1e9 }.filter { $0 != 0 }
        nonzero = rounded.count
        let ranks = averageRanks(of: rounded.map(\.magnitude))
        positiveRanks = zip(rounded, ranks).reduce(0) { $1.0 > 0 ? $0 + $1.1 : $0 }
        let n = Double(nonzero)
        var ties = 0.0
        var counts: [Double: Double] = [:]
        for rank in ranks { counts[rank, default: 0] += 1 }
        for count in counts.values { ties += count * count * count - count }
        let variance = n * (n + 1) * (2 * n + 1) / 24 - ties / 48
        guard variance > 0 else {
            (z, p) = (nil, nonzero == 0 && !differences.isEmpty ? 1 : nil)
            return
        }
        let z = (positiveRanks - n * (n + 1) / 4) / variance.squareRoot()
        self.z = z
        p = Normal.twoSidedP(z)
    }
}

/// The place of each number in ascending order, from 1; equal numbers share the mean of their places.
func averageRanks(of numbers: [Double]) -> [Double] {
    let order = numbers.indices.sorted { numbers[$0] < numbers[$1] }
    var ranks = [Double](repeating: 0, count: numbers.count)
    var start = 0
    while start < order.count {
        var end = start
        while end + 1 < order.count, numbers[order[end + 1]] == numbers[order[start]] { end += 1 }
        for i in start...end { ranks[order[i]] = Double(start + end) / 2 + 1 }
        start = end + 1
    }
    return ranks
}

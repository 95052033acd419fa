/// How p values of several tests are made larger, since one of many is small by chance.
package enum Adjustment: String, CaseIterable, Sendable {
    /// S. Holm, 1979: no false finding among all, in 19 of 20 tables.
    case holm
    /// Y. Benjamini, Y. Hochberg, 1995: of what is found, one in 20 is false.
    case bh
    case none

    /// The adjusted values, in the same order. What is nil is not a member of the family, and stays nil.
    package func adjust(_ p: [Double?]) -> [Double?] {
        let order = p.indices.filter { p[$0] != nil }.sorted { (p[$0] ?? 1, $0) < (p[$1] ?? 1, $1) }
        var adjusted = p
        let count = order.count
        switch self {
        case .none: break
        case .holm:
            var least = 0.0
            for (rank, index) in order.enumerated() {
                least = max(least, min(1, (p[index] ?? 1) * Double(count - rank)))
                adjusted[index] = least
            }
        case .bh:
            var greatest = 1.0
            for (rank, index) in order.enumerated().reversed() {
                greatest = min(greatest, (p[index] ?? 1) * Double(count) / Double(rank + 1))
                adjusted[index] = greatest
            }
        }
        return adjusted
    }
}

/// The ranks that each of several runs may have: from 1 more than the runs found better to the number of runs less
/// those found worse.
package func rankIntervals(
    runs: Int, pairs: [(a: Int, b: Int, difference: Double?, p: Double?)], alpha: Double = 0.05
) -> [ClosedRange<Int>] {
    var (better, worse) = ([Int](repeating: 0, count: runs), [Int](repeating: 0, count: runs))
    for pair in pairs {
        guard let p = pair.p, let difference = pair.difference, p < alpha, difference != 0 else { continue }
        let (winner, loser) = difference > 0 ? (pair.b, pair.a) : (pair.a, pair.b)
        better[loser] += 1
        worse[winner] += 1
    }
    return (0..<runs).map { (1 + better[$0])...(runs - worse[$0]) }
}

/// The scores of one function in two or more runs, in the making.
struct FunctionRuns {
    /// The runs of each pair, the first of which is the one that the other is compared with.
    let places: [(a: Int, b: Int)]
    private(set) var pairs: [FunctionPairs]
    /// Of three and more runs, the rows that some run has not scored, and that are left out.
    private(set) var leftOut = 0
    /// The rows that each run has not scored.
    private(set) var unscored: [Int]

    /// - Parameters:
    ///   - againstFirst: whether only the first run is compared with the others.
    ///   - regressions: how many rows that got worse are kept, of two runs.
    init(runs: Int, againstFirst: Bool, isClustered: Bool, regressions: Int, kept: FunctionPairs.Kept) {
        places = (0..<runs).flatMap { a in (0..<runs).filter { $0 > a }.map { (a, $0) } }
            .filter { !againstFirst || $0.a == 0 }
        pairs = places.map { _ in
            FunctionPairs(isClustered: isClustered, regressions: runs == 2 ? regressions : 0, keeps: kept)
        }
        unscored = Array(repeating: 0, count: runs)
    }

    /// Adds the scores of a row in all runs.
    ///
    /// - Parameters:
    ///   - function: its index among those of the runs.
    ///   - text: what the row was about, if it is wanted.
    mutating func add(_ joined: JoinedRow, _ function: Int, cluster: Int, text: () -> String?) {
        if unscored.count == 2 {
            pairs[0].add(joined, (0, 1), function, cluster: cluster, text: text)
            return
        }
        var isComplete = true
        for (run, row) in joined.rows.enumerated() {
            guard case .missing = row.scores[function] else { continue }
            unscored[run] += 1
            isComplete = false
        }
        if !isComplete { leftOut += 1 }
        for (index, place) in places.enumerated() {
            if isComplete {
                pairs[index].add(joined, place, function, cluster: cluster, text: text)
            } else {
                pairs[index].countMissing(joined.rows[place.a].scores[function], joined.rows[place.b].scores[function])
            }
        }
    }
}

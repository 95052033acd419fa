/// Whether two runs have categories equally often: the test of marginal homogeneity (A. Stuart, 1955; A. E. Maxwell,
/// 1970) on the table of A's category by B's.
package struct MarginalHomogeneity: Sendable {
    package let statistic: Double
    package let degreesOfFreedom: Int
    /// Of the chi-squared distribution; 1 where no row changed its category.
    package let chiSquaredP: Double
    /// Rows with another category in B than in A.
    package let changed: Int
    /// The p to use: over all swaps of A and B for few changed rows, McNemar's mid-p for two categories.
    package let p: Double
    package let method: Method

    package enum Method: String, Sendable {
        case unchanged = "no row changed its category"
        case swaps = "swaps mid-p"
        case mcNemar = "mcnemar mid-p"
        case chiSquared = "stuart-maxwell"
    }

    /// Nil for no rows.
    ///
    /// - Parameter table: rows by A's category (first index) and B's.
    package init?(_ table: [[Int]]) {
        guard table.contains(where: { $0.contains { $0 > 0 } }) else { return nil }
        let changes = Changes(table)
        changed = changes.pairs.reduce(0) { $0 + $1.count }
        let weights = changes.weights
        let (statistic, rank) = weights.statistic(changes.differences)
        self.statistic = statistic
        degreesOfFreedom = rank
        chiSquaredP = changed == 0 ? 1 : ChiSquared.upperTail(statistic, degreesOfFreedom: Double(rank))
        if changed == 0 {
            (p, method) = (1, .unchanged)
        } else if changed <= SignFlips.limit {
            (p, method) = (Self.midP(changes, weights, statistic), .swaps)
        } else if table.count == 2 {
            (p, method) = (PairedBinary(onlyA: table[1][0], onlyB: table[0][1]).p, .mcNemar)
        } else {
            (p, method) = (chiSquaredP, .chiSquared)
        }
    }

    /// The share of swaps with a greater statistic, and half of those with the same. Its covariance stays.
    private static func midP(_ changes: Changes, _ weights: Laplacian, _ observed: Double) -> Double {
        let rows = changes.pairs.flatMap { pair in Array(repeating: (pair.from, pair.to), count: pair.count) }
        let tolerance = 1e-9 * max(1, observed)
        var (above, equal) = (0, 0)
        for swaps in 0..<(1 << rows.count) {
            var differences = [Double](repeating: 0, count: changes.size)
            for (i, row) in rows.enumerated() {
                let sign = swaps >> i & 1 == 0 ? 1.0 : -1.0
                differences[row.0] += sign
                differences[row.1] -= sign
            }
            let distance = weights.statistic(differences).value - observed
            if distance.magnitude <= tolerance { equal += 1 } else if distance > 0 { above += 1 }
        }
        return (Double(above) + Double(equal) / 2) / Double(1 << rows.count)
    }

    /// The rows off the diagonal.
    private struct Changes {
        let size: Int
        let pairs: [(from: Int, to: Int, count: Int)]

        init(_ table: [[Int]]) {
            size = table.count
            pairs = table.indices.flatMap { i in
                table.indices.compactMap { j in i != j && table[i][j] > 0 ? (i, j, table[i][j]) : nil }
            }
        }

        /// A's count of each category less B's.
        var differences: [Double] {
            var differences = [Double](repeating: 0, count: size)
            for pair in pairs {
                differences[pair.from] += Double(pair.count)
                differences[pair.to] -= Double(pair.count)
            }
            return differences
        }

        var weights: Laplacian {
            var weights = [[Double]](repeating: Array(repeating: 0, count: size), count: size)
            for pair in pairs {
                weights[pair.from][pair.to] += Double(pair.count)
                weights[pair.to][pair.from] += Double(pair.count)
            }
            return Laplacian(weights)
        }
    }

    /// The covariance of the differences. It is the Laplacian of the graph of changes, so that its rank is the number of
    /// categories less that of the graph's components, and leaving out one category of each component makes it regular.
    private struct Laplacian {
        /// The categories that are kept.
        private let kept: [Int]
        private let factor: [[Double]]

        init(_ weights: [[Double]]) {
            var component = Array(weights.indices)
            for _ in weights.indices {
                for i in weights.indices {
                    for j in weights.indices where weights[i][j] > 0 {
                        component[i] = min(component[i], component[j])
                        component[j] = component[i]
                    }
                }
            }
            let kept = weights.indices.filter { component[$0] != $0 }
            self.kept = kept
            let degrees = weights.map { $0.reduce(0, +) }
            factor = choleskyFactor(kept.map { i in kept.map { j in i == j ? degrees[i] : -weights[i][j] } })
        }

        func statistic(_ differences: [Double]) -> (value: Double, rank: Int) {
            let y = solveLower(factor, kept.map { differences[$0] })
            return (y.reduce(0) { $0 + $1 * $1 }, kept.count)
        }
    }
}

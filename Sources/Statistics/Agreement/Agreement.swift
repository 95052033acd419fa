/// Labels against judgements: the table of both, and what it says of each category.
package struct ConfusionTable: Sendable {
    /// Rows are labels (first index), columns judgements.
    package let table: [[Int]]

    package init(_ table: [[Int]]) { self.table = table }

    package var count: Int { table.reduce(0) { $0 + $1.reduce(0, +) } }

    /// The share of rows where both are the same, with Wilson's interval.
    package func agreement(level: Double = 0.95) -> Estimate {
        .proportion(table.indices.reduce(0) { $0 + table[$1][$1] }, of: count, level: level)
    }

    /// What always saying the commonest label would reach.
    package var majorityBaseline: Double? {
        count > 0 ? Double(support.max() ?? 0) / Double(count) : nil
    }

    /// How often each category is the label.
    package var support: [Int] { table.map { $0.reduce(0, +) } }

    /// Of the rows judged so, the share that is labelled so; nil for a category that was never judged.
    package var precision: [Double?] {
        table.indices.map { j in ratio(table[j][j], table.reduce(0) { $0 + $1[j] }) }
    }

    /// Of the rows labelled so, the share that is judged so; nil for a category that is never a label.
    package var recall: [Double?] { table.indices.map { ratio(table[$0][$0], support[$0]) } }

    /// 2 · precision · recall / (precision + recall); nil where one of them is.
    package var f1: [Double?] {
        zip(precision, recall).map { precision, recall in
            guard let precision, let recall else { return nil }
            return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
        }
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
}

/// How far a judge agrees with itself over several votes on one row.
package struct SelfConsistency: Sendable {
    /// Rows with two votes or more.
    package let rows: Int
    /// The mean over rows of the share of equal pairs of votes.
    package let pairwiseAgreement: Double?
    /// Rows whose votes are all the same.
    package let unanimous: Int
    /// The mean over rows of the share of the commonest vote.
    package let majorityShare: Double?
    package let alpha: KrippendorffAlpha

    /// - Parameter votes: of each row, as numbers that stand for them.
    package init(_ votes: [[Double]]) {
        let paired = votes.filter { $0.count > 1 }
        rows = paired.count
        alpha = KrippendorffAlpha(paired, level: .nominal)
        var (pairs, majorities, unanimous) = (ExactSum(), ExactSum(), 0)
        for row in paired {
            var counts: [Double: Int] = [:]
            for vote in row { counts[vote, default: 0] += 1 }
            let n = Double(row.count)
            let equal = counts.values.reduce(0) { $0 + $1 * ($1 - 1) }
            pairs.add(Double(equal) / (n * (n - 1)))
            majorities.add(Double(counts.values.max() ?? 0) / n)
            if counts.count == 1 { unanimous += 1 }
        }
        self.unanimous = unanimous
        pairwiseAgreement = rows > 0 ? pairs.divided(by: rows) : nil
        majorityShare = rows > 0 ? majorities.divided(by: rows) : nil
    }
}

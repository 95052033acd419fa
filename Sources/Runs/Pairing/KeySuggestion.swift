import JSON
import ScoringCore

/// A column by which rows of several runs could be paired.
struct KeySuggestion {
    private let column: String
    private let common: Int

    /// Rows that are looked at in each run.
    private static let mostRows = 200_000
    private static let mostColumns = 20

    /// The column with the most values in common, among those whose values are unique in each run; nil where there is
    /// none.
    init?(_ runs: [SavedRun], except excluded: [String]) throws {
        let answers = ["generated_answer", "context", "generation", "sample"] + excluded
        let columns = runs[0].columns.filter { name in
            !answers.contains(name) && runs.allSatisfy { $0.columns.contains(name) }
        }.prefix(Self.mostColumns)
        guard !columns.isEmpty else { return nil }
        var common: [Set<Int>?] = columns.map { _ in nil }
        var isUnique = columns.map { _ in true }
        for run in runs {
            let rows = try RunRows(run, columns: Array(columns), functions: [])
            var values: [Set<Int>] = columns.map { _ in [] }
            while rows.count < Self.mostRows, let row = try rows.read() {
                for (place, cell) in row.cells.enumerated() where isUnique[place] {
                    let isNew = cell.map { values[place].insert(canonicalText($0).hashValue).inserted } ?? false
                    if !isNew { isUnique[place] = false }
                }
            }
            for place in values.indices { common[place] = common[place]?.intersection(values[place]) ?? values[place] }
        }
        let best = columns.indices.filter { isUnique[$0] }.max { (common[$0]?.count ?? 0) < (common[$1]?.count ?? 0) }
        guard let best, let count = common[best]?.count, count > 0 else { return nil }
        column = columns[best]
        self.common = count
    }

    var text: String {
        "the column \(quoted(column)) has \(grouped(common)) \(common == 1 ? "value" : "values") in common: --key \(column)"
    }
}

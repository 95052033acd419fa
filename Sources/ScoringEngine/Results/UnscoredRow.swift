public import ScoringCore

/// A row that a function could not score, and why.
public struct UnscoredRow: Sendable, Hashable {
    /// The row's number in the dataset, from 0.
    public var row: Int
    public var function: String
    public var outcome: RowOutcome
    public var reason: String
}

/// The first rows without a score, regardless of the order in which they are found.
struct FirstUnscored {
    private let limit: Int
    /// Sorted by row, then in the order in which they were found.
    private(set) var rows: [UnscoredRow] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether a row would be kept.
    func wants(_ row: Int) -> Bool {
        rows.count < limit || (rows.last.map { row < $0.row } ?? false)
    }

    mutating func add(_ row: UnscoredRow) {
        guard wants(row.row) else { return }
        let place = rows.lastIndex { $0.row <= row.row }.map { $0 + 1 } ?? 0
        rows.insert(row, at: place)
        if rows.count > limit { rows.removeLast() }
    }

    /// The unscored rows among the first `count` rows.
    func first(_ count: Int) -> [UnscoredRow] {
        var seen: Set<Int> = []
        return rows.filter { row in
            if seen.count < count { seen.insert(row.row) }
            return seen.contains(row.row)
        }
    }

    mutating func merge(_ other: FirstUnscored) {
        for row in other.rows { add(row) }
    }
}

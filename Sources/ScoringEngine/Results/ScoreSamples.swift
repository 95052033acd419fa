/// The first rows that a function scored 0.0, and the first that it scored 1.0; used for hints about data that do not suit the
/// function.
struct ScoreSamples: Sendable {
    /// Whether any other score than 0.0 occurred.
    private(set) var hasOthers = false
    private(set) var zeros = FirstLines()
    private(set) var ones = FirstLines()

    /// Whether rows from `row` on could change anything.
    func wants(_ row: Int) -> Bool { !hasOthers || zeros.wants(row) || ones.wants(row) }

    mutating func sawOther() { hasOthers = true }

    mutating func addZero(_ row: Int, _ line: UnsafeRawBufferPointer) { zeros.add(row, line) }
    mutating func addOne(_ row: Int, _ line: UnsafeRawBufferPointer) { ones.add(row, line) }

    mutating func merge(_ other: ScoreSamples) {
        if other.hasOthers { hasOthers = true }
        zeros.merge(other.zeros)
        ones.merge(other.ones)
    }

    /// The first of some rows.
    struct FirstLines: Sendable {
        /// Sorted by row.
        private(set) var rows: [(row: Int, line: [UInt8])] = []

        private static let limit = 20
        private static let longestLine = 64 << 10

        func wants(_ row: Int) -> Bool {
            rows.count < Self.limit || (rows.last.map { row < $0.row } ?? false)
        }

        fileprivate mutating func add(_ row: Int, _ line: UnsafeRawBufferPointer) {
            guard line.count <= Self.longestLine, wants(row) else { return }
            let place = rows.lastIndex { $0.row <= row }.map { $0 + 1 } ?? 0
            rows.insert((row, Array(line)), at: place)
            if rows.count > Self.limit { rows.removeLast() }
        }

        fileprivate mutating func merge(_ other: FirstLines) {
            for (row, line) in other.rows { line.withUnsafeBytes { add(row, $0) } }
        }
    }
}

import Statistics

/// The exact sums of a scorer's statistics over scored rows, of which the scorer computes its own aggregations.
///
/// Neither the order of the rows nor that of merges changes a bit of them.
struct CorpusSums: Sendable {
    /// The scored rows.
    private(set) var rows = 0
    private var sums: [Expansion]
    private var parts: [Double]

    /// - Parameter width: the number of statistics of a row.
    init(width: Int) {
        sums = Array(repeating: Expansion(), count: width)
        parts = Array(repeating: 0, count: width)
    }

    /// Each sum, rounded once.
    var values: [Double] { sums.map(\.value) }

    /// Adds the statistics of the scored rows among `selected`.
    ///
    /// - Parameter statistics: those of all rows, row after row.
    mutating func add(_ statistics: Span<Double>, outcomes: Span<RowOutcome>, selected: some Sequence<Int>) {
        let width = sums.count
        var pending = 0
        for row in selected where outcomes[row] == .scored {
            rows += 1
            // Small integers are added up first, many rows at a time, which is exact.
            var isSmall = true
            for i in 0..<width {
                let value = statistics[row * width + i]
                isSmall = isSmall && abs(value) <= Self.mostOfSmall && value == value.rounded(.towardZero)
            }
            if isSmall {
                for i in 0..<width { parts[i] += statistics[row * width + i] }
                pending += 1
                if pending == Self.mostPending {
                    flush()
                    pending = 0
                }
            } else {
                for i in 0..<width { sums[i].add(statistics[row * width + i]) }
            }
        }
        flush()
    }

    /// 2^10 integers up to 2^42 have a sum below 2^53.
    private static let mostOfSmall = 0x1p42
    private static let mostPending = 1024

    private mutating func flush() {
        for i in parts.indices where parts[i] != 0 {
            sums[i].add(parts[i])
            parts[i] = 0
        }
    }

    mutating func merge(_ other: CorpusSums) {
        rows += other.rows
        for i in sums.indices { sums[i].merge(other.sums[i]) }
    }

    var width: Int { sums.count }

    func write(to writer: inout StateWriter) {
        for sum in sums { sum.write(to: &writer) }
    }

    init(width: Int, _ reader: inout StateReader, rows: Int) throws(StateFault) {
        self.init(width: width)
        self.rows = rows
        for i in 0..<width { sums[i] = try Expansion(&reader) }
    }
}

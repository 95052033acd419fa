public import Datasets
public import JSON
import Synchronization

/// Rows to score: in a file, on standard input, or in memory.
public struct Dataset: Sendable {
    /// For messages.
    public var name: String
    /// Whether the rows can be read more than once.
    package var isReopenable: Bool
    /// Whether cells are text that may spell numbers or booleans (CSV).
    package var isUntyped: Bool
    /// Whether the line numbers of rows are meaningful to users.
    var hasLines: Bool
    /// Whether rows are read over the network.
    package var isRemote = false
    /// Whether rows are produced during the run, which may take a long time.
    var isLive = false
    /// A column that says why a row must not be scored, like ``ScoringRequest/failureColumn``.
    package var failureColumn: String?
    /// Advice for the case that no row can be read, because the format was only assumed.
    var formatAdvice: String?
    /// Warnings collected while the rows are read.
    public var notices = DatasetNotices()
    /// Opens the rows as JSON Lines; only the named columns if that saves work. Nil means all columns.
    package var open: @Sendable (_ columns: ColumnSelection?) throws(DatasetError) -> any ByteSource

    /// The rows of a file, or of standard input.
    ///
    /// - Parameter control: counts the bytes read of the location's `byteSize`.
    public init(_ location: DatasetLocation, control: ReadControl? = nil) {
        name = location.description
        isReopenable = location.isReopenable
        isUntyped = location.isTable
        let notices = notices
        hasLines = location.format == .jsonLines
        if location.isFormatAssumed {
            formatAdvice = "\(name) was read as JSON Lines; if it has another format, name it, as in --input-format csv"
        }
        open = { columns throws(DatasetError) in
            try location.open(columns: columns, control: control, notices: notices)
        }
    }

    /// Rows in memory, each an object.
    public init(rows: [JSONValue]) {
        self.init(jsonLines: rows.map { $0.text + "\n" }.joined(), named: "the rows")
    }

    /// Rows from another source.
    ///
    /// - Parameters:
    ///   - isRemote: whether they are read over the network, piece by piece: they are read once, and only when needed.
    ///   - open: opens the rows as JSON Lines, on any thread. Reading them may block.
    public init(
        named name: String, isRemote: Bool = false,
        open: @escaping @Sendable () throws(DatasetError) -> any ByteSource
    ) {
        self.name = name
        self.isRemote = isRemote
        isReopenable = !isRemote
        isUntyped = false
        hasLines = false
        self.open = { _ throws(DatasetError) in try open() }
    }

    /// Rows that are produced during the run. They are scored as they arrive, and read once.
    ///
    /// - Parameters:
    ///   - isUntyped: whether cells are text that may spell a number or boolean, as in CSV.
    ///   - open: opens the rows as JSON Lines, on any thread. Reading them may block; it must end when the run is
    ///     cancelled.
    public init(
        live name: String, isUntyped: Bool, open: @escaping @Sendable () throws(DatasetError) -> any ByteSource
    ) {
        self.init(named: name, open: open)
        isReopenable = false
        isLive = true
        self.isUntyped = isUntyped
    }

    /// Rows in memory as JSON Lines.
    public init(jsonLines: String, named name: String) {
        self.name = name
        isReopenable = true
        isUntyped = false
        hasLines = true
        open = { _ in MemorySource(jsonLines) }
    }
}

extension Dataset {
    /// The rows, each with the columns of the other dataset's row with the same key, see ``JoinedSource``.
    ///
    /// The other dataset is read when this one is opened for the first time, and kept in memory or, if it is large, in a
    /// temporary file.
    public func joined(with other: Dataset, on key: JoinKey) -> Dataset {
        let (left, notices) = (self, notices)
        let table = LoadedTable()
        var joined = left
        joined.isUntyped = left.isUntyped || other.isUntyped
        joined.failureColumn = joinErrorColumn
        joined.open = { columns throws(DatasetError) in
            let isWhole = columns?.includesOthers ?? true
            let loaded = try table.load(isWhole: isWhole) { () throws(DatasetError) in
                // If columns are omitted, the same columns are needed each time.
                let wanted = columns.map { selection in
                    Set(selection.asked.flatMap { [$0, $0.hasPrefix("joined.") ? String($0.dropFirst(7)) : $0] })
                        .union([key.right.name, key.right.root])
                }
                do throws(DatasetError) {
                    return try JoinTable(
                        other.open(wanted.map { ColumnSelection($0, includesOthers: isWhole) }), named: other.name,
                        by: key.right, columns: isWhole ? nil : wanted, notices: notices)
                } catch {
                    throw error.naming(columnsOf: other, insteadOf: key.right)
                }
            }
            var own = columns
            own?.asked.formUnion([key.left.name, key.left.root])
            return JoinedSource(try left.open(own), named: left.name, by: key.left, with: loaded, notices: notices)
        }
        return joined
    }
}

/// A table for a join, loaded once; and once more if all columns are needed after some were.
private final class LoadedTable: Sendable {
    private let loaded = Mutex<(table: JoinTable, isWhole: Bool)?>(nil)

    func load(
        isWhole: Bool, _ body: () throws(DatasetError) -> JoinTable
    ) throws(DatasetError) -> JoinTable {
        try loaded.withLock { loaded throws(DatasetError) in
            if let loaded, loaded.isWhole || !isWhole { return loaded.table }
            let table = try body()
            loaded = (table, isWhole)
            return table
        }
    }
}

extension DatasetError {
    /// Adds the columns of a dataset that has no column for the key of a join.
    fileprivate func naming(columnsOf dataset: Dataset, insteadOf key: ColumnPath) -> DatasetError {
        guard let source = try? dataset.open(nil) else { return self }
        var reader = ChunkReader(source)
        guard let names = try? reader.peek()?.columnNames, !names.isEmpty, !names.contains(key.root) else {
            return self
        }
        let shown = names.prefix(20).map { quoted($0) }.joined(separator: ", ") + (names.count > 20 ? ", …" : "")
        return DatasetError(
            code,
            "no row has the column \(quoted(key.root)) to join by. The columns are \(shown); if the two files "
                + "have different names for it: --on NAME_HERE=NAME_THERE", path: path)
    }
}

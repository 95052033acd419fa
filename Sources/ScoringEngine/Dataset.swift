public import Datasets
public import JSON
import Synchronization

/// Rows to score: in a file, on standard input, or in memory.
public struct Dataset: Sendable {
    /// For messages.
    public var name: String
    /// Whether the rows can be read more than once.
    package var isReopenable: Bool
    /// Whether cells are text that may spell a number or boolean (CSV).
    package var isUntyped: Bool
    /// Whether a row's line number means something to its author.
    var hasLines: Bool
    /// Whether rows come over the network.
    package var isRemote = false
    /// Whether rows come one after the other, as something else makes them, which may take long.
    var isLive = false
    /// A column that says of a row why it is not to be scored, as ``ScoringRequest/failureColumn`` does.
    package var failureColumn: String?
    /// What to do where no row can be read, since the format was only assumed.
    var formatAdvice: String?
    /// What is noticed while the rows are read.
    public var notices = DatasetNotices()
    /// Opens the rows as JSON Lines; only the named columns where that saves work, all for nil.
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
            formatAdvice = "\(name) was taken for JSON Lines; if it is something else, say so: --input-format csv"
        }
        open = { columns throws(DatasetError) in
            try location.open(columns: columns, control: control, notices: notices)
        }
    }

    /// Rows in memory, each an object.
    public init(rows: [JSONValue]) {
        self.init(jsonLines: rows.map { $0.text + "\n" }.joined(), named: "the rows")
    }

    /// Rows that lie elsewhere.
    ///
    /// - Parameters:
    ///   - isRemote: whether they come over the network, piece by piece: they are read once, and not before they are needed.
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

    /// Rows that something makes while they are scored. They are scored as they come, and read once.
    ///
    /// - Parameters:
    ///   - isUntyped: whether cells are text that may spell a number or boolean, as in CSV.
    ///   - open: opens the rows as JSON Lines, on any thread. Reading them may block; it has to end when the run is
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
    /// The rows, each with the columns of the row of another dataset that has the same key, see ``JoinedSource``.
    ///
    /// The other one is read when this one is opened for the first time, and kept: in memory, or a temporary file where it
    /// is large.
    public func joined(with other: Dataset, on key: JoinKey) -> Dataset {
        let (left, notices) = (self, notices)
        let table = LoadedTable()
        var joined = left
        joined.isUntyped = left.isUntyped || other.isUntyped
        joined.failureColumn = joinErrorColumn
        joined.open = { columns throws(DatasetError) in
            let loaded = try table.load { () throws(DatasetError) in
                // Which columns are needed does not change from one time to the next, as far as any are left out.
                let wanted = columns.map { selection in
                    Set(selection.asked.flatMap { [$0, $0.hasPrefix("joined.") ? String($0.dropFirst(7)) : $0] })
                        .union([key.right.name, key.right.root])
                }
                let others = columns?.includesOthers ?? true
                return try JoinTable(
                    other.open(wanted.map { ColumnSelection($0, includesOthers: others) }), named: other.name,
                    by: key.right, columns: others ? nil : wanted, notices: notices)
            }
            var own = columns
            own?.asked.formUnion([key.left.name, key.left.root])
            return JoinedSource(try left.open(own), named: left.name, by: key.left, with: loaded, notices: notices)
        }
        return joined
    }
}

/// A table to join, loaded once.
private final class LoadedTable: Sendable {
    private let table = Mutex<JoinTable?>(nil)

    func load(_ body: () throws(DatasetError) -> JoinTable) throws(DatasetError) -> JoinTable {
        try table.withLock { table throws(DatasetError) in
            if let table { return table }
            let loaded = try body()
            table = loaded
            return loaded
        }
    }
}

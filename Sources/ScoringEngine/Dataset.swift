public import Datasets
public import JSON

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
    /// Whether rows come one after the other, as something else makes them, which may take long.
    var isLive = false
    /// Opens the rows as JSON Lines; only the named columns where that saves work, all for nil.
    package var open: @Sendable (_ columns: Set<String>?) throws(DatasetError) -> any ByteSource

    /// The rows of a file, or of standard input.
    ///
    /// - Parameter control: counts the bytes read of the location's `byteSize`.
    public init(_ location: DatasetLocation, control: ReadControl? = nil) {
        name = location.description
        isReopenable = location.isReopenable
        isUntyped = location.format == .commaSeparated || location.format == .tabSeparated
        hasLines = location.format == .jsonLines
        open = { columns throws(DatasetError) in try location.open(columns: columns, control: control) }
    }

    /// Rows in memory, each an object.
    public init(rows: [JSONValue]) {
        self.init(jsonLines: rows.map { $0.text + "\n" }.joined(), named: "the rows")
    }

    /// Rows that lie elsewhere, and can be read more than once.
    ///
    /// - Parameter open: opens the rows as JSON Lines, on any thread. Reading them may block.
    public init(named name: String, open: @escaping @Sendable () throws(DatasetError) -> any ByteSource) {
        self.name = name
        isReopenable = true
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

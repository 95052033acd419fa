public import JSON

/// The columns, or places within columns, by which the rows of two datasets belong together.
public struct JoinKey: Sendable, Hashable {
    public var left: ColumnPath
    public var right: ColumnPath

    public init(left: ColumnPath, right: ColumnPath) {
        self.left = left
        self.right = right
    }

    /// Reads `COLUMN` or `LEFT=RIGHT`; nil if a side is empty.
    public init?(_ text: String) {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard sides.allSatisfy({ !$0.isEmpty }), let left = sides.first, let right = sides.last else { return nil }
        self.init(left: ColumnPath(left), right: ColumnPath(right))
    }
}

/// The rows of a dataset by their keys. Rows that do not fit in memory are in a temporary file; an index of about 16 to 32
/// bytes a row is in memory.
public final class JoinTable: Sendable {
    /// A row that others are joined with.
    struct Row {
        /// Its number in the dataset, those that were left out counted.
        var index: Int
        var key: String
        /// Columns, and their JSON.
        var cells: [(column: Int, value: ArraySlice<UInt8>)]
    }

    /// Bytes that the index may take, and that rows may take in memory.
    public static let indexLimit = 1 << 30
    public static let memoryLimit = 256 << 20

    /// What messages call the dataset.
    let name: String
    let key: ColumnPath
    let columns: [String]
    /// The key of the first row, for messages.
    let firstKey: String?
    /// Rows that can be joined.
    let count: Int
    /// All rows, also those that were left out.
    let rowCount: Int
    private let index: HashIndex
    private let records: RecordStore

    /// Reads a dataset to its end.
    ///
    /// Rows that cannot be read or have no key are left out and reported to `notices`.
    ///
    /// - Parameters:
    ///   - source: rows as JSON Lines.
    ///   - columns: the columns to keep; nil for all.
    ///   - indexLimit: bytes of the index.
    ///   - memoryLimit: bytes of rows in memory.
    /// - Throws: what the source throws; where a key is there twice, there are more rows than `indexLimit` allows, or the
    ///   temporary file cannot be written.
    public init(
        _ source: any ByteSource, named name: String, by key: ColumnPath, columns wanted: Set<String>? = nil,
        notices: DatasetNotices, indexLimit: Int = JoinTable.indexLimit, memoryLimit: Int = JoinTable.memoryLimit
    ) throws(DatasetError) {
        var builder = Builder(name: name, key: key, wanted: wanted, indexLimit: indexLimit, memoryLimit: memoryLimit)
        var reader = ChunkReader(source)
        let chunk = Chunk()
        while try reader.read(into: chunk) {
            try chunk.withLines { line throws(DatasetError) in try builder.add(line) }
        }
        self.name = name
        self.key = key
        columns = builder.columns
        firstKey = builder.firstKey
        index = builder.index
        records = builder.records
        count = builder.index.count
        rowCount = builder.rowsRead
        if count == 0 {
            let reason = builder.firstFault.map { ": \($0)" } ?? ""
            throw DatasetError(.malformed, "no row can be joined\(reason)", path: name)
        }
        notices.set(
            builder.faults == 0
                ? nil
                : "\(name): \(builder.faults) \(builder.faults == 1 ? "row is" : "rows are") left out of the join; "
                    + "the first one: \(builder.firstFault ?? "")", on: "join faults")
    }

    /// The row of a key.
    func row(_ key: String) throws(DatasetError) -> Row? {
        try index.row(key, in: records)
    }

    /// The text of a key: numbers and texts that look the same are the same, as tables have texts only. Nil for what can
    /// be no key.
    static func text(of value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let bool): bool ? "true" : "false"
        case .null, .array, .object: nil
        }
    }
}

extension HashIndex {
    /// The hash of a key, which is another one in each process.
    static func hash(_ key: String) -> UInt32 { UInt32(truncatingIfNeeded: key.hashValue) }

    func row(_ key: String, in records: RecordStore) throws(DatasetError) -> JoinTable.Row? {
        var found: JoinTable.Row?
        _ = try place(of: Self.hash(key)) { place throws(DatasetError) in
            let row = JoinTable.Row(record: try records.record(at: place))
            guard row.key == key else { return false }
            found = row
            return true
        }
        return found
    }
}

extension JoinTable.Row {
    /// Reads a record: the row's number; its key and its cells, each with its length, and cells with their column.
    init(record: ArraySlice<UInt8>) {
        var rest = record
        func number() -> Int {
            defer { rest = rest.dropFirst(8) }
            return rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        func bytes() -> ArraySlice<UInt8> {
            let count = number()
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        index = number()
        key = String(decoding: bytes(), as: UTF8.self)
        cells = []
        while !rest.isEmpty { cells.append((number(), bytes())) }
    }

    /// The row as `init(record:)` reads it.
    static func record(
        index: Int, key: String, cells: some Sequence<(column: Int, value: String)>
    ) -> [UInt8] {
        var record: [UInt8] = []
        func append(_ number: Int) {
            for shift in 0..<8 { record.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
        }
        func append(_ text: String) {
            append(text.utf8.count)
            record += text.utf8
        }
        append(index)
        append(key)
        for cell in cells {
            append(cell.column)
            append(cell.value)
        }
        return record
    }
}

extension JoinTable {
    /// A table on its way.
    private struct Builder: ~Copyable {
        let name: String
        let key: ColumnPath
        let wanted: Set<String>?
        let indexLimit: Int
        private(set) var columns: [String] = []
        private(set) var index = HashIndex()
        private(set) var records: RecordStore
        private(set) var faults = 0
        private(set) var firstFault: String?
        private(set) var firstKey: String?
        private var indices: [String: Int] = [:]
        private var parser = JSONParser()
        private(set) var rowsRead = 0

        init(name: String, key: ColumnPath, wanted: Set<String>?, indexLimit: Int, memoryLimit: Int) {
            self.name = name
            self.key = key
            self.wanted = wanted
            self.indexLimit = indexLimit
            records = RecordStore(memoryLimit: memoryLimit)
        }

        mutating func add(_ line: UnsafeRawBufferPointer) throws(DatasetError) {
            if line.allSatisfy(isSpace) { return }
            rowsRead += 1
            if let reason = RejectedLine.reason(of: line) { return leaveOut("row \(rowsRead): \(reason)") }
            var repairs = 0
            let row: JSONObject
            do throws(JSONError) {
                guard let object = try parser.parse(line, repairs: &repairs).object else {
                    return leaveOut("row \(rowsRead) is not a JSON object")
                }
                row = object
            } catch {
                return leaveOut("row \(rowsRead): \(error)")
            }
            guard case .value(let value) = key.find(in: row), let text = JoinTable.text(of: value) else {
                var reason = "its \(quoted(key.name)) is not a string or a number"
                if case .nothing(let gap) = key.find(in: row) { reason = "it has no \(quoted(key.name)): \(gap)" }
                return leaveOut("row \(rowsRead) has no key; \(reason)")
            }
            if firstKey == nil { firstKey = text }
            if let other = try index.row(text, in: records) {
                throw DatasetError(
                    .malformed,
                    "rows \(other.index + 1) and \(rowsRead) have the same \(quoted(key.name)), \(quoted(text)); each "
                        + "row of this file must have its own key", path: name)
            }
            if index.isFull, 2 * index.size > indexLimit {
                throw DatasetError(
                    .tooLarge,
                    "there are more rows to join than the \(index.count) whose keys fit in \(indexLimit >> 20) MiB of "
                        + "memory; remove rows that are not needed, or join the files before the run", path: name)
            }
            let cells = row.members.filter { wanted?.contains($0.key) ?? true }.map { name, value in
                (column: column(name), value: value.text)
            }
            let record = Row.record(index: rowsRead - 1, key: text, cells: cells)
            index.insert(HashIndex.hash(text), try records.append(record))
        }

        /// The number of a column.
        private mutating func column(_ name: String) -> Int {
            if let index = indices[name] { return index }
            indices[name] = columns.count
            columns.append(name)
            return columns.count - 1
        }

        private mutating func leaveOut(_ reason: String) {
            faults += 1
            if firstFault == nil { firstFault = reason }
        }
    }
}

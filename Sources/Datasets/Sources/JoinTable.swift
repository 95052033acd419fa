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

/// The rows of a dataset by their keys, in memory.
public final class JoinTable: Sendable {
    /// A cell of a row: its column, and where its JSON is.
    struct Cell {
        var column: Int
        var start: Int
        var count: Int
    }

    /// Bytes that the rows may take, about.
    public static let sizeLimit = 1 << 30

    /// What messages call the dataset.
    let name: String
    let key: ColumnPath
    let columns: [String]
    /// Rows that can be joined.
    let count: Int
    /// All rows, also those that were left out.
    let rowCount: Int
    private let rows: [String: (index: Int, cells: Range<Int>)]
    private let cells: [Cell]
    private let values: [UInt8]

    /// Reads a dataset to its end.
    ///
    /// A row that cannot be read, or that has no key, is left out, and `notices` is told.
    ///
    /// - Parameters:
    ///   - source: rows as JSON Lines.
    ///   - columns: the columns to keep; nil for all.
    ///   - sizeLimit: in bytes.
    /// - Throws: what the source throws; where a key is there twice, or the rows take more than `sizeLimit`.
    public init(
        _ source: any ByteSource, named name: String, by key: ColumnPath, columns wanted: Set<String>? = nil,
        notices: DatasetNotices, sizeLimit: Int = JoinTable.sizeLimit
    ) throws(DatasetError) {
        var builder = Builder(name: name, key: key, wanted: wanted, sizeLimit: sizeLimit)
        var reader = ChunkReader(source)
        let chunk = Chunk()
        while try reader.read(into: chunk) {
            try chunk.withLines { line throws(DatasetError) in try builder.add(line) }
        }
        self.name = name
        self.key = key
        columns = builder.columns
        rows = builder.rows
        cells = builder.cells
        values = builder.values
        count = builder.rows.count
        rowCount = builder.rowsRead
        if rows.isEmpty {
            let reason = builder.firstFault.map { ": \($0)" } ?? ""
            throw DatasetError(.malformed, "no row can be joined\(reason)", path: name)
        }
        notices.set(
            builder.faults == 0
                ? nil
                : "\(name): \(builder.faults) \(builder.faults == 1 ? "row is" : "rows are") left out of the join; "
                    + "the first one: \(builder.firstFault ?? "")", on: "join faults")
    }

    /// The row of a key: its number and its cells.
    func row(_ key: String) -> (index: Int, cells: ArraySlice<Cell>)? {
        rows[key].map { ($0.index, cells[$0.cells]) }
    }

    /// The JSON of a cell.
    func value(_ cell: Cell) -> ArraySlice<UInt8> { values[cell.start..<cell.start + cell.count] }

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

extension JoinTable {
    /// A table on its way.
    private struct Builder: ~Copyable {
        let name: String
        let key: ColumnPath
        let wanted: Set<String>?
        let sizeLimit: Int
        private(set) var columns: [String] = []
        private(set) var rows: [String: (index: Int, cells: Range<Int>)] = [:]
        private(set) var cells: [Cell] = []
        private(set) var values: [UInt8] = []
        private(set) var faults = 0
        private(set) var firstFault: String?
        private var indices: [String: Int] = [:]
        private var parser = JSONParser()
        private(set) var rowsRead = 0

        init(name: String, key: ColumnPath, wanted: Set<String>?, sizeLimit: Int) {
            self.name = name
            self.key = key
            self.wanted = wanted
            self.sizeLimit = sizeLimit
        }

        mutating func add(_ line: UnsafeRawBufferPointer) throws(DatasetError) {
            if line.allSatisfy(isSpace) { return }
            rowsRead += 1
            if line.first == 0 { return leaveOut(String(decoding: line.dropFirst(), as: UTF8.self)) }
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
            if let other = rows[text] {
                throw DatasetError(
                    .malformed,
                    "rows \(other.index + 1) and \(rowsRead) have the same \(quoted(key.name)), \(quoted(text)); each "
                        + "row of this file must have its own key", path: name)
            }
            let start = cells.count
            for (name, value) in row.members where wanted?.contains(name) ?? true { append(name, value) }
            rows[text] = (rowsRead - 1, start..<cells.count)
            let size = values.count + cells.count * MemoryLayout<Cell>.stride + rows.count * 96
            if size > sizeLimit {
                throw DatasetError(
                    .tooLarge,
                    "the rows to join take more than \(sizeLimit >> 20) MiB of memory, which is the limit; remove "
                        + "columns that are not needed, or join the files before the run", path: name)
            }
        }

        private mutating func append(_ name: String, _ value: JSONValue) {
            let column: Int
            if let index = indices[name] {
                column = index
            } else {
                column = columns.count
                indices[name] = column
                columns.append(name)
            }
            let text = value.text.utf8
            cells.append(Cell(column: column, start: values.count, count: text.count))
            values += text
        }

        private mutating func leaveOut(_ reason: String) {
            faults += 1
            if firstFault == nil { firstFault = reason }
        }
    }
}

public import JSON

/// The column of rows that no row of the other dataset belongs to, which says so as a failure of the row.
public let joinErrorColumn = "join_error"

/// The rows of a dataset, each with the columns of the row of another one that has its key.
///
/// A column that both have is the row's own; the other's is called `joined.NAME`. A row without a partner has the column
/// ``joinErrorColumn``. Lines that are not JSON objects stay as they are.
public final class JoinedSource: ByteSource {
    private var lines: LineRewriter
    private let table: JoinTable
    private let key: ColumnPath
    private let name: String
    private let notices: DatasetNotices
    private var parser = JSONParser()
    private var isUsed: [Bool]
    private var shared: Set<String> = []
    private var hasEnded = false
    private var failure: DatasetError?

    /// - Parameters:
    ///   - source: the rows as JSON Lines.
    ///   - name: what messages call the dataset.
    ///   - key: what of a row is its key.
    public init(
        _ source: any ByteSource, named name: String, by key: ColumnPath, with table: JoinTable, notices: DatasetNotices
    ) {
        lines = LineRewriter(source)
        self.name = name
        self.table = table
        self.key = key
        self.notices = notices
        isUsed = Array(repeating: false, count: table.rowCount)
    }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        if hasEnded { return 0 }
        let count = try lines.read(into: buffer) { add($0, to: &$1) }
        if let failure { throw failure }
        if count == 0 {
            hasEnded = true
            finish()
        }
        return count
    }

    private func add(_ line: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        var repairs = 0
        guard line.first != 0, let row = try? parser.parse(line, repairs: &repairs).object,
            let close = line.lastIndex(of: UInt8(ascii: "}"))
        else {
            output += line
            return
        }
        output += line[..<close]
        var hasMembers = !row.isEmpty
        func append(_ name: String, _ value: some Sequence<UInt8>) {
            if hasMembers { output += ", ".utf8 }
            hasMembers = true
            output += quoted(name).utf8
            output += ": ".utf8
            output += value
        }
        switch partner(of: row) {
        case .success(let partner):
            isUsed[partner.index] = true
            for cell in partner.cells {
                let name = table.columns[cell.column]
                // The key says the same on both sides.
                if row[name] != nil, name == key.name, name == table.key.name { continue }
                if row[name] != nil { shared.insert(name) }
                append(row[name] == nil ? name : "joined.\(name)", cell.value)
            }
        case .failure(let failure):
            let error: JSONValue = ["outcome": "input_error", "message": .string(failure.message)]
            append(joinErrorColumn, error.text.utf8)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func partner(of row: JSONObject) -> Result<JoinTable.Row, DatasetError> {
        func failure(_ message: String) -> DatasetError { DatasetError(.malformed, message) }
        switch key.find(in: row) {
        case .nothing(let gap):
            return .failure(failure("the row has no \(quoted(key.name)) to join \(table.name) by: \(gap)"))
        case .value(let value):
            guard let text = JoinTable.text(of: value) else {
                return .failure(
                    failure(
                        "\(quoted(key.name)) is \(value.kind); expected a string or a number to join \(table.name) by"))
            }
            do throws(DatasetError) {
                if let partner = try table.row(text) { return .success(partner) }
            } catch {
                self.failure = error
            }
            let first = table.firstKey.map { "; its first is \(quoted($0))" } ?? ""
            return .failure(
                failure("no row of \(table.name) has the \(quoted(table.key.name)) \(quoted(text))\(first)"))
        }
    }

    private func finish() {
        let unused = isUsed.count { !$0 } - (table.rowCount - table.count)
        notices.set(
            unused > 0 ? "\(unused) of \(table.count) rows of \(table.name) do not match any row of \(name)" : nil,
            on: "join rows")
        let names = shared.sorted().map { quoted($0) }
        notices.set(
            names.isEmpty
                ? nil
                : "\(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are") in \(name) and in "
                    + "\(table.name); the values of \(name) are used, and the others are called "
                    + "joined.NAME", on: "join columns")
    }
}

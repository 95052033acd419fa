/// Turns CSV records into JSON Lines; a state machine without input or output.
///
/// The dialect is described at ``CSVSource``.
struct CSVRecords: ~Copyable {
    private struct Column {
        /// Where in `keys` the JSON that goes before the column's value starts, and its length: 0 if nobody wants it.
        var keyStart: Int
        var keyCount: Int
    }

    /// Enough output for one call.
    private static let outputGoal = 256 << 10

    private var delimiter: UInt8
    private let header: DatasetOptions.Header
    private let path: String?
    /// The columns that are wanted; nil for all.
    private let selection: ColumnSelection?
    private var columns: [Column]?
    private var keys = ByteQueue(capacity: 4 << 10)
    /// The number, from 1, of the line that the next record starts on.
    private(set) var line = 1

    /// - Parameter path: what errors call the data.
    init(delimiter: UInt8, header: DatasetOptions.Header, columns: ColumnSelection?, path: String?) {
        self.delimiter = delimiter
        self.header = header
        self.path = path
        selection = columns
    }

    /// Begins with what the first bytes say.
    mutating func start(_ start: TableStart) {
        delimiter = start.delimiter
        if start.separatorLine > 0 { line += 1 }
    }

    /// Converts whole records until there are no more, or enough was written.
    ///
    /// - Parameters:
    ///   - bytes: `count` bytes, from the start of a record, with at least 16 zero bytes behind them.
    ///   - isLast: whether the data ends with these bytes.
    /// - Returns: the number of bytes used.
    mutating func convert(
        _ bytes: UnsafeRawPointer, count: Int, isLast: Bool, to output: inout ByteQueue
    ) throws(DatasetError) -> Int {
        var used = 0
        while used < count, output.count < Self.outputGoal {
            var scanner = CSVCellScanner(
                bytes + used, count: count - used, isLast: isLast, delimiter: delimiter, to: output)
            let isWhole: Bool
            if columns != nil {
                isWhole = convertRow(&scanner, to: &output)
            } else {
                isWhole = try convertHeader(&scanner, to: &output)
                // Without a header row, the first one was only looked at.
                if header != .firstRow, columns != nil { continue }
            }
            guard isWhole else { break }
            used += scanner.position
            line += scanner.lineFeeds
        }
        return used
    }

    /// Whether the columns' names are known.
    var hasColumns: Bool { columns != nil }

    /// The end of the next record, which is too long to be converted.
    var skippedRecord: SkippedRecord { SkippedRecord(delimiter: delimiter) }

    /// Writes, in place of a record that was passed over, that it is too long.
    ///
    /// - Parameter limit: the maximum size of a record, in bytes.
    mutating func reject(_ record: SkippedRecord, limit: Int, in output: inout ByteQueue) {
        let advice =
            record.isInQuotes
            ? "its quote is never closed, and the rest of the data (line ends: \(record.lineFeeds)) was read as its text"
            : "check for a quote that is not closed, or raise --max-row-size"
        output.append(
            rejected:
                "line \(line): the row has \(sizeText(record.size)), and at most \(sizeText(limit)) are read; \(advice)"
        )
        line += record.lineFeeds
    }

    /// Learns the columns' names; false if the record's end is not there yet.
    private mutating func convertHeader(
        _ scanner: inout CSVCellScanner, to output: inout ByteQueue
    ) throws(DatasetError) -> Bool {
        var names: [Range<Int>] = []
        var end = CSVCellScanner.End.delimiter
        while end == .delimiter {
            let start = scanner.written(to: output)
            end = scanner.convertCell(to: &output)
            names.append(start..<scanner.written(to: output))
        }
        guard end == .record else { return false }
        if scanner.isEmptyLine { return true }
        if header == .firstRow, let reason = whyInvalid(scanner) {
            throw DatasetError(.malformed, "the header row: \(reason)", path: path, at: .line(line))
        }
        switch header {
        case .firstRow:
            try name(
                names.map { name in
                    // An empty cell without quotes was written as null.
                    let json = UnsafeRawBufferPointer(start: output.back + name.lowerBound, count: name.count)
                    return json.first == UInt8(ascii: "\"") ? Array(json) : jsonString("")
                })
        case .numbers:
            try name(names.map { _ in jsonString("") })
        case .names(let given):
            guard names.count <= given.count else {
                throw DatasetError(
                    .malformed,
                    "the first row has \(names.count) cells, but --columns names \(given.count)",
                    path: path, at: .line(line))
            }
            try name(given.map(jsonString))
        }
        return true
    }

    /// Gives the columns their names. One without a name is called by its number, and those of one name by both.
    private mutating func name(_ names: [[UInt8]]) throws(DatasetError) {
        var names = names
        let empty = jsonString("")
        for index in names.indices where names[index] == empty { names[index] = jsonString("column_\(index + 1)") }
        var places: [[UInt8]: [Int]] = [:]
        for (index, name) in names.enumerated() { places[name, default: []].append(index) }
        for (name, indices) in places where indices.count > 1 {
            for index in indices { names[index] = Array(name.dropLast() + " (column \(index + 1))\"".utf8) }
        }
        let asked = selection.map { Set($0.asked.map(jsonString)) }
        if let ambiguous = places.first(where: { $0.value.count > 1 && asked?.contains($0.key) == true }) {
            let numbers = ambiguous.value.map { "\($0 + 1)" }.joined(separator: " and ")
            let name = String(decoding: ambiguous.key, as: UTF8.self)
            throw DatasetError(
                .malformed,
                "the header row names the column \(name) more than once, as columns \(numbers); rename one, or choose "
                    + "one as "
                    + "\(String(decoding: names[ambiguous.value[0]], as: UTF8.self))", path: path, at: .line(line))
        }
        columns = names.map { name in
            let start = keys.count
            if selection?.includesOthers ?? true || asked?.contains(name) ?? true {
                keys.append([UInt8(ascii: ",")] + name + [UInt8(ascii: ":")])
            }
            return Column(keyStart: start, keyCount: keys.count - start)
        }
    }

    /// Writes one row, or why it cannot be; false if the record's end is not there yet.
    @inline(__always)
    private func convertRow(_ scanner: inout CSVCellScanner, to output: inout ByteQueue) -> Bool {
        guard let columns else { return false }
        var end = CSVCellScanner.End.delimiter
        var hasExtraText = false
        while end == .delimiter {
            let start = scanner.written(to: output)
            let key = scanner.cell < columns.count ? columns[scanner.cell] : Column(keyStart: 0, keyCount: 0)
            scanner.write(keys.front + key.keyStart, count: key.keyCount, to: &output)
            end = scanner.convertCell(to: &output)
            // Written and taken back is faster than to ask for every byte whether it is wanted.
            if key.keyCount == 0 {
                if scanner.cell > columns.count, !scanner.isNull(from: start, in: output) { hasExtraText = true }
                scanner.rewind(to: start, in: output)
            }
        }
        guard end == .record else { return false }
        if scanner.isEmptyLine { return true }
        if scanner.fault != nil || hasExtraText || scanner.mayHoldMoreThanASCII,
            let reason = whyInvalid(scanner, hasExtraText: hasExtraText)
        {
            output.append(rejected: "line \(line): \(reason)")
            return true
        }
        scanner.finishObject(in: &output)
        return true
    }

    /// What is wrong with a record, if anything is.
    private func whyInvalid(_ scanner: borrowing CSVCellScanner, hasExtraText: Bool = false) -> String? {
        switch scanner.fault {
        case .zeroByte(let cell):
            return "a zero byte in cell \(cell + 1); if the text is UTF-16, add --encoding utf-16le"
        case .carriageReturn(let cell):
            return "a carriage return in or after cell \(cell + 1) without a line feed after it; quote the cell,"
                + " or end the file's lines with line feeds"
        case .textAfterQuote(let cell):
            return "text after the closing quote of cell \(cell + 1); double the quotes inside a quoted cell"
        case .quoteNotClosed(let cell):
            return "the quote that opens cell \(cell + 1) is never closed; the rest of the data"
                + " (line ends: \(scanner.lineFeeds)) was read as its text"
        case nil:
            break
        }
        if let columns, hasExtraText {
            return "\(scanner.cell) cells, but \(header == .firstRow ? "the header has" : "there are names for")"
                + " \(columns.count)"
        }
        if scanner.mayHoldMoreThanASCII {
            do {
                _ = try UTF8Span(validating: scanner.record.span)
            } catch {
                return
                    "not UTF-8 at byte \(error.byteOffsets.lowerBound) of the row; if the text comes from Excel or "
                    + "Windows, try --encoding windows-1252"
            }
        }
        return nil
    }
}

extension ByteQueue {
    fileprivate mutating func append(rejected reason: String) {
        append(RejectedLine.bytes(reason) + [0x0A])
    }
}

/// A text as a JSON string, escaped just as ``CSVCellScanner`` does it.
private func jsonString(_ text: String) -> [UInt8] {
    var json = [UInt8(ascii: "\"")]
    for byte in text.utf8 {
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            let escape = JSONEscape(byte)
            withUnsafeBytes(of: escape.bytes) { json += $0.prefix(escape.count) }
        } else {
            json.append(byte)
        }
    }
    json.append(UInt8(ascii: "\""))
    return json
}

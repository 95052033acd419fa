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

    private let delimiter: UInt8
    private let path: String?
    /// The names of the columns that are wanted, as JSON strings; nil for all.
    private let wanted: Set<[UInt8]>?
    private var columns: [Column]?
    private var keys = ByteQueue(capacity: 4 << 10)
    /// The number, from 1, of the line that the next record starts on.
    private(set) var line = 1

    /// - Parameter path: what errors call the data.
    init(delimiter: UInt8, columns: Set<String>?, path: String?) {
        self.delimiter = delimiter
        self.path = path
        wanted = columns.map { Set($0.map(jsonString)) }
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
            let isWhole = try columns == nil ? convertHeader(&scanner, to: &output) : convertRow(&scanner, to: &output)
            guard isWhole else { break }
            used += scanner.position
            line += scanner.lineFeeds
        }
        return used
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
        if let reason = whyInvalid(scanner) {
            throw DatasetError(.malformed, "the header row: \(reason)", path: path, at: .line(line))
        }

        var columns: [Column] = []
        var known: Set<[UInt8]> = []
        var duplicates: [String] = []
        for name in names {
            let json = UnsafeRawBufferPointer(start: output.back + name.lowerBound, count: name.count)
            // An empty cell without quotes was written as null, but is the empty name.
            let bytes = json.first == UInt8(ascii: "\"") ? Array(json) : jsonString("")
            if !known.insert(bytes).inserted { duplicates.append(String(decoding: bytes, as: UTF8.self)) }
            let start = keys.count
            if wanted?.contains(bytes) ?? true {
                keys.append([UInt8(ascii: ",")] + bytes + [UInt8(ascii: ":")])
            }
            columns.append(Column(keyStart: start, keyCount: keys.count - start))
        }
        guard duplicates.isEmpty else {
            let list = duplicates.prefix(10).joined(separator: ", ") + (duplicates.count > 10 ? ", …" : "")
            throw DatasetError(
                .malformed, "the header row names columns more than once: \(list); rename or remove the others",
                path: path, at: .line(line))
        }
        self.columns = columns
        return true
    }

    /// Writes one row, or why it cannot be; false if the record's end is not there yet.
    @inline(__always)
    private func convertRow(_ scanner: inout CSVCellScanner, to output: inout ByteQueue) -> Bool {
        guard let columns else { return false }
        var end = CSVCellScanner.End.delimiter
        while end == .delimiter {
            let start = scanner.written(to: output)
            let key = scanner.cell < columns.count ? columns[scanner.cell] : Column(keyStart: 0, keyCount: 0)
            scanner.write(keys.front + key.keyStart, count: key.keyCount, to: &output)
            end = scanner.convertCell(to: &output)
            // Written and taken back is faster than to ask for every byte whether it is wanted.
            if key.keyCount == 0 { scanner.rewind(to: start, in: output) }
        }
        guard end == .record else { return false }
        if scanner.isEmptyLine { return true }
        if scanner.fault != nil || scanner.cell > columns.count || scanner.mayHoldMoreThanASCII,
            let reason = whyInvalid(scanner)
        {
            output.append("\0line \(line): \(reason)\n".utf8)
            return true
        }
        scanner.finishObject(in: &output)
        return true
    }

    /// What is wrong with a record, if anything is.
    private func whyInvalid(_ scanner: borrowing CSVCellScanner) -> String? {
        switch scanner.fault {
        case .zeroByte(let cell):
            return "a zero byte in cell \(cell + 1)"
        case .carriageReturn(let cell):
            return "a carriage return in or after cell \(cell + 1) that no line feed follows; quote the cell,"
                + " or end the file's lines with line feeds"
        case .textAfterQuote(let cell):
            return "text after the closing quote of cell \(cell + 1); quotes in a quoted cell are to be doubled"
        case .quoteNotClosed(let cell):
            return "the quote that opens cell \(cell + 1) is never closed; all the rest of the data"
                + " (line ends: \(scanner.lineFeeds)) was taken for its text"
        case nil:
            break
        }
        if let columns, scanner.cell > columns.count {
            return "\(scanner.cell) cells, but the header has \(columns.count)"
        }
        if scanner.mayHoldMoreThanASCII {
            do {
                _ = try UTF8Span(validating: scanner.record.span)
            } catch {
                return "not UTF-8 at byte \(error.byteOffsets.lowerBound) of the row"
            }
        }
        return nil
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

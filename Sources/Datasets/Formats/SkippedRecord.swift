/// Finds the end of a CSV record that is too long to be read, byte by byte and without keeping any of it.
///
/// It ends the record where ``CSVCellScanner`` would.
struct SkippedRecord {
    private enum State {
        case cellStart
        case unquoted
        case quoted
        /// Behind a quote in a quoted cell: its end, or the first of two.
        case afterQuote
        case afterCarriageReturn
    }

    private var state = State.cellStart
    private let delimiter: UInt8
    /// Bytes passed.
    private(set) var size = 0
    /// Line feeds passed, also those in quotes.
    private(set) var lineFeeds = 0

    init(delimiter: UInt8) {
        self.delimiter = delimiter
    }

    /// Whether the last cell so far has a quote that is not closed.
    var isInQuotes: Bool { state == .quoted }

    /// Passes over the next bytes.
    ///
    /// - Returns: how many of them belong to the record and its line end, if it ends there; otherwise nil.
    mutating func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        var state = state
        defer { self.state = state }
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A { lineFeeds += 1 }
            switch (state, byte) {
            case (.quoted, UInt8(ascii: "\"")): state = .afterQuote
            case (.quoted, _): break
            case (.afterQuote, UInt8(ascii: "\"")), (.cellStart, UInt8(ascii: "\"")): state = .quoted
            case (_, 0x0A):
                size += index
                return index + 1
            // A carriage return without a line feed is text, and so is what comes after it.
            case (.afterCarriageReturn, _) where byte != 0x0D && byte != delimiter: state = .unquoted
            case (_, 0x0D): state = .afterCarriageReturn
            case (_, delimiter): state = .cellStart
            default: state = .unquoted
            }
        }
        size += bytes.count
        return nil
    }
}

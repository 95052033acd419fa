/// Reads the cells of one CSV record from memory and writes them as JSON values behind a queue's last byte.
///
/// Sixteen bytes are copied and examined at once; only a byte that ends a cell or cannot stand in a JSON string stops
/// that. A scanner is made for one record, while neither the bytes nor the queue are used otherwise. All of it is inlined
/// into the loop over the cells, which keeps it in registers.
struct CSVCellScanner {
    /// How a cell ended.
    enum End {
        /// With the delimiter, which was passed.
        case delimiter
        /// With the record; its line end, unless the data ends instead, was passed.
        case record
        /// Not within the bytes that are there.
        case unknown
    }

    /// Why a record is no row. The number is the cell's, from 0.
    enum Fault: Equatable {
        case zeroByte(Int)
        case carriageReturn(Int)
        case textAfterQuote(Int)
        case quoteNotClosed(Int)
    }

    private typealias Vector = SIMD16<UInt8>

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let lineFeed: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D

    private let bytes: UnsafeRawPointer
    private let count: Int
    private let isLast: Bool
    private let delimiter: UInt8
    /// The index of the next byte.
    private(set) var position = 0
    /// Where the next byte is to be written.
    private var output: UnsafeMutableRawPointer
    /// The end of the queue's room. Between two looks at it less is written than the queue's padding holds.
    private var limit: UnsafeMutableRawPointer
    /// The number of the cell, from 0.
    private(set) var cell = 0
    /// The first fault that was found.
    private(set) var fault: Fault?
    /// Line feeds passed, also those in quotes.
    private(set) var lineFeeds = 0
    /// All bytes passed, and perhaps some behind them, united.
    private var seen = Vector(repeating: 0)

    /// - Parameters:
    ///   - bytes: `count` bytes with at least 16 zero bytes behind them.
    ///   - isLast: whether the data ends with these bytes.
    init(_ bytes: UnsafeRawPointer, count: Int, isLast: Bool, delimiter: UInt8, to queue: borrowing ByteQueue) {
        self.bytes = bytes
        self.count = count
        self.isLast = isLast
        self.delimiter = delimiter
        output = queue.back
        limit = queue.back + queue.room
    }

    /// False only if all bytes of the record are ASCII.
    var mayHoldMoreThanASCII: Bool {
        let words = words(seen)
        return (words.x | words.y) & 0x8080_8080_8080_8080 != 0
    }

    /// Whether the record, which was read to its end, is a line with nothing in it.
    var isEmptyLine: Bool {
        let first = load(0)
        return (first == Self.lineFeed || first == Self.carriageReturn) && fault == nil
    }

    /// The bytes of the record so far.
    var record: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: UInt8.self), count: position)
    }

    /// The number of bytes written behind the queue's last one, and not appended yet.
    func written(to queue: borrowing ByteQueue) -> Int {
        output - queue.back
    }

    /// Copies JSON. Up to 15 bytes more are read, which must be readable.
    @inline(__always)
    mutating func write(_ source: UnsafeRawPointer, count: Int, to queue: inout ByteQueue) {
        if output + count > limit { grow(&queue, by: count) }
        var index = 0
        repeat {
            output.storeBytes(
                of: source.loadUnaligned(fromByteOffset: index, as: Vector.self), toByteOffset: index, as: Vector.self)
            index += 16
        } while index < count
        output += count
    }

    /// Whether what was written behind the first `count` bytes is null.
    func isNull(from count: Int, in queue: borrowing ByteQueue) -> Bool {
        written(to: queue) == count + 4 && (queue.back + count).load(as: UInt8.self) == UInt8(ascii: "n")
    }

    /// Forgets what was written behind the first `count` bytes.
    mutating func rewind(to count: Int, in queue: borrowing ByteQueue) {
        output = queue.back + count
    }

    /// Writes the next cell: null if it is empty and without quotes, else a string.
    @inline(__always)
    mutating func convertCell(to queue: inout ByteQueue) -> End {
        if output > limit { grow(&queue) }
        let start = written(to: queue)
        let isQuoted = load(position) == Self.quote
        put(Self.quote)
        let quotedEnd = isQuoted ? convertQuoted(to: &queue) : nil
        let end = quotedEnd ?? convertUnquoted(to: &queue)
        if !isQuoted, written(to: queue) == start + 1 {
            (output - 1).storeBytes(of: UInt32(littleEndian: 0x6C6C_756E), as: UInt32.self)
            output += 3
        } else {
            put(Self.quote)
        }
        cell += 1
        return end
    }

    /// Makes an object of the members that were written, each with a comma before it, and appends it as a line.
    @inline(__always)
    mutating func finishObject(in queue: inout ByteQueue) {
        if written(to: queue) == 0 { put(UInt8(ascii: ",")) }
        queue.back.storeBytes(of: UInt8(ascii: "{"), as: UInt8.self)
        put(UInt8(ascii: "}"))
        put(Self.lineFeed)
        queue.append(written: written(to: queue))
    }

    @inline(__always)
    private mutating func convertUnquoted(to queue: inout ByteQueue) -> End {
        let delimiters = Vector(repeating: delimiter)
        while true {
            let run = copyRun(stoppingAlsoAt: delimiters, to: &queue)
            guard run < 16 else { continue }
            let byte = load(position)
            if byte == delimiter {
                position += 1
                return .delimiter
            }
            switch byte {
            case Self.lineFeed, Self.carriageReturn:
                if let end = endAtLineEnd(byte) { return end }
            case 0:
                if position == count { return isLast ? .record : .unknown }
                note(.zeroByte(cell))
                position += 1
            default:
                putEscaped(byte)
                position += 1
            }
        }
    }

    /// Nil if text follows the closing quote; that text is next then.
    @inline(__always)
    private mutating func convertQuoted(to queue: inout ByteQueue) -> End? {
        position += 1
        while true {
            let run = copyRun(stoppingAlsoAt: Vector(repeating: Self.quote), to: &queue)
            guard run < 16 else { continue }
            let byte = load(position)
            switch byte {
            case Self.quote:
                position += 1
                guard load(position) == Self.quote else { return endAfterQuote() }
                putEscaped(byte)
            case 0:
                if position == count {
                    guard isLast else { return .unknown }
                    note(.quoteNotClosed(cell))
                    return .record
                }
                note(.zeroByte(cell))
            case Self.lineFeed:
                lineFeeds += 1
                putEscaped(byte)
            default:
                putEscaped(byte)
            }
            position += 1
        }
    }

    /// Ends the cell behind its closing quote; nil if that is not possible.
    @inline(__always)
    private mutating func endAfterQuote() -> End? {
        if position == count { return isLast ? .record : .unknown }
        let byte = load(position)
        if byte == delimiter {
            position += 1
            return .delimiter
        }
        if byte == Self.lineFeed || byte == Self.carriageReturn { return endAtLineEnd(byte) }
        note(.textAfterQuote(cell))
        return nil
    }

    /// Ends the record with LF, CR LF or, at the end of the data, CR; nil for any other CR, which is passed.
    @inline(__always)
    private mutating func endAtLineEnd(_ byte: UInt8) -> End? {
        position += 1
        if byte == Self.carriageReturn {
            if position == count { return isLast ? .record : .unknown }
            guard load(position) == Self.lineFeed else {
                note(.carriageReturn(cell))
                return nil
            }
            position += 1
        }
        lineFeeds += 1
        return .record
    }

    /// Copies bytes up to one that is a control character, quote, backslash or in `others`, and returns how many; 16 if
    /// none was found, and there may be more.
    @inline(__always)
    private mutating func copyRun(stoppingAlsoAt others: Vector, to queue: inout ByteQueue) -> Int {
        if output > limit { grow(&queue) }
        let vector = bytes.loadUnaligned(fromByteOffset: position, as: Vector.self)
        output.storeBytes(of: vector, as: Vector.self)
        seen |= vector
        let controls = equal(vector & Vector(repeating: 0xE0), Vector(repeating: 0))
        let quotes = equal(vector, Vector(repeating: Self.quote))
        let backslashes = equal(vector, Vector(repeating: Self.backslash))
        let stops = words(controls | quotes | backslashes | equal(vector, others))
        let run = stops.x != 0 ? stops.x.trailingZeroBitCount >> 3 : 8 + stops.y.trailingZeroBitCount >> 3
        position += run
        output += run
        return run
    }

    @inline(__always)
    private func load(_ position: Int) -> UInt8 {
        bytes.load(fromByteOffset: position, as: UInt8.self)
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        output.storeBytes(of: byte, as: UInt8.self)
        output += 1
    }

    @inline(__always)
    private mutating func putEscaped(_ byte: UInt8) {
        let escape = JSONEscape(byte)
        output.storeBytes(of: escape.bytes, as: UInt64.self)
        output += escape.count
    }

    @inline(__always)
    private mutating func note(_ fault: Fault) {
        if self.fault == nil { self.fault = fault }
    }

    @inline(__always)
    private mutating func grow(_ queue: inout ByteQueue, by count: Int = 0) {
        let written = written(to: queue)
        queue.reserve(written + count + 64 << 10, keeping: written)
        output = queue.back + written
        limit = queue.back + queue.room
    }
}

/// How a byte that must not stand in a JSON string as it is, is written there.
struct JSONEscape {
    /// The first `count` bytes in memory are the escape.
    let bytes: UInt64
    let count: Int

    init(_ byte: UInt8) {
        let short: UInt8? =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            default: nil
            }
        let backslash = UInt64(UInt8(ascii: "\\"))
        if let short {
            bytes = UInt64(littleEndian: backslash | UInt64(short) << 8)
            count = 2
        } else {
            let digits = Self.digit(byte >> 4) << 32 | Self.digit(byte & 15) << 40
            bytes = UInt64(littleEndian: backslash | 0x3030_75 << 8 | digits)
            count = 6
        }
    }

    private static func digit(_ value: UInt8) -> UInt64 {
        UInt64(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
    }
}

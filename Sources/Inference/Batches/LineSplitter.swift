import NIOCore

/// Divides a text that arrives in pieces into its lines.
struct LineSplitter {
    /// A longer line is cut off.
    static let longest = 64 << 20
    private var rest: [UInt8] = []
    private var isCut = false
    /// Whether nothing has been taken yet, so that a byte order mark is no part of the text.
    private var isFirst = true

    /// - Parameter take: gets each line that is complete, without its line break, and whether it was cut off.
    mutating func add(_ piece: ByteBuffer, _ take: ([UInt8], Bool) throws -> Void) throws {
        var bytes = piece.readableBytesView
        while let end = bytes.firstIndex(of: 0x0A) {
            append(bytes[..<end])
            bytes = bytes[bytes.index(after: end)...]
            try pass(take)
        }
        append(bytes)
    }

    private mutating func append(_ bytes: ByteBufferView.SubSequence) {
        let room = Self.longest - rest.count
        if bytes.count > room { isCut = true }
        rest += bytes.prefix(room)
    }

    private mutating func pass(_ take: ([UInt8], Bool) throws -> Void) throws {
        if isFirst, rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest.removeFirst(3) }
        isFirst = false
        try take(rest, isCut)
        rest.removeAll(keepingCapacity: rest.count < 1 << 20)
        isCut = false
    }

    mutating func finish(_ take: ([UInt8], Bool) throws -> Void) throws {
        if !rest.isEmpty { try pass(take) }
    }
}

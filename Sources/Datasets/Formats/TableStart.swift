/// What the first bytes of a table say about how it is written.
struct TableStart {
    /// The bytes of a first line `sep=;`, with which Excel is told what stands between cells.
    private(set) var separatorLine = 0
    private(set) var delimiter: UInt8
    /// Whether the delimiter is another one than was expected.
    private(set) var isFound = false

    /// - Parameters:
    ///   - bytes: from the start of the text on, the first record if it fits.
    ///   - expected: the delimiter, unless the bytes say something else.
    ///   - isFixed: whether the delimiter is known, and nothing else is to be believed.
    init(_ bytes: UnsafeRawBufferPointer, expected: UInt8, isFixed: Bool) {
        delimiter = expected
        let prefix = Array("sep=".utf8)
        let line = bytes.prefix(8)
        let rest = line.dropFirst(5)
        if line.count >= 5, line.prefix(4).map(lowercased) == prefix,
            rest.starts(with: [0x0A]) || rest.starts(with: [0x0D, 0x0A]) || line.count == 5
        {
            separatorLine = 5 + (rest.first == 0x0D ? 2 : rest.isEmpty ? 0 : 1)
            if !isFixed { delimiter = line[4] }
            return
        }
        if isFixed { return }
        let counts = Self.counts(in: bytes)
        guard counts[expected] == nil,
            let found = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
        else { return }
        delimiter = found.key
        isFound = true
    }

    /// How often each of the usual delimiters stands outside of quotes in the first record.
    private static func counts(in bytes: UnsafeRawBufferPointer) -> [UInt8: Int] {
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        var hasText = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case 0x0A, 0x0D:
                if !isQuoted && hasText { return counts }
            case Delimiter.comma, Delimiter.semicolon, Delimiter.tab, Delimiter.pipe:
                if !isQuoted { counts[byte, default: 0] += 1 }
            default: break
            }
            hasText = hasText || byte > 0x20
        }
        return counts
    }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

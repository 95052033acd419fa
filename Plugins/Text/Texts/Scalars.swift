/// A text as Unicode scalar values, which is what Python's strings, and so all reference implementations, count in.
typealias Scalars = [UInt32]

extension Scalars {
    /// The scalars of a UTF-8 text, which is valid.
    init(decoding bytes: UnsafeRawBufferPointer) {
        self.init(unsafeUninitializedCapacity: bytes.count) { memory, count in count = memory.decode(bytes) }
    }

    init(_ text: String) {
        self = text.unicodeScalars.map(\.value)
    }

    var text: String {
        var text = String.UnicodeScalarView()
        for value in self { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(text)
    }

    /// Python's `str.strip`.
    mutating func removeOuterSpace() {
        self = withUnsafeMutableBufferPointer { text in
            var rest = text
            rest.removeOuterSpace()
            return Array(rest)
        }
    }

    /// Python's `str.lower`.
    mutating func lowercase() {
        var buffer = Buffer<UInt32>()
        withUnsafeMutableBufferPointer { buffer.append(contentsOf: $0) }
        buffer.lowercase(from: 0)
        self = Array(buffer.values)
    }
}

extension UInt32 {
    /// Python's `str.isspace`: Unicode's White_Space and the four separators U+001C to U+001F.
    @inline(__always)
    var isSpace: Bool {
        if self < 0x80 { return self == 0x20 || self &- 0x09 < 5 || self &- 0x1C < 4 }
        return isWideSpace
    }

    private var isWideSpace: Bool {
        switch self {
        case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    @inline(__always)
    var isASCIIDigit: Bool { self &- 0x30 < 10 }

    /// The general category N: a number of any kind.
    var isNumber: Bool { ScalarClass(self) == .number }

    /// The general category P.
    var isPunctuation: Bool { ScalarClass(self) == .punctuation }

    /// The general category S.
    var isSymbol: Bool { ScalarClass(self) == .symbol }

    /// The general category L.
    var isLetter: Bool { ScalarClass(self) == .letter }

    /// The general category M: what belongs to the character before it.
    var isMark: Bool { ScalarClass(self) == .mark }

    /// A letter or number in Python's sense (`str.isalnum`); with the underscore, what `\w` matches.
    var isAlphanumeric: Bool {
        let own = ScalarClass(self)
        return own == .letter || own == .number
    }

    /// Punctuation in the sense of Python's `string.punctuation`: that of ASCII, with its symbols.
    var isASCIIPunctuation: Bool {
        switch self {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }
}

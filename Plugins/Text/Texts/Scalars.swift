/// A text as Unicode scalar values, which is what Python's strings, and so all reference implementations, count in.
typealias Scalars = [UInt32]

extension Scalars {
    /// Replaces the contents by the scalars of a UTF-8 text, which is valid.
    mutating func decode(_ bytes: UnsafeRawBufferPointer) {
        removeAll(keepingCapacity: true)
        reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let lead = UInt32(bytes[index])
            if lead < 0x80 {
                append(lead)
                index += 1
                continue
            }
            let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            // The host passes valid UTF-8 only, so what follows is there.
            var value = length == 2 ? lead & 0x1F : length == 3 ? lead & 0x0F : lead & 0x07
            for next in index + 1..<Swift.min(index + length, bytes.count) {
                value = value << 6 | UInt32(bytes[next]) & 0x3F
            }
            append(value)
            index += length
        }
    }

    init(_ text: String) {
        self = text.unicodeScalars.map(\.value)
    }

    var text: String {
        var text = String.UnicodeScalarView()
        for value in self { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(text)
    }

    /// The words of Python's `str.split`.
    var words: [Range<Int>] {
        var words: [Range<Int>] = []
        var index = 0
        while index < count {
            while index < count, self[index].isSpace { index += 1 }
            let start = index
            while index < count, !self[index].isSpace { index += 1 }
            if index > start { words.append(start..<index) }
        }
        return words
    }

    /// Leaves one space between words, and none at the ends.
    mutating func collapseSpace() {
        var end = 0
        for word in words {
            if end > 0 {
                self[end] = 0x20
                end += 1
            }
            for index in word {
                self[end] = self[index]
                end += 1
            }
        }
        removeSubrange(end...)
    }

    /// Python's `str.rstrip`.
    mutating func removeTrailingSpace() {
        while let last, last.isSpace { removeLast() }
    }

    /// Python's `str.strip`.
    mutating func removeOuterSpace() {
        removeTrailingSpace()
        if let first = firstIndex(where: { !$0.isSpace }), first > 0 { removeFirst(first) }
    }

    /// The text with each occurrence of `pattern`, which is not empty, replaced, from the left.
    func replacing(_ pattern: Scalars, with replacement: Scalars) -> Scalars {
        var made: Scalars = []
        made.reserveCapacity(count)
        var index = 0
        while index < count {
            if self[index] == pattern[0], hasPrefix(pattern, at: index) {
                made += replacement
                index += pattern.count
            } else {
                made.append(self[index])
                index += 1
            }
        }
        return made
    }

    private func hasPrefix(_ pattern: Scalars, at start: Int) -> Bool {
        guard count - start >= pattern.count else { return false }
        for offset in pattern.indices where self[start + offset] != pattern[offset] { return false }
        return true
    }

    /// Python's `str.lower`: full mappings, and a capital sigma at the end of a word becomes a final one.
    mutating func lowercase() {
        guard contains(where: { $0 >= 0x80 }) else {
            for index in indices where self[index] &- 0x41 < 26 { self[index] |= 0x20 }
            return
        }
        var lower: Scalars = []
        lower.reserveCapacity(count)
        for index in indices {
            let value = self[index]
            if value < 0x80 {
                lower.append(value &- 0x41 < 26 ? value | 0x20 : value)
            } else if value == 0x3A3 {
                lower.append(endsWord(index) ? 0x3C2 : 0x3C3)
            } else if value.hasCase, let scalar = Unicode.Scalar(value) {
                lower += scalar.properties.lowercaseMapping.unicodeScalars.map(\.value)
            } else {
                lower.append(value)
            }
        }
        self = lower
    }

    /// The Final_Sigma condition of the Unicode standard (table 3-17).
    private func endsWord(_ index: Int) -> Bool {
        var before = index - 1
        while before >= 0, self[before].isCaseIgnorable { before -= 1 }
        guard before >= 0, self[before].isCased else { return false }
        var after = index + 1
        while after < count, self[after].isCaseIgnorable { after += 1 }
        return after == count || !self[after].isCased
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

    fileprivate var properties: Unicode.Scalar.Properties? { Unicode.Scalar(self)?.properties }

    /// Whether it may have a lower-case form: no scalar of the large scripts without case has.
    fileprivate var hasCase: Bool {
        switch self {
        case 0x0900...0x109F, 0x2E80...0xA63F, 0xAC00...0xD7FF, 0x20000...0x3FFFF: false
        default: true
        }
    }

    fileprivate var isCased: Bool { properties?.isCased ?? false }
    fileprivate var isCaseIgnorable: Bool { properties?.isCaseIgnorable ?? false }

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

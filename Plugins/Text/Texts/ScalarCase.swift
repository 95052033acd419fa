extension Buffer where Element == UInt32 {
    /// Python's `str.lower` of the scalars from `start` on: full mappings, and a capital sigma at the end of a word becomes a
    /// final one.
    mutating func lowercase(from start: Int) {
        let text = ScalarSlice(rebasing: values[start...])
        if text.reduce(0, |) < 0x80 {
            for index in text.indices { text[index] |= text[index] &- 0x41 < 26 ? 0x20 : 0 }
            return
        }
        let original = Array(text)
        removeLast(from: start)
        reserve(original.count)
        for (index, value) in original.enumerated() {
            if value < 0x80 {
                append(value &- 0x41 < 26 ? value | 0x20 : value)
            } else if value == 0x3A3 {
                append(original.endsWord(index) ? 0x3C2 : 0x3C3)
            } else if value < 0x10000, value != 0x130 {
                append(UInt32(LowerCase.firstPlane[Int(value)]))
            } else if let scalar = Unicode.Scalar(value) {
                for lower in scalar.properties.lowercaseMapping.unicodeScalars { append(lower.value) }
            } else {
                append(value)
            }
        }
    }
}

private enum LowerCase {
    /// The lower-case forms of the first plane. All are one scalar, but for that of U+0130. Takes a millisecond to make.
    static let firstPlane: [UInt16] = (0..<0x10000).map { value in
        guard UInt32(value).hasCase, let scalar = Unicode.Scalar(UInt32(value)) else { return UInt16(value) }
        let mapping = scalar.properties.lowercaseMapping.unicodeScalars
        return mapping.first.flatMap { UInt16(exactly: $0.value) } ?? UInt16(value)
    }
}

extension [UInt32] {
    /// The Final_Sigma condition of the Unicode standard (table 3-17).
    fileprivate func endsWord(_ index: Int) -> Bool {
        var before = index - 1
        while before >= 0, self[before].isCaseIgnorable { before -= 1 }
        guard before >= 0, self[before].isCased else { return false }
        var after = index + 1
        while after < count, self[after].isCaseIgnorable { after += 1 }
        return after == count || !self[after].isCased
    }
}

extension UInt32 {
    private var properties: Unicode.Scalar.Properties? { Unicode.Scalar(self)?.properties }

    /// Whether it may have a lower-case form: no scalar of the large scripts without case has.
    fileprivate var hasCase: Bool {
        switch self {
        case 0x0900...0x109F, 0x2E80...0xA63F, 0xAC00...0xD7FF, 0x20000...0x3FFFF: false
        default: true
        }
    }

    fileprivate var isCased: Bool { properties?.isCased ?? false }
    fileprivate var isCaseIgnorable: Bool { properties?.isCaseIgnorable ?? false }
}

/// A Unicode scalar of a UTF-8 text and its length in bytes.
struct DecodedScalar {
    let scalar: Unicode.Scalar
    let length: Int
}

extension Span where Element == UInt8 {
    /// The scalar that begins at `start`. A byte that does not begin one is read as U+FFFD with a length of one byte.
    func scalar(at start: Int) -> DecodedScalar {
        let lead = self[start]
        guard lead >= 0x80 else { return DecodedScalar(scalar: Unicode.Scalar(lead), length: 1) }
        let malformed = DecodedScalar(scalar: "\u{FFFD}", length: 1)
        let length: Int
        var value: UInt32
        switch lead {
        case 0xC2...0xDF: (length, value) = (2, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (length, value) = (3, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (length, value) = (4, UInt32(lead & 0x07))
        default: return malformed
        }
        guard count - start >= length else { return malformed }
        for offset in 1..<length {
            let byte = self[start + offset]
            guard byte & 0xC0 == 0x80 else { return malformed }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard let scalar = Unicode.Scalar(value) else { return malformed }
        return DecodedScalar(scalar: scalar, length: length)
    }

    /// The scalar that ends just before `end`, which is not 0.
    func scalar(before end: Int) -> DecodedScalar {
        var start = end - 1
        while start > 0, end - start < 4, self[start] & 0xC0 == 0x80 { start -= 1 }
        let decoded = scalar(at: start)
        guard decoded.length == end - start else { return DecodedScalar(scalar: "\u{FFFD}", length: 1) }
        return decoded
    }

    /// The range without leading and trailing white space.
    func rangeWithoutOuterWhiteSpace(in range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end {
            let first = scalar(at: start)
            guard first.scalar.isWhiteSpace else { break }
            start += first.length
        }
        while start < end {
            let last = scalar(before: end)
            guard last.scalar.isWhiteSpace else { break }
            end -= last.length
        }
        return start..<end
    }

    /// The offset of the first occurrence of `pattern`, which is not empty, at or after `start`.
    ///
    /// The worst-case time is the product of both lengths; patterns here are short and fixed.
    func firstOffset(of pattern: [UInt8], from start: Int = 0) -> Int? {
        let first = pattern[0]
        var candidate = start
        while candidate <= count - pattern.count {
            if self[candidate] == first, hasBytes(pattern, at: candidate) { return candidate }
            candidate += 1
        }
        return nil
    }

    /// Whether `pattern` occurs at `start`.
    func hasBytes(_ pattern: [UInt8], at start: Int) -> Bool {
        guard count - start >= pattern.count else { return false }
        for offset in 0..<pattern.count where self[start + offset] != pattern[offset] { return false }
        return true
    }
}

extension Unicode.Scalar {
    /// Whether Python's `str.isspace` is true, on which `str.split`, `str.strip` and `\s` are based.
    ///
    /// That is Unicode's White_Space and the four separators U+001C to U+001F.
    var isWhiteSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20: true
        case 0..<0x80: false
        default: properties.isWhitespace
        }
    }

    /// Whether Python's `\d` matches it: general category Nd.
    var isDecimalDigit: Bool {
        switch value {
        case 0x30...0x39: true
        case 0..<0x80: false
        default: properties.generalCategory == .decimalNumber
        }
    }
}

extension UInt8 {
    /// Whether the byte is one of the digits 0 to 9.
    var isASCIIDigit: Bool { self &- 0x30 < 10 }
}

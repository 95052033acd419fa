/// A decimal number that is written plainly: `5,600`, `$5,600.00`, `−3.5%`, `1e3`. `WrittenNumber` reads more.
///
/// From the outside inwards the text may have
/// - white space around it, but none inside;
/// - one final period (`$5,600.`), unless there is a bare decimal point already (`5.` is a number, `5..` is not);
/// - one sign, `+`, `-` or U+2212, before or after a leading currency sign;
/// - one currency sign (any scalar of Unicode category Sc), before or after the number, or one percent sign after it.
///   They say nothing about the value: `5%` is 5, not 0.05;
/// - an exponent, `e` or `E` with an optional sign and digits;
/// - digits 0 to 9 with at most one decimal point, which may come first or last (`.5`, `5.`). Full-width and other
///   digits are not numbers;
/// - thousands commas in the integer part, which group all of it by threes: `1,23`, `1234,567` and `12,34,567` are no
///   numbers. A number that begins with 0 has no thousands, so `0,123` (most likely a decimal comma) is not a number either.
///
/// The value is kept as where its significant digits stand in the text and their power of ten: nothing is rounded, no
/// length overflows and nothing is allocated. Reading takes time linear in the length of the text.
struct NumberText {
    /// Never true of zero: `-0` is `0`.
    let isNegative: Bool
    /// From the first digit that is not 0 to the last, with the commas and the point between them; empty for zero.
    let significantDigits: Range<Int>
    /// The value is 0.d₁d₂d₃… × 10^exponent, where d₁ is the first significant digit; 0 for zero.
    let exponent: Int

    /// Reads all of `text`; nil if it is not a number.
    init?(_ text: Span<UInt8>) {
        let range = text.rangeWithoutOuterWhiteSpace(in: 0..<text.count)
        var reader = NumberReader(offset: range.lowerBound, end: range.upperBound)
        var isNegative = reader.readSign(in: text)
        let hasLeadingCurrency = reader.readCurrency(in: text)
        if hasLeadingCurrency, isNegative == nil { isNegative = reader.readSign(in: text) }
        guard reader.readDigits(in: text), let power = reader.readExponent(in: text) else { return nil }
        if !hasLeadingCurrency, !reader.read(UInt8(ascii: "%"), in: text) { _ = reader.readCurrency(in: text) }
        if reader.offset < reader.end, text[reader.offset - 1] != UInt8(ascii: ".") {
            _ = reader.read(UInt8(ascii: "."), in: text)
        }
        guard reader.offset == reader.end else { return nil }
        self.isNegative = isNegative == true && !reader.significantDigits.isEmpty
        significantDigits = reader.significantDigits
        exponent = reader.significantDigits.isEmpty ? 0 : reader.exponent + power
    }

    private static func areSameBytes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for offset in left.indices where left[offset] != right[offset] { return false }
        return true
    }

    /// Whether the two texts are the same number or, where either is not a number, the same bytes.
    ///
    /// What is not written so plainly as this type reads it is read as `WrittenNumber` says. Linear in the length of the
    /// texts; without allocation where both are written plainly.
    static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        if areSameBytes(left, right) { return true }
        guard let a = NumberText(left), let b = NumberText(right) else {
            guard WrittenNumber.mayBe(left), WrittenNumber.mayBe(right), let a = WrittenNumber(whole: left),
                let b = WrittenNumber(whole: right)
            else { return false }
            return a.value == b.value
        }
        guard a.isNegative == b.isNegative, a.exponent == b.exponent else { return false }
        var (i, j) = (a.significantDigits.lowerBound, b.significantDigits.lowerBound)
        while i < a.significantDigits.upperBound, j < b.significantDigits.upperBound {
            // A significant range ends in a digit, so stepping over commas and the point stays inside it.
            while !left[i].isASCIIDigit { i += 1 }
            while !right[j].isASCIIDigit { j += 1 }
            guard left[i] == right[j] else { return false }
            i += 1
            j += 1
        }
        return i == a.significantDigits.upperBound && j == b.significantDigits.upperBound
    }
}

/// Reads the parts of a number from left to right.
private struct NumberReader {
    var offset: Int
    let end: Int
    /// From the first digit that is not 0 to the last, as far as read.
    var significantDigits = 0..<0
    /// The number of integer digits from the first significant one on, or minus the zeros between the point and it.
    var exponent = 0

    init(offset: Int, end: Int) {
        (self.offset, self.end) = (offset, end)
    }

    /// Steps over `byte` if it comes next.
    mutating func read(_ byte: UInt8, in text: Span<UInt8>) -> Bool {
        guard offset < end, text[offset] == byte else { return false }
        offset += 1
        return true
    }

    /// Steps over a sign; true for minus, false for plus, nil without a sign.
    mutating func readSign(in text: Span<UInt8>) -> Bool? {
        if read(UInt8(ascii: "-"), in: text) { return true }
        if read(UInt8(ascii: "+"), in: text) { return false }
        guard offset < end, text[offset] == 0xE2 else { return nil }
        let decoded = text.scalar(at: offset)
        guard decoded.scalar == "\u{2212}" else { return nil }
        offset += decoded.length
        return true
    }

    /// Steps over one currency sign.
    mutating func readCurrency(in text: Span<UInt8>) -> Bool {
        if read(UInt8(ascii: "$"), in: text) { return true }
        guard offset < end, text[offset] >= 0x80 else { return false }
        let decoded = text.scalar(at: offset)
        guard decoded.scalar.properties.generalCategory == .currencySymbol else { return false }
        offset += decoded.length
        return true
    }

    /// Reads the integer part, the point and the fraction; false if there is no digit or the commas are misplaced.
    mutating func readDigits(in text: Span<UInt8>) -> Bool {
        let start = offset
        var groupStart = offset
        var commas = 0
        while offset < end {
            let byte = text[offset]
            if byte.isASCIIDigit {
                note(byte)
                if !significantDigits.isEmpty { exponent += 1 }
            } else if byte == UInt8(ascii: ",") {
                let size = offset - groupStart
                guard commas > 0 ? size == 3 : 1...3 ~= size && text[start] != UInt8(ascii: "0") else { return false }
                commas += 1
                groupStart = offset + 1
            } else {
                break
            }
            offset += 1
        }
        if commas > 0, offset - groupStart != 3 { return false }
        var digits = offset - start
        if read(UInt8(ascii: "."), in: text) {
            let fractionStart = offset
            while offset < end, text[offset].isASCIIDigit {
                note(text[offset])
                if significantDigits.isEmpty { exponent -= 1 }
                offset += 1
            }
            digits += offset - fractionStart
        }
        return digits > 0
    }

    private mutating func note(_ digit: UInt8) {
        guard digit != UInt8(ascii: "0") else { return }
        significantDigits = (significantDigits.isEmpty ? offset : significantDigits.lowerBound)..<(offset + 1)
    }

    /// Reads an exponent; 0 without one, nil if digits are missing.
    ///
    /// One of more than seventeen digits, without leading zeros, is refused too, so that adding to it cannot overflow.
    mutating func readExponent(in text: Span<UInt8>) -> Int? {
        guard read(UInt8(ascii: "e"), in: text) || read(UInt8(ascii: "E"), in: text) else { return 0 }
        let isNegative = readSign(in: text) == true
        let start = offset
        var power = 0
        while offset < end, text[offset].isASCIIDigit {
            guard power < 10_000_000_000_000_000 else { return nil }
            power = power * 10 + Int(text[offset] - UInt8(ascii: "0"))
            offset += 1
        }
        guard offset > start else { return nil }
        return isNegative ? -power : power
    }
}

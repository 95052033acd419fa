/// Numbers as they stand in normalised math answers: a decimal (`12`, `-0.5`, `.5`, `5.`) or one decimal over another in
/// `\frac{…}{…}`, each with an optional sign. Of `a/b` the normalisation makes a `\frac`, so a slash is not read here.
extension ExactNumber {
    /// Reads all of `text` but white space at its ends; nil if that is not a number, its denominator is 0, or it has
    /// more digits, the denominator's (1 for a decimal) among them, than `maximumDigits`.
    init?(mathAnswer text: Span<UInt8>) {
        let range = text.rangeWithoutOuterWhiteSpace(in: 0..<text.count)
        var offset = range.lowerBound
        let value: ExactNumber?
        if let decimal = Self.readDecimal(in: text, at: &offset) {
            value = Self.quotient(decimal, over: WrittenDecimal(isNegative: false, digits: [1], fractionDigits: 0))
        } else {
            offset = range.lowerBound
            let isNegative = Self.readSign(in: text, at: &offset)
            let fraction = Self.readFraction(in: text, at: &offset)
            value = isNegative ? fraction?.negated : fraction
        }
        guard let value, offset == range.upperBound else { return nil }
        self = value
    }

    /// Comparing two numbers takes time that is the product of their lengths. Answers longer than this are compared as
    /// text.
    private static let maximumDigits = 4000

    /// Reads `\frac{a}{b}` at `offset` and steps over it; nil, with `offset` undefined, if there is none.
    static func readFraction(in text: Span<UInt8>, at offset: inout Int) -> ExactNumber? {
        guard text.hasBytes(opening, at: offset) else { return nil }
        offset += opening.count
        guard let dividend = readDecimal(in: text, at: &offset), text.hasBytes(between, at: offset) else { return nil }
        offset += between.count
        guard let divisor = readDecimal(in: text, at: &offset), offset < text.count, text[offset] == UInt8(ascii: "}")
        else { return nil }
        offset += 1
        return quotient(dividend, over: divisor)
    }

    private static let opening = Array("\\frac{".utf8)
    private static let between = Array("}{".utf8)

    private static func quotient(_ dividend: WrittenDecimal, over divisor: WrittenDecimal) -> ExactNumber? {
        guard dividend.digits.count + divisor.digits.count <= maximumDigits else { return nil }
        return ExactNumber(
            isNegative: dividend.isNegative != divisor.isNegative, dividend.value, over: divisor.value)
    }

    private var negated: ExactNumber? { ExactNumber(isNegative: !isNegative, numerator, over: denominator) }

    /// A decimal, digit by digit.
    private struct WrittenDecimal {
        let isNegative: Bool
        /// The digits as numbers from 0 to 9, the point left out.
        var digits: [UInt8]
        var fractionDigits: Int

        var value: Decimal { Decimal(digits: digits, exponent: -fractionDigits) }
    }

    private static func readDecimal(in text: Span<UInt8>, at offset: inout Int) -> WrittenDecimal? {
        var decimal = WrittenDecimal(isNegative: readSign(in: text, at: &offset), digits: [], fractionDigits: 0)
        var hasPoint = false
        while offset < text.count {
            let byte = text[offset]
            if byte.isASCIIDigit {
                decimal.digits.append(byte - UInt8(ascii: "0"))
                if hasPoint { decimal.fractionDigits += 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            offset += 1
        }
        return decimal.digits.isEmpty ? nil : decimal
    }

    /// Steps over a sign; true for minus.
    private static func readSign(in text: Span<UInt8>, at offset: inout Int) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: "-") || text[offset] == UInt8(ascii: "+") else {
            return false
        }
        offset += 1
        return text[offset - 1] == UInt8(ascii: "-")
    }
}

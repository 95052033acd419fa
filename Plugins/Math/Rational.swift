/// Why an answer could not be compared: it is no mathematics that is known here, or too large.
enum MathFault: Error {
    case unsupported(String)
    case tooLarge
}

/// A rational number in lowest terms, of up to 38 digits above and below the line.
struct Rational: Hashable {
    let numerator: Int128
    /// Positive.
    let denominator: Int128

    static let zero = Rational(0)
    static let one = Rational(1)

    init(_ integer: Int) {
        numerator = Int128(integer)
        denominator = 1
    }

    /// - Throws: if the denominator is zero, or in lowest terms one of them is too large.
    init(_ numerator: Int128, _ denominator: Int128) throws(MathFault) {
        guard denominator != 0 else { throw .unsupported("a division by zero") }
        guard numerator != .min, denominator != .min else { throw .tooLarge }
        let divisor = Self.greatestCommonDivisor(numerator, denominator) * (denominator < 0 ? -1 : 1)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    var isZero: Bool { numerator == 0 }
    var isInteger: Bool { denominator == 1 }
    var integer: Int? { isInteger ? Int(exactly: numerator) : nil }
    var double: Double { Double(numerator) / Double(denominator) }
    var text: String { isInteger ? "\(numerator)" : "\(numerator)/\(denominator)" }

    static func greatestCommonDivisor(_ one: Int128, _ other: Int128) -> Int128 {
        var (a, b) = (abs(one), abs(other))
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }

    static func + (one: Rational, other: Rational) throws(MathFault) -> Rational {
        let divisor = greatestCommonDivisor(one.denominator, other.denominator)
        let left = try product(one.numerator, other.denominator / divisor)
        let right = try product(other.numerator, one.denominator / divisor)
        let (sum, overflow) = left.addingReportingOverflow(right)
        if overflow { throw .tooLarge }
        return try Rational(sum, product(one.denominator / divisor, other.denominator))
    }

    static func * (one: Rational, other: Rational) throws(MathFault) -> Rational {
        let (a, b) = (try Rational(one.numerator, other.denominator), try Rational(other.numerator, one.denominator))
        return try Rational(product(a.numerator, b.numerator), product(a.denominator, b.denominator))
    }

    var negated: Rational { get throws(MathFault) { try Rational(0 - numerator, denominator) } }
    var inverse: Rational { get throws(MathFault) { try Rational(denominator, numerator) } }

    private static func product(_ one: Int128, _ other: Int128) throws(MathFault) -> Int128 {
        let (product, overflow) = one.multipliedReportingOverflow(by: other)
        if overflow { throw .tooLarge }
        return product
    }
}

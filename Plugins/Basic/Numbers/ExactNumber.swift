import Statistics

/// An exact rational number: one decimal over another.
struct ExactNumber: Equatable {
    /// A decimal number that is not negative: digits × 10^exponent.
    struct Decimal: Equatable {
        /// From 0 to 9 each, without zeros at either end; empty for zero.
        private(set) var digits: [UInt8]
        /// 0 for zero.
        private(set) var exponent: Int

        /// - Parameter digits: from 0 to 9 each.
        init(digits: [UInt8], exponent: Int) {
            let trailing = digits.reversed().prefix { $0 == 0 }.count
            self.digits = Array(digits.dropLast(trailing).drop { $0 == 0 })
            self.exponent = self.digits.isEmpty ? 0 : exponent + trailing
        }

        static let one = Decimal(digits: [1], exponent: 0)

        var isZero: Bool { digits.isEmpty }

        /// How many digits it has when written without an exponent, about.
        fileprivate var length: Int {
            let (sum, overflow) = digits.count.addingReportingOverflow(abs(exponent))
            return overflow ? .max : sum
        }

        /// The number, written out where that takes no more than some thirty zeros.
        var text: String {
            if isZero { return "0" }
            let all = String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
            if exponent >= 0, exponent <= 30 { return all + String(repeating: "0", count: exponent) }
            let point = digits.count + exponent
            if exponent < 0, point > 0 { return "\(all.prefix(point)).\(all.dropFirst(point))" }
            if exponent < 0, point > -30 { return "0." + String(repeating: "0", count: -point) + all }
            return "\(all)e\(exponent)"
        }
    }

    private(set) var isNegative: Bool
    private(set) var numerator: Decimal
    private(set) var denominator: Decimal

    /// Returns nil if the denominator is zero.
    init?(isNegative: Bool = false, _ numerator: Decimal, over denominator: Decimal = .one) {
        if denominator.isZero { return nil }
        self.isNegative = isNegative && !numerator.isZero
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Reads a number as JSON writes it.
    init?(json text: String) {
        var digits: [UInt8] = []
        var fractionDigits = 0
        var hasPoint = false
        let mantissa = text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        for byte in mantissa {
            if byte == UInt8(ascii: ".") { hasPoint = true }
            guard byte.isASCIIDigit else { continue }
            digits.append(byte - UInt8(ascii: "0"))
            if hasPoint { fractionDigits += 1 }
        }
        let power = text.utf8.dropFirst(mantissa.count + 1)
        // Sums of exponents and numbers of digits must not overflow.
        guard let exponent = power.isEmpty ? 0 : Int(String(power) ?? ""), exponent.magnitude <= 1 << 60 else {
            return nil
        }
        self.init(isNegative: text.hasPrefix("-"), Decimal(digits: digits, exponent: exponent - fractionDigits))
    }

    /// The number, written out: `-0.5`, or `1/3` where it was a fraction.
    var text: String {
        (isNegative ? "-" : "") + numerator.text + (denominator == .one ? "" : "/\(denominator.text)")
    }

    /// Numbers that are longer than this, written without an exponent, are not compared with a tolerance. Multiplying takes
    /// time that is the product of the lengths.
    static let maximumLength = 1000
    /// Fractions that are longer than this are equal only if their denominators are.
    private static let maximumComparedLength = 8000

    /// Whether it can be compared with a tolerance.
    var isShort: Bool { length <= Self.maximumLength }

    private var length: Int { max(numerator.length, denominator.length) }

    static func == (left: ExactNumber, right: ExactNumber) -> Bool {
        guard left.isNegative == right.isNegative else { return false }
        if left.denominator == right.denominator { return left.numerator == right.numerator }
        guard max(left.length, right.length) <= maximumComparedLength else { return false }
        let (a, b) = (Fraction(left), Fraction(right))
        return a.numerator * b.denominator == b.numerator * a.denominator
    }

    /// Whether it is no further from `target` than the larger of two tolerances, none of which is negative: `absolute`, and
    /// `relative` times the target's own size. All must be short.
    func isWithin(_ absolute: ExactNumber?, _ relative: ExactNumber?, of target: ExactNumber) -> Bool {
        let (a, b) = (Fraction(self), Fraction(target))
        let (left, right) = (a.numerator * b.denominator, b.numerator * a.denominator)
        // The distance is this over the product of the denominators.
        let distance = isNegative == target.isNegative ? left.distance(to: right) : left + right
        if distance.isZero { return true }
        if let absolute {
            let limit = Fraction(absolute)
            let scaled = limit.numerator * a.denominator * b.denominator
            if distance * limit.denominator <= scaled { return true }
        }
        if let relative {
            let limit = Fraction(relative)
            if distance * limit.denominator <= limit.numerator * right { return true }
        }
        return false
    }

    /// The number without its sign, as one whole number over another.
    private struct Fraction {
        let numerator: Magnitude
        let denominator: Magnitude

        init(_ number: ExactNumber) {
            let power = number.numerator.exponent - number.denominator.exponent
            numerator = Magnitude(digits: number.numerator.digits, zeros: max(power, 0))
            denominator = Magnitude(digits: number.denominator.digits, zeros: max(-power, 0))
        }
    }
}

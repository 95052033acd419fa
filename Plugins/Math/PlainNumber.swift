import Statistics

/// A decimal number or fraction of any length, such as -12.5 or \frac{22}{7}.
struct PlainNumber {
    private var isNegative: Bool
    private var numerator: Magnitude
    private var denominator: Magnitude

    /// Comparing takes time in proportion to the square of the number of digits.
    private static let mostDigits = 4000

    /// Returns nil for any other text.
    init?(_ text: String) {
        var text = text.filter { $0 != " " && $0 != "$" && $0 != "\\" }
        isNegative = text.hasPrefix("-")
        if isNegative { text.removeFirst() }
        for name in ["dfrac{", "tfrac{", "frac{"] where text.hasPrefix(name) && text.hasSuffix("}") {
            text = text.dropFirst(name.count).dropLast().split(separator: "}{", omittingEmptySubsequences: false)
                .joined(separator: "/")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let top = Self.decimal(parts[0]),
            let bottom = Self.decimal(parts.count > 1 ? parts[1] : "1"),
            !bottom.value.isZero
        else { return nil }
        numerator = Magnitude(digits: top.digits, zeros: bottom.places)
        denominator = Magnitude(digits: bottom.digits, zeros: top.places)
    }

    private static func decimal(_ text: Substring) -> (digits: [UInt8], places: Int, value: Magnitude)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, !text.isEmpty, text != "." else { return nil }
        let groups = parts[0].split(separator: ",", omittingEmptySubsequences: false)
        if groups.count > 1, groups[0].count > 3 || groups.dropFirst().contains(where: { $0.count != 3 }) { return nil }
        let digits = Array((groups.joined() + (parts.count > 1 ? parts[1] : "")).utf8)
        guard !digits.isEmpty, digits.count <= mostDigits, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        let values = digits.map { $0 - 0x30 }
        return (values, parts.count > 1 ? parts[1].utf8.count : 0, Magnitude(digits: values, zeros: 0))
    }

    static func == (one: PlainNumber, other: PlainNumber) -> Bool {
        if one.numerator.isZero || other.numerator.isZero { return one.numerator.isZero && other.numerator.isZero }
        let (left, right) = (one.numerator * other.denominator, other.numerator * one.denominator)
        return one.isNegative == other.isNegative && left.distance(to: right).isZero
    }
}

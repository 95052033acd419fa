/// The last number of a text, exactly: a sign, digits of any script with or without thousands commas, and a fraction.
struct LastNumber {
    private let isNegative: Bool
    /// Without zeros at either end; empty for zero.
    private let digits: [UInt8]
    /// The value is 0.d₁d₂… × 10^exponent.
    private let exponent: Int
    /// The nearest Double.
    let double: Double

    /// Nil if the text contains no number. Linear in its length.
    init?(in text: Scalars) {
        // From the end back to the last digit, and on to the start of its number.
        guard let last = text.lastIndex(where: { $0.decimalDigit != nil }) else { return nil }
        var start = last
        while start > 0, text[start - 1].decimalDigit != nil { start -= 1 }
        var fraction = start..<start
        if start > 0, text[start - 1] == 0x2E {
            // A point before the digits; one that follows another number's fraction separates them.
            var before = start - 1
            while before > 0, text[before - 1].decimalDigit != nil { before -= 1 }
            let isSecondPoint = before < start - 1 && before > 0 && text[before - 1] == 0x2E
            if !isSecondPoint {
                fraction = start..<last + 1
                start = before
            }
        }
        var digits: [UInt8] = []
        let end = fraction.isEmpty ? last + 1 : fraction.lowerBound - 1
        // Groups of three before, each after a comma.
        if end - start == 3 {
            while start >= 2, text[start - 1] == 0x2C {
                var group = start - 1
                while group > 0, text[group - 1].decimalDigit != nil { group -= 1 }
                let length = start - 1 - group
                guard length > 0, length <= 3 else { break }
                start = group
                if length < 3 { break }
            }
        }
        for index in start..<max(start, end) { if let digit = text[index].decimalDigit { digits.append(digit) } }
        var exponent = digits.count
        for index in fraction { if let digit = text[index].decimalDigit { digits.append(digit) } }
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        exponent -= zeros
        while digits.last == 0 { digits.removeLast() }
        let sign = start > 0 ? text[start - 1] : 0
        isNegative = !digits.isEmpty && (sign == 0x2D || sign == 0x2212)
        self.digits = digits
        self.exponent = digits.isEmpty ? 0 : exponent
        let decimal = "\(isNegative ? "-" : "")0.\(digits.map { String($0) }.joined())e\(self.exponent)"
        double = digits.isEmpty ? 0 : Double(decimal) ?? 0
    }

    /// -1, 0 or 1, as the number is less than, equal to or greater than another one.
    func compared(with other: LastNumber) -> Int {
        let (sign, otherSign) = (self.sign, other.sign)
        if sign != otherSign { return sign < otherSign ? -1 : 1 }
        if exponent != other.exponent { return (exponent < other.exponent ? -1 : 1) * sign }
        if digits == other.digits { return 0 }
        return (digits.lexicographicallyPrecedes(other.digits) ? -1 : 1) * sign
    }

    private var sign: Int { digits.isEmpty ? 0 : isNegative ? -1 : 1 }
}

extension UInt32 {
    /// The value of a decimal digit of any script.
    fileprivate var decimalDigit: UInt8? {
        if self < 0x80 { return isASCIIDigit ? UInt8(self - 0x30) : nil }
        guard let scalar = Unicode.Scalar(self), scalar.properties.generalCategory == .decimalNumber,
            let value = scalar.properties.numericValue
        else { return nil }
        return UInt8(exactly: value)
    }
}

extension Double {
    /// The number as Python's `repr` and `json.dumps` write it: `1.0`, `0.37`, `1e-05`, `1e+16`.
    ///
    /// The shortest decimal that reads back as the same number, in fixed notation from 0.0001 up to, but not including,
    /// 10^16. JSON text for every finite number; `nan`, `inf` and `-inf`, as `str` gives them, are not JSON.
    public var pythonDescription: String {
        if isNaN { return "nan" }
        // Swift writes the same digits and chooses another notation only here, where a number is an even integer of 16
        // digits and the next one is 2 away: all its digits are needed.
        let swiftIsScientific = 0x1p53..<1e16
        return swiftIsScientific.contains(magnitude) ? "\(Int64(self)).0" : description
    }

    /// Reads a plain decimal number: `7`, `7.5`, `+3`, `.5`, `7.`, `1e2`, with white space around it or without.
    ///
    /// The result is the nearest Double. Nil for any other text: also for hexadecimal digits, digit separators,
    /// `inf` and `nan`, digits other than ASCII ones, and numbers too large for a finite Double.
    public init?(decimalText text: String) {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return nil }
        let trimmed = text[first...last]
        guard Self.isPlainDecimal(trimmed.utf8), let value = Double(trimmed), value.isFinite else { return nil }
        self = value
    }

    private static func isPlainDecimal(_ text: Substring.UTF8View) -> Bool {
        var rest = text[...]
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func takeDigits() -> Int {
            let digits = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(digits)
            return digits
        }
        func take(_ choices: Unicode.Scalar...) -> Bool {
            guard let byte = rest.first, choices.contains(Unicode.Scalar(byte)) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = take("+", "-")
        var digits = takeDigits()
        if take(".") { digits += takeDigits() }
        guard digits > 0 else { return false }
        if take("e", "E") {
            _ = take("+", "-")
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

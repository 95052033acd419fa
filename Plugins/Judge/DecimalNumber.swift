extension Double {
    /// Reads a plain decimal number as Python's `float` does: `7`, `7.5`, `+3`, `.5`, `7.`, `1e2`, with or without
    /// white space around it.
    ///
    /// The result is the nearest double. It is nil for any other text, including `nan`, `inf`, `1_000`, non-ASCII
    /// digits and numbers outside the range of a double.
    init?(plainDecimal text: String) {
        let text = text.trimmed
        guard Self.isPlainDecimal(text.utf8), let value = Double(text), value.isFinite else { return nil }
        self = value
    }

    private static func isPlainDecimal(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        func takeSign() {
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        }
        func takeDigits() -> Int {
            let digits = rest.prefix { $0 &- UInt8(ascii: "0") < 10 }.count
            rest.removeFirst(digits)
            return digits
        }
        takeSign()
        var digits = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            digits += takeDigits()
        }
        guard digits > 0 else { return false }
        if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            takeSign()
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

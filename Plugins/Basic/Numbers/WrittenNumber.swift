/// What a comma and a period in a number mean.
enum DecimalMark: String, CaseIterable, Sendable {
    /// What they must mean, if that can be told: of both, the later one is the decimal mark; of one that comes more than
    /// once, or a comma that groups all before it by threes, none is. So `1.234` is 1.234 and `1,234` is 1234.
    case auto
    /// A period is the decimal mark, a comma groups.
    case point
    /// A comma is the decimal mark, a period groups.
    case comma
}

/// A number as people and models write it, and where it stands among the symbols of its text.
///
/// It may have, in this order: a sign; a currency sign; digits, grouped by threes with commas, periods, spaces, apostrophes
/// or underscores, or as in India (`12,34,567`); a decimal mark and more digits; an exponent (`e5`, `× 10^5`); a denominator
/// (`1/2`, and `3 1/2` for a mixed number); a percent sign, which says nothing unless asked; `thousand`, `million`,
/// `billion` or `trillion`. Digits that follow a letter at once are part of a word: `H2O`, `x2`.
struct WrittenNumber {
    var value: ExactNumber
    var range: Range<Int>
    var isPercent: Bool

    /// Reads a text that is one number and nothing else but decoration.
    init?(whole text: Span<UInt8>, decimalMark: DecimalMark = .auto) {
        let symbols = NumberSymbols(text).bytes
        var scanner = NumberScanner(symbols, decimalMark)
        guard case .number(let number)? = scanner.next() else { return nil }
        for place in 0..<number.range.lowerBound where !NumberScanner.surrounds(symbols[place]) { return nil }
        var end = symbols.count
        while end > number.range.upperBound, NumberScanner.surrounds(symbols[end - 1]) { end -= 1 }
        if end > number.range.upperBound, symbols[end - 1] == UInt8(ascii: ".") { end -= 1 }
        for place in number.range.upperBound..<max(end, number.range.upperBound)
        where !NumberScanner.surrounds(symbols[place]) {
            return nil
        }
        if number.isPercent, symbols[number.range].contains(UInt8(ascii: "$")) { return nil }
        self = number
    }

    init(value: ExactNumber, range: Range<Int>, isPercent: Bool) {
        (self.value, self.range, self.isPercent) = (value, range, isPercent)
    }

    /// Whether it is worth trying to read a text as one number. Words are ruled out here, quickly: three letters are at most
    /// a currency.
    static func mayBe(_ text: Span<UInt8>) -> Bool {
        var letters = 0
        for offset in text.indices {
            let byte = text[offset]
            if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "<") { return true }
            if (byte | 0x20) &- UInt8(ascii: "a") < 26 { letters += 1 }
            if letters > 3 { return false }
        }
        return true
    }
}

/// Finds the numbers among the symbols of a text, from left to right, in time proportional to their number.
struct NumberScanner {
    enum Finding {
        case number(WrittenNumber)
        /// Digits and marks that are not one number in any way that is known, such as a date.
        case unreadable(Range<Int>)
    }

    let symbols: [UInt8]
    let decimalMark: DecimalMark
    private var position = 0

    init(_ symbols: [UInt8], _ decimalMark: DecimalMark) {
        self.symbols = symbols
        self.decimalMark = decimalMark
    }

    /// Whether a symbol may stand around a number that is all that a text says.
    static func surrounds(_ symbol: UInt8) -> Bool {
        switch symbol {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "$"),
            UInt8(ascii: "~"), UInt8(ascii: "#"), NumberSymbols.decoration:
            true
        default: false
        }
    }

    /// The symbol at a place; 0, which is not a symbol, outside of the text.
    private func symbol(_ place: Int) -> UInt8 { symbols.indices.contains(place) ? symbols[place] : 0 }
    private func isDigit(_ place: Int) -> Bool { symbol(place).isASCIIDigit }
    private static func isLetter(_ symbol: UInt8) -> Bool {
        symbol == NumberSymbols.letter || (symbol | 0x20) &- UInt8(ascii: "a") < 26
    }
    private static func isDecimalMark(_ symbol: UInt8) -> Bool {
        symbol == UInt8(ascii: ".") || symbol == NumberSymbols.decimalMark
    }

    mutating func next() -> Finding? {
        while position < symbols.count {
            let startsAtMark =
                Self.isDecimalMark(symbols[position]) && isDigit(position + 1)
                && !Self.isDecimalMark(symbol(position - 1))
            guard isDigit(position) || startsAtMark else {
                position += 1
                continue
            }
            let before = symbol(position - 1)
            if before == UInt8(ascii: "^") || Self.isLetter(before) && currencyStart(position) == nil {
                skipDigits()
                continue
            }
            return read()
        }
        return nil
    }

    /// Skips digits that are not a number of their own.
    private mutating func skipDigits() {
        position += 1
        while isDigit(position) || isDigit(position + 1) && ".,".utf8.contains(symbol(position)) { position += 1 }
    }

    // MARK: Around the digits

    private mutating func read() -> Finding {
        let start = position
        var end = start
        let digits = readDecimal(&end)
        var value = digits.flatMap { ExactNumber($0) }
        if digits != nil {
            if let power = readPower(start, &end) {
                value = digits.flatMap { ExactNumber($0.scaled(by: power)) }
            } else {
                value = nil
            }
            readDenominator(start, digits, &value, &end)
        }
        var scale = 0
        readScale(&scale, &end)
        if scale > 0 { value = value.flatMap { ExactNumber($0.numerator.scaled(by: scale), over: $0.denominator) } }
        let isPercent = readPercent(&end)
        if isPercent == false { readCurrencyBehind(&end) }
        position = max(end, start + 1)
        let (isNegative, first) = readSign(start)
        // A time of day, a ratio.
        if symbol(end) == UInt8(ascii: ":"), isDigit(end + 1) { value = nil }
        guard let value, let signed = ExactNumber(isNegative: isNegative, value.numerator, over: value.denominator)
        else {
            while isDigit(position) || isDigit(position + 1) && ".,/^:".utf8.contains(symbol(position)) {
                position += 1
            }
            return .unreadable(start..<position)
        }
        return .number(WrittenNumber(value: signed, range: first..<end, isPercent: isPercent))
    }

    /// Where the name of a currency that ends just before `place` begins.
    private func currencyStart(_ place: Int) -> Int? {
        var start = place
        while start > 0, place - start < 4, Self.isLetter(symbols[start - 1]) { start -= 1 }
        guard start < place, start == 0 || !Self.isLetter(symbols[start - 1]) else { return nil }
        return Self.currencies.contains(String(decoding: symbols[start..<place], as: UTF8.self)) ? start : nil
    }

    private func readSign(_ start: Int) -> (isNegative: Bool, first: Int) {
        var first = start
        var isNegative = false
        func takeSign() -> Bool {
            let sign = symbol(first - 1)
            guard sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") else { return false }
            // Behind a digit or a letter it is a hyphen, a range or a subtraction.
            let before = symbol(first - 2)
            if before.isASCIIDigit || Self.isLetter(before) && currencyStart(first - 1) == nil
                || before == NumberSymbols.ideograph
            {
                return false
            }
            isNegative = sign == UInt8(ascii: "-")
            first -= 1
            return true
        }
        let hasSign = takeSign()
        let behindSpace = symbol(first - 1) == UInt8(ascii: " ") ? first - 1 : first
        if symbol(behindSpace - 1) == UInt8(ascii: "$") {
            first = behindSpace - 1
            while let start = currencyStart(first) { first = start }
            if !hasSign { _ = takeSign() }
        } else if let start = currencyStart(behindSpace) {
            first = start
            if !hasSign { _ = takeSign() }
        }
        return (isNegative, first)
    }

    private func readPercent(_ end: inout Int) -> Bool {
        let place = symbol(end) == UInt8(ascii: " ") ? end + 1 : end
        guard symbol(place) == UInt8(ascii: "%") else { return false }
        end = place + 1
        return true
    }

    private func readCurrencyBehind(_ end: inout Int) {
        let place = symbol(end) == UInt8(ascii: " ") ? end + 1 : end
        if symbol(place) == UInt8(ascii: "$") {
            end = place + 1
            return
        }
        var wordEnd = place
        while wordEnd - place < 4, Self.isLetter(symbol(wordEnd)) { wordEnd += 1 }
        guard wordEnd > place, !Self.isLetter(symbol(wordEnd)),
            Self.currencies.contains(String(decoding: symbols[place..<wordEnd], as: UTF8.self))
        else { return }
        end = wordEnd
    }

    /// The ISO 4217 codes of the currencies that are met most, and usual abbreviations.
    private static let currencies: Set<String> = [
        "USD", "US", "EUR", "GBP", "JPY", "CNY", "RMB", "INR", "Rs", "CHF", "Fr", "CAD", "AUD", "NZD", "SEK", "NOK",
        "DKK",
        "kr", "PLN", "CZK", "HUF", "RON", "BGN", "RUB", "UAH", "TRY", "TL", "BRL", "R", "MXN", "ARS", "CLP", "COP",
        "PEN",
        "ZAR", "NGN", "KES", "EGP", "ILS", "SAR", "AED", "QAR", "KWD", "KRW", "SGD", "HKD", "TWD", "THB", "VND", "IDR",
        "Rp",
        "MYR", "RM", "PHP", "PKR", "BDT", "LKR", "NPR", "IRR", "KZT",
    ]

    // MARK: Powers and fractions

    /// The power of ten behind the digits; 0 if there is none, nil if it cannot be read.
    private func readPower(_ start: Int, _ end: inout Int) -> Int? {
        let byte = symbol(end)
        if byte | 0x20 == UInt8(ascii: "e") {
            var place = end + 1
            if let power = integer(&place), !Self.isLetter(symbol(place)) {
                end = place
                return power
            }
            return 0
        }
        if byte == UInt8(ascii: "^") {
            // `10^6` stands for itself; of other powers nothing is computed.
            guard end - start == 2, symbols[start] == UInt8(ascii: "1"), symbols[start + 1] == UInt8(ascii: "0") else {
                return nil
            }
            var place = end + 1
            guard let power = integer(&place) else { return nil }
            end = place
            return power - 1
        }
        var place = end
        while symbol(place) == UInt8(ascii: " ") { place += 1 }
        guard symbol(place) == UInt8(ascii: "*") || symbol(place) | 0x20 == UInt8(ascii: "x") else { return 0 }
        place += 1
        while symbol(place) == UInt8(ascii: " ") { place += 1 }
        guard symbol(place) == UInt8(ascii: "1"), symbol(place + 1) == UInt8(ascii: "0"),
            symbol(place + 2) == UInt8(ascii: "^")
        else { return 0 }
        place += 3
        guard let power = integer(&place) else { return nil }
        end = place
        return power
    }

    /// An integer with an optional sign; nil if there is none, or one of more than 15 digits.
    private func integer(_ place: inout Int) -> Int? {
        let isNegative = symbol(place) == UInt8(ascii: "-")
        if isNegative || symbol(place) == UInt8(ascii: "+") { place += 1 }
        let start = place
        var value = 0
        while isDigit(place), place - start < 16 {
            value = value * 10 + Int(symbol(place) - UInt8(ascii: "0"))
            place += 1
        }
        guard place > start, place - start < 16 else { return nil }
        return isNegative ? -value : value
    }

    /// Reads what makes the number the numerator of a fraction, or the whole part of a mixed number.
    private func readDenominator(
        _ start: Int, _ digits: ExactNumber.Decimal?, _ value: inout ExactNumber?, _ end: inout Int
    ) {
        if let denominator = readDivisor(&end) {
            value = value.flatMap { ExactNumber($0.numerator, over: denominator) }
            // A date, a ratio of three.
            if symbol(end) == UInt8(ascii: "/"), isDigit(end + 1) { value = nil }
            return
        }
        // 3 1/2
        guard symbol(end) == UInt8(ascii: " "), isDigit(end + 1), let whole = digits, whole.exponent >= 0,
            (start..<end).allSatisfy(isDigit)
        else { return }
        var place = end + 1
        while isDigit(place), place - end < 10 { place += 1 }
        let top = end + 1..<place
        guard symbol(place) == UInt8(ascii: "/"), let denominator = readDivisor(&place),
            let lower = Int(denominator.text), let upper = Int(text(top)), upper < lower,
            let units = Int(text(start..<end)),
            case (let product, let overflow) = units.multipliedReportingOverflow(by: lower),
            !overflow, product < .max - upper
        else { return }
        value = ExactNumber(Self.decimal(String(product + upper)), over: denominator)
        end = place
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: symbols[range], as: UTF8.self) }

    private static func decimal(_ digits: String) -> ExactNumber.Decimal {
        ExactNumber.Decimal(digits: digits.utf8.map { $0 - UInt8(ascii: "0") }, exponent: 0)
    }

    /// A slash and the digits behind it.
    private func readDivisor(_ end: inout Int) -> ExactNumber.Decimal? {
        var place = end
        if symbol(place) == UInt8(ascii: " "), symbol(place + 1) == UInt8(ascii: "/"),
            symbol(place + 2) == UInt8(ascii: " ")
        {
            place += 3
        } else if symbol(place) == UInt8(ascii: "/") {
            place += 1
        } else {
            return nil
        }
        let first = place
        while isDigit(place) { place += 1 }
        guard place > first else { return nil }
        end = place
        return Self.decimal(text(first..<place))
    }

    private func readScale(_ scale: inout Int, _ end: inout Int) {
        var place = end
        while symbol(place) == UInt8(ascii: " ") || symbol(place) == UInt8(ascii: "-") && place == end { place += 1 }
        var wordEnd = place
        while wordEnd - place < 10, (symbol(wordEnd) | 0x20) &- UInt8(ascii: "a") < 26 { wordEnd += 1 }
        guard let power = Self.scales[text(place..<wordEnd).lowercased()] else { return }
        scale = power
        end = wordEnd
    }

    private static let scales = [
        "thousand": 3, "million": 6, "millions": 6, "billion": 9, "billions": 9, "trillion": 12, "trillions": 12,
    ]
}

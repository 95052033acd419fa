/// A text in the few symbols that matter for reading numbers, one byte each.
///
/// Digits of all scripts are `0` to `9`, full-width characters are ASCII, all currency signs are `$`, all minus signs and
/// short dashes `-`, all spaces within a line ` `. What cannot be seen (format characters, variation selectors) is left out;
/// so is TeX and HTML that only says how something looks. `½` is `1/2`, `\frac{1}{2}` too, `10²` is `10^2`.
struct NumberSymbols {
    private(set) var bytes: [UInt8] = []

    /// A letter of an alphabet whose words are separated by spaces (other than ASCII letters, which are kept), or a TeX command
    /// that computes, such as `\sqrt`: a number that follows at once is part of it.
    static let letter: UInt8 = 1
    /// A character of a script without spaces.
    static let ideograph: UInt8 = 2
    /// Brackets, quotation marks, emphasis: a number within is as it would be without.
    static let decoration: UInt8 = 3
    /// Any other mark.
    static let other: UInt8 = 4
    /// A decimal mark that is never anything else: U+066B.
    static let decimalMark: UInt8 = 5

    /// Takes time in proportion to the length of the text.
    init(_ text: Span<UInt8>) {
        bytes.reserveCapacity(text.count)
        var offset = 0
        while offset < text.count {
            if text[offset] == UInt8(ascii: "\\") {
                appendCommand(text, &offset)
            } else if text[offset] == UInt8(ascii: "<"), let end = Self.endOfTag(text, offset) {
                bytes.append(Self.decoration)
                offset = end
            } else {
                let decoded = text.scalar(at: offset)
                offset += decoded.length
                append(decoded.scalar, text, &offset)
            }
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, _ text: Span<UInt8>, _ offset: inout Int) {
        switch scalar.value {
        case 0..<0x80: append(ascii: UInt8(scalar.value), text, &offset)
        case 0xFF01...0xFF5E: append(ascii: UInt8(scalar.value - 0xFEE0), text, &offset)
        default: append(other: scalar)
        }
    }

    private mutating func append(ascii byte: UInt8, _ text: Span<UInt8>, _ offset: inout Int) {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "\n"))
        case 0x09, 0x0B, 0x0C, 0x1C...0x20: bytes.append(UInt8(ascii: " "))
        case 0..<0x20, 0x7F: break
        case UInt8(ascii: "{"):
            // `5{,}600` is how TeX is kept from setting a space behind the comma; of `10^{3}` the brace says nothing.
            if text.hasBytes(Self.bracedComma, at: offset - 1) {
                bytes.append(UInt8(ascii: ","))
                offset += 2
            } else if bytes.last != UInt8(ascii: "^") {
                bytes.append(Self.decoration)
            }
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "}"),
            UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "!"):
            bytes.append(Self.decoration)
        default: bytes.append(byte)
        }
    }

    private mutating func append(other scalar: Unicode.Scalar) {
        if let fraction = Self.vulgarFractions[scalar.value] {
            if bytes.last?.isASCIIDigit == true { bytes.append(UInt8(ascii: " ")) }
            bytes += fraction.utf8
            return
        }
        if let index = Self.superscripts.firstIndex(of: scalar) {
            if superscriptEnd != bytes.count { bytes.append(UInt8(ascii: "^")) }
            bytes.append(index == 10 ? UInt8(ascii: "-") : UInt8(ascii: "0") + UInt8(index))
            superscriptEnd = bytes.count
            return
        }
        switch scalar.value {
        case 0x66B: bytes.append(Self.decimalMark)
        case 0x66C, 0x2018, 0x2019, 0x2BC, 0xB4: bytes.append(UInt8(ascii: "'"))
        case 0x66A, 0xFE6A: bytes.append(UInt8(ascii: "%"))
        case 0x2010...0x2013, 0x2212, 0xFE63: bytes.append(UInt8(ascii: "-"))
        case 0xD7, 0xB7, 0x22C5, 0x2219, 0x2217, 0x2715, 0x2716: bytes.append(UInt8(ascii: "*"))
        case 0x2044, 0x2215: bytes.append(UInt8(ascii: "/"))
        case 0x221A: bytes.append(Self.letter)
        case 0x3002: bytes.append(Self.decoration)
        case 0x2028, 0x2029, 0x85: bytes.append(UInt8(ascii: "\n"))
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF: break
        default: append(byCategory: scalar)
        }
    }

    private mutating func append(byCategory scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .decimalNumber: bytes.append(UInt8(ascii: "0") + UInt8(properties.numericValue ?? 0))
        case .format: break
        case .spaceSeparator: bytes.append(UInt8(ascii: " "))
        case .currencySymbol: bytes.append(UInt8(ascii: "$"))
        case .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation: bytes.append(Self.decoration)
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter: bytes.append(Self.letter)
        case .otherLetter, .modifierLetter, .nonspacingMark, .spacingMark: bytes.append(Self.ideograph)
        default: bytes.append(Self.other)
        }
    }

    // MARK: Superscripts and fractions

    /// Behind the latest superscript.
    private var superscriptEnd = -1

    private static let bracedComma = Array("{,}".utf8)

    /// The digits from 0 on, and the minus sign.
    private static let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹⁻".unicodeScalars)

    private static let vulgarFractions: [UInt32: String] = [
        0xBC: "1/4", 0xBD: "1/2", 0xBE: "3/4", 0x2150: "1/7", 0x2151: "1/9", 0x2152: "1/10", 0x2153: "1/3",
        0x2154: "2/3",
        0x2155: "1/5", 0x2156: "2/5", 0x2157: "3/5", 0x2158: "4/5", 0x2159: "1/6", 0x215A: "5/6", 0x215B: "1/8",
        0x215C: "3/8", 0x215D: "5/8", 0x215E: "7/8",
    ]

    // MARK: TeX and HTML

    /// Commands that say how something looks.
    private static let looks: Set<String> = [
        "boxed", "fbox", "mbox", "text", "textbf", "textit", "textrm", "texttt", "mathrm", "mathbf", "mathit", "mathsf",
        "mathtt", "bf", "rm", "it", "displaystyle", "left", "right", "big", "Big", "large", "Large", "emph",
        "underline",
        "quad", "qquad", "bold", "boldsymbol", "bm", "begin", "end", "enspace", "hspace",
    ]

    /// Steps over a command, whose backslash comes next, and appends what it stands for.
    private mutating func appendCommand(_ text: Span<UInt8>, _ offset: inout Int) {
        let start = offset + 1
        var end = start
        while end < text.count, end - start < 20, (text[end] | 0x20) &- UInt8(ascii: "a") < 26 { end += 1 }
        guard end > start else {
            offset = min(start + 1, text.count)
            switch start < text.count ? text[start] : 0 {
            case UInt8(ascii: "$"): bytes.append(UInt8(ascii: "$"))
            case UInt8(ascii: "%"): bytes.append(UInt8(ascii: "%"))
            case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: " "):
                bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "!"): break
            case UInt8(ascii: "\\"), UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "\n"))
            case 0x80...: offset = start
            default: bytes.append(Self.decoration)
            }
            return
        }
        var name = ""
        for index in start..<end { name.unicodeScalars.append(Unicode.Scalar(text[index])) }
        offset = end
        switch name {
        case "frac", "dfrac", "tfrac", "cfrac":
            if appendFraction(text, &offset) { return }
            bytes.append(Self.letter)
        case "times", "cdot": bytes.append(UInt8(ascii: "*"))
        case _ where Self.looks.contains(name): bytes.append(Self.decoration)
        default:
            bytes.append(Self.letter)
            if offset < text.count, text[offset] == UInt8(ascii: "{") { offset += 1 }
        }
    }

    /// Appends `a/b` for `{a}{b}` or `ab`, where both are digits, and steps over them; false for other fractions.
    private mutating func appendFraction(_ text: Span<UInt8>, _ offset: inout Int) -> Bool {
        var place = offset
        guard let numerator = Self.operand(text, &place), let denominator = Self.operand(text, &place) else {
            return false
        }
        if bytes.last?.isASCIIDigit == true { bytes.append(UInt8(ascii: " ")) }
        for index in numerator { bytes.append(text[index]) }
        bytes.append(UInt8(ascii: "/"))
        for index in denominator { bytes.append(text[index]) }
        offset = place
        return true
    }

    private static func operand(_ text: Span<UInt8>, _ place: inout Int) -> Range<Int>? {
        let isBraced = place < text.count && text[place] == UInt8(ascii: "{")
        if isBraced { place += 1 }
        let start = place
        while place < text.count, text[place].isASCIIDigit, isBraced || place == start { place += 1 }
        guard place > start else { return nil }
        let range = start..<place
        guard isBraced else { return range }
        guard place < text.count, text[place] == UInt8(ascii: "}") else { return nil }
        place += 1
        return range
    }

    /// Where an HTML tag that begins at `start` ends; nil if there is none.
    private static func endOfTag(_ text: Span<UInt8>, _ start: Int) -> Int? {
        var place = start + 1
        if place < text.count, text[place] == UInt8(ascii: "/") { place += 1 }
        guard place < text.count, (text[place] | 0x20) &- UInt8(ascii: "a") < 26 else { return nil }
        while place < text.count, place - start < 60, text[place] != UInt8(ascii: "\n") {
            if text[place] == UInt8(ascii: ">") { return place + 1 }
            place += 1
        }
        return nil
    }
}

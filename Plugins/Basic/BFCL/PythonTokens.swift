/// A token of a Python expression.
enum PythonToken: Equatable {
    case name(String)
    /// A number as it was written.
    case number(String)
    case text(String)
    case bytes(String)
    case mark(String)

    static func == (token: PythonToken, mark: String) -> Bool { token == .mark(mark) }
}

/// Splits a Python expression that is on one line into tokens.
struct PythonTokenizer {
    private let text: [Unicode.Scalar]
    private var position = 0

    /// The tokens; nil for a text that is not Python. Linear in the length of the text.
    static func tokens(of text: [Unicode.Scalar]) -> [PythonToken]? {
        var tokenizer = PythonTokenizer(text: text)
        var tokens: [PythonToken] = []
        while let isToken = tokenizer.findsToken() {
            guard isToken else { return tokens }
            guard let token = tokenizer.token() else { return nil }
            tokens.append(token)
        }
        return nil
    }

    private init(text: [Unicode.Scalar]) {
        self.text = text
    }

    private func scalar(_ offset: Int = 0) -> Unicode.Scalar {
        position + offset < text.count ? text[position + offset] : "\0"
    }

    /// Skips space and a comment; false at the end, nil for a character that Python does not know as space.
    private mutating func findsToken() -> Bool? {
        while position < text.count {
            switch scalar() {
            case " ", "\t", "\u{C}", "\r": position += 1
            case "#": position = text.count
            case "\0": return nil
            default: return true
            }
        }
        return false
    }

    private mutating func token() -> PythonToken? {
        let first = scalar()
        if Self.startsName(first) { return nameOrText() }
        if first.isASCIIDigit || (first == "." && scalar(1).isASCIIDigit) { return number() }
        if first == "\"" || first == "'" { return quoted(isRaw: false).map { .text($0) } }
        for length in [3, 2, 1] {
            let mark = String(String.UnicodeScalarView(text[position..<min(position + length, text.count)]))
            if mark.unicodeScalars.count == length, Self.marks.contains(mark) {
                position += length
                return .mark(mark)
            }
        }
        return nil
    }

    private static let marks: Set = [
        "...", "**", "//", "<<", ">>", ":=", "==", "!=", "<=", ">=", "->", "(", ")", "[", "]", "{", "}", ",", ":", ".",
        "+",
        "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "=", ";",
    ]

    // MARK: Names

    private static func startsName(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar == "_" || (scalar.value | 0x20) &- 0x61 < 26 }
        return scalar.properties.isXIDStart
    }

    /// A name, in which the wide forms of letters are the usual ones, or a text with a prefix.
    private mutating func nameOrText() -> PythonToken? {
        let start = position
        while position < text.count, Self.startsName(scalar()) || scalar().properties.isXIDContinue { position += 1 }
        var name = String.UnicodeScalarView()
        for scalar in text[start..<position] {
            let isWide = (0xFF01...0xFF5E).contains(scalar.value)
            name.append(isWide ? Unicode.Scalar(UInt8(scalar.value - 0xFEE0)) : scalar)
        }
        if scalar() == "\"" || scalar() == "'", name.count <= 2 {
            switch String(name).lowercased() {
            case "r", "u": return quoted(isRaw: name.first == "r" || name.first == "R").map { .text($0) }
            case "b": return quoted(isRaw: false).map { .bytes($0) }
            case "br", "rb": return quoted(isRaw: true).map { .bytes($0) }
            default: return nil
            }
        }
        return .name(String(name))
    }

    // MARK: Numbers

    private mutating func number() -> PythonToken? {
        let start = position
        while position < text.count,
            scalar().isASCIIDigit || scalar() == "_" || scalar() == "." || Self.startsName(scalar())
        {
            // The sign of an exponent, but not in 0xE+1.
            let isHexadecimal = text[start] == "0" && start + 1 < text.count && (text[start + 1].value | 0x20) == 0x78
            if (scalar().value | 0x20) == 0x65, !isHexadecimal, scalar(1) == "+" || scalar(1) == "-" { position += 1 }
            position += 1
        }
        return .number(String(String.UnicodeScalarView(text[start..<position])))
    }

    // MARK: Texts

    private mutating func quoted(isRaw: Bool) -> String? {
        let quote = scalar()
        let isTriple = scalar(1) == quote && scalar(2) == quote
        position += isTriple ? 3 : 1
        var result = String.UnicodeScalarView()
        while position < text.count {
            let next = scalar()
            if next == quote, !isTriple || (scalar(1) == quote && scalar(2) == quote) {
                position += isTriple ? 3 : 1
                return String(result)
            }
            position += 1
            guard next == "\\", position < text.count else {
                result.append(next)
                continue
            }
            if isRaw {
                result.append(next)
                result.append(scalar())
                position += 1
            } else {
                guard appendEscape(to: &result) else { return nil }
            }
        }
        return nil
    }

    private mutating func appendEscape(to result: inout String.UnicodeScalarView) -> Bool {
        let escape = scalar()
        position += 1
        switch escape {
        case "\\", "'", "\"": result.append(escape)
        case "a": result.append("\u{7}")
        case "b": result.append("\u{8}")
        case "f": result.append("\u{C}")
        case "n": result.append("\n")
        case "r": result.append("\r")
        case "t": result.append("\t")
        case "v": result.append("\u{B}")
        case "x": return appendCode(digits: 2, to: &result)
        case "u": return appendCode(digits: 4, to: &result)
        case "U": return appendCode(digits: 8, to: &result)
        // Names of characters are not known here.
        case "N": return false
        case "0"..."7":
            var value = escape.value - 0x30
            for _ in 0..<2 where ("0"..."7").contains(scalar()) {
                value = value * 8 + scalar().value - 0x30
                position += 1
            }
            result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        default:
            result.append("\\")
            result.append(escape)
        }
        return true
    }

    private mutating func appendCode(digits: Int, to result: inout String.UnicodeScalarView) -> Bool {
        guard position + digits <= text.count else { return false }
        let code = String(String.UnicodeScalarView(text[position..<position + digits]))
        guard code.utf8.allSatisfy({ $0.isASCIIDigit || ($0 | 0x20) &- 0x61 < 6 }), let value = UInt32(code, radix: 16),
            value <= 0x10FFFF
        else { return false }
        position += digits
        // A lone surrogate is no character.
        result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        return true
    }
}

extension Unicode.Scalar {
    /// Whether it is one of 0 to 9.
    var isASCIIDigit: Bool { value &- 0x30 < 10 }
}

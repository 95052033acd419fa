/// Reads Python's printed form of lists, tuples, dictionaries, strings, numbers, booleans and None
/// (https://docs.python.org/3/library/ast.html#ast.literal_eval), in which tables that Python wrote contain lists:
/// `['Graz', "Vienna's"]`. Also reads NumPy's form of an array of strings, without commas: `['a' 'b']`.
public struct PythonLiteral {
    private let bytes: [UInt8]
    private var position = 0

    private static let deepest = 100

    /// The value in a text in Python's printed form; nil if it is not valid.
    public static func json(of text: String) -> JSONValue? {
        var reader = PythonLiteral(bytes: Array(text.utf8))
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { return nil }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) -> JSONValue? {
        if depth > Self.deepest { return nil }
        skipSpace()
        switch next {
        case UInt8(ascii: "["): return elements(until: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "("): return elements(until: UInt8(ascii: ")"), depth: depth)
        case UInt8(ascii: "{"): return members(depth: depth)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return text().map { .string($0) }
        default: break
        }
        for (word, value) in Self.words where take(word: word) { return value }
        return number()
    }

    private static let words: [(String, JSONValue)] = [
        ("None", .null), ("True", .bool(true)), ("False", .bool(false)), ("nan", .null), ("null", .null),
        ("true", .bool(true)), ("false", .bool(false)),
    ]

    private mutating func elements(until close: UInt8, depth: Int) -> JSONValue? {
        position += 1
        var elements: [JSONValue] = []
        var isNumPy = false
        var hasSingleQuotes = false
        while !take(close) {
            hasSingleQuotes = hasSingleQuotes || next == UInt8(ascii: "'")
            guard let element = value(depth: depth + 1) else { return nil }
            elements.append(element)
            if take(UInt8(ascii: ",")) { continue }
            skipSpace()
            if next == close { continue }
            if bytes[position - 1] > 0x20 { return nil }
            isNumPy = true
        }
        // With double quotes only, this is JSON with a missing comma, and not NumPy's form.
        guard !isNumPy || hasSingleQuotes else { return nil }
        return .array(elements)
    }

    private mutating func members(depth: Int) -> JSONValue? {
        position += 1
        var object = JSONObject()
        while !take(UInt8(ascii: "}")) {
            guard let key = value(depth: depth + 1), take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else {
                return nil
            }
            object[key.string ?? key.text] = value
            if !take(UInt8(ascii: ",")) {
                skipSpace()
                if next != UInt8(ascii: "}") { return nil }
            }
        }
        return .object(object)
    }

    private mutating func number() -> JSONValue? {
        let start = position
        while let byte = next, "+-.0123456789eE".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let parsed = try? JSONValue(parsing: text), parsed.number != nil else { return nil }
        return parsed
    }

    /// A string in quotes, with Python's escapes.
    private mutating func text() -> String? {
        guard let quote = next else { return nil }
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == quote { return String(validating: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escape = next else { return nil }
            position += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(escape)
            case UInt8(ascii: "x"): guard append(digits: 2, to: &text) else { return nil }
            case UInt8(ascii: "u"): guard append(digits: 4, to: &text) else { return nil }
            case UInt8(ascii: "U"): guard append(digits: 8, to: &text) else { return nil }
            default: text += [UInt8(ascii: "\\"), escape]
            }
        }
        return nil
    }

    /// Appends the character whose code point is given by that many hexadecimal digits.
    private mutating func append(digits count: Int, to text: inout [UInt8]) -> Bool {
        let digits = bytes[position...].prefix(count)
        guard digits.count == count, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16), let scalar = Unicode.Scalar(number)
        else { return false }
        text += String(scalar).utf8
        position += count
        return true
    }
}

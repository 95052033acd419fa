/// A JSON value, for the parameters of scorers without their own JSON parser.
indirect enum JSONText {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONText])
    case object([Member])

    struct Member {
        var key: String
        var value: JSONText
        /// Where the value stands in the text.
        var range: Range<Int>
    }

    /// Reads a text that is one value; nil where it is none, or nested deeper than 1024 levels, which is as deep as hosts read.
    init?(parsing bytes: UnsafeRawBufferPointer) {
        var reader = JSONTextReader(bytes: bytes)
        guard let value = reader.value(depth: 0), reader.isAtEnd() else { return nil }
        self = value
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// What it is, in words.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .text: "a string"
        case .list: "an array"
        case .object: "an object"
        }
    }
}

/// A text as a JSON string, including the quotes, for requests to models.
public func jsonString(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{8}": out += "\\b"
        case "\u{C}": out += "\\f"
        case "\0"..."\u{1F}":
            let digits = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}

private struct JSONTextReader {
    let bytes: UnsafeRawBufferPointer
    var place = 0

    /// The byte at the current position; 0, which does not occur in JSON, at the end.
    private var next: UInt8 { place < bytes.count ? bytes[place] : 0 }

    mutating func isAtEnd() -> Bool {
        skipSpace()
        return place == bytes.count
    }

    mutating func value(depth: Int) -> JSONText? {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return depth < 1024 ? object(depth) : nil
        case UInt8(ascii: "["): return depth < 1024 ? list(depth) : nil
        case UInt8(ascii: "\""): return string().map(JSONText.text)
        case UInt8(ascii: "n"): return take("null") ? .null : nil
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        default: return number()
        }
    }

    private mutating func skipSpace() {
        while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { place += 1 }
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        let wanted = UnsafeRawBufferPointer(start: word.utf8Start, count: count)
        guard bytes.count - place >= count, bytes[place..<place + count].elementsEqual(wanted) else { return false }
        place += count
        return true
    }

    private mutating func list(_ depth: Int) -> JSONText? {
        var elements: [JSONText] = []
        place += 1
        skipSpace()
        if take("]") { return .list(elements) }
        while let element = value(depth: depth + 1) {
            elements.append(element)
            skipSpace()
            if take("]") { return .list(elements) }
            if !take(",") { return nil }
        }
        return nil
    }

    private mutating func object(_ depth: Int) -> JSONText? {
        var members: [JSONText.Member] = []
        place += 1
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\""), let key = string() else { return nil }
            skipSpace()
            guard take(":") else { return nil }
            skipSpace()
            let start = place
            guard let value = value(depth: depth + 1) else { return nil }
            members.append(JSONText.Member(key: key, value: value, range: start..<place))
            skipSpace()
            if take("}") { return .object(members) }
            if !take(",") { return nil }
        }
    }

    private mutating func number() -> JSONText? {
        let start = place
        while "+-.eE0123456789".utf8.contains(next) { place += 1 }
        let first = place > start ? bytes[start] : 0
        guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10,
            let number = Double(String(decoding: bytes[start..<place], as: UTF8.self))
        else { return nil }
        return .number(number)
    }

    private mutating func string() -> String? {
        var text: [UInt8] = []
        place += 1
        while next >= 0x20 {
            let byte = next
            place += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte != UInt8(ascii: "\\") {
                text.append(byte)
                continue
            }
            let letter = next
            place += 1
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = escapedScalar() else { return nil }
                text += Array(String(scalar).utf8)
            default: return nil
            }
        }
        return nil
    }

    /// The character after `\u`. An unpaired surrogate becomes U+FFFD.
    private mutating func escapedScalar() -> Unicode.Scalar? {
        guard let first = fourDigits() else { return nil }
        if (0xD800..<0xDC00).contains(first) {
            let before = place
            if take("\\u"), let second = fourDigits(), (0xDC00..<0xE000).contains(second) {
                return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            }
            place = before
        }
        return Unicode.Scalar(first) ?? "\u{FFFD}"
    }

    private mutating func fourDigits() -> UInt32? {
        guard bytes.count - place >= 4 else { return nil }
        let digits = bytes[place..<place + 4]
        let isHex = digits.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
        place += 4
        return isHex ? UInt32(String(decoding: digits, as: UTF8.self), radix: 16) : nil
    }
}

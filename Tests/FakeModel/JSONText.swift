/// A JSON value as far as a model server needs it: its strings, and where they stand.
///
/// The fake reads and writes JSON by itself, so that a fault in the engine's JSON code meets no equal fault here.
enum JSONText {
    case string(String)
    case array([JSONText])
    case object([(key: String, value: JSONText)])
    /// A number, a boolean or null.
    case scalar

    /// Nil for what is no JSON, and for what is more than 200 levels deep.
    init?(parsing bytes: [UInt8]) {
        var scanner = JSONScanner(bytes: bytes)
        guard let value = scanner.value(depth: 0), scanner.isAtEnd else { return nil }
        self = value
    }

    /// The last member of this name, if the value is an object.
    subscript(key: String) -> JSONText? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The string, or the `text` parts of a message of several parts, one after the other.
    var text: String? {
        switch self {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0["text"]?.text }.joined()
        case .object, .scalar: nil
        }
    }

    var elements: [JSONText] {
        if case .array(let elements) = self { elements } else { [] }
    }
}

/// Reads JSON from left to right. It takes some texts that are no JSON (bad numbers), but never misreads one that is.
private struct JSONScanner {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    mutating func value(depth: Int) -> JSONText? {
        skipSpace()
        guard depth < 200, position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string().map(JSONText.string)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "{"): return object(depth: depth)
        default: return scalar()
        }
    }

    private mutating func array(depth: Int) -> JSONText? {
        position += 1
        var elements: [JSONText] = []
        if take("]") { return .array([]) }
        repeat {
            guard let element = value(depth: depth + 1) else { return nil }
            elements.append(element)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    private mutating func object(depth: Int) -> JSONText? {
        position += 1
        var members: [(key: String, value: JSONText)] = []
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), let key = string(), take(":"),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append((key, value))
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    private mutating func scalar() -> JSONText? {
        let start = position
        while position < bytes.count, !" \t\r\n,]}".utf8.contains(bytes[position]) { position += 1 }
        return position > start ? .scalar : nil
    }

    private mutating func string() -> String? {
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text.append(contentsOf: Character(scalar).utf8)
            default: text.append(byte)
            }
        }
        return nil
    }

    /// The character of an escape whose backslash has been read. Half a surrogate pair becomes U+FFFD.
    private mutating func escape() -> Unicode.Scalar? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let high = codeUnit() else { return nil }
            guard (0xd800..<0xdc00).contains(high) else { return Unicode.Scalar(high) ?? "\u{fffd}" }
            let behind = position
            if bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                if let low = codeUnit(), (0xdc00..<0xe000).contains(low) {
                    return Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
                }
            }
            position = behind
            return "\u{fffd}"
        default: return Unicode.Scalar(byte)
        }
    }

    private mutating func codeUnit() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        defer { position += 4 }
        return UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
    }
}

/// `text` as a JSON string, quotes and all.
func quoted(_ text: String) -> String {
    var out: [UInt8] = [UInt8(ascii: "\"")]
    out.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): out += "\\n".utf8
        case 0..<0x20: out += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
        default: out.append(byte)
        }
    }
    out.append(UInt8(ascii: "\""))
    return String(decoding: out, as: UTF8.self)
}

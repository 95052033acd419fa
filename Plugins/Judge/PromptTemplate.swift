/// A prompt with places for a row's values.
///
/// `{name}`, with a name of ASCII letters, digits and `_` that does not begin with a digit, is the row's column `name`.
/// `{{` and `}}` are literal braces; any other brace stays as it is. A value is inserted as it is and never looked at:
/// what it holds cannot become a place of the template.
struct PromptTemplate: Sendable, Equatable {
    private enum Part: Sendable, Equatable {
        case literal(String)
        /// A value, by the index of its column.
        case value(Int)
    }

    /// The columns that it names, each once, in the order of their first places.
    private(set) var columns: [String] = []
    private var parts: [Part] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let isBrace = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
            if isBrace, position + 1 < bytes.count, bytes[position + 1] == byte {
                literal.append(byte)
                position += 2
            } else if byte == UInt8(ascii: "{"), let name = Self.name(in: bytes, at: position + 1) {
                appendLiteral(&literal)
                parts.append(.value(index(of: name)))
                position += name.utf8.count + 2
            } else {
                literal.append(byte)
                position += 1
            }
        }
        appendLiteral(&literal)
    }

    /// The prompt with the values of `columns`, in their order.
    func rendered(_ values: [UnsafeRawBufferPointer]) -> String {
        var prompt = ""
        for part in parts {
            switch part {
            case .literal(let text): prompt += text
            case .value(let index): prompt += String(decoding: values[index], as: UTF8.self)
            }
        }
        return prompt
    }

    private mutating func appendLiteral(_ bytes: inout [UInt8]) {
        if !bytes.isEmpty { parts.append(.literal(String(decoding: bytes, as: UTF8.self))) }
        bytes = []
    }

    private mutating func index(of name: String) -> Int {
        if let index = columns.firstIndex(of: name) { return index }
        columns.append(name)
        return columns.count - 1
    }

    /// The name that stands from `start` to a closing brace, if there is one.
    private static func name(in bytes: [UInt8], at start: Int) -> String? {
        func isLetter(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || byte | 0x20 &- UInt8(ascii: "a") < 26 }
        func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
        let name = bytes[start...].prefix { isLetter($0) || isDigit($0) }
        guard let first = name.first, isLetter(first), name.endIndex < bytes.count,
            bytes[name.endIndex] == UInt8(ascii: "}")
        else { return nil }
        return String(decoding: name, as: UTF8.self)
    }
}

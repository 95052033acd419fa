/// A prompt with places for a row's values.
///
/// `{name}` is the row's column `name`, where the name begins with a letter or `_`, ends with one or a digit, and has
/// nothing but those, `-` and `.` between; letters and digits of any script. `{{` and `}}` are literal braces; any other
/// brace stays as it is. A value is inserted as it is and never looked at: what it holds cannot become a place of the
/// template.
public struct PromptTemplate: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case literal(String)
        /// A value, by the index of its column.
        case value(Int)
    }

    /// The columns that it names, each once, in the order of their first places.
    public private(set) var columns: [String] = []
    private var parts: [Part] = []

    public init(_ text: String) {
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
    public func rendered(_ values: [UnsafeRawBufferPointer]) -> String {
        rendered { String(decoding: values[$0], as: UTF8.self) }
    }

    /// The prompt with the value that `value` has for each column, by its index in `columns`.
    public func rendered<Failure>(_ value: (Int) throws(Failure) -> String) throws(Failure) -> String {
        var prompt = ""
        for part in parts {
            switch part {
            case .literal(let text): prompt += text
            case .value(let index): prompt += try value(index)
            }
        }
        return prompt
    }

    private mutating func appendLiteral(_ bytes: inout [UInt8]) {
        if !bytes.isEmpty { parts.append(.literal(String(decoding: bytes, as: UTF8.self))) }
        bytes = []
    }

    private mutating func index(of name: String) -> Int {
        // Not by Swift's equality of texts, by which two columns of different bytes may be one.
        if let index = columns.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) { return index }
        columns.append(name)
        return columns.count - 1
    }

    /// The name that stands from `start` to a closing brace, if there is one.
    private static func name(in bytes: [UInt8], at start: Int) -> String? {
        let candidate = bytes[start...].prefix { !"{} \n\"".utf8.contains($0) }
        guard candidate.endIndex < bytes.count, bytes[candidate.endIndex] == UInt8(ascii: "}") else { return nil }
        let name = String(decoding: candidate, as: UTF8.self)
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last, isLetter(first), isLetter(last) || isInner(last),
            scalars.allSatisfy({ isLetter($0) || isInner($0) || $0 == "-" || $0 == "." })
        else { return nil }
        return name
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic
    }

    /// Whether a name may have a character, though it does not begin with it: a digit, or a sign on a letter.
    private static func isInner(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .nonspacingMark, .spacingMark: true
        default: false
        }
    }
}

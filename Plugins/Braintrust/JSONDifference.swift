import JSON
import ScorerKit
import ScorerParameters

/// How similar two JSON values are, member by member.
struct JSONDifference: AnswerComparison {
    static let declaration = ScorerDeclaration.comparing(
        "json-diff", "how similar two JSON values are: the mean over members and elements", .json,
        generated: "what the model answered: any JSON value, or its text",
        expected: "the correct value, or its text", parameters: #""preserve_strings": {"type": "boolean"}"#)

    private let preservesStrings: Bool

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        preservesStrings = try parameters.boolean("preserve_strings") ?? false
        try parameters.finish()
    }

    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        let one = try parser.value(generated, "generated_answer")
        let other = try parser.value(expected, "expected_answer")
        var distance = EditDistance()
        return try similarity(one, other, &distance, &parser, depth: 0)
    }

    /// JSON in texts may nest more deeply than the parser allows for one value.
    private static let deepest = 1000

    private func similarity(
        _ one: JSONValue, _ other: JSONValue, _ distance: inout EditDistance, _ parser: inout JSONParser, depth: Int
    ) throws(RowFault) -> Double {
        guard depth <= Self.deepest else { throw RowFault(.inputError, "the answers are nested too deeply") }
        let (one, other) = (try unwrapped(one, &parser), try unwrapped(other, &parser))
        switch (one, other) {
        case (.object(let one), .object(let other)):
            let keys = one.keys + other.keys.filter { one[$0] == nil }
            if keys.isEmpty { return 1 }
            var sum = 0.0
            for key in keys {
                sum += try similarity(one[key] ?? .null, other[key] ?? .null, &distance, &parser, depth: depth + 1)
            }
            return sum / Double(keys.count)
        case (.array(let one), .array(let other)):
            let longer = max(one.count, other.count)
            if longer == 0 { return 1 }
            var sum = 0.0
            for (one, other) in zip(one, other) {
                sum += try similarity(one, other, &distance, &parser, depth: depth + 1)
            }
            return sum / Double(longer)
        case (.string(let one), .string(let other)): return try distance.similarity(one, other)
        case (.null, .null): return 1
        case (.null, _), (_, .null): return 0
        default: break
        }
        if let one = number(one), let other = number(other) { return NumericDifference.similarity(one, other) }
        return try distance.similarity(one.compactASCII, other.compactASCII)
    }

    /// The object or array in a text.
    private func unwrapped(_ value: JSONValue, _ parser: inout JSONParser) throws(RowFault) -> JSONValue {
        guard !preservesStrings, let text = value.string else { return value }
        return try parser.container(in: text) ?? value
    }

    private func number(_ value: JSONValue) -> Double? {
        switch value {
        case .bool(let truth): truth ? 1 : 0
        case .number(let number): min(max(number.double, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
        default: nil
        }
    }
}

extension JSONValue {
    /// Without spaces, with sorted keys, and ASCII only.
    fileprivate var compactASCII: String {
        var text = ""
        append(to: &text)
        return text
    }

    private func append(to text: inout String) {
        switch self {
        case .object(let object):
            text += "{"
            let keys = object.keys.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
            for (index, key) in keys.enumerated() {
                if index > 0 { text += "," }
                Self.append(key, to: &text)
                text += ":"
                (object[key] ?? .null).append(to: &text)
            }
            text += "}"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.append(to: &text)
            }
            text += "]"
        case .string(let string): Self.append(string, to: &text)
        default: text += self.text
        }
    }

    private static func append(_ string: String, to text: inout String) {
        for scalar in jsonString(string).unicodeScalars {
            if scalar.value < 0x7F {
                text.unicodeScalars.append(scalar)
                continue
            }
            for unit in UTF16.encode(scalar).map(Array.init) ?? [] {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
    }
}

import JSON
import ScorerKit
import ScorerParameters

/// 1 − edit distance / longer length.
struct EditSimilarity: AnswerComparison {
    static let declaration = ScorerDeclaration.comparing(
        "levenshtein", "1 - (edit distance in code points) / (length of the longer text)", .text,
        generated: "what the model answered", expected: "the correct answer")

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) { try Configuration(configuration).finish() }

    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        var distance = EditDistance()
        return try distance.similarity(Array(generated)[...], Array(expected)[...])
    }
}

/// 1.0 if both answers are equal: as JSON values if one is an object or array, otherwise as text.
struct ExactMatch: AnswerComparison {
    static let declaration = ScorerDeclaration.comparing(
        "exact-match", "1.0 if both answers are the same: objects and arrays as JSON values, anything else as text",
        .json,
        generated: "what the model answered: any JSON value", expected: "the correct answer: any JSON value")

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) { try Configuration(configuration).finish() }

    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        if Self.isContainer(generated) || Self.isContainer(expected) {
            let one = try Self.unwrapped(generated, "generated_answer", &parser)
            let other = try Self.unwrapped(expected, "expected_answer", &parser)
            do throws(JSONError) {
                let isEqual = try one.span.withUnsafeBytes { one throws(JSONError) in
                    try other.span.withUnsafeBytes { other throws(JSONError) in try parser.areEqual(one, other) }
                }
                return isEqual ? 1 : 0
            } catch {
                throw RowFault(.inputError, "in an answer, \(error)")
            }
        }
        let one = try parser.value(generated, "generated_answer")
        let other = try parser.value(expected, "expected_answer")
        return ExactText(one.string ?? one.text) == ExactText(other.string ?? other.text) ? 1 : 0
    }

    private static func isContainer(_ cell: UnsafeRawBufferPointer) -> Bool {
        cell.first == UInt8(ascii: "{") || cell.first == UInt8(ascii: "[")
    }

    /// The JSON in a text, or the value as it is.
    private static func unwrapped(
        _ cell: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser
    ) throws(RowFault) -> [UInt8] {
        guard cell.first == UInt8(ascii: "\""), let text = try parser.value(cell, column).string else {
            return Array(cell)
        }
        let bytes = Array(text.utf8)
        let isJSON = bytes.span.withUnsafeBytes { (try? parser.parse($0)) != nil }
        return isJSON ? bytes : Array(cell)
    }
}

/// 1 − |expected − generated| / (|expected| + |generated|).
struct NumericDifference: AnswerComparison {
    static let declaration = ScorerDeclaration.comparing(
        "numeric-diff", "1 - |expected - generated| / (|expected| + |generated|)", .json,
        generated: "the model's number, or a string with it", expected: "the correct number, or a string with it")

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) { try Configuration(configuration).finish() }

    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        Self.similarity(
            try Self.number(generated, "generated_answer", &parser),
            try Self.number(expected, "expected_answer", &parser))
    }

    /// The score of two finite numbers; 1 for two zeros.
    static func similarity(_ one: Double, _ other: Double) -> Double {
        let largest = max(abs(one), abs(other))
        if largest == 0 { return 1 }
        // Neither difference nor sum can overflow.
        if largest > 1e300 {
            let (one, other) = (one / largest, other / largest)
            return 1 - abs(other - one) / (abs(other) + abs(one))
        }
        return 1 - abs(other - one) / (abs(other) + abs(one))
    }

    private static func number(
        _ cell: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        let value = try parser.value(cell, column)
        var number: Double?
        switch value {
        case .number(let written): number = written.double
        case .string(let text):
            let bytes = text.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
            let trimmed = String(Substring(bytes)).reversed().drop {
                $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r"
            }
            let digits = String(trimmed.reversed())
            let isDecimal = digits.utf8.allSatisfy { $0 &- 0x30 < 10 || "+-.eE".utf8.contains($0) }
            number = isDecimal ? Double(digits) : nil
        default: break
        }
        guard let number, number.isFinite else {
            throw RowFault(.inputError, "\(column) is \(value.kind) that is not a finite number")
        }
        return number
    }
}

/// The share of one list that is in the other.
struct ListContains: AnswerComparison {
    static let declaration = ScorerDeclaration.comparing(
        "list-contains", "how well the elements of two lists can be paired, by their edit distances", .json,
        generated: "what the model answered: an array of strings",
        expected: "the correct elements: an array of strings",
        parameters: #""allow_extra_entities": {"type": "boolean"}"#)

    /// The most elements of a list. Pairing takes time in proportion to the cube of their number.
    static let mostElements = 400

    private let allowsExtra: Bool

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        allowsExtra = try parameters.boolean("allow_extra_entities") ?? false
        try parameters.finish()
    }

    func similarity(
        _ generated: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> Double {
        let one = try Self.texts(generated, "generated_answer", &parser)
        let other = try Self.texts(expected, "expected_answer", &parser)
        if one.isEmpty && other.isEmpty { return 1 }
        if one.isEmpty || other.isEmpty { return 0 }
        var distance = EditDistance()
        var similarities: [[Double]] = []
        for text in one {
            var line: [Double] = []
            for candidate in other { line.append(try distance.similarity(text, candidate)) }
            similarities.append(line)
        }
        let length = allowsExtra ? other.count : max(one.count, other.count)
        return min(1, max(0, Assignment.largestSum(similarities) / Double(length)))
    }

    private static func texts(
        _ cell: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser
    ) throws(RowFault) -> [String] {
        var value = try parser.value(cell, column)
        // In a table, a list is text.
        if let text = value.string, let list = try parser.container(in: text) { value = list }
        let texts = value.array?.compactMap(\.string)
        guard let texts, texts.count == value.array?.count else {
            throw RowFault(.inputError, "\(column) is \(value.kind); expected an array of strings")
        }
        guard texts.count <= mostElements else {
            throw RowFault(.inputError, "\(column) has \(texts.count) elements; at most \(mostElements) can be paired")
        }
        return texts
    }
}

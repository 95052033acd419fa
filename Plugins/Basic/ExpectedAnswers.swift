import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// The right answers of a row, according to two parameters that many scorers share:
///
/// - `any_of`: expected_answer is a list whose elements are all right answers: an array, or a string that is a list in
///   JSON or as Python prints it. Any other string, number or boolean is the only right answer.
/// - `expected_regexes`: the right answer is not the whole text but what the first matching regular expression finds in
///   it, as in the solutions of GSM8K, which end in `#### 12`. If it matches several times, the last match counts.
struct ExpectedAnswers: Sendable {
    /// Whether `any_of` is true.
    let isList: Bool
    private let patterns: PatternList?

    /// Members of a JSON Schema of parameters.
    static let schema = #""any_of": {"type": "boolean"}, "expected_regexes": \#(patternsSchema)"#
    static let patternsSchema = #"{"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string"}}"#

    init(_ parameters: inout Configuration) throws(ParameterRejection) {
        isList = try parameters.boolean("any_of") ?? false
        patterns = try parameters.optionalPatterns("expected_regexes").map { PatternList($0) }
    }

    /// Whether the right answer is the unchanged text of the cell.
    var isPlain: Bool { !isList && patterns == nil }

    /// The inputs that contain the right answers: number 1 and, for lists, number 2.
    var inputs: [ScorerDeclaration.Column] {
        if !isList { return [.required("expected_answer", .text, "the correct answer")] }
        return [
            .required("expected_answer", .json, "the correct answers, a list"),
            .optional("expected_answer", .text, "the same, as a string", isLenient: true),
        ]
    }

    /// The columns of a batch with the right answers.
    struct Cells {
        fileprivate let values: Rows.Texts
        fileprivate let texts: Rows.Texts?
    }

    func cells(_ rows: Rows) -> Cells { Cells(values: rows.texts(1), texts: isList ? rows.texts(2) : nil) }

    /// The right answers of a row; at least one.
    func answers(
        _ row: Int, _ cells: Cells, _ parser: inout JSONParser, _ scratch: inout MatchScratch
    ) throws(RowFault) -> [[UInt8]] {
        var answers = try Self.texts(row, cells, &parser)
        guard let patterns else { return answers }
        for index in answers.indices { answers[index] = try Self.find(patterns, in: answers[index], &scratch) }
        return answers
    }

    private static func texts(_ row: Int, _ cells: Cells, _ parser: inout JSONParser) throws(RowFault) -> [[UInt8]] {
        guard let texts = cells.texts else { return [Array(cells.values[row])] }
        let source: UnsafeRawBufferPointer
        if texts.hasValue(row) {
            guard looksLikeList(texts[row]) else { return [Array(texts[row])] }
            source = texts[row]
        } else {
            source = cells.values[row]
        }
        let elements = try elements(ofListIn: source, &parser)
        var answers: [[UInt8]] = []
        for element in elements {
            guard let text = element.scalarText else {
                throw RowFault(
                    .inputError, "the list in expected_answer holds \(element.kind); expected strings or numbers")
            }
            answers.append(Array(text.utf8))
        }
        if answers.isEmpty { throw RowFault(.inputError, "the list in expected_answer is empty") }
        return answers
    }

    /// Whether a text appears to be a list.
    static func looksLikeList(_ text: some Sequence<UInt8>) -> Bool {
        text.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "[")
    }

    static func looksLikeList(_ text: String) -> Bool { looksLikeList(text.utf8) }

    /// The elements of a list written in JSON or as Python prints it.
    static func elements(
        ofListIn text: UnsafeRawBufferPointer, _ parser: inout JSONParser, column: String = "expected_answer"
    ) throws(RowFault) -> [JSONValue] {
        try LongestText.check(text, text)
        let value: JSONValue
        do throws(JSONError) {
            value = try parser.parse(text)
        } catch {
            guard let list = PythonLiteral.json(of: String(decoding: text, as: UTF8.self)) else {
                throw RowFault(
                    .inputError, "\(column) is not a list in JSON or Python syntax: \(error)")
            }
            value = list
        }
        guard let elements = value.array else {
            throw RowFault(.inputError, "\(column) is \(value.kind); expected a list")
        }
        return elements
    }

    static func elements(ofListIn text: String, _ parser: inout JSONParser) throws(RowFault) -> [JSONValue] {
        try Array(text.utf8).span.withUnsafeBytes { bytes throws(RowFault) in
            try elements(ofListIn: bytes, &parser)
        }
    }

    private static func find(
        _ patterns: PatternList, in text: [UInt8], _ scratch: inout MatchScratch
    ) throws(RowFault) -> [UInt8] {
        let found: Range<Int>?
        do throws(MatchError) {
            found = try text.span.withUnsafeBytes { bytes throws(MatchError) in
                try patterns.lastMatch(in: bytes, using: &scratch)?.match.answer
            }
        } catch {
            throw RowFault(error, "in expected_answer, ")
        }
        guard let found, !found.isEmpty else {
            throw RowFault(.inputError, "no pattern of expected_regexes matches expected_answer")
        }
        return Array(text[found])
    }
}

extension ScorerDeclaration {
    /// The same, with the inputs of right answers in the place of number 1.
    func reading(_ expected: ExpectedAnswers) -> ScorerDeclaration {
        replacingInput(1, by: expected.inputs)
    }
}

extension JSONValue {
    /// A string, or the notation of a number or boolean; nil for anything else.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .number, .bool: text
        default: nil
        }
    }
}

extension RowFault {
    /// A search that was abandoned.
    init(_ error: MatchError, _ place: String = "") {
        self.init(.scorerError, "\(place)\(error)")
        isCancellation = error.reason == .cancelled
    }
}

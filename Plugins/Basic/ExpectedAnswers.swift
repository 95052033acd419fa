import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// The right answers of a row, as two parameters say that many scorers share:
///
/// - `any_of`: expected_answer is a list, each element of which is right. An array, or a text that is a list as JSON or as
///   Python prints it; another text, number or boolean is the only right answer.
/// - `expected_regexes`: the right answer is not all of the text but what the first of these regular expressions, in order,
///   finds in it, as in the solutions of GSM8K, which end in `#### 12`. Of several matches of it the last counts.
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

    /// Whether the right answer is the text of the cell as it is.
    var isPlain: Bool { !isList && patterns == nil }

    /// The inputs that hold the right answers: number 1 and, for lists, number 2.
    var inputs: [ScorerDeclaration.Column] {
        if !isList { return [.required("expected_answer", .text, "the right answer")] }
        return [
            .required("expected_answer", .json, "the right answers, a list"),
            .optional("expected_answer", .text, "the same, where it is a text", isLenient: true),
        ]
    }

    /// Where a batch has the right answers.
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
                    .inputError, "the list in expected_answer holds \(element.kind); expected texts or numbers")
            }
            answers.append(Array(text.utf8))
        }
        if answers.isEmpty { throw RowFault(.inputError, "the list in expected_answer is empty") }
        return answers
    }

    /// Whether a text is meant as a list.
    static func looksLikeList(_ text: some Sequence<UInt8>) -> Bool {
        text.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "[")
    }

    static func looksLikeList(_ text: String) -> Bool { looksLikeList(text.utf8) }

    /// The elements of a list that is written as JSON or as Python prints it.
    static func elements(
        ofListIn text: UnsafeRawBufferPointer, _ parser: inout JSONParser, column: String = "expected_answer"
    ) throws(RowFault) -> [JSONValue] {
        let value: JSONValue
        do throws(JSONError) {
            value = try parser.parse(text)
        } catch {
            guard let list = PythonLiteral.json(of: String(decoding: text, as: UTF8.self)) else {
                throw RowFault(
                    .inputError, "\(column) is not a list as JSON or Python writes it: \(error)")
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
            throw RowFault(.inputError, "none of expected_regexes finds an answer in expected_answer")
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
    /// A text, or how a number or boolean is written; nil for all else.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .number, .bool: text
        default: nil
        }
    }
}

extension RowFault {
    /// A search that was given up.
    init(_ error: MatchError, _ place: String = "") {
        self.init(.scorerError, "\(place)\(error)")
        isCancellation = error.reason == .cancelled
    }
}

import JSON
import ScorerKit
import ScorerParameters

/// 1.0 if both answers are the same JSON value.
struct Equality: Scorer {
    static let declaration = ScorerDeclaration(
        id: "equality",
        description: "1.0 if expected_answer and generated_answer are the same JSON value, otherwise 0.0",
        inputs: [
            .required("generated_answer", .json, "what the model answered"),
            .required("expected_answer", .json, "the correct answer"),
        ],
        outputs: [.verdict], parametersSchema: anyOfSchema)

    private let isAnyOf: Bool

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        isAnyOf = try parameters.boolean("any_of") ?? false
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + expected[row].count) { break }
                do {
                    if generated[row].isContainer || expected[row].isContainer {
                        try LongestText.check(generated[row], expected[row])
                    }
                    let isRight =
                        isAnyOf
                        ? try isAny(generated[row], of: expected[row], &parser)
                        : try parser.areEqual(generated[row], expected[row])
                    scores[row] = isRight ? 1 : 0
                } catch let fault as RowFault {
                    results.fail(row, fault.outcome, fault.message)
                } catch {
                    results.fail(row, .inputError, "in an answer, \(error)")
                }
            }
        }
    }

    /// Whether an answer is an element of a list, or of a list written in a string. In a string, numbers and booleans
    /// also equal strings that spell them, because all cells of such a table are strings.
    private func isAny(
        _ answer: UnsafeRawBufferPointer, of list: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws -> Bool {
        if list.first == UInt8(ascii: "[") { return try parser.contains(list, answer) }
        let value = try parser.parse(list)
        guard let text = value.string, ExpectedAnswers.looksLikeList(text) else {
            return try parser.areEqual(answer, list)
        }
        let elements = try ExpectedAnswers.elements(ofListIn: text, &parser)
        let isText = answer.first == UInt8(ascii: "\"")
        let spelt = isText ? elements.compactMap { $0.string == nil ? $0.scalarText.map(JSONValue.string) : nil } : []
        // One text for all, so that the answer is parsed once.
        return try Array(JSONValue.array(elements + spelt).text.utf8).span.withUnsafeBytes { list throws(JSONError) in
            try parser.contains(list, answer)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this is the JSON text of an array or an object.
    fileprivate var isContainer: Bool { first == UInt8(ascii: "[") || first == UInt8(ascii: "{") }
}

let noParameters = #"{"type": "object", "properties": {}, "additionalProperties": false}"#

/// The schema of the parameters of scorers that have only `any_of`.
let anyOfSchema = #"{"type": "object", "properties": {"any_of": {"type": "boolean"}}, "additionalProperties": false}"#

import JSON
import ScorerKit
import ScorerParameters

/// 1.0 if the answer is among the expected ones after the VQA normalisation.
struct DocVQAnswer: Scorer {
    static let declaration = ScorerDeclaration(
        id: "docvqa",
        description: "1.0 if generated_answer is among the strings of expected_answer, after VQA normalisation",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .json, "the correct answers: an array of strings, as JSON or as text"),
            .optional("expected_answer", .text, "the same, as a string", isLenient: true),
        ],
        outputs: [.verdict], parametersSchema: noParameters)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        let expectedText = rows.texts(2)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + expected[row].count) { break }
                do throws(RowFault) {
                    try LongestText.check(generated[row], expected[row], most: LongestText.ofDocuments)
                    try LongestText.check(generated[row], expectedText[row], most: LongestText.ofDocuments)
                    let list = expectedText.hasValue(row) ? expectedText[row] : expected[row]
                    let texts = try texts(ofListIn: list, &parser)
                    scores[row] = DocVQA.accepts(generated[row].utf8.span, among: texts) ? 1 : 0
                } catch {
                    results.fail(row, error.outcome, error.message)
                }
            }
        }
    }

    private func texts(
        ofListIn text: UnsafeRawBufferPointer, _ parser: inout JSONParser
    ) throws(RowFault) -> [String] {
        let value: JSONValue
        do throws(JSONError) {
            value = try parser.parse(text)
        } catch {
            guard let list = PythonLiteral.json(of: String(decoding: text, as: UTF8.self)) else {
                throw RowFault(.inputError, "in expected_answer, which must be a JSON array of strings, \(error)")
            }
            value = list
        }
        let texts = value.array?.compactMap(\.string)
        guard let texts, texts.count == value.array?.count else {
            throw RowFault(
                .inputError,
                "expected_answer holds \(value.kind); expected an array of strings, or its text, such as [\"A\"]"
            )
        }
        return texts
    }
}

import JSON
import ScorerKit
import ScorerParameters

/// 1.0 where the answer is among the expected ones after the VQA normalisation.
struct DocVQAnswer: Scorer {
    static let declaration = ScorerDeclaration(
        id: "docvqa",
        description: "1.0 if generated_answer is among the texts of expected_answer, both in the VQA normalisation",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required(
                "expected_answer", .json,
                "the right answers: an array of texts, or the text of one as JSON or Python has it"),
        ],
        outputs: [.verdict], parametersSchema: noParameters)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Parameters(configuration).finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        var parser = JSONParser()
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                do throws(JSONError) {
                    let value = try list(in: try parser.parse(expected[row]))
                    let texts = value.array?.compactMap(\.string)
                    guard let texts, texts.count == value.array?.count else {
                        results.fail(
                            row, .inputError,
                            "expected_answer holds \(value.kind); expected an array of texts, or the text of one, such as [\"A\"]"
                        )
                        continue
                    }
                    scores[row] = DocVQA.accepts(generated[row].utf8.span, among: texts) ? 1 : 0
                } catch {
                    results.fail(row, .inputError, "in expected_answer, which is to be a JSON array of texts, \(error)")
                }
            }
        }
    }

    /// The value that a text holds; any other value as it is.
    private func list(in value: JSONValue) throws(JSONError) -> JSONValue {
        guard let text = value.string else { return value }
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            guard let list = PythonLiteral.json(of: text) else { throw error }
            return list
        }
    }
}

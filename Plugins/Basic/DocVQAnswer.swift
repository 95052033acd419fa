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
            .required("expected_answer", .text, "the right answers, as the text of a JSON array of texts"),
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
                    let value = try parser.parse(expected[row])
                    let texts = value.array?.compactMap(\.string)
                    guard let texts, texts.count == value.array?.count else {
                        results.fail(
                            row, .inputError,
                            "expected_answer holds \(value.kind); expected the text of a JSON array of texts, such as [\"A\"]"
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
}

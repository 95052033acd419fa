import JSON
import ScorerKit
import ScorerParameters

/// 1.0 where both answers are the same JSON value.
struct Equality: Scorer {
    static let declaration = ScorerDeclaration(
        id: "equality",
        description: "1.0 if expected_answer and generated_answer are the same JSON value, else 0.0",
        inputs: [
            .required("generated_answer", .json, "what the model answered"),
            .required("expected_answer", .json, "the right answer"),
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
                do {
                    scores[row] = try parser.areEqual(generated[row], expected[row]) ? 1 : 0
                } catch {
                    results.fail(row, .inputError, "in an answer, \(error)")
                }
            }
        }
    }
}

let noParameters = #"{"type": "object", "properties": {}, "additionalProperties": false}"#

import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 if an answer is JSON: an object or array, or what a schema accepts.
struct ValidJSON: Scorer {
    static let declaration = ScorerDeclaration(
        id: "valid-json",
        description: "1.0 if generated_answer is a JSON object or array, or a JSON value that the schema accepts",
        inputs: [.required("generated_answer", .json, "what the model answered: a JSON value, or its text")],
        outputs: [.output("score", .f64, "1.0 if it is valid, otherwise 0.0", range: 0...1)],
        parametersSchema:
            #"{"type": "object", "properties": {"schema": {"type": ["object", "boolean"]}}, "additionalProperties": false}"#
    )

    private let schema: JSONSchema?
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        schema = try parameters.value("schema").map { value throws(ParameterRejection) in
            do throws(JSONSchemaError) {
                return try JSONSchema(value)
            } catch {
                throw ParameterRejection(of: "schema", at: error.pointer, error.message)
            }
        }
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        scratches.withScratch(for: results) { scratch in
            let answers = rows.texts(0)
            var parser = JSONParser()
            var check = CancellationCheck(results)
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: answers[row].count) { break }
                scratch.beginRow()
                do throws(RowFault) {
                    try LongestText.check(answers[row], answers[row])
                    let isValid = try isValid(answers[row], &parser, &scratch, &check)
                    results.emit(isValid ? 1 : 0, output: 0, row: row)
                } catch {
                    if error.isCancellation {
                        check.leaveOut(row, of: rows)
                        break
                    }
                    results.fail(row, error.outcome, error.message)
                }
            }
        }
    }

    private func isValid(
        _ cell: UnsafeRawBufferPointer, _ parser: inout JSONParser, _ scratch: inout MatchScratch,
        _ check: inout CancellationCheck
    ) throws(RowFault) -> Bool {
        var value = try parser.value(cell, "generated_answer")
        if let text = value.string {
            let parsed = Array(text.utf8).span.withUnsafeBytes { try? parser.parse($0) }
            guard let parsed else { return false }
            value = parsed
        }
        guard let schema else { return value.object != nil || value.array != nil }
        return try schema.accepts(value, &scratch, &check)
    }
}

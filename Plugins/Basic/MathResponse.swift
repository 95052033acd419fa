import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 where two answers are the same after the MATH and Minerva normalisation.
struct MathResponse: Scorer {
    static let declaration = ScorerDeclaration(
        id: "regex-parser-math-response",
        description: "1.0 if the answer that the one regex, or \\boxed{}, finds is expected_answer after the MATH "
            + "normalisation, or has the same rational value",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the right answer"),
        ],
        outputs: [.verdict, .output("parsed_answer", .text, "the normalised answer that was compared")],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "required": ["parsing_regexes"], "properties": {
            "parsing_regexes": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string"}}}}
            """#)

    private let pattern: Pattern
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Parameters(configuration)
        let patterns = try parameters.patterns("parsing_regexes", needsGroup: false)
        guard patterns.count == 1 else {
            throw ParameterRejection(
                pointer: "/params/parsing_regexes", "found \(patterns.count) patterns; expected exactly one")
        }
        pattern = patterns[0]
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        let scratch = scratches.take()
        defer { scratches.put(scratch) }
        var answers: [[UInt8]] = []
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                do throws(MatchError) {
                    let verdict = try MathAnswer.verdict(
                        generated: generated[row].utf8.span, expected: expected[row].utf8.span
                    ) { text throws(MatchError) in
                        try search(text, &scratch.scratch)
                    }
                    if verdict.agrees { scores[row] = 1 }
                    answers.append(verdict.answer)
                } catch {
                    results.fail(row, .scorerError, "\(error)")
                    answers.append([])
                }
            }
        }
        results.emit(answers, output: 1)
    }

    /// Group 1 of the first match, or all of it where the pattern has no group.
    private func search(_ text: Span<UInt8>, _ scratch: inout MatchScratch) throws(MatchError) -> Range<Int>? {
        let match: Match? = try text.withUnsafeBytes { bytes throws(MatchError) in
            try pattern.firstMatch(in: bytes, using: &scratch)
        }
        return match.map { pattern.captureCount == 0 ? $0.range : $0.group1 ?? 0..<0 }
    }
}

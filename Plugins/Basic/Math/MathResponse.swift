import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 if two answers are the same after the MATH and Minerva normalisation.
struct MathResponse: Scorer {
    static let declaration = ScorerDeclaration(
        id: "regex-parser-math-response",
        description: "1.0 if the answer that the regular expression, or \\boxed{}, finds is expected_answer after MATH "
            + "normalisation, or has the same rational value",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the correct answer"),
        ],
        outputs: [.verdict, .output("parsed_answer", .text, "the normalised answer that was compared")],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "required": ["parsing_regexes"], "properties": {
            "parsing_regexes": {"type": "array", "minItems": 1, "maxItems": 1, "items": {"type": "string"}},
            \#(ExpectedAnswers.schema)}}
            """#)

    let declaration: ScorerDeclaration
    private let pattern: Pattern
    private let expected: ExpectedAnswers
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        let patterns = try parameters.patterns("parsing_regexes", needsGroup: false)
        guard patterns.count == 1 else {
            throw ParameterRejection(
                pointer: "/params/parsing_regexes", "found \(patterns.count) patterns; expected exactly one")
        }
        pattern = patterns[0]
        expected = try ExpectedAnswers(&parameters)
        try parameters.finish()
        declaration = Self.declaration.reading(expected)
    }

    func score(_ rows: Rows, _ results: Results) {
        scratches.withScratch(for: results) { score(rows, results, &$0) }
    }

    private func score(_ rows: Rows, _ results: Results, _ scratch: inout MatchScratch) {
        let generated = rows.texts(0)
        let rightAnswers = rows.texts(1)
        let cells = expected.cells(rows)
        var parser = JSONParser()
        var check = CancellationCheck(results)
        var answers: [[UInt8]] = []
        withScores(of: rows, results) { scores in
            for row in 0..<rows.count {
                if check.stops(before: row, of: rows, reading: generated[row].count + rightAnswers[row].count) { break }
                scratch.beginRow()
                do throws(RowFault) {
                    try LongestText.check(generated[row], rightAnswers[row])
                    let answer = try normalized(generated[row], &scratch)
                    answers.append(answer)
                    if expected.isPlain {
                        if agrees(answer, rightAnswers[row].utf8.span) { scores[row] = 1 }
                    } else {
                        let right = try expected.answers(row, cells, &parser, &scratch)
                        try LongestText.check(answer.count, comparedWith: right.count)
                        if right.contains(where: { agrees(answer, $0.span) }) { scores[row] = 1 }
                    }
                } catch {
                    if error.isCancellation {
                        check.leaveOut(row, of: rows)
                        break
                    }
                    results.fail(row, error.outcome, error.message)
                    if answers.count == row { answers.append([]) }
                }
            }
        }
        results.emit(answers, output: 1)
    }

    private func normalized(
        _ generated: UnsafeRawBufferPointer, _ scratch: inout MatchScratch
    ) throws(RowFault) -> [UInt8] {
        do throws(MatchError) {
            return try MathAnswer.normalized(generated: generated.utf8.span) { text throws(MatchError) in
                try search(text, &scratch)
            }
        } catch {
            throw RowFault(error)
        }
    }

    private func agrees(_ answer: [UInt8], _ expected: Span<UInt8>) -> Bool {
        MathAnswer.agree(answer, MathAnswer.normalized(expected: expected))
    }

    /// What `Match.answer` says of the first match, or all of it where the pattern has no group.
    private func search(_ text: Span<UInt8>, _ scratch: inout MatchScratch) throws(MatchError) -> Range<Int>? {
        let match: Match? = try text.withUnsafeBytes { bytes throws(MatchError) in
            try pattern.firstMatch(in: bytes, using: &scratch)
        }
        return match.map { pattern.captureCount == 0 ? $0.range : $0.answer ?? 0..<0 }
    }
}

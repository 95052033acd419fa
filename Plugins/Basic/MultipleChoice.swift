import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 where the answer that a regular expression finds is the expected one.
struct MultipleChoice: Scorer {
    static let declaration = ScorerDeclaration(
        id: "regex-parser-multiple-choice-answer",
        description:
            "1.0 if group 1 of the first of parsing_regexes that is found in generated_answer is expected_answer",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the right answer"),
        ],
        outputs: [.verdict, .output("parsed_answer", .text, "what was found; null where nothing was")],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "required": ["parsing_regexes"], "properties": {
            "parsing_regexes": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            "normalize": {"enum": ["text", "casefold", "whitespace", "number"]},
            "match": {"enum": ["first", "last"]}}}
            """#)

    /// How an answer is compared with the expected one.
    private enum Normalization: String, CaseIterable { case text, casefold, whitespace, number }
    /// Which of several matches of a pattern counts.
    private enum Occurrence: String, CaseIterable { case first, last }

    private let patterns: PatternList
    private let normalization: Normalization
    private let occurrence: Occurrence
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Parameters(configuration)
        patterns = PatternList(try parameters.patterns("parsing_regexes"))
        normalization = try parameters.choice("normalize")
        occurrence = try parameters.choice("match")
        try parameters.finish()
    }

    func score(_ rows: Rows, _ results: Results) {
        let scratch = scratches.take()
        defer { scratches.put(scratch) }
        score(rows, results, &scratch.scratch)
    }

    private func score(_ rows: Rows, _ results: Results, _ scratch: inout MatchScratch) {
        let generated = rows.texts(0)
        let expected = rows.texts(1)
        withScores(of: rows, results) { scores in
            withUnsafeTemporaryAllocation(of: TextSlice.self, capacity: rows.count) { answers in
                answers.initialize(repeating: .none)
                for row in 0..<rows.count {
                    let text = generated[row]
                    do throws(MatchError) {
                        guard let range = try findAnswer(in: text, &scratch) else { continue }
                        let answer = UnsafeRawBufferPointer(rebasing: text[range])
                        answers[row] = TextSlice(answer)
                        // Nothing was said, whatever was expected.
                        if !answer.isEmpty && agree(answer, expected[row]) { scores[row] = 1 }
                    } catch {
                        results.fail(row, .scorerError, "\(error)")
                    }
                }
                results.emit(UnsafeBufferPointer(answers), output: 1)
            }
        }
    }

    /// The range of group 1 of the first pattern, in order, that is found; nil where none is, or the group has no part.
    @inline(__always)
    private func findAnswer(
        in text: UnsafeRawBufferPointer, _ scratch: inout MatchScratch
    ) throws(MatchError) -> Range<Int>? {
        let found =
            occurrence == .first
            ? try patterns.firstMatch(in: text, using: &scratch) : try patterns.lastMatch(in: text, using: &scratch)
        return found?.match.group1
    }

    @inline(__always)
    private func agree(_ answer: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer) -> Bool {
        switch normalization {
        case .text: answer.hasSameBytes(as: expected)
        case .casefold: TextComparison.equalFoldingCase(answer.utf8.span, expected.utf8.span)
        case .whitespace: TextComparison.equalCollapsingWhiteSpace(answer.utf8.span, expected.utf8.span)
        case .number: NumberText.equal(answer.utf8.span, expected.utf8.span)
        }
    }
}

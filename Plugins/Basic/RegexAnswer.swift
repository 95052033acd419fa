import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// 1.0 if the answer that a regular expression finds is the expected one.
struct RegexAnswer: Scorer {
    static let declaration = ScorerDeclaration(
        id: "regex-parser-multiple-choice-answer",
        description:
            "1.0 if the first of parsing_regexes that matches generated_answer captures expected_answer",
        inputs: [
            .required("generated_answer", .text, "what the model answered"),
            .required("expected_answer", .text, "the correct answer"),
        ],
        outputs: [.verdict, .output("parsed_answer", .text, "the answer that was found, or null")],
        parametersSchema: #"""
            {"type": "object", "additionalProperties": false, "required": ["parsing_regexes"], "properties": {
            "parsing_regexes": \#(ExpectedAnswers.patternsSchema),
            "normalize": {"enum": ["text", "casefold", "whitespace", "number"]},
            "match": {"enum": ["first", "last"]},
            \#(ExpectedAnswers.schema)}}
            """#)

    /// How an answer is compared with the expected one.
    private enum Normalization: String, CaseIterable { case text, casefold, whitespace, number }
    /// Which match counts if a pattern matches several times.
    private enum Occurrence: String, CaseIterable { case first, last }

    let declaration: ScorerDeclaration
    private let patterns: PatternList
    private let normalization: Normalization
    private let occurrence: Occurrence
    private let expected: ExpectedAnswers
    private let scratches = ScratchPool()

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        patterns = PatternList(try parameters.patterns("parsing_regexes"))
        normalization = try parameters.choice("normalize")
        occurrence = try parameters.choice("match")
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
        let isPlain = expected.isPlain
        var parser = JSONParser()
        var check = CancellationCheck(results)
        withScores(of: rows, results) { scores in
            withUnsafeTemporaryAllocation(of: TextSlice.self, capacity: rows.count) { answers in
                answers.initialize(repeating: .none)
                for row in 0..<rows.count {
                    let text = generated[row]
                    if check.stops(before: row, of: rows, reading: text.count + rightAnswers[row].count) { break }
                    scratch.beginRow()
                    do throws(RowFault) {
                        guard let range = try findAnswer(in: text, &scratch) else { continue }
                        let answer = UnsafeRawBufferPointer(rebasing: text[range])
                        answers[row] = TextSlice(answer)
                        // No answer was given, whatever was expected.
                        if answer.isEmpty { continue }
                        if normalization != .text { try LongestText.check(answer, rightAnswers[row]) }
                        if isPlain {
                            if agree(answer, rightAnswers[row]) { scores[row] = 1 }
                        } else {
                            let right = try expected.answers(row, cells, &parser, &scratch)
                            if normalization == .number {
                                try LongestText.check(answer.count, comparedWith: right.count)
                            }
                            if right.contains(where: { $0.withUnsafeBytes { agree(answer, $0) } }) { scores[row] = 1 }
                        }
                    } catch {
                        if error.isCancellation {
                            check.leaveOut(row, of: rows)
                            break
                        }
                        results.fail(row, error.outcome, error.message)
                    }
                }
                results.emit(UnsafeBufferPointer(answers), output: 1)
            }
        }
    }

    /// The range of the answer in the match of the first pattern that matches; nil if none matches, or no group takes
    /// part in the match.
    @inline(__always)
    private func findAnswer(
        in text: UnsafeRawBufferPointer, _ scratch: inout MatchScratch
    ) throws(RowFault) -> Range<Int>? {
        do throws(MatchError) {
            let found =
                occurrence == .first
                ? try patterns.firstMatch(in: text, using: &scratch) : try patterns.lastMatch(in: text, using: &scratch)
            return found?.match.answer
        } catch {
            throw RowFault(error)
        }
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

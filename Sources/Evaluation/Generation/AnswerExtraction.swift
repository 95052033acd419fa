import JSON
import Patterns
import ScoringCore

/// Regular expressions that extract the answer from a candidate's text. They are tried in order; the first one that matches
/// counts, and the answer is `Match.answer`.
struct AnswerExtraction: Sendable {
    /// Which match of the regular expression counts.
    enum Occurrence: String, CaseIterable, Sendable { case first, last }

    private let patterns: PatternList
    private let occurrence: Occurrence

    init(_ sources: [String], _ occurrence: Occurrence, at pointer: JSONPointer) throws(EvaluationError) {
        let patterns: [Pattern]
        do throws(PatternListError) {
            patterns = try PatternList.compile(sources)
        } catch {
            throw EvaluationError(
                .invalid, error.message, at: (error.index.map(pointer.appending) ?? pointer).description)
        }
        self.patterns = PatternList(patterns)
        self.occurrence = occurrence
    }

    /// The answer; nil if nothing matches, or no group takes part in the match.
    ///
    /// - Throws: if a search exceeds its limits.
    func answer(in text: String, using scratch: inout MatchScratch) throws(MatchError) -> String? {
        let bytes = Array(text.utf8)
        let match = try bytes.span.withUnsafeBytes { bytes throws(MatchError) -> Match? in
            switch occurrence {
            case .first: try patterns.firstMatch(in: bytes, using: &scratch)?.match
            case .last: try patterns.lastMatch(in: bytes, using: &scratch)?.match
            }
        }
        return match?.answer.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The correct answer in the text of a row's column.
    func gold(in text: String) throws(GenerationFailure) -> String {
        var scratch = MatchScratch()
        let found: String?
        do throws(MatchError) {
            found = try answer(in: text, using: &scratch)
        } catch {
            throw GenerationFailure(outcome: .scorerError, message: "in the expected answer, \(error)")
        }
        guard let found, !found.isEmpty else {
            throw .input("none of expected_regexes finds an answer in the column \"expected_answer\"")
        }
        return found
    }
}

import JSON
import Patterns

/// Regular expressions that find the answer in what a candidate wrote. They are tried in order; the first that is found
/// counts, and of it group 1.
struct AnswerExtraction: Sendable {
    /// Which of the places that the regular expression finds counts.
    enum Occurrence: String, CaseIterable, Sendable { case first, last }

    private let patterns: PatternList
    private let occurrence: Occurrence

    init(_ sources: [String], _ occurrence: Occurrence, at pointer: JSONPointer) throws(EvaluationError) {
        var patterns: [Pattern] = []
        for (index, source) in sources.enumerated() {
            let place = pointer.appending(index).description
            do throws(PatternError) {
                patterns.append(try Pattern(source))
            } catch {
                throw EvaluationError(.invalid, "\(error)", at: place)
            }
            guard patterns[index].captureCount >= 1 else {
                throw EvaluationError(
                    .invalid, "the regular expression has no group 1; put parentheses round the answer", at: place)
            }
        }
        self.patterns = PatternList(patterns)
        self.occurrence = occurrence
    }

    /// The answer; nil where none is found, or group 1 takes no part in the match.
    ///
    /// - Throws: where a search runs into its limits.
    func answer(in text: String, using scratch: inout MatchScratch) throws(MatchError) -> String? {
        let bytes = Array(text.utf8)
        let match = try bytes.span.withUnsafeBytes { bytes throws(MatchError) -> Match? in
            switch occurrence {
            case .first: try patterns.firstMatch(in: bytes, using: &scratch)?.match
            case .last: try patterns.lastMatch(in: bytes, using: &scratch)?.match
            }
        }
        return match?.group1.map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}

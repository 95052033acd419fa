import JSON
import ScorerKit
import Statistics

/// How the score of a row is computed from its votes.
enum VoteReduction: String, CaseIterable, Sendable {
    case majority, mean, median

    /// The result of some votes.
    struct Decision: Equatable {
        var verdict: Verdict
        /// How much the votes with a score differ: the population standard deviation of numbers or, for a majority, the
        /// share of the votes that did not go to the winner. Nil if the row has no score.
        var spread: Double?
        var feedback: String?
        /// The reasoning of the model that gave the feedback.
        var reasoning: String?
        /// The probabilities of the choices in the same reply.
        var probabilities: JSONValue?
    }

    /// Computes the result of a row.
    ///
    /// A row has a score if more than half of its votes have one; votes without a score are ignored. A tie is not a
    /// majority. With the mean and the median, all scores are numbers.
    func decide(_ votes: [Vote]) -> Decision {
        let read = votes.filter { $0.verdict.score != nil }
        let scores = read.compactMap(\.verdict.score)
        let speaker = read.first ?? votes.first { $0.feedback != nil }
        guard scores.count * 2 > votes.count else {
            return Decision(Self.failure(of: votes, scored: scores.count), spread: nil, by: speaker)
        }
        switch self {
        case .majority:
            let winners = Self.mostFrequent(scores)
            guard let winner = winners.first, winners.count == 1 else {
                let tied = winners.map { "\($0.score.string?.shortened ?? $0.score.text) \($0.count)" }
                let reason = "votes are tied: \(tied.joined(separator: ", "))"
                return Decision(.unscored(.unparsed, reason), spread: nil, by: speaker)
            }
            return Decision(
                .score(winner.score), spread: 1 - Double(winner.count) / Double(scores.count),
                by: read.first { $0.verdict.score == winner.score })
        case .mean, .median:
            let numbers = scores.compactMap(\.number).sorted()
            // The middle one or two.
            let middle = numbers[((numbers.count - 1) / 2)...(numbers.count / 2)]
            let score = self == .mean ? ExactMean.of(numbers) : ExactMean.of(middle)
            return Decision(.score(JSONValue(score)), spread: ExactMean.deviation(of: numbers), by: speaker)
        }
    }

    /// The most frequent scores, in the order of their first votes.
    private static func mostFrequent(_ scores: [JSONValue]) -> [(score: JSONValue, count: Int)] {
        var counts: [(score: JSONValue, count: Int)] = []
        for score in scores {
            if let index = counts.firstIndex(where: { $0.score == score }) {
                counts[index].count += 1
            } else {
                counts.append((score, 1))
            }
        }
        let most = counts.map(\.count).max()
        return counts.filter { $0.count == most }
    }

    /// The first failure among the votes.
    private static func failure(of votes: [Vote], scored: Int) -> Verdict {
        for vote in votes {
            guard case .unscored(let outcome, let message) = vote.verdict else { continue }
            return .unscored(outcome, "\(scored) of \(votes.count) votes have a score: \(message)")
        }
        return .unscored(.scorerError, "there are no votes")
    }
}

extension VoteReduction.Decision {
    /// A result with the feedback of one of the votes.
    init(_ verdict: Verdict, spread: Double?, by speaker: Vote?) {
        self.init(
            verdict: verdict, spread: spread, feedback: speaker?.feedback, reasoning: speaker?.reasoning,
            probabilities: speaker?.probabilities)
    }
}

extension JSONValue {
    var number: Double? { if case .number(let number) = self { number.double } else { nil } }
}

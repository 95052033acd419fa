import JSON
import ScorerKit
import Testing

@testable import JudgeScorers

@Suite("Votes become one score")
struct VoteReductionTests {
    /// Votes for the scores; a vote for null could not be read.
    private func votes(_ scores: [JSONValue]) -> [Vote] {
        scores.enumerated().map { index, score in
            Vote(
                verdict: score == .null ? .unscored(.unparsed, "no score") : .score(score), feedback: "reply \(index)")
        }
    }

    private func numbers(_ values: [Double]) -> [JSONValue] { values.map { JSONValue($0) } }

    @Test(
        "the mean and the median of numbers, with their standard deviation",
        arguments: [
            (.mean, [2, 4, 9], 5, (26.0 / 3).squareRoot()), (.median, [9, 2, 4], 4, (26.0 / 3).squareRoot()),
            (.median, [9, 1, 4, 2], 3, 9.5.squareRoot()), (.mean, [3], 3, 0), (.median, [1, 2], 1.5, 0.5),
            (.mean, [0.1, 0.1, 0.1], 0.1, 0), (.mean, [-1, 1], 0, 1),
        ] as [(VoteReduction, [Double], Double, Double)])
    func numeric(reduction: VoteReduction, scores: [Double], result: Double, spread: Double) {
        let decision = reduction.decide(votes(numbers(scores)))
        #expect(decision.verdict == .score(JSONValue(result)))
        #expect(abs((decision.spread ?? -1) - spread) < 1e-12)
        #expect(decision.feedback == "reply 0")
    }

    @Test(
        "the mean is rounded once, and nothing overflows",
        arguments: [
            (.mean, [0.1, 0.2, 0.3], 0.2), (.mean, [0.1, 0.7, 0.3, 0.1], 0.3), (.mean, [1e16, 1, -1e16], 1.0 / 3),
            (.mean, [1e16, 1, 1e-30, -1e16], 0.25), (.mean, [0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7], 0.7),
            (.median, [1e308, 1.5e308], 1.25e308), (.mean, [1e308, 1.5e308, -1e308], 0.5e308),
            (.mean, [1.7e308, 1.7e308], 1.7e308), (.mean, [-1.7e308, 1.7e308], 0),
            (.mean, [.leastNonzeroMagnitude, .leastNonzeroMagnitude], .leastNonzeroMagnitude),
            (.mean, [.leastNonzeroMagnitude, 0, 2 * .leastNonzeroMagnitude], .leastNonzeroMagnitude),
            (.mean, [0, 0], 0), (.mean, [-3, -4], -3.5),
        ] as [(VoteReduction, [Double], Double)])
    func rounding(reduction: VoteReduction, scores: [Double], result: Double) {
        #expect(reduction.decide(votes(numbers(scores))).verdict == .score(JSONValue(result)))
    }

    @Test(
        "the spread of the largest and the smallest numbers is one",
        arguments: [
            ([1e308, -1e308], 1e308), ([1.7e308, 1.7e308], 0),
            ([.leastNonzeroMagnitude, -.leastNonzeroMagnitude], .leastNonzeroMagnitude), ([1e-200, 3e-200], 1e-200),
        ] as [([Double], Double)])
    func extremeSpreads(scores: [Double], spread: Double) throws {
        let result = try #require(VoteReduction.mean.decide(votes(numbers(scores))).spread)
        #expect(abs(result - spread) <= spread.ulp)
    }

    @Test("the most frequent score, with the reply of the first vote for it and the share against it")
    func majority() {
        let decision = VoteReduction.majority.decide(votes(["A", "B", "C", "B"]))
        #expect(decision == .init(verdict: .score("B"), spread: 0.5, feedback: "reply 1"))
        #expect(VoteReduction.majority.decide(votes([true, true])).spread == 0)
    }

    @Test("votes without a score do not count, as long as they are fewer than half")
    func missing() {
        #expect(
            VoteReduction.majority.decide(votes([nil, "A", "A"]))
                == .init(verdict: .score("A"), spread: 0, feedback: "reply 1"))
        #expect(
            VoteReduction.mean.decide(votes([nil, 4, nil, 8, 6]))
                == .init(verdict: .score(JSONValue(6.0)), spread: (8.0 / 3).squareRoot(), feedback: "reply 1"))
        #expect(
            VoteReduction.mean.decide(votes([nil, 4, nil, 8]))
                == .init(
                    verdict: .unscored(.unparsed, "2 of 4 votes have a score: no score"), spread: nil,
                    feedback: "reply 1"))
        #expect(
            VoteReduction.majority.decide([
                Vote(verdict: .unscored(.modelError, "HTTP 500"), feedback: nil),
                Vote(verdict: .unscored(.unparsed, "no score"), feedback: "well"),
            ])
                == .init(
                    verdict: .unscored(.modelError, "0 of 2 votes have a score: HTTP 500"), spread: nil,
                    feedback: "well"))
    }

    @Test("a tie is no result")
    func tie() {
        #expect(
            VoteReduction.majority.decide(votes(["A", "B", "C", "B", "A"]))
                == .init(verdict: .unscored(.unparsed, "votes are tied: A 2, B 2"), spread: nil, feedback: "reply 0"))
        let numbers = VoteReduction.majority.decide(votes([JSONValue(8.0), nil, JSONValue(3.0)]))
        #expect(numbers.verdict == .unscored(.unparsed, "votes are tied: 8.0 1, 3.0 1"))
    }
}

import Testing

@testable import Inference

/// What the completions of one round say, and how many places there are then.
struct LimitRounds: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var maximum = 100
    var rounds: [Round]

    struct Round: Sendable {
        /// How many of the round's completions are signs of overload; the others are successes.
        var overloads = 0
        var latency = Duration.milliseconds(100)
        var places: Int
    }
}

struct AdaptiveLimitTests {
    @Test(
        "the number of requests at once follows what the server can take",
        arguments: [
            LimitRounds(
                testDescription: "doubles every round, up to the maximum",
                rounds: [16, 32, 64, 100, 100].map { .init(places: $0) }),
            LimitRounds(
                testDescription: "begins no higher than the maximum", maximum: 3, rounds: [.init(places: 3)]),
            LimitRounds(
                testDescription: "is halved where all was turned away, and then grows by steps",
                rounds: [
                    .init(places: 16), .init(overloads: 16, places: 8), .init(places: 9), .init(places: 10),
                ]),
            LimitRounds(
                testDescription: "is reduced by half of the share that was turned away",
                rounds: [
                    .init(places: 16), .init(places: 32), .init(overloads: 8, places: 28 + 21), .init(places: 51),
                ]),
            LimitRounds(
                testDescription: "never falls below one",
                rounds: [
                    .init(overloads: 8, places: 4), .init(overloads: 4, places: 2), .init(overloads: 2, places: 1),
                    .init(overloads: 1, places: 1), .init(places: 2),
                ]),
            LimitRounds(
                testDescription: "does not grow while answers take more than twice as long as they did at best",
                rounds: [
                    .init(places: 16), .init(latency: .milliseconds(250), places: 32),
                    .init(latency: .milliseconds(250), places: 32), .init(latency: .milliseconds(130), places: 33),
                ]),
            LimitRounds(
                testDescription: "forgets how quick answers were at best",
                rounds: [.init(places: 16), .init(latency: .milliseconds(300), places: 32)]
                    + (0..<4).map { _ in .init(latency: .milliseconds(300), places: 32) }
                    + [33, 35].map { .init(latency: .milliseconds(300), places: $0) }),
        ])
    func rounds(_ example: LimitRounds) {
        var limit = AdaptiveLimit(maximum: example.maximum)
        for (number, round) in example.rounds.enumerated() {
            let size = limit.places
            // Successes first, so that a round in slow start ends as large as it can get.
            for completion in 0..<size {
                limit.record(completion < size - round.overloads ? .success(latency: round.latency) : .overload)
            }
            #expect(limit.places == round.places, "round \(number)")
        }
    }

    @Test("a server that refuses the 17th request is sent 16, and one more after twice as many rounds each time")
    func refusals() {
        var limit = AdaptiveLimit(maximum: 100)
        func round() { for _ in 0..<limit.places { limit.record(.success(latency: .milliseconds(100))) } }
        round()
        round()
        #expect(limit.places == 32)
        // 16 of 32 are refused, one after the other, while the others are in progress.
        for others in (16..<32).reversed() { limit.record(.refusal(others: others, isNew: others == 31)) }
        #expect(limit.places == 16)
        var rounds: [Int] = []
        for _ in 0..<5 {
            var count = 0
            while limit.places == 16 {
                round()
                count += 1
            }
            rounds.append(count)
            limit.record(.refusal(others: 16, isNew: true))
        }
        // The first round began before the refusals.
        #expect(rounds == [2, 3, 5, 9, 17])
    }

    @Test("failures that say nothing about the load leave the number alone")
    func neutralFailures() {
        var limit = AdaptiveLimit(maximum: 100)
        for _ in 0..<200 { limit.record(.neither) }
        #expect(limit.places == 8)
    }

    @Test("a server that turns most requests away is noticed within 8 of them, and forgotten by answers")
    func mostlyOverloaded() {
        var limit = AdaptiveLimit(maximum: 100)
        for _ in 0..<20 { limit.record(.success(latency: .milliseconds(1))) }
        for _ in 0..<4 { limit.record(.overload) }
        #expect(!limit.isMostlyOverloaded)
        limit.record(.overload)
        #expect(limit.isMostlyOverloaded)
        for _ in 0..<100 { limit.record(.success(latency: .milliseconds(1))) }
        #expect(!limit.isMostlyOverloaded)
    }
}

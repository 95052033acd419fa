import Testing

@testable import Inference

/// A server with a limit on the rate, and the requests to it.
struct RateLimitExample: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var server: BucketServer
    var requests: Int
    /// The tokens of a request, at least and at most.
    var tokens: ClosedRange<Double> = 1...1
    /// The share of the ideal time that must be used, and the share of the requests that may be refused.
    var use = 0.9
    var refusals = 0.1

    init(_ description: String, _ server: BucketServer, requests: Int) {
        testDescription = description
        self.server = server
        self.requests = requests
    }

    func with(_ change: (inout RateLimitExample) -> Void) -> RateLimitExample {
        var copy = self
        change(&copy)
        return copy
    }
}

private let examples: [RateLimitExample] = [
    RateLimitExample("100/s, bursts of 50", BucketServer(100, burst: 50, latency: 0.5), requests: 2000),
    RateLimitExample("100/s, bursts of 10, slow", BucketServer(100, burst: 10, latency: 2), requests: 2000),
    RateLimitExample("100/s, no bursts, slow", BucketServer(100, burst: 1, latency: 2), requests: 2000),
    RateLimitExample("20/s, bursts of 20", BucketServer(20, burst: 20, latency: 1), requests: 1000),
    RateLimitExample("3/s, no bursts", BucketServer(3, burst: 1, latency: 0.2), requests: 300),
    RateLimitExample("500/s, large bursts", BucketServer(500, burst: 500, latency: 0.1), requests: 20_000),
    RateLimitExample("without Retry-After", BucketServer(100, burst: 10, latency: 2), requests: 2000)
        .with { $0.server.saysWhen = false },
    RateLimitExample("with status 503", BucketServer(100, burst: 10, latency: 2), requests: 2000)
        .with { ($0.server.status, $0.server.saysWhen) = (503, false) },
    RateLimitExample("falls to 30/s", BucketServer(100, burst: 50, latency: 0.5), requests: 3000)
        .with { $0.server.change = (10, 30) },
    RateLimitExample("rises to 100/s", BucketServer(30, burst: 30, latency: 0.5), requests: 3000)
        .with { $0.server.change = (20, 100) },
    RateLimitExample("a million tokens a minute", BucketServer(16_667, burst: 100_000, latency: 1), requests: 2000)
        .with { ($0.server.countsTokens, $0.tokens) = (true, 100...1000) },
    RateLimitExample("tokens, small bursts", BucketServer(16_667, burst: 20_000, latency: 1), requests: 2000)
        .with { ($0.server.countsTokens, $0.tokens) = (true, 100...1000) },
]

struct RateLimitTests {
    @Test("a limit on the rate is used to nine tenths, and at most one request in ten is refused", arguments: examples)
    func rate(_ example: RateLimitExample) {
        let low = example.tokens.lowerBound
        let span = example.tokens.upperBound - low
        let simulation = AdmissionSimulation { low + span * $0.next() }
        let outcome = simulation.run(example.requests, example.server)
        var chance = SimulatedChance()
        let tokens = (0..<example.requests).reduce(0.0) { sum, _ in sum + low + span * chance.next() }
        let ideal = example.server.idealTime(example.server.countsTokens ? tokens : Double(example.requests))
        #expect(outcome.answered == example.requests)
        #expect(outcome.seconds * example.use <= ideal, "\(outcome.seconds) s, at best \(ideal) s")
        #expect(outcome.refusedShare <= example.refusals, "\(outcome.refusedShare) refused")
    }

    @Test(
        "a server far away is used as well",
        arguments: [0.01, 0.02, 0.05])
    func distance(roundTrip: Double) {
        let outcome = AdmissionSimulation(roundTrip: roundTrip).run(2000, BucketServer(100, burst: 10, latency: 2))
        #expect(outcome.answered == 2000)
        #expect(outcome.seconds * 0.88 <= 21.9 + roundTrip, "\(outcome.seconds) s")
        #expect(outcome.refusedShare <= 0.1, "\(outcome.refusedShare) refused")
    }

    @Test("a server that counts by the minute is left alone until the next one")
    func windows() {
        let outcome = AdmissionSimulation().run(2000, WindowServer(600, every: 60, latency: 0.3))
        #expect(outcome.answered == 2000)
        #expect(outcome.seconds < 195, "three whole minutes and 200 requests: \(outcome.seconds) s")
        #expect(outcome.refusedShare <= 0.1, "\(outcome.refusedShare) refused")
    }

    @Test(
        "a server that works on so many requests at once is kept busy, whatever status it refuses more with",
        arguments: [429, 503, 529], [(16, 0.5, 0.0), (16, 0.5, 0.5), (4, 1, 0), (48, 0.1, 0.3)])
    func slots(status: Int, server: (count: Int, latency: Double, spread: Double)) {
        var slots = SlotServer(server.count, latency: server.latency)
        (slots.status, slots.spread) = (status, server.spread)
        let simulation = AdmissionSimulation()
        let requests = server.count * 125
        let outcome = simulation.run(requests, slots)
        // A slot that becomes free is filled after a round trip.
        let ideal = Double(requests) / Double(server.count) * (server.latency + simulation.roundTrip)
        #expect(outcome.answered == requests)
        #expect(outcome.seconds * 0.97 <= ideal, "\(outcome.seconds) s, at best \(ideal) s")
        #expect(outcome.refusedShare <= 0.1, "\(outcome.refusedShare) refused")
    }

    @Test("a server that lets requests wait is sent no more than are allowed, at full speed")
    func queue() {
        var server = SlotServer(64, latency: 0.05)
        server.waiting = 10_000
        var simulation = AdmissionSimulation(roundTrip: 0.0005)
        simulation.limits.maxConcurrency = 64
        let outcome = simulation.run(20_000, server)
        #expect(outcome.answered == 20_000)
        #expect(outcome.seconds * 0.98 <= 20_000.0 / 64 * 0.0505, "\(outcome.seconds) s")
    }

    @Test("refusals without a reason do not slow a run down more and more", arguments: [0.01, 0.1, 0.3])
    func unreliable(share: Double) {
        let outcome = AdmissionSimulation().run(5000, UnreliableServer(refusing: share, latency: 0.1))
        // Of the requests that are refused 6 times in a row, none would be answered.
        #expect(outcome.answered >= 4980)
        #expect(outcome.seconds <= [0.01: 25, 0.1: 150, 0.3: 500][share] ?? 0, "\(outcome.seconds) s")
    }

    @Test("a configured number of requests in progress is not exceeded")
    func configured() {
        var simulation = AdmissionSimulation()
        simulation.limits.maxConcurrency = 20
        let outcome = simulation.run(200, BucketServer(100, burst: 10, latency: 2))
        // 20 in 2 seconds.
        #expect(outcome.seconds >= 20)
    }
}

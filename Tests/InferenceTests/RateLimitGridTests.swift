import Testing

@testable import Inference

/// Kinds of servers that a controller is easily wrong about, from runs over all combinations of their properties.
struct RateLimitGridTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var server: BucketServer
        var requests: Int
        var roundTrip = 0.002
        var use = 0.85

        init(
            _ description: String, _ server: BucketServer, requests: Int, roundTrip: Double = 0.002,
            spread: Double = 0, saysWhen: Bool = false, use: Double = 0.85
        ) {
            testDescription = description
            self.server = server
            self.server.spread = spread
            self.server.saysWhen = saysWhen
            self.requests = requests
            self.roundTrip = roundTrip
            self.use = use
        }
    }

    private static let kinds: [Kind] = [
        Kind("one a second, quick replies", BucketServer(1, burst: 1, latency: 0.05), requests: 201),
        Kind("one a second that says when", BucketServer(1, burst: 1, latency: 0.2), requests: 201, saysWhen: true),
        Kind("one a second, slow replies", BucketServer(1, burst: 3, latency: 5), requests: 203),
        Kind("ten a second, quick replies", BucketServer(10, burst: 10, latency: 0.05), requests: 410, spread: 0.5),
        Kind("ten a second, a distant server", BucketServer(10, burst: 1, latency: 0.2), requests: 401, roundTrip: 0.1),
        Kind(
            "30 a second, no bursts, distant", BucketServer(30, burst: 1, latency: 0.2), requests: 1201, roundTrip: 0.1),
        Kind(
            "30 a second, slow replies that vary", BucketServer(30, burst: 1, latency: 5), requests: 1201,
            roundTrip: 0.1, spread: 0.5),
        Kind(
            "100 a second, no bursts, distant", BucketServer(100, burst: 1, latency: 0.2), requests: 2001,
            roundTrip: 0.1),
        Kind(
            "300 a second, large bursts, quick", BucketServer(300, burst: 30, latency: 0.05), requests: 4000,
            spread: 0.5),
        Kind(
            "1000 a second, as quick as the places allow", BucketServer(1000, burst: 30, latency: 0.05), requests: 8030,
            spread: 0.5),
        Kind(
            "1000 a second, slow replies", BucketServer(1000, burst: 100, latency: 0.5), requests: 8100, roundTrip: 0.02
        ),
        Kind(
            "a number in progress and a rate of its size", BucketServer(3, burst: 1, latency: 0.5), requests: 201,
            roundTrip: 0.1, use: 0.55),
    ]

    @Test("whatever the rate, the bursts and the time of a reply are, the rate is found and kept", arguments: kinds)
    func grid(_ kind: Kind) {
        let outcome = AdmissionSimulation(roundTrip: kind.roundTrip).run(kind.requests, kind.server)
        // 64 places bound a run until a request is refused.
        let slowest = kind.server.latency + kind.roundTrip
        let ideal = max(kind.server.idealTime(Double(kind.requests)), Double(kind.requests) / 64 * slowest)
        #expect(outcome.answered == kind.requests)
        #expect(outcome.seconds * kind.use <= ideal, "\(outcome.seconds) s, at best \(ideal) s")
        // Those that are in progress when the first is refused may be refused as well.
        #expect(
            Double(outcome.refused - 64) <= 0.1 * Double(outcome.sent), "\(outcome.refused) of \(outcome.sent) refused")
    }

    @Test(
        "few places are kept busy, though replies take more and less time",
        arguments: [(1, 0.5, 0.5), (1, 5, 0.3), (2, 0.2, 0.3), (2, 1, 0.5), (4, 0.5, 0.9), (8, 1, 0.9)])
    func fewPlaces(places: Int, latency: Double, spread: Double) {
        var server = SlotServer(places, latency: latency)
        server.spread = spread
        let requests = max(200, 125 * places)
        let outcome = AdmissionSimulation().run(requests, server)
        let ideal = Double(requests) / Double(places) * (latency + 0.002)
        #expect(outcome.answered == requests)
        #expect(outcome.seconds * 0.85 <= ideal, "\(outcome.seconds) s, at best \(ideal) s")
        #expect(
            Double(outcome.refused - 8) <= 0.1 * Double(outcome.sent), "\(outcome.refused) of \(outcome.sent) refused")
    }

    @Test("costs that differ tenfold do not end a run, however small the bursts are", arguments: [2.0, 4, 36])
    func unequalCosts(burst: Double) {
        var server = BucketServer(10 * 550, burst: burst * 550, latency: 1)
        (server.countsTokens, server.saysWhen) = (true, false)
        let outcome = AdmissionSimulation { 100 + 900 * $0.next() }.run(400, server)
        #expect(outcome.answered == 400)
        #expect(outcome.seconds <= 60, "\(outcome.seconds) s")
        #expect(outcome.refusedShare <= 0.25, "\(outcome.refusedShare) refused")
    }
}

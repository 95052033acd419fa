import FakeModel
import NIOHTTP1
import Testing

@testable import Inference

struct StatedLimitTests {
    /// The headers that servers sent, and what they mean.
    @Test(
        "the headers of the usual servers are understood",
        arguments: [
            (
                "OpenAI",
                [
                    ("x-ratelimit-limit-requests", "60"), ("x-ratelimit-remaining-requests", "59"),
                    ("x-ratelimit-reset-requests", "1s"), ("x-ratelimit-limit-tokens", "150000"),
                    ("x-ratelimit-remaining-tokens", "149984"), ("x-ratelimit-reset-tokens", "6ms"),
                ],
                [
                    StatedLimit(name: "requests", unit: .requests, limit: 60, remaining: 59, refill: 1),
                    StatedLimit(name: "tokens", unit: .tokens, limit: 150_000, remaining: 149_984, refill: 2500),
                ]
            ),
            (
                "Groq, whose requests are counted by the day",
                [
                    ("x-ratelimit-limit-requests", "14400"), ("x-ratelimit-remaining-requests", "14370"),
                    ("x-ratelimit-reset-requests", "2m59.56s"), ("x-ratelimit-limit-tokens", "18000"),
                    ("x-ratelimit-remaining-tokens", "17700"), ("x-ratelimit-reset-tokens", "1s"),
                ],
                [
                    StatedLimit(
                        name: "requests", unit: .requests, limit: 14_400, remaining: 14_370, refill: 30 / 179.56),
                    StatedLimit(name: "tokens", unit: .tokens, limit: 18_000, remaining: 17_700, refill: 300),
                ]
            ),
            (
                "Anthropic",
                [
                    ("anthropic-ratelimit-requests-limit", "1000"), ("anthropic-ratelimit-requests-remaining", "999"),
                    ("anthropic-ratelimit-requests-reset", "2025-08-21T12:40:59Z"),
                    ("anthropic-ratelimit-input-tokens-limit", "80000"),
                    ("anthropic-ratelimit-input-tokens-remaining", "80000"),
                    ("anthropic-ratelimit-output-tokens-limit", "16000"),
                    ("anthropic-ratelimit-output-tokens-remaining", "15000"),
                ],
                [
                    StatedLimit(
                        name: "input-tokens", unit: .inputTokens, limit: 80_000, remaining: 80_000,
                        refill: 80_000.0 / 60),
                    StatedLimit(
                        name: "output-tokens", unit: .outputTokens, limit: 16_000, remaining: 15_000,
                        refill: 16_000.0 / 60),
                    StatedLimit(
                        name: "requests", unit: .requests, limit: 1000, remaining: 999, refill: 1000.0 / 60),
                ]
            ),
            (
                "Mistral",
                [
                    ("x-ratelimit-limit-tokens-minute", "5000000"), ("x-ratelimit-remaining-tokens-minute", "4999911"),
                    ("x-ratelimit-tokens-query-cost", "52"), ("x-ratelimit-limit-req-minute", "720"),
                    ("x-ratelimit-remaining-req-minute", "717"),
                ],
                [
                    StatedLimit(name: "req-minute", unit: .requests, limit: 720, remaining: 717, refill: 12),
                    StatedLimit(
                        name: "tokens-minute", unit: .tokens, limit: 5_000_000, remaining: 4_999_911,
                        refill: 5_000_000.0 / 60),
                ]
            ),
            (
                "a gateway with plain names and a policy",
                [
                    ("RateLimit-Limit", "100, 100;w=60"), ("RateLimit-Remaining", "40"), ("RateLimit-Reset", "30"),
                ],
                [StatedLimit(name: "", unit: .requests, limit: 100, remaining: 40, refill: 2)]
            ),
            (
                "a time in milliseconds since 1970",
                [
                    ("X-RateLimit-Limit", "20"), ("X-RateLimit-Remaining", "0"),
                    ("X-RateLimit-Reset", "1755780020000"),
                ],
                [StatedLimit(name: "", unit: .requests, limit: 20, remaining: 0, refill: 1)]
            ),
            ("Azure, which only says what is left", [("x-ratelimit-remaining-requests", "79")], []),
            (
                "Azure without a limit",
                [("x-ratelimit-limit-tokens", "-1"), ("x-ratelimit-remaining-tokens", "-1")], []
            ),
            (
                "nonsense",
                [("x-ratelimit-limit-requests", "burst:100;rate:10"), ("x-ratelimit-remaining-requests", "nan")], []
            ),
            ("images", [("x-ratelimit-limit-images", "5"), ("x-ratelimit-remaining-images", "5")], []),
        ] as [(String, [(String, String)], [StatedLimit])])
    func headers(server: String, headers: [(String, String)], limits: [StatedLimit]) {
        let read = [StatedLimit](HTTPHeaders(headers), at: 1_755_780_000)
        #expect(read.sorted { $0.name < $1.name } == limits)
    }

    @Test(
        "durations are read as Go writes them",
        arguments: [
            ("6ms", 0.006), ("1s", 1), ("6m0s", 360), ("1h2m3.5s", 3723.5), ("250µs", 0.00025), ("", nil), ("5", nil),
            ("s", nil), ("1d", nil), ("-1s", nil),
        ] as [(String, Double?)])
    func durations(text: String, expected: Double?) {
        guard let expected else { return #expect(seconds(ofDuration: text) == nil) }
        #expect(abs((seconds(ofDuration: text) ?? .nan) - expected) < 1e-9)
    }

    @Test(
        "times are read in every form of RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799),
            ("2025-08-21T12:41:00.5Z", 1_755_780_060.5), ("2025-08-21T14:41:00+02:00", 1_755_780_060),
            ("2025-08-21", nil), ("2025-13-21T12:41:00Z", nil), ("2025-08-21T12:41:00", nil),
        ] as [(String, Double?)])
    func times(text: String, seconds: Double?) {
        #expect(secondsSince1970(ofRFC3339: text) == seconds)
    }

    @Test("a stated limit is kept from the first replies on", arguments: LimitHeaders.allCases)
    func kept(kind: LimitHeaders) async throws {
        let server = try FakeModelServer(
            Behaviour.answer("A").delayed(by: .milliseconds(20)).rateLimited(perSecond: 50, burst: 20, stating: kind))
        try await ModelRun()(server.url) { session, model in
            #expect(await session.results(80, model).answers.count == 80)
        }
        // The first eight requests are sent before anything is known.
        #expect(server.totals.requests <= 88, "\(server.totals.requests)")
    }

    @Test("as much as the server says is left is used at once")
    func burst() async throws {
        let server = try FakeModelServer(
            Behaviour.answer("A").delayed(by: .milliseconds(5))
                .rateLimited(perSecond: 1, burst: 200, stating: .openAI))
        try await ModelRun()(server.url) { session, model in
            #expect(await session.results(150, model).answers.count == 150)
        }
        let times = server.requests.map(\.received)
        // At one per second they would take 150 s.
        #expect(times[149] - times[0] < .seconds(20))
        #expect(server.totals.requests == 150)
    }
}

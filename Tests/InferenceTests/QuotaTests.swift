import FakeModel
import NIOHTTP1
import Testing

@testable import Inference

/// Quotas of a day, which a run must not wait for without a word.
struct QuotaTests {
    /// What a server refuses a request with when its quota is used up.
    private static let refusals: [(name: String, refusal: Behaviour, message: String)] = [
        (
            "OpenAI's and Groq's headers, without Retry-After",
            Behaviour.status(429).stating([
                "x-ratelimit-limit-requests": "200", "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "6h0m0s",
            ]), "wait for 6 h"
        ),
        (
            "tokens of a day that are not enough",
            Behaviour.status(429).stating([
                "x-ratelimit-limit-tokens-day": "1000000", "x-ratelimit-remaining-tokens-day": "3",
            ]), "wait for 24 h"
        ),
        ("Retry-After in seconds", .status(429, retryAfter: .seconds(21_600)), "wait for 6 h"),
        (
            "Gemini's RetryInfo",
            .status(
                429,
                body: #"{"error": {"code": 429, "message": "q", "status": "RESOURCE_EXHAUSTED", "details": ["#
                    + #"{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21600s"}]}}"#),
            "wait for 6 h"
        ),
        (
            "Gemini's limit a day, with a short delay",
            .status(
                429,
                body: #"{"error": {"code": 429, "message": "Too many", "details": [{"violations": "#
                    + #"[{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}, {"retryDelay": "23s"}]}}"#),
            "Too many"
        ),
        (
            "an account without credit",
            .status(429, body: #"{"error": {"message": "Add credit", "code": "insufficient_quota"}}"#), "Add credit"
        ),
    ]

    @Test("a run ends when a quota is used up, says so, and keeps what it has", arguments: refusals.indices)
    func ends(_ index: Int) async throws {
        let (name, refusal, message) = Self.refusals[index]
        let server = try FakeModelServer(.choosing { $0.number <= 20 ? .answer("A") : refusal })
        defer { server.stop() }
        try await ModelRun()(server.url) { session, model in
            let results = await session.results(200, model)
            #expect(results.answers.count == 20, "\(name)")
            // Those in progress when the first was refused are refused by the server, and told of the quota when they retry.
            #expect(results.failures(.unavailable) + results.failures(.rejected) == 180, "\(name)")
            #expect(results.failures(.unavailable) >= 100, "\(name)")
            let error = results.compactMap(\.error).first { $0.code == .unavailable }
            #expect(error?.message.contains(message) == true, "\(name): \(error?.message ?? "")")
            #expect(server.totals.requests <= 84, "\(name)")
        }
    }

    @Test("headers that call a quota used up while requests are answered do not hold a run up")
    func wrongHeaders() async throws {
        let server = try FakeModelServer(
            Behaviour.answer("A").stating([
                "x-ratelimit-limit-requests": "200", "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "23h59m",
            ]))
        defer { server.stop() }
        try await ModelRun()(server.url) { session, model in
            #expect(await session.results(200, model).answers.count == 200)
        }
        #expect(server.totals.requests == 200)
    }

    @Test(
        "a quota is told from a rate by the time until it is reset",
        arguments: [
            // A request a minute, one of a day, tokens for half a request, and none where enough is left.
            (StatedLimit(name: "", unit: .requests, limit: 60, remaining: 0, refill: 1), nil),
            (StatedLimit(name: "", unit: .requests, limit: 200, remaining: 0, refill: 200.0 / 86_400), 86_400),
            (StatedLimit(name: "", unit: .tokens, limit: 1000, remaining: 40, refill: 0.5), 1920),
            (StatedLimit(name: "", unit: .tokens, limit: 1000, remaining: 200, refill: 0.5), nil),
            (StatedLimit(name: "", unit: .requests, limit: 200, remaining: 1, refill: 0.01), nil),
        ] as [(StatedLimit, Double?)])
    func resets(limit: StatedLimit, seconds: Double?) {
        let reset = limit.reset(refusing: 80)
        #expect((reset == nil) == (seconds == nil))
        #expect(abs((reset ?? 0) - (seconds ?? 0)) < 1e-6)
    }
}

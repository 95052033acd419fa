import FakeModel
import Inference
import Testing

/// Something that a server does wrong, and what the user is told when it does so every time.
struct ServerFault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var behaviour: Behaviour
    var code: InferenceError.Code
    var message: String

    init(_ testDescription: String, _ behaviour: Behaviour, _ code: InferenceError.Code, _ message: String) {
        self.testDescription = testDescription
        self.behaviour = behaviour
        self.code = code
        self.message = message
    }

    /// How long an attempt may take: long, but where that is what is tested.
    var timeout: Duration { code == .timedOut ? .seconds(1) : .seconds(20) }

    static let passing = [
        ServerFault(
            "status 500", .status(500), .rejected,
            "status 500: this fake model answers with status 500 (after"),
        ServerFault("status 408", .status(408, body: ""), .rejected, "status 408 (after"),
        ServerFault("status 409", .status(409, body: "a\n\n  b\u{1B}c"), .rejected, "status 409: a b c (after"),
        ServerFault("status 429", .status(429, body: "slow"), .rejected, "status 429: slow (after"),
        ServerFault(
            "status 503", .status(503, body: String(repeating: "x", count: 999)), .rejected,
            "status 503: \(String(repeating: "x", count: 200))… (after"),
        ServerFault("closes before the head", .drop(.beforeHead), .dropped, "the server closed the connection"),
        ServerFault("closes after the head", .drop(.afterHead), .dropped, "the server closed the connection"),
        ServerFault("closes in the body", .drop(.inBody), .dropped, "the server closed the connection"),
        ServerFault("no HTTP", .garbage, .dropped, "the connection broke"),
        ServerFault("HTML", .malformed(.notJSON), .badReply, "its reply is not valid JSON: "),
        ServerFault("another shape", .malformed(.otherShape), .badReply, "its reply contains no choices: {"),
        ServerFault("no choices", .malformed(.noChoices), .badReply, "its reply contains no choices: {"),
        ServerFault("no text", .malformed(.nullContent), .badReply, "its reply has a message without text: {"),
        ServerFault(
            "an error as an answer", .malformed(.errorObject), .badReply,
            "its reply contains an error instead of choices: the model could not be loaded (after"),
        ServerFault("no UTF-8", .malformed(.invalidUTF8), .badReply, "its reply is not valid JSON: "),
        ServerFault(
            "an endless body", .answer("A").padded(toBytes: 17 << 20), .badReply, "its body has more than 16 MiB"),
        ServerFault("silence", .stall(.beforeHead), .timedOut, "no complete response within 1.0 s"),
        ServerFault("silence after the head", .stall(.afterHead), .timedOut, "no complete response within 1.0 s"),
        ServerFault("silence in the body", .stall(.inBody), .timedOut, "no complete response within 1.0 s"),
        ServerFault(
            "a byte now and then", .answer("A").dripping(every: .milliseconds(50)), .timedOut,
            "no complete response within 1.0 s"),
    ]
}

struct FaultTests {
    private func run(retries: Int = 5, timeout: Duration = .seconds(20)) -> ModelRun {
        ModelRun(overrides: LimitOverrides(timeout: timeout, maxRetries: retries))
    }

    @Test("a failure that may pass is tried again, and the answer counts", arguments: ServerFault.passing)
    func passingFault(_ fault: ServerFault) async throws {
        let server = try FakeModelServer(.answer("A").failing(first: 1, with: fault.behaviour))
        try await run(timeout: fault.timeout)(server.url) { session, model in
            let answer = try await session.text(of: chat("x"), model)
            #expect(answer == "A")
            #expect(session.totalUsage.requests == 2)
            #expect(session.totalUsage.failed == 0)
        }
        #expect(server.totals.requests == 2)
    }

    @Test(
        "a failure that does not pass is told with the model, its URL and what was received",
        arguments: ServerFault.passing)
    func lastingFault(_ fault: ServerFault) async throws {
        let server = try FakeModelServer(fault.behaviour)
        try await run(retries: 1, timeout: fault.timeout)(server.url) { session, model in
            let error = try #require(await session.result(of: chat("x"), model).error)
            #expect(error.code == fault.code)
            #expect(error.message.hasPrefix("model \"m\" at \(server.url): \(fault.message)"))
            #expect(error.message.hasSuffix("(after 2 attempts)"))
            #expect(session.totalUsage.requests == 2)
            #expect(session.totalUsage.failed == 1)
        }
    }

    @Test(
        "what cannot pass is not tried again",
        arguments: [
            (400, ""), (401, "; the model has no API key: name the environment variable that holds it"),
            (403, "; the model has no API key: name the environment variable that holds it"),
            (404, #"; check the URL, and the model's name "m""#), (405, ""),
            (413, "; the request is too long for the server"), (422, ""), (307, ""),
        ])
    func lastingStatus(_ status: Int, advice: String) async throws {
        let server = try FakeModelServer(.status(status, body: "no"))
        try await run()(server.url) { session, model in
            let error = try #require(await session.result(of: chat("x"), model).error)
            #expect(error.code == .rejected)
            #expect(error.status == status)
            #expect(error.message == "model \"m\" at \(server.url): status \(status): no\(advice)")
        }
        #expect(server.totals.requests == 1)
    }

    @Test(
        "a server is left alone for as long as it asks", arguments: [RetryAfter.seconds(1), .date(secondsFromNow: 2)])
    func retryAfter(_ header: RetryAfter) async throws {
        let server = try FakeModelServer(.answer("A").failing(first: 1, with: .status(429, retryAfter: header)))
        try await run(retries: 1)(server.url) { session, model in
            let answer = try await session.text(of: chat("x"), model)
            #expect(answer == "A")
        }
        let times = server.requests.map(\.received)
        #expect(times[1] - times[0] >= .milliseconds(990))
    }

    @Test("a server that is not there fails a run with one clear message")
    func nobodyThere() async throws {
        let server = try FakeModelServer(.answer("A"))
        server.stop()
        try await run()(server.url) { session, model in
            let results = await session.results(50, model)
            let messages = Set(results.filter { $0.error?.code == .unavailable }.compactMap(\.error?.message))
            #expect(messages.count == 1)
            let message = try #require(messages.first)
            #expect(message.hasPrefix("model \"m\" at \(server.url) is not available: "))
            #expect(message.contains(" consecutive connection attempts failed within "))
            #expect(
                message.hasSuffix(
                    "the last one with: connection refused; check the URL, and that the server is running"))
        }
    }

    @Test("a key that is refused is not tried for every row")
    func refusedKey() async throws {
        let server = try FakeModelServer(.status(401))
        try await run()(server.url) { session, model in
            let results = await session.results(500, model)
            #expect(results.failures(.rejected) + results.failures(.unavailable) == 500)
            #expect(results.failures(.rejected) < 20)
        }
    }

    @Test("every row is answered by a server that fails in every way")
    func everything() async throws {
        let server = try FakeModelServer(
            .answer(after: "question").mixed(
                seed: 1,
                with: [
                    (0.05, .status(429, retryAfter: .milliseconds(20))), (0.02, .status(500)),
                    (0.01, .drop(.beforeHead)), (0.01, .drop(.inBody)), (0.01, .stall(.beforeHead)),
                ]))
        try await run(retries: 8, timeout: .seconds(2))(server.url) { session, model in
            let results = await session.results(500, model)
            #expect(Set(results.answers.map(\.text)) == Set((0..<500).map(String.init)))
            #expect(session.totalUsage.answered == 500)
        }
        #expect(server.totals.bodiesAnswered == 500)
        #expect(server.totals.askedAgain == 0)
    }
}

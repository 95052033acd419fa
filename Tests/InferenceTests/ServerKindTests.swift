import FakeModel
import Inference
import Testing

/// What a user gets of one question to a kind of server.
struct KindCase: Sendable, CustomTestStringConvertible {
    var kind: ServerKind
    /// The answer; nil if there is none.
    var text: String?
    var thought = false
    var finish = FinishReason.stop
    var hasCalls = false
    var requests = 1
    /// Members of the request, beside its messages.
    var members = ""
    /// How a failure ends, and what its message holds.
    var code: InferenceError.Code?
    var message = ""
    /// The members that are left out or renamed in the end.
    var adaptations: [String] = []

    var testDescription: String { kind.rawValue }

    init(
        _ kind: ServerKind, _ text: String? = "8", thought: Bool = false, _ finish: FinishReason = .stop,
        hasCalls: Bool = false, requests: Int = 1
    ) {
        (self.kind, self.text, self.thought, self.finish) = (kind, text, thought, finish)
        (self.hasCalls, self.requests) = (hasCalls, requests)
    }

    init(_ kind: ServerKind, _ code: InferenceError.Code, _ message: String, _ members: String = "", requests: Int = 1)
    {
        self.init(kind, nil, requests: requests)
        (self.code, self.message, self.members) = (code, message, members)
    }

    init(_ kind: ServerKind, _ members: String, adaptations: [String]) {
        self.init(kind, requests: adaptations.count + 1)
        (self.members, self.adaptations) = (members, adaptations)
    }

    static let all: [KindCase] = [
        KindCase(.plain), KindCase(.thinkingInText, thought: true), KindCase(.thinkingOpenedByTemplate, thought: true),
        KindCase(.reasoningContent, thought: true), KindCase(.reasoning, thought: true),
        KindCase(.reasoningDetails, thought: true), KindCase(.parts, thought: true), KindCase(.harmony, thought: true),
        KindCase(.nullContentAtLength, "", thought: true, .length),
        KindCase(.emptyContentAtLength, "", thought: true, .length),
        KindCase(.cutOffInThinking, "", thought: true, .length), KindCase(.cutOffAsMaxTokens, "8", .length),
        KindCase(.filteredWithoutMessage, "", .contentFilter), KindCase(.toolCall, "", .toolCalls, hasCalls: true),
        KindCase(.functionCall, "", .toolCalls, hasCalls: true), KindCase(.keepAliveLines),
        KindCase(.errorInChoiceOnce, requests: 2),
        KindCase(
            .errorWithStatus200, .badReply, "contains an error instead of choices: Provider does not take this prompt"),
        KindCase(
            .spentQuota, .unavailable,
            "is not available: status 429: You exceeded your current quota, please check your plan and billing "
                + "details.; the account has no credit left"),
        KindCase(.noCredit, .unavailable, "status 402: Insufficient credits; the account has no credit left"),
        KindCase(.refusedKey, .rejected, "status 401: Incorrect API key provided; the model has no API key"),
        KindCase(.invalidKeyWithStatus400, .rejected, "status 400: API key not valid"),
        KindCase(.flaggedPrompt, .rejected, "Your input was refused"),
        KindCase(.filteredPrompt, .rejected, "; the server's content filter refused the prompt of this row"),
        KindCase(.legalReasons, .rejected, "status 451: Your input cannot be processed for legal reasons"),
        KindCase(.responsesOnly, .unavailable, #"; set "api": "responses" in the model's configuration"#),
        KindCase(.unknownModel, .rejected, "The model `fake` does not exist; check the URL, and the model's name"),
        KindCase(.tooLongForContext, .rejected, "shorten the prompt or lower max_tokens", #", "max_tokens": 9"#),
        KindCase(
            .refusesTemperatureAndMaxTokens, #", "temperature": 0, "max_tokens": 9"#,
            adaptations: ["max_tokens is sent to m as max_completion_tokens", "temperature is not sent to m"]),
        KindCase(
            .refusesTemperature, #", "temperature": 0.5, "top_p": 1"#, adaptations: ["temperature is not sent to m"]),
        KindCase(.refusesSeed, #", "seed": 1"#, adaptations: ["seed is sent to m as random_seed"]),
        KindCase(.refusesSeedByName, #", "seed": 1"#, adaptations: ["seed is not sent to m"]),
        KindCase(
            .refusesTopPBesideTemperature, #", "temperature": 0.5, "top_p": 0.9"#,
            adaptations: ["top_p is not sent to m"]),
        // Without it the reply might be of another form: a user has to say so.
        KindCase(
            .refusesResponseFormat, .rejected,
            #"set "response_format": null in the function's params, or "parameters": {"drop": ["response_format"]}"#,
            #", "response_format": {"type": "json_object"}"#),
    ]
}

@Suite("Each kind of server in the field")
struct ServerKindTests {
    @Test("every kind has a case")
    func complete() {
        #expect(Set(KindCase.all.map(\.kind)) == Set(ServerKind.allCases))
    }

    @Test(
        "one question gets its answer, or a failure that says what to do, and is not paid for twice",
        arguments: KindCase.all)
    func kinds(_ example: KindCase) async throws {
        let thought = "Perhaps 3."
        let server = try FakeModelServer(
            .server(example.kind, answering: "8", thinking: thought).reporting(.fixed(input: 100, output: 2000)))
        try await ModelRun()(server.url) { session, model in
            let result = await session.result(of: chat("x", example.members), model)
            let usage = session.totalUsage
            if let code = example.code {
                let error = try #require(result.error)
                #expect(error.code == code)
                #expect(error.message.contains(example.message), "\(error.message)")
                #expect(usage.outputTokens == 0)
                #expect(code == .unavailable ? usage.failed + usage.notAsked == 1 : usage.failed == 1)
            } else {
                let reply = try result.get()
                #expect(reply.text == example.text)
                #expect(reply.reasoning == (example.thought ? thought : nil))
                #expect((reply.toolCalls?.contains("get_weather") ?? false) == example.hasCalls)
                #expect(reply.finish == example.finish)
                // The answer that was an error has tokens of its own, which may be counted too.
                #expect(example.kind == .errorInChoiceOnce ? usage.outputTokens >= 2000 : usage.outputTokens == 2000)
                #expect(usage.failed == 0)
            }
            #expect(usage.requests == example.requests)
            #expect(usage.adaptations.sorted().map(\.sentence) == example.adaptations)
        }
        #expect(server.totals.requests == example.requests)
        #expect(server.totals.askedAgain == 0)
    }

    @Test(
        "prompts that are refused cost their rows, be they the first and many (case 16)",
        arguments: [ServerKind.flaggedPrompt, .filteredPrompt, .legalReasons])
    func refusedPrompts(_ kind: ServerKind) async throws {
        let server = try FakeModelServer(
            .choosing { request in
                (request.prompt ?? "").hasSuffix("0") || request.number <= 20
                    ? .server(kind, answering: "", thinking: "") : .answer("8")
            })
        try await ModelRun()(server.url) { session, model in
            let results = await session.results(60, model)
            #expect(results.failures(.unavailable) == 0)
            #expect(results.answers.count + results.failures(.rejected) == 60)
            #expect(results.failures(.rejected) >= 20)
        }
        #expect(server.totals.requests == 60)
    }

    @Test(
        "an account without credit ends a run after the requests under way (case 15)",
        arguments: [ServerKind.spentQuota, .noCredit])
    func spentAccount(_ kind: ServerKind) async throws {
        let server = try FakeModelServer(.server(kind, answering: "", thinking: ""))
        try await ModelRun()(server.url) { session, model in
            let results = await session.results(300, model)
            #expect(results.failures(.unavailable) == 300)
        }
        #expect(server.totals.requests <= 8)
    }
}

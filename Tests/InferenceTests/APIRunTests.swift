import FakeModel
import Inference
import JSON
import Store
import Synchronization
import Testing

/// What was logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Models behind each API, streamed or not, from the configuration to the reply.
struct APIRunTests {
    private func run(_ api: ModelAPI, isStreaming: Bool = false, retries: Int = 2) -> ModelRun {
        var run = ModelRun(variables: ["KEY": "sk-secret-0123456789"])
        run.configuration.api = api
        run.configuration.isStreaming = isStreaming
        run.configuration.apiKeyVariable = "KEY"
        run.configuration.limits.maxRetries = retries
        return run
    }

    @Test("a chat is answered through each API, streamed or not", arguments: ModelAPI.allCases, [false, true])
    func answer(_ api: ModelAPI, _ isStreaming: Bool) async throws {
        let server = try FakeModelServer(.answer("Größe: 3 € 👍").reporting(.fixed(input: 7, output: 9)))
        defer { server.stop() }
        try await run(api, isStreaming: isStreaming)(server.url) { session, model in
            let reply = try await session.ask(chat("2+2?", #", "max_tokens": 50"#), of: model, for: "f")
            #expect(reply.text == "Größe: 3 € 👍")
            #expect(reply.finish == .stop)
            #expect(reply.usage == TokenUsage(input: 7, output: 9))
            let json = try JSONValue(parsing: reply.response)
            #expect(json["choices"]?.array?.first?["message"]?["content"] == "Größe: 3 € 👍")
            #expect(json["choices"]?.array?.first?["finish_reason"] == "stop")
        }
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.prompt == "2+2?")
        let paths: [ModelAPI: String] = [
            .chat: "/v1/chat/completions", .completions: "/v1/completions", .responses: "/v1/responses",
            .anthropic: "/v1/messages",
        ]
        #expect(request.path == paths[api])
        #expect(request.header("Authorization") == (api == .anthropic ? nil : "Bearer sk-secret-0123456789"))
        #expect(request.header("x-api-key") == (api == .anthropic ? "sk-secret-0123456789" : nil))
        #expect(request.header("anthropic-version") == (api == .anthropic ? "2023-06-01" : nil))
    }

    @Test(
        "a reply is kept and read again, whatever the API, and not taken for another API's",
        arguments: ModelAPI.allCases)
    func cache(_ api: ModelAPI) async throws {
        let folder = try TemporaryFolder()
        let cache = try ReplyCache(folder: folder.path)
        let server = try FakeModelServer(.answer("4"))
        defer { server.stop() }
        for isStreaming in [true, false] {
            var run = run(api, isStreaming: isStreaming)
            run.cache = cache
            try await run(server.url) { session, model in
                let reply = try await session.ask(chat("2+2?"), of: model, for: "f")
                #expect(reply.text == "4")
                #expect(reply.isCached == !isStreaming)
                let json = try JSONValue(parsing: reply.response)
                #expect(json["choices"]?.array?.first?["message"]?["content"] == "4")
            }
        }
        #expect(server.totals.requests == 1)
        var other = run(api == .chat ? .responses : .chat)
        other.cache = cache
        _ = try await other(server.url) { session, model in try await session.text(of: chat("2+2?"), model) }
        #expect(server.totals.requests == 2)
    }

    @Test(
        "a stream that breaks off is asked for again, and no part of it is the answer",
        arguments: [StopPoint.beforeHead, .afterHead, .inBody], ModelAPI.allCases)
    func brokenStream(_ point: StopPoint, _ api: ModelAPI) async throws {
        let server = try FakeModelServer(.sequence([.drop(point), .answer("Answer: B")]))
        defer { server.stop() }
        try await run(api, isStreaming: true)(server.url) { session, model in
            let text = try await session.text(of: chat("2+2?"), model)
            #expect(text == "Answer: B")
        }
        #expect(server.totals.requests == 2)
    }

    @Test("a stream that ends like any other but before its answer does is a dropped connection")
    func endedStream() async throws {
        let stream = #"data: {"choices": [{"delta": {"content": "Answer: A"}}]}"# + "\n\n"
        let server = try FakeModelServer(.events(stream))
        defer { server.stop() }
        try await run(.chat, isStreaming: true, retries: 1)(server.url) { session, model in
            let result = await session.result(of: chat("2+2?"), model)
            let error = try #require(result.error)
            #expect(error.code == .dropped)
            #expect(error.message.contains("the stream ended before the reply was complete (after 2 attempts)"))
        }
    }

    @Test("an error in the middle of a stream is told in the server's words")
    func errorInStream() async throws {
        let stream =
            #"data: {"choices": [{"delta": {"content": "Answer: A"}}]}"# + "\n\n"
            + #"data: {"error": {"message": "the provider is gone", "code": 502}}"# + "\n\ndata: [DONE]\n\n"
        let server = try FakeModelServer(.events(stream))
        defer { server.stop() }
        try await run(.chat, isStreaming: true, retries: 0)(server.url) { session, model in
            let result = await session.result(of: chat("2+2?"), model)
            let error = try #require(result.error)
            #expect(error.message.contains("the provider is gone"))
        }
    }

    @Test("a stream that its server does not end is used as soon as nothing more comes")
    func hangingStream() async throws {
        let text =
            #"data: {"choices": [{"delta": {"content": "B"}, "finish_reason": "stop"}]}"# + "\n\ndata: [DONE]\n\n"
        // The second half is spaces, which are no event.
        let server = try FakeModelServer(
            .events(text).padded(toBytes: text.utf8.count * 2 + 2).stalling(.inBody))
        defer { server.stop() }
        var run = run(.chat, isStreaming: true, retries: 0)
        run.overrides = LimitOverrides(timeout: .milliseconds(300))
        try await run(server.url) { session, model in
            let text = try await session.text(of: chat("2+2?"), model)
            #expect(text == "B")
        }
    }

    @Test("the time limit of a stream counts from its last byte")
    func slowStream() async throws {
        let stream = #"data: {"choices":[{"delta":{"content":"B"},"finish_reason":"stop"}]}"# + "\n\n"
        // About 70 bytes: well over the limit in all, never between two bytes.
        let server = try FakeModelServer(.events(stream).dripping(every: .milliseconds(30)))
        defer { server.stop() }
        var run = run(.chat, isStreaming: true, retries: 0)
        run.overrides = LimitOverrides(timeout: .seconds(1))
        try await run(server.url) { session, model in
            let text = try await session.text(of: chat("2+2?"), model)
            #expect(text == "B")
        }
    }

    @Test("a server that does not stream is understood all the same")
    func noStream() async throws {
        let server = try FakeModelServer(.status(200, body: #"{"choices": [{"message": {"content": "B"}}]}"#))
        defer { server.stop() }
        try await run(.chat, isStreaming: true)(server.url) { session, model in
            let text = try await session.text(of: chat("2+2?"), model)
            #expect(text == "B")
        }
    }

    @Test("cancelling closes the stream")
    func cancellation() async throws {
        let server = try FakeModelServer(.stall(.inBody))
        defer { server.stop() }
        try await run(.chat, isStreaming: true)(server.url) { session, model in
            let task = Task { await session.result(of: chat("2+2?"), model) }
            while server.totals.inFlight == 0 { await Task.yield() }
            task.cancel()
            #expect(await task.value.error?.code == .cancelled)
            while server.totals.inFlight > 0 { await Task.yield() }
            #expect(server.totals.abandoned == 1)
        }
    }

    @Test(
        "a prompt that its server cut is told once for the model, and counted",
        arguments: [(2000, true), (6000, false), (0, false)])
    func cutPrompt(_ counted: Int, _ isCut: Bool) async throws {
        let server = try FakeModelServer(.answer("B").reporting(.fixed(input: counted, output: 1)))
        defer { server.stop() }
        let lines = LogLines()
        var run = run(.chat)
        run.log = { lines.add($0) }
        let text = String(repeating: "The quick brown fox. ", count: 1500)
        try await run(server.url) { session, model in
            _ = await session.results([chat(text + "1"), chat(text + "2")], model)
            #expect(session.totalUsage.cutPrompts == (isCut ? 2 : 0))
        }
        #expect(lines.all.count(where: { $0.contains("OLLAMA_CONTEXT_LENGTH") }) == (isCut ? 1 : 0))
    }

    @Test(
        "what cannot be told to be cut is not",
        arguments: [
            #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "LONG"}, {"type": "image_url"}]}]}"#,
            #"{"messages": [{"role": "user", "content": "short"}]}"#,
            #"{"messages": [{"role": "user", "content": "SPACES"}]}"#,
        ])
    func uncutPrompt(_ body: String) async throws {
        let server = try FakeModelServer(.answer("B").reporting(.fixed(input: 100, output: 1)))
        defer { server.stop() }
        let long = String(repeating: "The quick brown fox. ", count: 1500)
        var body = body
        for (place, text) in [("LONG", long), ("SPACES", String(repeating: " ", count: 30_000))] {
            if let range = body.firstRange(of: place) { body.replaceSubrange(range, with: text) }
        }
        let request = InferenceRequest(body: body)
        try await run(.chat)(server.url) { session, model in
            _ = try await session.ask(request, of: model, for: "f")
            #expect(session.totalUsage.cutPrompts == 0)
        }
    }
}

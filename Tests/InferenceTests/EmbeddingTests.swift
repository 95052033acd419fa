import FakeModel
import Inference
import JSON
import Store
import Synchronization
import Testing

@Suite("Texts are embedded once")
struct EmbeddingTests {
    /// The texts that a server was sent, request by request.
    private static func inputs(_ server: FakeModelServer) -> [[String]] {
        server.requests.map { request in
            (try? JSONValue(parsing: request.body))?["input"]?.array?.compactMap(\.string) ?? []
        }
    }

    /// Embeds a text as its length, and -0.1.
    private static let lengths = Behaviour.choosing { request in
        let input = (try? JSONValue(parsing: request.body))?["input"]?.array?.compactMap(\.string) ?? []
        // In another order than that of the texts.
        let data = input.indices.reversed().map { index in
            "{\"index\": \(index), \"embedding\": [\(input[index].utf8.count), -0.1]}"
        }
        let usage = "{\"prompt_tokens\": \(input.count), \"total_tokens\": \(input.count)}"
        return Behaviour.status(200, body: "{\"data\": [\(data.joined(separator: ", "))], \"usage\": \(usage)}")
            .delayed(by: .milliseconds(20))
    }

    @Test("several texts go into one request, each once, and vectors are in their order")
    func together() async throws {
        let server = try FakeModelServer(Self.lengths)
        try await ModelRun()(server.url) { session, model in
            let vectors = try await session.embed(["aa", "b", "aa", "e\u{301}", "\u{e9}"], of: model, for: "f")
            #expect(vectors == [[2, -0.1], [1, -0.1], [2, -0.1], [3, -0.1], [2, -0.1]])
            #expect(try await session.embed(["b", "cccc"], of: model, for: "f") == [[1, -0.1], [4, -0.1]])
            let usage = session.usage(for: "f")
            #expect(usage.requests == 2 && usage.answered == 2 && usage.inputTokens == 5 && usage.outputTokens == 0)
        }
        #expect(Self.inputs(server) == [["aa", "b", "e\u{301}", "\u{e9}"], ["cccc"]])
    }

    @Test("callers that want the same text at once share it")
    func shared() async throws {
        let server = try FakeModelServer(Self.lengths)
        try await ModelRun()(server.url) { session, model in
            await withTaskGroup { group in
                for row in 0..<60 {
                    group.addTask {
                        let texts = ["t\(row % 3)", "u\(row % 5)", "all"]
                        let vectors = try? await session.embed(texts, of: model, for: "f")
                        #expect(vectors == texts.map { [Double($0.utf8.count), -0.1] })
                    }
                }
            }
        }
        #expect(Self.inputs(server).joined().sorted() == ["all", "t0", "t1", "t2", "u0", "u1", "u2", "u3", "u4"])
    }

    @Test("the cache has each text by itself, so that a later run with other batches sends nothing")
    func cached() async throws {
        let server = try FakeModelServer(Self.lengths)
        let folder = try TemporaryFolder()
        for texts in [["a", "bb", "ccc"], ["ccc"], ["bb", "a"]] {
            var run = ModelRun()
            run.cache = try ReplyCache(folder: folder.path)
            try await run(server.url) { session, model in
                let vectors = try await session.embed(texts, of: model, for: "f")
                #expect(vectors == texts.map { [Double($0.utf8.count), -0.1] })
                #expect(session.totalUsage.cached == (texts.count == 3 ? 0 : texts.count))
            }
        }
        #expect(server.totals.requests == 1)
    }

    @Test("many texts go into several requests")
    func many() async throws {
        let server = try FakeModelServer(Self.lengths)
        let texts = (0..<600).map { "text \($0)" } + [String(repeating: "x", count: 300_000)]
        try await ModelRun()(server.url) { session, model in
            let vectors = try await session.embed(texts, of: model, for: "f")
            #expect(vectors.count == 601)
        }
        #expect(Self.inputs(server).map(\.count) == [256, 256, 88, 1])
    }

    @Test("a failure is not kept: who waits asks again")
    func failure() async throws {
        let server = try FakeModelServer(
            .choosing { $0.number == 1 ? .status(400, body: "{\"error\": {\"message\": \"no\"}}") : Self.lengths })
        try await ModelRun()(server.url) { session, model in
            let results = await withTaskGroup { group in
                for _ in 0..<4 { group.addTask { (try? await session.embed(["a"], of: model, for: "f"))?[0] } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == [1, -0.1] } == 3)
        }
        #expect(server.totals.requests == 2)
    }

    @Test(
        "a reply without a vector for each text is none",
        arguments: [
            #"{"data": [{"index": 0, "embedding": [1]}]}"#, #"{"data": []}"#,
            #"{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}"#,
            #"{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": ["x"]}]}"#,
        ])
    func broken(body: String) async throws {
        let server = try FakeModelServer(.status(200, body: body))
        var run = ModelRun()
        run.overrides.maxRetries = 0
        try await run(server.url) { session, model in
            let error = await #expect(throws: InferenceError.self) {
                try await session.embed(["a", "b"], of: model, for: "f")
            }
            #expect(error?.code == .badReply)
        }
    }

    @Test("a budget stops them")
    func budget() async throws {
        let server = try FakeModelServer(Self.lengths)
        var run = ModelRun()
        run.limits.maxRequests = 1
        try await run(server.url) { session, model in
            _ = try await session.embed(["a"], of: model, for: "f")
            let error = await #expect(throws: InferenceError.self) {
                try await session.embed(["b"], of: model, for: "f")
            }
            #expect(error?.code == .notAsked)
        }
        #expect(server.totals.requests == 1)
    }
}

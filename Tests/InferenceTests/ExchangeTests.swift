import FakeModel
import Inference
import Testing

struct ExchangeTests {
    @Test("a request is sent as OpenAI's API wants it, with the model's headers")
    func request() async throws {
        let server = try FakeModelServer(.answer("8").reporting(.fixed(input: 21, output: 2)))
        let run = ModelRun(
            variables: ["KEY": "sk-0123456789"],
            configuration: ModelConfiguration(
                id: "m", url: "", model: "org/\"M\"", apiKeyVariable: "KEY",
                headers: [.init(name: "X-Team", value: .literal("evals"))]))
        let reply = try await run(server.url) { session, model in
            let reply = try await session.ask(chat("question"), of: model, for: "f")
            #expect(session.usage(for: "f") == session.totalUsage)
            #expect(session.totalUsage.requests == 1)
            #expect(session.totalUsage.answered == 1)
            #expect(session.totalUsage.inputTokens == 21)
            #expect(session.totalUsage.outputTokens == 2)
            #expect(session.totalUsage.cost == nil)
            #expect(session.usage(for: "g") == ModelUsage())
            return reply
        }
        #expect(reply.text == "8")
        #expect(reply.usage == TokenUsage(input: 21, output: 2))
        #expect(!reply.isCached)
        let received = try #require(server.requests.first)
        #expect(received.path == "/v1/chat/completions")
        #expect(
            received.body == #"{"model": "org/\"M\"", "messages": [{"role": "user", "content": "question"}]}"#)
        for (name, value) in [
            ("Authorization", "Bearer sk-0123456789"), ("X-Team", "evals"), ("Content-Type", "application/json"),
            ("User-Agent", "assay/test"), ("Content-Length", "\(received.body.utf8.count)"),
        ] {
            #expect(received.header(name) == value)
        }
        #expect(received.header("Transfer-Encoding") == nil)
    }

    @Test("completions and embeddings have paths of their own")
    func operations() async throws {
        let server = try FakeModelServer(.answer("text"))
        try await ModelRun()(server.url) { session, model in
            let completion = InferenceRequest(operation: .completion, body: #"{"prompt": "x"}"#)
            let answer = try await session.text(of: completion, model)
            #expect(answer == "text")
            let embedding = InferenceRequest(operation: .embedding, body: #"{"input": ["x", "y"]}"#)
            let reply = try await session.ask(embedding, of: model, for: "f")
            #expect(reply.text == "")
            #expect(reply.embeddings()?.count == 2)
        }
        #expect(server.requests.map(\.path) == ["/v1/completions", "/v1/embeddings"])
    }

    @Test("a body that is no JSON object is not sent")
    func invalidRequest() async throws {
        let server = try FakeModelServer(.answer("A"))
        try await ModelRun()(server.url) { session, model in
            let error = await session.result(of: InferenceRequest(body: "[]"), model).error
            #expect(error?.code == .invalidRequest)
        }
        #expect(server.totals.requests == 0)
    }

    @Test("an answer of a megabyte, with NUL and emoji, arrives as it was sent")
    func largeAnswer() async throws {
        let text = String(repeating: "{\"%s\"}\0😀\n", count: 80_000)
        let server = try FakeModelServer(.answer(text))
        try await ModelRun()(server.url) { session, model in
            let answer = try await session.text(of: chat("x"), model)
            #expect(answer == text)
        }
    }

    @Test("connections are kept for later requests")
    func keepAlive() async throws {
        let server = try FakeModelServer(.answer("A"))
        try await ModelRun()(server.url) { session, model in
            for number in 0..<20 { _ = try await session.ask(chat("\(number)"), of: model, for: "f") }
        }
        // A request that follows at once may come before the connection of the last one is back.
        #expect(server.totals.connections <= 5)
    }

    @Test("a server with a certificate that is trusted is asked over HTTP/2")
    func http2() async throws {
        let folder = try TemporaryFolder()
        try folder.write(certificate, to: "certificate.pem")
        try folder.write(certificateKey, to: "key.pem")
        let server = try FakeModelServer(
            .answer("A"), tls: .init(certificate: folder.path + "/certificate.pem", key: folder.path + "/key.pem"))
        let run = ModelRun(variables: ["SSL_CERT_FILE": folder.path + "/certificate.pem"])
        try await run(server.url) { session, model in
            #expect(await session.results(100, model).answers.count == 100)
        }
        #expect(server.totals.overHTTP2 == 100)
        #expect(server.totals.connections == 1)

        try await ModelRun(overrides: LimitOverrides(maxRetries: 0))(server.url) { session, model in
            let error = await session.result(of: chat("x"), model).error
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("a secure connection could not be made") == true)
        }
        try await ModelRun(variables: ["SSL_CERT_FILE": "/nowhere"])(server.url) { session, model in
            let error = #expect(throws: InferenceError.self) { try session.check(model) }
            #expect(error?.message.contains("SSL_CERT_FILE names /nowhere, which contains no readable") == true)
        }
    }

    @Test("a proxy of the environment is asked for the connection, with its password")
    func proxy() async throws {
        let server = try FakeModelServer(.answer("A"))
        let proxy = try FakeProxy()
        let address = "me:pa%3Ass@" + proxy.url.dropFirst("http://".count)
        try await ModelRun(variables: ["http_proxy": address])(server.url) { session, model in
            let answer = try await session.text(of: chat("x"), model)
            #expect(answer == "A")
        }
        #expect(proxy.requests.map(\.target) == ["127.0.0.1:\(server.port)"])
        #expect(proxy.requests.first?.authorization == "Basic bWU6cGE6c3M=")

        try await ModelRun(variables: ["http_proxy": address, "no_proxy": "127.0.0.1"])(server.url) { session, model in
            let answer = try await session.text(of: chat("y"), model)
            #expect(answer == "A")
        }
        #expect(proxy.requests.count == 1)
    }
}

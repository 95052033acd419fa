import FakeModel
import Glibc
import Inference
import JSON
import Synchronization
import Testing

/// A stream of events that Llama Stack 0.2.23 sent for a turn. Identifiers and times are others.
private func recording(_ name: String) throws -> String {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let file = try #require(fopen("/\(folder)/Data/\(name).txt", "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return String(decoding: bytes, as: UTF8.self)
}

private func event(_ payload: String) -> String { "data: {\"event\":{\"payload\":\(payload)}}\n\n" }

struct AgentFaultTests {
    private func run(retries: Int = 5, timeout: Duration = .seconds(20)) -> ModelRun {
        ModelRun(asksAgents: true, overrides: LimitOverrides(timeout: timeout, maxRetries: retries))
    }

    /// A server whose turns go as `behaviour` says, while agents and sessions are created.
    private func server(turns behaviour: Behaviour) throws -> FakeModelServer {
        try FakeModelServer(.choosing { $0.path.hasSuffix("/turn") ? behaviour : .answer("") })
    }

    /// Faults of a stream of events that may pass, and what the user is told where they do not.
    static let ofEvents: [ServerFault] = [
        ServerFault("cut in the middle", .drop(.inBody), .dropped, "the server closed the connection"),
        ServerFault("ends early", .malformed(.noChoices), .dropped, "the stream of events ended before the turn was"),
        ServerFault(
            "an error event", .malformed(.errorObject), .rejected,
            "the turn failed: 500: Internal server error: An unexpected error occurred. (after"),
        ServerFault(
            "an error event without a status", .status(200, body: "data: {\"error\": \"no\"}\n\n"), .rejected,
            "the turn failed: no (after"),
        ServerFault(
            "an error event of overload",
            .status(200, body: "data: {\"error\": {\"message\": \"429: busy\"}}\n\n"), .rejected,
            "the turn failed: 429: busy (after"),
        ServerFault("an event of garbage", .malformed(.notJSON), .badReply, "its reply has an event that is not valid"),
        ServerFault("no UTF-8", .malformed(.invalidUTF8), .badReply, "its reply has an event that is not valid"),
        ServerFault("no events", .malformed(.otherShape), .badReply, "its reply contains no events of a turn: {"),
        ServerFault("no answer", .malformed(.nullContent), .badReply, "its reply has a turn without an answer: "),
        ServerFault(
            "an event without end", .answer("A").padded(toBytes: 17 << 20), .badReply, "its body has more than 16 MiB"),
        ServerFault("silence in the middle", .stall(.inBody), .timedOut, "no complete response within 1.0 s"),
    ]

    /// Faults of any response, which every operation tells alike.
    static let ofResponses: [ServerFault] = [
        ServerFault("status 500", .status(500), .rejected, ""),
        ServerFault("status 429", .status(429, retryAfter: .milliseconds(20)), .rejected, ""),
        ServerFault("closes before the head", .drop(.beforeHead), .dropped, ""),
        ServerFault("no HTTP", .garbage, .dropped, ""),
        ServerFault("a byte now and then", .answer("A").dripping(every: .milliseconds(50)), .timedOut, ""),
    ]

    @Test(
        "a turn that fails in a way that may pass is taken again, in a session of its own",
        arguments: ofEvents + ofResponses)
    func passingFault(_ fault: ServerFault) async throws {
        let server = try server(turns: .answer("A").failing(first: 1, with: fault.behaviour))
        try await run(timeout: fault.timeout)(server.url) { session, model in
            let answer = try await session.text(of: turn("x"), model)
            #expect(answer == "A")
            #expect(session.totalUsage.requests == 2)
        }
        let turns = server.requests.filter { $0.path.hasSuffix("/turn") }
        #expect(Set(turns.map(\.path)).count == 2)
        #expect(server.requests.count { $0.path.hasSuffix("/agents") } == 1)
    }

    @Test("nothing stays on the server of a turn that failed", arguments: ofEvents + ofResponses)
    func leftSessions(_ fault: ServerFault) async throws {
        let server = try server(turns: fault.behaviour)
        try await run(retries: 1, timeout: fault.timeout)(server.url) { session, model in
            _ = await session.result(of: turn("x"), model)
        }
        #expect(server.livingAgents == (agents: 0, sessions: 0))
        // A session that is deleted is not deleted again.
        let deletions = server.requests.filter { $0.method == "DELETE" }.map(\.path)
        #expect(Set(deletions).count == deletions.count)
    }

    @Test("nothing stays on the server of a turn that was cancelled")
    func cancelledTurn() async throws {
        let server = try server(turns: .stall(.beforeHead))
        try await run()(server.url) { session, model in
            let task = Task { await session.result(of: turn("x"), model) }
            while !server.requests.contains(where: { $0.path.hasSuffix("/turn") }) {
                try await Task.sleep(for: .milliseconds(1))
            }
            task.cancel()
            #expect(await task.value.error?.code == .cancelled)
        }
        #expect(server.livingAgents == (agents: 0, sessions: 0))
    }

    @Test("a failure of turns is told with the URL of the server and what was received", arguments: ofEvents)
    func lastingFault(_ fault: ServerFault) async throws {
        let server = try server(turns: fault.behaviour)
        try await run(retries: 1, timeout: fault.timeout)(server.url) { session, model in
            let error = try #require(await session.result(of: turn("x"), model).error)
            #expect(error.code == fault.code)
            #expect(error.message.hasPrefix("the agents' server at \(server.url): \(fault.message)"))
            #expect(error.message.hasSuffix("(after 2 attempts)"))
        }
    }

    @Test(
        "an agent or a session that cannot be created is tried again, by one for all",
        arguments: ["agents", "session"],
        [
            Behaviour.status(500), .status(429, retryAfter: .milliseconds(20)), .drop(.inBody), .garbage,
            .malformed(.otherShape), .malformed(.notJSON),
        ])
    func creation(component: String, fault: Behaviour) async throws {
        let isFirst = Mutex(true)
        let server = try FakeModelServer(
            .choosing { request in
                guard request.method == "POST", request.path.hasSuffix("/" + component) else { return .answer("A") }
                return isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst ? fault : .answer("A")
                }
            })
        try await run()(server.url) { session, model in
            #expect(await session.results((0..<8).map { turn("row \($0)") }, model).answers.count == 8)
        }
        #expect(server.requests.count { $0.path.hasSuffix("/agents") } == (component == "agents" ? 2 : 1))
    }

    @Test("a configuration that the server does not take fails each row with what it said, and is not tried again")
    func badConfiguration() async throws {
        let body = #"{"error":{"detail":{"errors":[{"loc":["body","agent_config","model"],"msg":"Field required"}]}}}"#
        let server = try FakeModelServer(.status(400, body: body))
        try await run()(server.url) { session, model in
            let error = try #require(await session.result(of: turn("x"), model).error)
            #expect(error.code == .rejected)
            #expect(
                error.message
                    == "the agents' server at \(server.url): status 400: body.agent_config.model: Field required")
        }
        #expect(server.totals.requests == 1)
    }

    @Test("a server without agents, or one that wants another key, is not asked for every row", arguments: [404, 401])
    func noAgents(status: Int) async throws {
        let server = try FakeModelServer(.status(status, body: "no"))
        try await run()(server.url) { session, model in
            let results = await session.results((0..<200).map { turn("row \($0)") }, model)
            #expect(results.failures(.rejected) + results.failures(.unavailable) == 200)
            let message = try #require(results.compactMap(\.error).first { $0.code == .rejected }?.message)
            #expect(
                message.hasSuffix(
                    status == 404
                        ? "; check that the URL is that of a server with an agents API"
                        : "; it has no API key: name the environment variable that holds it"))
        }
        #expect(server.totals.requests < 20)
    }

    @Test(
        "what Llama Stack sends is read",
        arguments: [
            ("turn", "La femme de France, le Grand Croix, est le premier cité de la France, le premier cité"),
            ("turn-with-retrieval", "The lighthouse of Vendel was built in 1874."),
        ])
    func recordedTurn(name: String, answer: String) async throws {
        let server = try server(turns: .status(200, body: try recording(name)))
        try await run(retries: 0)(server.url) { session, model in
            let reply = try await session.ask(turn("x"), of: model, for: "f")
            #expect(reply.text == answer)
            let response = try JSONValue(parsing: reply.response)
            #expect(response["output_message"]?["content"] == .string(answer))
        }
    }

    @Test("a turn that Llama Stack could not end is told with the reason, and not taken again")
    func recordedFailures() async throws {
        for (name, code, message) in [
            (
                "turn-awaiting-input", InferenceError.Code.badReply,
                "the turn ended with a call of calculator instead of an answer: either the tool must run on the "
                    + "client, or max_infer_iters is too low"
            ),
            (
                "turn-unknown-model", .rejected,
                "the turn failed: 404: Model 'nomodel' not found. Use 'client.models.list()' to list available Models."
            ),
        ] {
            let server = try server(turns: .status(200, body: try recording(name)))
            try await run()(server.url) { session, model in
                let error = try #require(await session.result(of: turn("x"), model).error)
                #expect(error.code == code)
                #expect(error.message == "the agents' server at \(server.url): \(message)")
            }
            #expect(server.requests.count { $0.path.hasSuffix("/turn") } == 1)
        }
    }

    @Test(
        "events are read in every form that the standard allows",
        arguments: [
            ("\r\n", "data: "), ("\r", "data:"), ("\n", ": heartbeat\nid: 7\nevent: turn\ndata: "),
        ])
    func eventForms(lineEnd: String, start: String) async throws {
        // One event, of several lines of data; a member that is not known does not matter, nor does the type of an item.
        let lines = [
            #"{"event": {"payload": {"event_type": "turn_complete", "more": [1.50],"#, #""turn": {"output_message":"#,
            #"{"content": [{"type": "text", "text": "A"}, {"type": "image", "image": {}}, "B"]}}}}}"#,
        ]
        let text = lines.map { start + $0 + "\n" }.joined() + "\n"
        let unknown = event(#"{"event_type": "step_thought"}"#)
        let body = (unknown + text).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineEnd)
        let server = try server(turns: .status(200, body: body))
        try await run(retries: 0)(server.url) { session, model in
            let answer = try await session.text(of: turn("x"), model)
            #expect(answer == "A B")
        }
    }

    @Test("a secret that the agent repeats does not reach anybody")
    func secrets() async throws {
        let server = try server(turns: .answer("the key is sk-0123456789"))
        var run = run()
        run.variables = ["KEY": "sk-0123456789"]
        run.configuration.apiKeyVariable = "KEY"
        try await run(server.url) { session, model in
            let reply = try await session.ask(turn("x"), of: model, for: "f")
            #expect(reply.text == "the key is [redacted]")
            #expect(!reply.response.contains("sk-0123456789"))
        }
    }
}

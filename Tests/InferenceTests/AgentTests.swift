import FakeModel
import Inference
import JSON
import Store
import Synchronization
import Testing

extension FakeModelServer {
    /// How many requests there were, by what they were for.
    fileprivate var agentTraffic: [String: Int] {
        let kinds = requests.map { request in
            request.method == "POST" ? String(request.path.split(separator: "/").last ?? "") : "deletion"
        }
        return kinds.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}

extension Behaviour {
    /// The same for all but what is asked of the path's last component, which is treated otherwise.
    fileprivate func failing(at component: String, first count: Int, with failure: Behaviour) -> Behaviour {
        let left = Mutex(count)
        return .choosing { request in
            guard request.method == "POST", request.path.hasSuffix("/" + component) else { return self }
            return left.withLock { left in
                left -= 1
                return left >= 0 ? failure : self
            }
        }
    }
}

struct AgentTests {
    private func run(retries: Int = 5, timeout: Duration = .seconds(20), cache: ReplyCache? = nil) -> ModelRun {
        ModelRun(
            asksAgents: true, overrides: LimitOverrides(timeout: timeout, maxRetries: retries), cache: cache)
    }

    @Test("an agent is created, gets a session and takes its turn there, and nothing stays of it")
    func oneTurn() async throws {
        let server = try FakeModelServer(.answer("8").retrieving("It is 8."))
        var run = run()
        run.variables = ["KEY": "sk-0123456789"]
        run.configuration.apiKeyVariable = "KEY"
        let reply = try await run(server.url) { session, model in
            try session.check(model)
            let reply = try await session.ask(turn("What is it?"), of: model, for: "f")
            #expect(session.totalUsage.requests == 1)
            #expect(session.totalUsage.answered == 1)
            #expect(server.livingAgents == (agents: 1, sessions: 0))
            return reply
        }
        #expect(server.livingAgents == (agents: 0, sessions: 0))
        #expect(reply.text == "8")
        let steps = try JSONValue(parsing: reply.response)["steps"]?.array
        #expect(steps?.compactMap { $0["step_type"]?.string } == ["inference", "tool_execution", "inference"])
        let requests = server.requests
        #expect(
            requests.map { "\($0.method) \($0.path)" } == [
                "POST /v1/agents", "POST /v1/agents/agent-1/session",
                "POST /v1/agents/agent-1/session/session-2/turn", "DELETE /v1/agents/agent-1/session/session-2",
                "DELETE /v1/agents/agent-1",
            ])
        #expect(
            requests[0].body
                == #"{"agent_config": {"model": "m", "instructions": "You are one.", "toolgroups": ["builtin::rag"]}}"#)
        #expect(requests[2].body == #"{"messages": [{"role": "user", "content": "What is it?"}], "stream": true}"#)
        #expect(requests.allSatisfy { $0.header("Authorization") == "Bearer sk-0123456789" })
    }

    @Test("rows share an agent for each configuration, and have a session each")
    func concurrency() async throws {
        let server = try FakeModelServer(.answer { $0.prompt ?? "" }.delayed(by: .milliseconds(20)))
        try await run()(server.url) { session, model in
            let requests = (0..<60).map { turn("row \($0)", of: $0 % 3 == 0 ? "one" : "two") }
            let answers = await session.results(requests, model).answers
            #expect(Set(answers.map(\.text)) == Set((0..<60).map { "row \($0)" }))
        }
        #expect(server.agentTraffic == ["agents": 2, "session": 60, "turn": 60, "deletion": 62])
        let turns = server.requests.filter { $0.path.hasSuffix("/turn") }
        #expect(Set(turns.map(\.path)).count == 60)
    }

    @Test("a second run asks nothing; another configuration of the agent is asked")
    func cache() async throws {
        let folder = try TemporaryFolder()
        let server = try FakeModelServer(.answer("A").retrieving("B"))
        let first = try await run(cache: ReplyCache(folder: folder.path))(server.url) { session, model in
            try await session.ask(turn("x"), of: model, for: "f")
        }
        let asked = server.totals.requests
        try await run(cache: ReplyCache(folder: folder.path))(server.url) { session, model in
            let again = try await session.ask(turn("x"), of: model, for: "f")
            #expect(again.isCached)
            #expect(again.response == first.response)
            #expect(session.totalUsage.requests == 0)
            #expect(server.totals.requests == asked)
            for other in [turn("y"), turn("x", of: "two"), turn("x", of: "one", #", "max_infer_iters": 3"#)] {
                let answer = try await session.ask(other, of: model, for: "f")
                #expect(!answer.isCached)
            }
        }
    }

    @Test("an agent that the server has forgotten is created anew", arguments: [400, 404])
    func forgottenAgent(status: Int) async throws {
        let server = try FakeModelServer(.answer("A"))
        try await run()(server.url) { session, model in
            _ = try await session.ask(turn("x"), of: model, for: "f")
            server.forgetAgents(answering: status)
            let results = await session.results((0..<20).map { turn("row \($0)") }, model)
            #expect(results.answers.count == 20)
            #expect(session.totalUsage.requests == 21)
        }
        #expect(server.agentTraffic["agents"] == 2)
    }

    @Test("a server that is started anew between a session and its turn is asked again", arguments: [400, 404])
    func forgottenSession(status: Int) async throws {
        let isFirst = Mutex(true)
        let server = try FakeModelServer(
            .choosing { request in
                if request.path.hasSuffix("/session"), isFirst.exchange(false) {
                    return .answer("A").delayed(by: .milliseconds(100))
                }
                return .answer("A")
            })
        try await run()(server.url) { session, model in
            async let answer = session.ask(turn("x"), of: model, for: "f")
            while server.livingAgents.sessions == 0 { try await Task.sleep(for: .milliseconds(1)) }
            server.forgetAgents(answering: status)
            let text = try await answer.text
            #expect(text == "A")
            #expect(session.totalUsage.requests == 2)
        }
        #expect(server.agentTraffic["turn"] == 2)
        #expect(server.agentTraffic["agents"] == 2)
    }

    @Test("an agent that is to keep its sessions is not deleted, nor are they")
    func persistentSessions() async throws {
        let server = try FakeModelServer(.answer("A"))
        try await run()(server.url) { session, model in
            for text in ["x", "y"] {
                let request = turn(text, of: "one", #", "enable_session_persistence": true"#)
                _ = try await session.ask(request, of: model, for: "f")
            }
        }
        #expect(server.livingAgents == (agents: 1, sessions: 2))
    }

    @Test("a turn that is cancelled ends at once, and so do those that wait for its agent")
    func cancellation() async throws {
        for component in ["agents", "session", "turn"] {
            let server = try FakeModelServer(
                .answer("A").failing(at: component, first: .max, with: .stall(.beforeHead)))
            try await run()(server.url) { session, model in
                let clock = ContinuousClock()
                let task = Task { await session.results((0..<5).map { turn("row \($0)") }, model) }
                while server.totals.inFlight == 0 { try await Task.sleep(for: .milliseconds(1)) }
                let start = clock.now
                task.cancel()
                #expect(await task.value.failures(.cancelled) == 5)
                #expect(clock.now - start < .seconds(5))
            }
        }
    }

    @Test("who waits for an agent creates it, when the one who began to was cancelled")
    func takingOver() async throws {
        let server = try FakeModelServer(.answer("A").failing(at: "agents", first: 1, with: .stall(.beforeHead)))
        try await run()(server.url) { session, model in
            let first = Task { await session.result(of: turn("x"), model) }
            while server.totals.inFlight == 0 { try await Task.sleep(for: .milliseconds(1)) }
            async let second = session.ask(turn("y"), of: model, for: "f")
            try await Task.sleep(for: .milliseconds(20))
            first.cancel()
            #expect(await first.value.error?.code == .cancelled)
            let text = try await second.text
            #expect(text == "A")
        }
    }

    @Test("a body without a configuration or messages is not sent")
    func invalidRequest() async throws {
        let server = try FakeModelServer(.answer("A"))
        try await run()(server.url) { session, model in
            for body in ["{}", "[]", #"{"agent_config": {}}"#, #"{"agent_config": 1, "messages": []}"#] {
                let request = InferenceRequest(operation: .agentTurn, body: body)
                #expect(await session.result(of: request, model).error?.code == .invalidRequest)
            }
        }
        #expect(server.totals.requests == 0)
    }

    @Test("an id that is no part of a URL stays within its place")
    func strangeID() async throws {
        let server = try FakeModelServer(
            .answer("A").failing(at: "agents", first: .max, with: .status(200, body: #"{"agent_id": "a/../b?c#d é"}"#)))
        try await run(retries: 0)(server.url) { session, model in
            _ = await session.result(of: turn("x"), model)
        }
        #expect(server.requests[1].path == "/v1/agents/a%2F..%2Fb%3Fc%23d%20%C3%A9/session")
    }

    @Test("the cost of turns cannot be limited, as nobody says what it is; the requests can")
    func budget() async throws {
        let server = try FakeModelServer(.answer("A"))
        var limited = run()
        limited.limits = BudgetLimits(maxCost: 1)
        try await limited(server.url) { session, model in
            let error = #expect(throws: InferenceError.self) { try session.check(model) }
            #expect(error?.message.contains("does not report the cost of turns") == true)
        }
        limited.limits = BudgetLimits(maxRequests: 3)
        try await limited(server.url) { session, model in
            let results = await session.results((0..<9).map { turn("row \($0)") }, model)
            #expect(results.answers.count == 3)
            #expect(results.failures(.notAsked) == 6)
        }
    }
}

extension Mutex<Bool> {
    /// Returns the value, and puts another in its place.
    fileprivate func exchange(_ other: Bool) -> Bool {
        withLock { value in
            defer { value = other }
            return value
        }
    }
}

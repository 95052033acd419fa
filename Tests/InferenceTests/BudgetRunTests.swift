import FakeModel
import Inference
import JSON
import Testing

/// Budgets of runs against a server.
struct BudgetRunTests {
    private func run(
        _ limits: BudgetLimits, concurrency: Int = 64, retries: Int = 5,
        price: ModelPrice? = ModelPrice(input: 1, output: 10)
    ) -> ModelRun {
        var run = ModelRun()
        run.configuration.price = price
        run.configuration.limits.maxConcurrency = concurrency
        run.configuration.limits.maxRetries = retries
        run.limits = limits
        return run
    }

    @Test(
        "a limit on the cost holds, however many are asked at once and whatever the requests allow",
        arguments: [1, 64], ["", #", "max_tokens": 100000"#, #", "max_tokens": 2000"#])
    func costHolds(_ concurrency: Int, _ more: String) async throws {
        let server = try FakeModelServer(.answer("8").reporting(.fixed(input: 100, output: 2000)))
        defer { server.stop() }
        try await run(BudgetLimits(maxCost: 0.10), concurrency: concurrency)(server.url) { session, model in
            let results = await session.results(40, model, more)
            let usage = session.totalUsage
            let cost = try #require(usage.cost)
            #expect((0.06...0.1005).contains(cost), "0.0201 a reply: \(cost)")
            #expect(server.totals.requests == results.answers.count)
            #expect((3...5).contains(results.answers.count))
            #expect(results.failures(.notAsked) == 40 - results.answers.count)
        }
    }

    @Test(
        "what the model's configuration sets as the longest reply is reserved",
        arguments: ["max_tokens", "max_completion_tokens"])
    func configuredLength(name: String) async throws {
        // The second reply can begin before the first has come only if its length is known to be limited.
        let server = try FakeModelServer(
            Behaviour.answer("8").reporting(.fixed(input: 100, output: 2000)).delayed(by: .milliseconds(50)))
        defer { server.stop() }
        var run = run(BudgetLimits(maxCost: 0.10))
        run.configuration.parameters.set[name] = 2000
        try await run(server.url) { session, model in
            let results = await session.results(40, model)
            let cost = try #require(session.totalUsage.cost)
            #expect((0.06...0.1).contains(cost), "0.0201 a reply: \(cost)")
            #expect(server.totals.highestInFlight > 1)
            #expect(results.failures(.notAsked) == 40 - results.answers.count)
        }
    }

    @Test("one request at a time, the limit is used up to the last reply that fits")
    func costIsUsed() async throws {
        let server = try FakeModelServer(.answer("8").reporting(.fixed(input: 100, output: 2000)))
        defer { server.stop() }
        try await run(BudgetLimits(maxCost: 0.10), concurrency: 1)(server.url) { session, model in
            let results = await session.results(40, model)
            #expect(results.answers.count == 4)
            let cost = try #require(session.totalUsage.cost)
            #expect(abs(cost - 0.0804) < 1e-9)
            let reason = results.compactMap(\.error).first { $0.code == .notAsked }?.message ?? ""
            #expect(reason.contains("the limit of 0.1 on the cost is reached: 0.0804 is spent"))
        }
    }

    @Test("replies that are no answers are paid for, and asked for no oftener than the limit allows")
    func badReplies() async throws {
        let body =
            #"{"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 2000, "total_tokens": 2100}}"#
        let server = try FakeModelServer(.status(200, body: body))
        defer { server.stop() }
        try await run(BudgetLimits(maxCost: 0.10), concurrency: 1)(server.url) { session, model in
            let results = await session.results(3, model)
            #expect(results.answers.isEmpty)
            #expect(server.totals.requests == 4)
            #expect(session.totalUsage.outputTokens == 8000)
            let cost = try #require(session.totalUsage.cost)
            #expect(abs(cost - 0.0804) < 1e-9)
        }
    }

    /// A reply without text that says nothing of what it used.
    private static let thoughtOnly =
        #"{"choices": [{"message": {"content": null, "reasoning_content": "x"}, "finish_reason": "length"}]}"#

    /// What may be billed though nobody says so.
    private static let unconfirmed: [(name: String, behaviour: Behaviour)] = [
        ("a reply without usage that was cut off in thinking", .status(200, body: thoughtOnly)),
        ("a reply that is not JSON", .malformed(.notJSON)),
        ("a connection that breaks in the reply", .drop(.inBody)),
        ("a connection that breaks before the reply", .drop(.beforeHead)),
        ("a gateway that waited in vain", .status(524)),
    ]

    @Test(
        "replies that may be billed and did not come whole are charged as what the requests allow, so that the limit holds",
        arguments: Self.unconfirmed.indices, [1, 64])
    func chargesPresumed(_ index: Int, _ concurrency: Int) async throws {
        let (name, behaviour) = Self.unconfirmed[index]
        let server = try FakeModelServer(behaviour)
        defer { server.stop() }
        var run = run(BudgetLimits(maxCost: 0.10), concurrency: concurrency)
        run.configuration.limits.maxRetries = 1
        try await run(server.url) { session, model in
            // 0.02 a reply, and the prompt.
            let results = await session.results(40, model, #", "max_tokens": 2000"#)
            #expect(server.totals.requests == 5, "\(name)")
            let usage = session.totalUsage
            let cost = try #require(usage.cost)
            #expect((0.1...0.101).contains(cost), "\(name): \(cost)")
            #expect(usage.estimatedCost == cost)
            #expect(results.failures(.notAsked) >= 35)
            let reason = results.compactMap(\.error).first { $0.message.contains("the limit of 0.1 on the cost") }
            #expect(reason?.message.contains("of it for replies that may be billed and did not come") == true)
        }
    }

    @Test("a reply that does not come in time is charged as well, by what others of the model cost")
    func timeouts() async throws {
        let server = try FakeModelServer(
            .sequence([.answer("8").reporting(.fixed(input: 100, output: 2000)), .stall(.beforeHead)]))
        defer { server.stop() }
        var run = run(BudgetLimits(maxCost: 0.10), concurrency: 1, retries: 0)
        run.overrides = LimitOverrides(timeout: .milliseconds(300))
        try await run(server.url) { session, model in
            let results = await session.results(12, model)
            #expect(server.totals.requests == 4)
            #expect(results.failures(.timedOut) == 3)
            let usage = session.totalUsage
            let cost = try #require(usage.cost)
            #expect(abs(cost - 0.0804) < 0.001)
            #expect(abs(usage.estimatedCost - 0.0603) < 0.001)
        }
    }

    @Test("nothing is charged where nothing was written: refused connections, errors of the server, refused requests")
    func unbilled() async throws {
        let server = try FakeModelServer(.sequence([.status(500), .status(429), .status(400)]))
        defer { server.stop() }
        try await run(BudgetLimits(maxCost: 0.10), concurrency: 1, retries: 0)(server.url) { session, model in
            _ = await session.results(4, model)
            #expect(session.totalUsage.cost == 0)
        }
        let url = server.url
        server.stop()
        try await run(BudgetLimits(maxCost: 0.10), concurrency: 1, retries: 0)(url) { session, model in
            _ = await session.results(1, model)
            #expect(session.totalUsage.cost == 0)
        }
    }

    @Test("failures cost nothing and teach nothing: the next goes alone again")
    func failures() async throws {
        let server = try FakeModelServer(
            .answer("8").reporting(.fixed(input: 100, output: 2000)).failing(first: 1, with: .status(500)))
        defer { server.stop() }
        try await run(BudgetLimits(maxCost: 0.10))(server.url) { session, model in
            let results = await session.results(12, model)
            #expect((3...5).contains(results.answers.count))
            let cost = try #require(session.totalUsage.cost)
            #expect(cost <= 0.1005)
        }
    }

    @Test("two models share a budget")
    func shared() async throws {
        let server = try FakeModelServer(.answer("8").reporting(.fixed(input: 100, output: 2000)))
        defer { server.stop() }
        var judge = ModelConfiguration(id: "judge", url: server.url, price: ModelPrice(input: 1, output: 10))
        judge.limits.maxConcurrency = 64
        var candidate = judge
        candidate.id = "candidate"
        let catalog = ModelCatalog([judge, candidate])
        let service = InferenceService(catalog: catalog)
        let session = service.session(limits: BudgetLimits(maxCost: 0.10))
        let models = [try catalog.find("judge"), try catalog.find("candidate")]
        let answers = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    (try? await session.result(of: chat("question \(number)"), models[number % 2]).get()) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        await service.shutDown()
        #expect((2...5).contains(answers), "the second model's first request goes alone as well")
        let cost = try #require(session.totalUsage.cost)
        #expect(cost <= 0.1005)
    }

    @Test("a limit on the requests counts those that are repeated, and is used up")
    func requests() async throws {
        let server = try FakeModelServer(.answer("8").failing(first: 1, with: .status(500)))
        defer { server.stop() }
        try await run(BudgetLimits(maxRequests: 7), price: nil)(server.url) { session, model in
            let results = await session.results(20, model)
            #expect(server.totals.requests == 7)
            #expect(results.failures(.notAsked) >= 13)
        }
    }
}

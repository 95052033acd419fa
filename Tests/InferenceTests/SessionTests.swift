import FakeModel
import GRDB
import Inference
import Store
import Synchronization
import Testing

struct SessionTests {
    @Test("no more requests are under way at once than allowed, and more than at first where the server takes them")
    func concurrency() async throws {
        let server = try FakeModelServer(.answer("A").delayed(by: .milliseconds(20)))
        for (limit, atLeast) in [(3, 3), (40, 9)] {
            try await ModelRun(overrides: LimitOverrides(maxConcurrency: limit))(server.url) { session, model in
                #expect(await session.results(400, model).answers.count == 400)
            }
            #expect((atLeast...limit).contains(server.totals.highestInFlight))
        }
    }

    @Test("requests start at the pace that is configured")
    func pace() async throws {
        let server = try FakeModelServer(.answer("A"))
        let run = ModelRun(
            configuration: ModelConfiguration(id: "m", url: "", limits: ModelLimits(requestsPerMinute: 1_200)))
        try await run(server.url) { session, model in
            #expect(await session.results(10, model).answers.count == 10)
        }
        let times = server.requests.map(\.received)
        // They start over 450 ms; what is missing here may have passed before the first arrived.
        #expect(times[9] - times[0] >= .milliseconds(200))
    }

    @Test("a run stops at its limit of requests, and says so")
    func requestLimit() async throws {
        let server = try FakeModelServer(.answer("A").delayed(by: .milliseconds(5)))
        try await ModelRun(limits: BudgetLimits(maxRequests: 10))(server.url) { session, model in
            let results = await session.results(30, model)
            #expect(results.answers.count == 10)
            #expect(results.failures(.notAsked) == 20)
            #expect(session.totalUsage.notAsked == 20)
            #expect(session.totalUsage.failed == 0)
            #expect(results.compactMap(\.error?.message).contains("not sent: the limit of 10 requests is reached"))
        }
        #expect(server.totals.requests == 10)
    }

    @Test("a run stops before its answers cost more than allowed")
    func costLimit() async throws {
        let server = try FakeModelServer(
            .answer("A").reporting(.fixed(input: 0, output: 100)).delayed(by: .milliseconds(5)))
        var run = ModelRun(limits: BudgetLimits(maxCost: 0.00105))
        run.configuration.price = ModelPrice(input: 0, output: 1)
        try await run(server.url) { session, model in
            try session.check(model)
            let results = await session.results(30, model, #", "max_tokens": 100"#)
            #expect(results.answers.count == 10)
            #expect(results.failures(.notAsked) == 20)
            #expect(abs((session.totalUsage.cost ?? 0) - 0.001) < 1e-9)
        }
        try await ModelRun(limits: BudgetLimits(maxCost: 1))(server.url) { session, model in
            let error = #expect(throws: InferenceError.self) { try session.check(model) }
            #expect(error?.message.contains("has no price, so its cost cannot be limited") == true)
        }
    }

    @Test("a request that is cancelled ends at once, wherever it is")
    func cancellation() async throws {
        let server = try FakeModelServer(.stall(.beforeHead))
        try await ModelRun(overrides: LimitOverrides(maxConcurrency: 1))(server.url) { session, model in
            let results = await withTaskGroup { group in
                for number in 0..<3 { group.addTask { await session.result(of: chat("\(number)"), model) } }
                while server.totals.inFlight == 0 { await Task.yield() }
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.failures(.cancelled) == 3)
            #expect(session.totalUsage.notAsked == 3)
        }
    }
}

struct CachedSessionTests {
    private let folder: TemporaryFolder
    private let cache: ReplyCache

    init() throws {
        folder = try TemporaryFolder()
        cache = try ReplyCache(folder: folder.path)
    }

    @Test("what was answered is never asked again; what failed is")
    func resuming() async throws {
        let server = try FakeModelServer(
            .choosing { $0.prompt == "question 3" ? .status(400) : .answer("A \($0.prompt ?? "")") })
        let requests = (0..<10).map { chat("question \($0)") }
        try await ModelRun(cache: cache)(server.url) { session, model in
            let found = try session.lookUp(requests.map { ($0, model) }, for: "f")
            #expect(found == Array(repeating: nil, count: 10))
            #expect(await session.results(10, model).answers.count == 9)
        }
        #expect(server.totals.requests == 10)
        server.behaviour = .answer("other")
        let reopened = try ReplyCache(folder: folder.path)
        try await ModelRun(cache: reopened)(server.url) { session, model in
            let found = try session.lookUp(requests.map { ($0, model) }, for: "f")
            for (number, reply) in found.enumerated() {
                #expect(reply?.text == (number == 3 ? nil : "A question \(number)"))
                #expect(reply?.isCached != false)
            }
            #expect(session.usage(for: "f").cached == 9)
            let known = try await session.text(of: requests[0], model)
            let failed = try await session.text(of: requests[3], model)
            var another = requests[0]
            another.sample = 1
            let anew = try await session.text(of: another, model)
            #expect([known, failed, anew] == ["A question 0", "other", "other"])
            #expect(session.totalUsage.cached == 10)
            #expect(session.totalUsage.answered == 2)
        }
        #expect(server.totals.requests == 12)
    }

    @Test("equal requests under way at the same time are asked once")
    func singleFlight() async throws {
        let server = try FakeModelServer(.answer("A").delayed(by: .milliseconds(50)))
        func ask(cache: ReplyCache?) async throws -> ModelUsage {
            try await ModelRun(cache: cache)(server.url) { session, model in
                let results = await withTaskGroup { group in
                    for _ in 0..<50 { group.addTask { await session.result(of: chat("x"), model) } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(results.answers.count == 50)
                return session.totalUsage
            }
        }
        let usage = try await ask(cache: cache)
        #expect((usage.requests, usage.answered, usage.cached) == (1, 1, 49))
        #expect(server.totals.requests == 1)
        #expect(try await ask(cache: nil).answered == 50)
    }

    @Test("when the one who asks is cancelled, another asks")
    func takingOver() async throws {
        let server = try FakeModelServer(.sequence([.stall(.beforeHead), .answer("A")]))
        try await ModelRun(cache: cache)(server.url) { session, model in
            async let first = withTaskGroup { group in
                group.addTask { await session.result(of: chat("x"), model) }
                while server.totals.inFlight == 0 { await Task.yield() }
                // Now the others can join. That they have cannot be seen, and does not matter: all get the answer.
                try? await Task.sleep(for: .milliseconds(50))
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
            async let others = withTaskGroup { group in
                while server.totals.inFlight == 0 { await Task.yield() }
                for _ in 0..<5 { group.addTask { await session.result(of: chat("x"), model) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(await first.failures(.cancelled) == 1)
            #expect(await others.answers.map(\.text) == Array(repeating: "A", count: 5))
        }
        #expect(server.totals.requests == 2)
    }

    @Test("a failure is shared by those who asked the same")
    func sharedFailure() async throws {
        let server = try FakeModelServer(.status(400).delayed(by: .milliseconds(200)))
        try await ModelRun(cache: cache)(server.url) { session, model in
            let results = await withTaskGroup { group in
                for _ in 0..<5 { group.addTask { await session.result(of: chat("x"), model) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.failures(.rejected) == 5)
        }
        #expect(server.totals.requests < 5)
        #expect(try cache.count() == 0)
    }

    @Test("answers are not lost where they cannot be stored, and there is one warning")
    func failingCache() async throws {
        try await DatabaseQueue(path: cache.path).write { try $0.execute(sql: "DROP TABLE reply") }
        let server = try FakeModelServer(.answer("A"))
        let warnings = Warnings()
        try await ModelRun(cache: cache, log: { warnings.add($0) })(server.url) { session, model in
            #expect(await session.results(20, model).answers.count == 20)
        }
        #expect(warnings.all.count == 1)
        #expect(
            warnings.all.first?.hasPrefix("replies are not cached, so a later run repeats these requests: ") == true)
    }

    @Test("no key is in an error, an answer or the cache, whatever the server does with it")
    func leaks() async throws {
        let key = "sk-0123456789abcdef"
        let team = "team/secret/value"
        let server = try FakeModelServer(
            .choosing { request in
                switch request.prompt {
                case "answer":
                    .answer("you sent \(request.header("Authorization") ?? "") and \(request.header("X-Team") ?? "")")
                case "body": .status(200, body: "not JSON: \(request.header("Authorization") ?? "")")
                default: .echoingHeaders(status: 400)
                }
            })
        var run = ModelRun(variables: ["KEY": key, "TEAM": team], cache: cache)
        run.overrides.maxRetries = 0
        run.configuration.apiKeyVariable = "KEY"
        run.configuration.headers = [.init(name: "X-Team", value: .environment("TEAM"))]
        try await run(server.url) { session, model in
            let reply = try await session.ask(chat("answer"), of: model, for: "f")
            #expect(reply.text == "you sent Bearer [redacted] and [redacted]")
            var texts = [reply.text, reply.response]
            for prompt in ["body", "echo"] {
                let error = try #require(await session.result(of: chat(prompt), model).error)
                texts += [error.message, String(reflecting: error)]
            }
            for text in texts {
                #expect(!text.contains(key))
                #expect(!text.contains(team))
            }
        }
        #expect(try cache.count() == 1)
        let stored = String(decoding: try folder.contents(), as: UTF8.self)
        #expect(stored.contains("you sent Bearer [redacted]"))
        #expect(!stored.contains(key))
        #expect(!stored.contains(team))
    }
}

private final class Warnings: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}

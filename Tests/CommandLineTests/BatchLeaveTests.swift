import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("Requests that are left for batches are not sent at full price, and cancelled ones not again")
struct BatchLeaveTests {
    private static var endless: FakeBatchServer.Plan {
        var plan = FakeBatchServer.Plan()
        plan.polls = 1_000_000
        return plan
    }

    @Test("what waits for room at the server when the time is over", arguments: ["none", "0.3s"])
    func queued(wait: String) throws {
        let batching = try Batching(rows: 90, .openai, Self.endless, batch: ["max_requests": 30, "max_open": 1])
        let result = try batching.score("--batch-wait", wait)
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("not_asked") == 90)
        #expect(batching.server.calls(.direct) == 0)
        #expect(result.errors.contains("not submitted yet: 60 requests, because 1 batch is open"), "\(result.errors)")
        #expect(try batching.folder.read("out.jsonl").contains("the same command submits it"))
    }

    @Test("a judge of answers that are still in a batch, and the rest of a run that is stopped")
    func followUps() throws {
        // The candidate's replies come in two batches; the judge's requests follow from those of the first one.
        var plan = FakeBatchServer.Plan()
        plan.polls = 1
        let batching = try Batching(rows: 60, .openai, plan, batch: ["max_requests": 30]) { call in
            call.step == .poll && call.path.hasSuffix("batch_2")
                ? .status(429, .null, [("Retry-After", "3600")]) : .pass
        }
        let options = [
            "evaluate", "rows.jsonl", "--model", "fake", "--fn-dir", "functions", "--fn", "test::rating", "--config",
            "models.json", "--cache", "cache", "--batch", "--batch-wait", "0.3s", "--output", "out.jsonl",
        ]
        let result = try batching.folder.command(options).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(batching.server.calls(.direct) == 0, "\(result.errors)")
    }

    @Test("a few requests are still sent by themselves")
    func few() throws {
        let batching = try Batching(rows: 30, .openai, Self.endless)
        let rows = try batching.folder.read("rows.jsonl")
        try batching.folder.write(rows + #"{"input_query": "?", "generated_answer": "x"}"# + "\n", to: "more.jsonl")
        _ = try batching.score("--batch-wait", "none")
        let result = try batching.folder.command(
            [
                "score", "more.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json",
                "--cache", "cache", "--batch", "--batch-wait", "none",
            ]
        ).run()
        #expect(try result.rows("not_asked") == 30, "\(result.errors)")
        #expect(try result.rows("scored") == 1)
        #expect(batching.server.calls(.direct) == 1)
    }

    @Test("a server that wants to be left alone for an hour does not keep a run that waits for less")
    func patience() throws {
        let batching = try Batching(rows: 30) { call in
            call.step == .create ? .status(429, ["error": ["message": "slow down"]], [("Retry-After", "3600")]) : .pass
        }
        let result = try batching.score("--batch-wait", "0.2s")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("not_asked") == 30)
        #expect(result.errors.contains("not submitted in time"), "\(result.errors)")
        #expect(batching.server.calls(.direct) == 0)
        #expect(try batching.batches("list", "--format", "json").output == "[]\n")
    }

    @Test("a run that is killed while it creates a batch is continued by runs that do not wait")
    func killedAtCreate() throws {
        let process = Mutex<pid_t>(0)
        let batching = try Batching(rows: 30) { call in
            guard call.step == .create, call.count == 1 else { return .pass }
            while process.withLock({ $0 }) == 0 { usleep(1000) }
            kill(process.withLock { $0 }, SIGKILL)
            return .drop
        }
        let first = try RunningCommand(batching.command())
        process.withLock { $0 = first.pid }
        #expect(try first.finish().ending == .signal(SIGKILL))
        var scored = 0
        for _ in 0..<6 where scored == 0 { scored = try batching.score("--batch-wait", "none").rows("scored") }
        #expect(scored == 30)
        #expect(batching.isPaidOnce(30))
    }

    @Test("a batch that is cancelled during a run is not submitted again by it, but by the next")
    func cancelled() throws {
        let batching = try Batching(rows: 40, .openai, Self.endless)
        let run = try RunningCommand(batching.command())
        try run.wait { batching.server.calls(.poll) > 1 }
        #expect(try batching.batches("cancel", "batch_1").output.contains("cancellation requested"))
        let result = try run.finish()
        // It was carried out when it was created: what was answered is used.
        #expect(try result.rows("scored") == 40, "\(result.errors)")
        #expect(batching.server.sizes == [40])

        var plan = Self.endless
        plan.outcome = { body, made in
            Batching.number(in: body) < 10 || made > 0
                ? .reply("Total rating: 7") : .error("batch_cancelled", "cancelled")
        }
        let half = try Batching(rows: 40, .openai, plan)
        _ = try half.score("--batch-wait", "none")
        _ = try half.batches("cancel", "batch_1")
        let after = try half.score()
        #expect(after.ending == .status(3), "\(after.errors)")
        #expect(try after.rows("scored") == 10)
        #expect(try after.rows("not_asked") == 30)
        #expect(after.errors.contains("batch batch_1 (cancelled): 10 replies, 30 failed"), "\(after.errors)")
        #expect(try half.folder.read("out.jsonl").contains("was cancelled with 'assay batches cancel'"))
        #expect(half.server.sizes == [40])
        #expect(try half.score("--batch-wait", "none").rows("not_asked") == 30)
        #expect(half.server.sizes == [40, 30])
    }

    @Test("a batch that was not submitted is cancelled for good")
    func notSubmitted() throws {
        let process = Mutex<pid_t>(0)
        let batching = try Batching(rows: 30) { call in
            guard call.step == .upload, call.count == 1 else { return .pass }
            while process.withLock({ $0 }) == 0 { usleep(1000) }
            kill(process.withLock { $0 }, SIGKILL)
            return .drop
        }
        let first = try RunningCommand(batching.command())
        process.withLock { $0 = first.pid }
        _ = try first.finish()
        let result = try batching.batches("cancel", "#1")
        #expect(result.output.contains("#1: cancelled; it was not submitted"), "\(result.output)\(result.errors)")
        #expect(try batching.batches("list", "--all", "--format", "json").output == "[]\n")
    }

    @Test("a batch of somebody else at Anthropic, of the same size, is not taken for one of this run")
    func strangers() throws {
        let batching = try Batching(rows: 30, .anthropic) { call in
            call.step == .create && call.count == 2 ? .dropAfter : .pass
        }
        // A batch with other requests, which another cache knows.
        let other = batching.folder.command(
            [
                "score", "other.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json",
                "--cache", "elsewhere", "--batch", "--batch-wait", "none",
            ])
        let lines = (100..<130).map { "{\"input_query\": \"number \($0)\", \"generated_answer\": \"It is \($0).\"}\n" }
        try batching.folder.write(lines.joined(), to: "other.jsonl")
        _ = try other.run()
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 30)
        #expect(batching.server.sizes == [30, 30])
        #expect(batching.isPaidOnce(60))
    }

    @Test("nothing is adopted where the server has refused, and done nothing", arguments: [429, 529])
    func refused(status: Int) throws {
        let batching = try Batching(rows: 30, .anthropic) { call in
            call.step == .create && call.count == 1 ? .status(status, .null, [("Retry-After", "0")]) : .pass
        }
        #expect(try batching.score().rows("scored") == 30)
        #expect(batching.server.calls(.list) == 0)
    }

    @Test(
        "options of batches need --batch",
        arguments: [
            ["--batch-wait", "none"], ["--batch-size", "5"], ["--batch-window", "7d"], ["--batch-min", "1"],
            ["--batch-fallback"],
        ])
    func usage(options: [String]) throws {
        let batching = try Batching(rows: 1)
        let result = try batching.folder.command(["score", "rows.jsonl", "--fn", "basic::equality"] + options).run()
        #expect(result.ending == .status(64))
        #expect(result.errors.contains("\(options[0]) needs --batch"), "\(result.errors)")
    }

    @Test("one batch that cannot be fetched does not keep the others")
    func fetch() throws {
        let isRefused = Mutex(false)
        var plan = FakeBatchServer.Plan()
        plan.polls = 2
        let batching = try Batching(rows: 60, .openai, plan, batch: ["max_requests": 30]) { call in
            call.step == .poll && call.path.hasSuffix("batch_1")
                ? .status(isRefused.withLock { $0 } ? 401 : 429, ["error": ["message": "no"]]) : .pass
        }
        _ = try batching.score("--batch-wait", "none", "--quiet")
        isRefused.withLock { $0 = true }
        let result = try batching.batches("fetch")
        #expect(result.ending == .status(1), "\(result.errors)")
        #expect(result.errors.contains("batch_1: "), "\(result.errors)")
        #expect(result.output.contains("batch_2: "), "\(result.output)")
    }

    @Test("a dry run shows the price of a batch")
    func dryRun() throws {
        let batching = try Batching(rows: 10)
        func cost(_ options: [String]) throws -> Double {
            let result = try batching.folder.command(
                [
                    "score", "rows.jsonl", "--fn-dir", "functions", "--fn", #"test::rating={"max_tokens": 100}"#,
                    "--config", "models.json",
                    "--dry-run", "--no-cache", "--format", "json",
                ] + options
            ).run()
            let json = try JSONValue(parsing: result.output)
            return json["dry_run"]?["functions"]?["test::rating"]?["max_cost"]?.number?.double ?? -1
        }
        let (direct, batched) = (try cost([]), try cost(["--batch"]))
        #expect(direct > 0 && abs(batched * 2 - direct) < 1e-8, "\(direct) \(batched)")
    }
}

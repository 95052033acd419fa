import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("Requests of a run are sent in batches")
struct BatchRunTests {
    @Test(
        "a judge's requests are answered at half the price, whatever the form",
        arguments: ["openai", "together", "anthropic"])
    func forms(name: String) throws {
        let form: FakeBatchServer.Form = name == "openai" ? .openai : name == "together" ? .together : .anthropic
        let batching = try Batching(rows: 60, form)
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 60)
        #expect(try result.usage("batched") == 60)
        #expect(try result.usage("requests") == 60)
        #expect(abs(try result.usageNumber("cost") - 60 * 110 * 10 / 1e6 / 2) < 1e-9)
        #expect(result.errors.contains("batch batch_1: 60 replies"), "\(result.errors)")
        #expect(batching.server.sizes == [60])
        #expect(batching.server.calls(.direct) == 0)
        #expect(batching.server.files == 0)
        // A second run costs nothing.
        let again = try batching.score()
        #expect(try again.rows("scored") == 60)
        #expect(try again.usage("cached") == 60)
        #expect(batching.isPaidOnce(60))
    }

    @Test("a run is split into batches that the server allows, of which some are open at once")
    func split() throws {
        let batching = try Batching(rows: 700, batch: ["max_requests": 200, "max_open": 2])
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 700)
        #expect(batching.server.sizes == [200, 200, 200, 100])
        #expect(batching.isPaidOnce(700))
    }

    @Test("bytes limit a batch, too")
    func bytes() throws {
        let batching = try Batching(rows: 40, batch: ["max_bytes": 4096])
        #expect(try batching.score().rows("scored") == 40)
        #expect(batching.server.sizes.count >= 3)
        #expect(batching.server.sizes.reduce(0, +) == 40)
    }

    @Test("a few requests are sent by themselves")
    func few() throws {
        let batching = try Batching(rows: 5)
        let result = try batching.score()
        #expect(try result.rows("scored") == 5)
        #expect(result.errors.contains("sent without one: 5 requests"), "\(result.errors)")
        #expect(batching.server.calls(.direct) == 5)
        #expect(batching.server.sizes.isEmpty)
        let all = try Batching(rows: 5)
        #expect(try all.score("--batch-min", "1").usage("batched") == 5)
    }

    @Test("lines that fail for a while are requested again, others are not, and every row has an outcome")
    func lines() throws {
        var plan = FakeBatchServer.Plan()
        plan.hasNoise = true
        plan.outcome = { body, made in
            switch (Batching.number(in: body), made) {
            case (0..<3, _): .status(400, "the prompt is too long")
            case (3..<6, 0): .status(429, "slow down")
            case (6..<9, 0): .status(500, "oops")
            case (9..<12, 0): .error("batch_expired", "late")
            case (12..<15, 0): .missing
            case (15..<18, _): .status(503, "never")
            default: .reply("Total rating: 7")
            }
        }
        let batching = try Batching(rows: 60, .openai, plan)
        let result = try batching.score("--batch-min", "1")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored") == 54)
        #expect(try result.rows("model_error") == 6)
        #expect(batching.isPaidOnce(54))
        let verdicts = try batching.folder.read("out.jsonl")
        #expect(verdicts.contains("the prompt is too long (batch batch_1)"), "\(verdicts)")
        #expect(verdicts.contains("never (batch batch_4, after 4 attempts)"), "\(verdicts)")
        #expect(batching.server.sizes == [60, 15, 3, 3])
        #expect(result.errors.contains("lines that do not belong to it: 1"), "\(result.errors)")
    }

    @Test("requests that fail in batches are sent by themselves on demand")
    func fallback() throws {
        var plan = FakeBatchServer.Plan()
        plan.outcome = { _, made in made < 4 ? .status(500, "oops") : .reply("Total rating: 7") }
        let batching = try Batching(rows: 30, .openai, plan)
        let result = try batching.score("--batch-fallback")
        #expect(try result.rows("scored") == 30)
        #expect(batching.server.calls(.direct) == 30)
    }

    @Test(
        "a batch that expires or is cancelled half done is finished", arguments: ["expired", "cancelled", "completed"])
    func halfDone(state: String) throws {
        var plan = FakeBatchServer.Plan()
        plan.ending = { number, _ in .init(number == 1 ? state : "completed") }
        plan.outcome = { body, made in
            Batching.number(in: body) % 2 == 0 || made > 0
                ? .reply("Total rating: 7") : state == "expired" ? .error("batch_expired", "late") : .missing
        }
        let batching = try Batching(rows: 80, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 80)
        #expect(batching.server.sizes == [80, 40])
        #expect(batching.isPaidOnce(80))
        #expect(abs(try result.usageNumber("cost") - 80 * 110 * 10 / 1e6 / 2) < 1e-9)
        #expect(try result.usage("requests") == 120)
    }

    @Test("lines that a server refuses when it reads a file fail, and the others are submitted again")
    func refusedLines() throws {
        var plan = FakeBatchServer.Plan()
        plan.ending = { number, _ in
            number > 1
                ? .init()
                : .init("failed", errors: [["code": "invalid_json_line", "line": 3, "message": "not parseable"]])
        }
        let batching = try Batching(rows: 50, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(3))
        #expect(try result.rows("scored") == 49)
        #expect(try result.rows("model_error") == 1)
        #expect(batching.server.sizes == [50, 49])
        #expect(try batching.folder.read("out.jsonl").contains("not parseable"))
    }

    @Test("a batch that fails as a whole is only submitted a few times")
    func refusedWhole() throws {
        var plan = FakeBatchServer.Plan()
        plan.ending = { _, _ in
            .init("failed", errors: [["code": "model_not_found", "line": .null, "message": "no such model"]])
        }
        let batching = try Batching(rows: 50, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(3))
        #expect(try result.rows("model_error") == 50)
        #expect(batching.server.sizes == [50])
        #expect(try batching.folder.read("out.jsonl").contains("no such model"))
    }

    @Test("batches become smaller where too much is waiting at the server")
    func enqueuedTokens() throws {
        var plan = FakeBatchServer.Plan()
        plan.ending = { _, count in
            count <= 50
                ? .init()
                : .init(
                    "failed",
                    errors: [
                        ["code": "token_limit_exceeded", "line": .null, "message": "Enqueued token limit reached"]
                    ])
        }
        let batching = try Batching(rows: 160, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 160)
        #expect(batching.server.sizes.first == 160)
        #expect(batching.server.sizes.filter { $0 <= 50 }.reduce(0, +) == 160)
        #expect(batching.isPaidOnce(160))
    }

    @Test("a member that the model refuses is omitted, and the batch is submitted again")
    func adaptation() throws {
        var plan = FakeBatchServer.Plan()
        plan.outcome = { body, _ in
            body["temperature"] == nil
                ? .reply("Total rating: 7")
                : .status(400, "Unsupported parameter: 'temperature' is not supported with this model.")
        }
        let batching = try Batching(rows: 40, .openai, plan)
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(batching.server.sizes == [40, 40])
    }

    @Test("an answer that cannot be read is requested again in a batch, which is no batch if it is small")
    func reasks() throws {
        let batching = try Batching(rows: 30, .openai, .init())
        let run = batching.folder.command([
            "evaluate", "rows.jsonl", "--model", "fake", "--fn-dir", "functions", "--fn", "test::rating", "--config",
            "models.json", "--cache", "cache", "--batch", "--output", "out.jsonl",
        ])
        let result = try run.run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 30)
        // The candidate, and then the judge.
        #expect(batching.server.sizes == [30, 30])
        #expect(batching.server.calls(.direct) == 0)
    }

    @Test("what may not be submitted within the limits is not, and ends as it does without batches")
    func budgets() throws {
        let batching = try Batching(rows: 60)
        let result = try batching.score("--max-requests", "40")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(try result.rows("not_asked") == 20)
        #expect(batching.server.sizes == [40])
        // All would cost 0.033. Replies of 200 tokens at most leave room for some, and their costs for some more.
        let costs = try Batching(rows: 60, model: ["parameters": ["set": ["max_tokens": 200]]])
        let limited = try costs.score("--max-cost", "0.02", "--batch-min", "1")
        #expect(limited.ending == .status(3), "\(limited.errors)")
        #expect(try (20..<60).contains(limited.rows("scored")), "\(costs.server.sizes)")
        #expect(try limited.usageNumber("cost") <= 0.02)
        #expect(try limited.rows("not_asked") + limited.rows("scored") == 60)
        #expect(costs.server.calls(.direct) == 0)
        #expect(try costs.folder.read("out.jsonl").contains("the limit of 0.02 on the cost"))
    }

    @Test(
        "what cannot be sent in batches is refused, with a way out",
        arguments: [
            (["score", "-", "--fn", "basic::equality"], "write it to a file"),
            (["score", "rows.jsonl", "--fn", "basic::equality", "--no-cache"], "--cache DIR"),
            (["score", "rows.jsonl", "--fn", "basic::equality", "--retry", "unparsed"], "--retry"),
            (["score", "rows.jsonl", "--fn", "basic::equality", "--batch-wait", "1y"], "90m"),
            (["evaluate", "rows.jsonl", "--fn", "basic::equality", "--agent", "{}"], "agents"),
        ] as [([String], String)])
    func refused(arguments: [String], hint: String) throws {
        let batching = try Batching(rows: 1)
        let result = try batching.folder.command(arguments + ["--batch"]).run()
        #expect(result.ending != .status(0))
        #expect(result.errors.contains(hint), "\(result.errors)")
    }

    @Test("a server without batches, or with another key, says so once", arguments: [404, 401])
    func noBatches(status: Int) throws {
        let batching = try Batching(rows: 30) { call in
            call.step == .upload ? .status(status, ["error": ["message": "nothing here"]]) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(status == 404 ? "run without --batch" : "has no API key"), "\(result.errors)")
        // Nothing is left behind.
        #expect(try batching.batches("list", "--all", "--format", "json").output == "[]\n")
    }

    @Test("a key that a server sends back is shown nowhere and stored nowhere")
    func secrets() throws {
        let key = "sk-very-secret-0123456789"
        var plan = FakeBatchServer.Plan()
        plan.outcome = { body, _ in
            Batching.number(in: body) == 0 ? .status(400, "bad key \(key)") : .reply("Total rating: 7 \(key)")
        }
        let batching = try Batching(rows: 30, .openai, plan, model: ["api_key_env": "TEST_KEY"])
        let result = try batching.score(setup: "export TEST_KEY=\(key)")
        #expect(try result.rows("scored") == 29)
        #expect(!result.errors.contains(key) && !result.output.contains(key))
        let files = ["out.jsonl", "cache/replies.sqlite", "cache/replies.sqlite-wal"]
        for file in files where batching.folder.size(of: file) > 0 {
            #expect(try !batching.folder.read(file).contains(key), "\(file)")
        }
    }
}

import FakeModel
import Glibc
import JSON
import Testing

/// A limit on the cost, in whatever way a run comes to its requests. Each reply costs 0.0201.
@Suite("--max-cost holds for every kind of run")
struct BudgetTests {
    private static let limit = 0.10
    private static let most = 5

    /// A model whose replies take 2,000 tokens, whatever is in them.
    private static func paid(_ behaviour: Behaviour) -> Behaviour {
        behaviour.reporting(.fixed(input: 100, output: 2000))
    }

    private static func configuration(_ url: String, concurrency: Int = 1) -> String {
        """
        {"models": [{"id": "fake", "url": "\(url)", "price_per_million": {"input": 1, "output": 10},
                     "limits": {"max_concurrency": \(concurrency)}}]}
        """
    }

    private static func cost(of usage: JSONValue) throws -> Double { try #require(usage["cost"]?.number?.double) }

    @Test(
        "judges: one at a time and many, several votes, replies that are asked about again, thinking that is cut off",
        arguments: [
            ("Total rating: 4", "test::rating", 1), ("Total rating: 4", "test::rating", 64),
            ("Total rating: 4", #"test::rating={"votes": 3, "temperature": 1}"#, 1),
            ("Total rating: 4", #"test::rating={"votes": 3, "temperature": 1}"#, 64),
            ("no score", #"test::rating={"re_ask": true}"#, 1),
            ("no score", #"test::rating={"re_ask": true, "max_tokens": 2000}"#, 64),
            ("<think>so", #"test::rating={"re_ask": true}"#, 1),
        ])
    func judges(reply: String, fn: String, concurrency: Int) throws {
        let judging = try Judging(rows: 100, Self.paid(.answer(reply)))
        try judging.folder.write(Self.configuration(judging.server.url, concurrency: concurrency), to: "config.json")
        let result = try judging.score("--config", "config.json", "--max-cost", "\(Self.limit)", fn: fn)
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect((3...Self.most).contains(judging.server.totals.requests))
        let cost = try Self.cost(of: result.value("usage"))
        #expect(abs(cost - 0.0201 * Double(judging.server.totals.requests)) < 1e-9)
        #expect(try result.rows("not_asked") >= 90)
    }

    @Test("case 4, with replies that say nothing of what they used: null content, cut off")
    func withoutUsage() throws {
        let body = #"{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}"#
        let judging = try Judging(rows: 100, .status(200, body: body))
        try judging.folder.write(Self.configuration(judging.server.url), to: "config.json")
        let result = try judging.score("--config", "config.json", "--max-cost", "\(Self.limit)")
        #expect(result.ending == .status(3), "\(result.errors)")
        // Of 4,096 tokens each, as nothing says how long they are.
        #expect(judging.server.totals.requests == 3)
        let usage = try result.value("usage")
        #expect(usage["estimated_cost"] == usage["cost"])
        #expect(try Self.cost(of: usage) > Self.limit)
        let table = try judging.score("--config", "config.json", "--max-cost", "1", "--format", "table")
        #expect(table.output.contains("of it estimated)"), "\(table.output)")
    }

    @Test("samples of candidates, and what the cache knows costs nothing when the run is repeated")
    func samplesAndRepetition() throws {
        let rows = (0..<40).map { #"{"question": "\#($0)?", "answer": "4"}"# + "\n" }
        let server = try FakeModelServer(Self.paid(.answer("4")))
        let folder = try TemporaryFolder([
            "rows.jsonl": rows.joined(), "config.json": Self.configuration(server.url, concurrency: 16),
        ])
        var requests = 0
        for run in 1...3 {
            let result = try folder.command([
                "evaluate", "rows.jsonl", "--model", "fake", "--config", "config.json", "--cache", "cache", "--fn",
                "basic::equality", "--samples", "3", "--sampling", #"{"temperature": 1}"#, "--max-cost",
                "\(Self.limit)",
            ]).run()
            #expect(result.ending == .status(3), "\(result.errors)")
            let sent = server.totals.requests - requests
            #expect((3...Self.most).contains(sent), "run \(run)")
            let usage = try result.value("generation", "usage")
            #expect(usage["cached"]?.number?.int == requests)
            #expect(abs(try Self.cost(of: usage) - 0.0201 * Double(sent)) < 1e-9)
            requests += sent
        }
    }

    @Test("a run that was killed pays nothing twice, and the limit is that of each run")
    func killed() throws {
        let judging = try Judging(rows: 100, Self.paid(.answer("Total rating: 4")).delayed(by: .milliseconds(20)))
        try judging.folder.write(Self.configuration(judging.server.url), to: "config.json")
        let running = try RunningCommand(
            judging.command(["--config", "config.json", "--max-cost", "\(Self.limit)"]))
        try running.wait { judging.server.totals.answered >= 2 }
        running.send(SIGKILL)
        _ = try running.finish()
        let before = judging.server.totals.requests
        #expect((2...Self.most).contains(before))
        let result = try judging.score("--config", "config.json", "--max-cost", "\(Self.limit)")
        #expect(judging.server.totals.requests - before <= Self.most)
        #expect(judging.server.totals.askedAgain <= 1)
        #expect(try result.rows("scored") >= before - 1 + 3)
    }

    @Test("a server's limit is that of each job and of each request, candidate and judge together")
    func served() async throws {
        let server = try FakeModelServer(Self.paid(.answer("Total rating: 4")))
        let folder = try TemporaryFolder([
            "config.json": Self.configuration(server.url, concurrency: 16), "functions/judge.json": ratingJudge,
        ])
        let serving = try Serving(
            folder, ["--config", "config.json", "--max-cost", "\(Self.limit)", "--fn-dir", "functions"])
        let rows = JSONValue.array((0..<40).map { ["question": .string("\($0)?"), "answer": "Total rating: 4"] })
        let dataset: JSONValue = [
            "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
        ]
        #expect(try await serving.post("/v1/datasets", dataset).status == 200)
        let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["test::rating"]]
        #expect(try await serving.post("/v1/eval/benchmarks", benchmark).status == 200)
        let candidate: JSONValue = ["type": "model", "model": "fake", "sampling_params": ["temperature": 0]]
        var requests = 0
        for _ in 1...2 {
            let job = try await serving.post(
                "/v1/eval/benchmarks/b/jobs", ["benchmark_config": ["eval_candidate": candidate]])
            let id = try #require(job.json["job_id"]?.string, "\(job.json.text)")
            var ended: JSONValue = .null
            while ended["finished_at"] ?? .null == .null {
                ended = try await serving.get("/v1/eval/benchmarks/b/jobs/\(id)")
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(ended["status"] == "completed", "\(ended.text)")
            let sent = server.totals.requests - requests
            #expect((3...Self.most).contains(sent), "\(ended.text)")
            requests += sent
        }
        let judged = try await serving.post(
            "/v1/scoring/score",
            [
                "input_rows": .array((0..<40).map { ["input_query": .string("\($0)"), "generated_answer": "x"] }),
                "scoring_functions": ["test::rating": .null],
            ])
        #expect(judged.status == 200, "\(judged.json.text)")
        #expect((3...Self.most).contains(server.totals.requests - requests))
    }
}

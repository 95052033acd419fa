import FakeModel
import JSON
import Testing

@Suite("What judges may cost is limited, and known beforehand")
struct JudgeLimitTests {
    static let prices = """
        {"models": [{"id": "fake", "url": "URL", "price_per_million": {"input": 1000, "output": 2000}}]}
        """

    @Test("--max-requests ends the asking, and the rows that were not asked say so")
    func maxRequests() throws {
        let judging = try Judging(rows: 300, .answer("Total rating: 4"))
        let result = try judging.score("--max-requests", "100")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored") == 100)
        #expect(try result.rows("not_asked") == 200)
        #expect(judging.server.totals.requests == 100)
        let row = try #require(try judging.verdicts().first { $0["outcome"] == "not_asked" })
        #expect(row["message"]?.string?.contains("100") == true)
        // What the cache knows counts for nothing.
        let again = try judging.score("--max-requests", "150")
        #expect(try again.rows("scored") == 250)
        #expect(judging.server.totals.requests == 250)
    }

    @Test("--max-cost is not exceeded")
    func maxCost() throws {
        let judging = try Judging(
            rows: 300, Behaviour.answer("Total rating: 4").reporting(.fixed(input: 20, output: 5)))
        try judging.folder.write(
            Self.prices.replacingURL(with: judging.server.url), to: "config.json")
        // A request costs 0.03.
        let result = try judging.score(
            "--config", "config.json", "--max-cost", "3", fn: #"test::rating={"max_tokens": 5}"#)
        #expect(result.ending == .status(3), "\(result.errors)")
        let scored = try result.rows("scored")
        #expect(scored <= 100 && scored > 50, "\(scored)")
        #expect(try result.rows("not_asked") == 300 - scored)
        guard case .number(let cost) = try result.value("usage", "cost") else {
            Issue.record("no cost")
            return
        }
        #expect(abs(cost.double - 0.03 * Double(scored)) < 1e-9)
    }

    @Test("--max-cost needs a price")
    func noPrice() throws {
        let judging = try Judging(rows: 3, .answer("Total rating: 4"))
        let result = try judging.score("--max-cost", "3")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("price_per_million"), "\(result.errors)")
        #expect(judging.server.totals.requests == 0)
    }

    @Test("--dry-run shows the first requests, counts all, and asks nobody")
    func dryRun() throws {
        let judging = try Judging(rows: 2_500, .answer("Total rating: 4"))
        let result = try judging.score("--dry-run", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(judging.server.totals.requests == 0)
        let estimate = try result.value("dry_run", "functions", "test::rating")
        #expect(estimate["requests"] == 2500)
        #expect(estimate["cached"] == 0)
        let prompts = try #require(try result.value("dry_run", "prompts").array)
        #expect(
            prompts.map { $0["request"]?["messages"]?.array?[0]["content"]?.string?.split(separator: "\n").first }
                == ["Question: number 0", "Question: number 1", "Question: number 2"])
        let table = try judging.score("--dry-run", "--format", "table")
        #expect(table.output.contains("2,500 requests"), "\(table.output)")
        #expect(table.output.contains("[user]\n"), "\(table.output)")
    }

    @Test(
        "a judge that cannot be asked stops the run before anything is spent",
        arguments: [
            ("llm-as-judge::base", ["prompt_template", "of its own"]),
            (#"llm-as-judge::base={"prompt_template": "{x}", "judge_score_regexes": ["(1)"]}"#, ["judge_model"]),
            (#"test::rating={"votes": 3}"#, ["votes"]),
            (#"test::rating={"judge_score_regexes": ["(1"]}"#, ["judge_score_regexes/0"]),
            (#"test::rating={"prompt_template": "no column"}"#, ["prompt_template"]),
            (#"test::rating={"judge_scores": 1}"#, ["judge_scores"]),
        ])
    func refused(fn: String, words: [String]) throws {
        let judging = try Judging(rows: 3, .answer("Total rating: 4"))
        let result = try judging.score(fn: fn)
        #expect(result.ending == .status(1))
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(judging.server.totals.requests == 0)
    }

    @Test(
        "the output overwrites no file that the run reads",
        arguments: ["config.json", "cache/replies.sqlite", "parameters.json"])
    func output(path: String) throws {
        let judging = try Judging(rows: 3, .answer("Total rating: 4"))
        try judging.folder.write(#"{"models": [{"id": "fake", "url": "\#(judging.server.url)"}]}"#, to: "config.json")
        try judging.folder.write("{}", to: "parameters.json")
        let fn = "test::rating=parameters.json"
        #expect(try judging.score("--config", "config.json", fn: fn).ending == .status(0))
        let before = judging.folder.size(of: path)
        let result = try judging.folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", fn, "--config", "config.json", "--cache", "cache",
            "--output", path)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("would overwrite"), "\(result.errors)")
        #expect(judging.folder.size(of: path) == before)
    }

    @Test("a model that no server is known for stops the run")
    func noServer() throws {
        let judging = try Judging(rows: 3, .answer("Total rating: 4"))
        let result = try judging.folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--no-cache")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("--model-url"), "\(result.errors)")
    }
}

extension String {
    func replacingURL(with url: String) -> String {
        split(separator: "URL", omittingEmptySubsequences: false).joined(separator: url)
    }
}

import FakeModel
import JSON
import Testing

@Suite("Judges and candidates are asked through each API, within a budget")
struct ModelAPICommandTests {
    private static let setup = "export OPENAI_API_KEY=sk-openai-012345 ANTHROPIC_API_KEY=sk-anthropic-012345"

    @Test(
        "a judge is asked through the API that --model-api names",
        arguments: ["chat", "completions", "responses", "anthropic"])
    func judge(_ api: String) throws {
        let judging = try Judging(rows: 3, .answer("Total rating: 4"))
        let result = try judging.score("--model-api", api, setup: Self.setup)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 3)
        let keys = judging.server.requests.map { $0.header("x-api-key") ?? $0.header("Authorization") }
        let key = api == "anthropic" ? "sk-anthropic-012345" : "Bearer sk-openai-012345"
        #expect(keys == Array(repeating: key, count: 3))
    }

    @Test("a candidate behind one API, and its judge behind another, streamed, share a budget")
    func evaluate() throws {
        let server = try FakeModelServer(
            Behaviour.answer { ($0.prompt ?? "").contains("Total rating: N") ? "Total rating: 7" : "It is 4." }
                .reporting(.fixed(input: 100, output: 2000)))
        let price = #""api_key_env": "ANTHROPIC_API_KEY", "price_per_million": {"input": 1, "output": 10}"#
        let configuration = """
            {"models": [{"id": "candidate", "url": "\(server.url)", "api": "anthropic", "stream": true, \(price)},
                        {"id": "fake", "url": "\(server.url)", "api": "responses", "stream": true, \(price)}]}
            """
        let lines = (0..<40).map { "{\"input_query\": \"number \($0)\", \"expected_answer\": \"4\"}\n" }.joined()
        let folder = try TemporaryFolder([
            "rows.jsonl": lines, "functions/judge.json": ratingJudge, "config.json": configuration,
        ])
        let options = [
            "evaluate", "rows.jsonl", "--model", "candidate", "--config", "config.json", "--fn-dir", "functions",
            "--fn", "test::rating", "--fn", "basic::subset_of", "--output", "out.jsonl", "--no-cache",
        ]
        let result = try folder.command(options + ["--max-cost", "0.5"], setup: Self.setup).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        // A reply costs 0.0201.
        let requests = server.totals.requests
        #expect((12...25).contains(requests))
        #expect(Set(server.requests.map(\.path)) == ["/v1/messages", "/v1/responses"])
        let scored = try folder.read("out.jsonl").split(separator: "\n").filter { $0.contains("It is 4.") }.count
        #expect(scored > 0 && scored < 40)
    }

    @Test("--max-cost holds whatever replies turn out to cost", arguments: ["1", "64"])
    func cost(_ concurrency: String) throws {
        let judging = try Judging(
            rows: 100, Behaviour.answer("Total rating: 4").reporting(.fixed(input: 100, output: 2000)))
        try judging.folder.write(
            #"{"models": [{"id": "fake", "url": "URL", "price_per_million": {"input": 1, "output": 10}}]}"#
                .replacingURL(with: judging.server.url), to: "config.json")
        let result = try judging.score(
            "--config", "config.json", "--max-cost", "0.10", "--max-concurrency", concurrency)
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect((3...5).contains(judging.server.totals.requests))
        let cost = try #require(try result.value("usage", "cost").number?.double)
        #expect((0.06...0.1006).contains(cost))
    }
}

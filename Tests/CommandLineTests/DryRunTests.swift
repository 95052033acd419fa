import JSON
import Testing

@Suite("assay score --dry-run")
struct DryRunTests {
    private static let judge = ratingJudge.replacing(
        #""judge_score_regexes": ["Total rating: (\\d+)"]"#,
        with:
            #""response_format": {"type": "object", "properties": {"rating": {"type": "integer"}}, "required": ["rating"]}, "score_field": "rating""#
    )

    @Test("needs no server of models, and shows a schema once")
    func noServer() throws {
        let rows = (0..<3).map { "{\"input_query\": \"number \($0)\", \"generated_answer\": \"It is \($0).\"}\n" }
            .joined()
        let folder = try TemporaryFolder(["rows.jsonl": rows, "functions/judge.json": Self.judge])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--dry-run", "--no-cache",
            "--format",
            "table")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.output.contains("3 requests"))
        for row in 0..<3 { #expect(result.output.contains("Question: number \(row)")) }
        #expect(result.output.split(separator: "\"properties\"").count == 2, "\(result.output)")
        #expect(result.output.contains("with the parameters of request 1"))
    }

    @Test(
        "the longest reply and its cost are those that the model's configuration sets",
        arguments: [
            (#"{"set": {"max_tokens": 200}}"#, 200), (#"{"set": {"max_completion_tokens": 300}}"#, 300),
            (#"{"set": {"max_tokens": 200}, "drop": ["max_tokens"]}"#, 200), ("{}", nil),
        ] as [(String, Int?)])
    func configuredLength(parameters: String, tokens: Int?) throws {
        let configuration =
            #"{"models": [{"id": "fake", "url": "http://127.0.0.1:9/v1", "#
            + #""price_per_million": {"input": 0, "output": 10}, "parameters": \#(parameters)}]}"#
        let folder = try TemporaryFolder([
            "rows.jsonl": "{\"input_query\": \"?\", \"generated_answer\": \"x\"}\n",
            "functions/judge.json": ratingJudge,
            "models.json": configuration,
        ])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json",
            "--no-cache", "--dry-run", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        let estimate = try JSONValue(parsing: result.output)["dry_run"]?["functions"]?["test::rating"]
        #expect(estimate?["max_output_tokens"]?.number?.int == tokens, "\(result.output)")
        #expect(estimate?["max_cost"]?.number?.double == tokens.map { Double($0) * 10 / 1_000_000 })
    }

    @Test("without it, the same run asks for a server")
    func realRun() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": "{\"input_query\": \"?\", \"generated_answer\": \"x\"}\n",
            "functions/judge.json": ratingJudge,
        ])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--no-cache")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("--model-url URL"))
    }
}

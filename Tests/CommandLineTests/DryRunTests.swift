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

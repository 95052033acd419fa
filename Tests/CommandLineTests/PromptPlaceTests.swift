import FakeModel
import JSON
import Testing

@Suite("Places in prompts are filled, or a warning says that they are not")
struct PromptPlaceTests {
    private static let judge = """
        {"identifier": "test::best", "provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge",
         "return_type": {"type": "number"},
         "params": {"type": "llm_as_judge", "judge_model": "fake", "prompt_template": "PROMPT",
                    "judge_score_regexes": ["(\\\\d+)"], "aggregation_functions": ["average"]}}
        """

    private static func folder(_ prompt: String) throws -> TemporaryFolder {
        try TemporaryFolder([
            "functions/judge.json": judge.replacing("PROMPT", with: prompt),
            "spaced.csv": "Question,Best Answer,generated_answer\n\"Is it legal?\",\"No, it is not\",No\n",
            "rows.jsonl": "{\"Best Answer\": \"No\", \"choices\": [{\"turns\": [\"one\", \"two\"]}]}\n",
        ])
    }

    private static func score(_ folder: TemporaryFolder, _ data: String, _ url: String, _ more: String...) throws
        -> CommandResult
    {
        try folder.command(
            [
                "score", data, "--fn-dir", "functions", "--fn", "test::best", "--model-url", url, "--no-cache",
                "--format", "json",
            ] + more
        ).run()
    }

    @Test("a column with a space in its name is a place, in tables, JSON Lines and on standard input")
    func spacedColumns() throws {
        let folder = try Self.folder("Best: {Best Answer}")
        let server = try FakeModelServer(.answer { ($0.prompt ?? "").hasPrefix("Best: No") ? "8" : "1" })
        for data in ["spaced.csv", "rows.jsonl"] {
            let result = try Self.score(folder, data, server.url)
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(
                try result.value("results", "test::best", "aggregated_results", "average", "average") == JSONValue(8.0))
            #expect(!result.errors.contains("warning"), "\(result.errors)")
        }
        let piped = try folder.command(
            [
                "score", "-", "--fn-dir", "functions", "--fn", "test::best", "--model-url", server.url, "--no-cache",
                "--format", "json",
            ]
        ).run(input: Array(folder.read("rows.jsonl").utf8))
        #expect(piped.ending == .status(0), "\(piped.errors)")
        #expect(try piped.value("results", "test::best", "aggregated_results", "average", "average") == JSONValue(8.0))
    }

    @Test("a row without such a column is an input error, and is not asked")
    func missingValues() throws {
        let folder = try TemporaryFolder([
            "functions/judge.json": Self.judge.replacing("PROMPT", with: "Best: {Best Answer}"),
            "rows.jsonl": "{\"Best Answer\": \"No\"}\n{\"other\": 1}\n{\"Best Answer\": null}\n",
        ])
        let server = try FakeModelServer(.answer("8"))
        let result = try Self.score(folder, "rows.jsonl", server.url)
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("input_error", of: "test::best") == 2)
        #expect(server.totals.requests == 1)
    }

    @Test(
        "what looks like a place and is none is a warning, once, when functions are checked and in runs",
        arguments: [
            ("{Best Anwser} of {generated_answer}", "{Best Anwser}"),
            ("{{ Question }} {generated_answer}", "{{ Question }}"),
            ("{generated_answer!r} {Question}", "{generated_answer!r}"),
        ])
    func warnings(prompt: String, doubt: String) throws {
        let folder = try Self.folder(prompt)
        let server = try FakeModelServer(.answer("8"))
        let check = try folder.command(["functions", "check", "functions/judge.json"]).run()
        #expect(check.ending == .status(0))
        let warning = "warning: test::best: prompt_template has \(doubt): "
        #expect(check.errors.contains("functions/judge.json: " + warning), "\(check.errors)")
        for more in [[], ["--dry-run"]] {
            let result = try folder.command(
                [
                    "score", "spaced.csv", "--fn-dir", "functions", "--fn", "test::best", "--model-url", server.url,
                    "--no-cache", "--format", "json",
                ] + more
            ).run()
            #expect(result.errors.components(of: warning) == 1, "\(result.errors)")
        }
        let quiet = try Self.score(folder, "spaced.csv", server.url, "--quiet")
        #expect(quiet.errors == "")
    }

    @Test("a system prompt with a column's name is a warning: it is sent as it is")
    func systemPrompt() throws {
        let folder = try Self.folder(#"{generated_answer}", "system_prompt": "You judge {Question}."#)
        let server = try FakeModelServer(.answer("8"))
        let result = try Self.score(folder, "spaced.csv", server.url)
        #expect(
            result.errors.contains("warning: test::best: system_prompt has {Question}, which is sent as written"),
            "\(result.errors)")
    }

    @Test("questions of benchmarks and their examples have places of the same kinds, and the same warnings")
    func benchmarks() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": "{\"The Question\": \"2 + 2?\", \"turns\": [\"a\", \"b\"], \"answer\": \"4\"}\n",
            "benchmark.json": """
            {"scoring_functions": ["basic::equality"], "metadata": {"generation": {
              "prompt_template": "{The Question} {turns[-1]} {No Such}",
              "examples": [{"The Question": "1 + 1?", "turns": ["c"], "The Answer": 2, "answer": 2}],
              "answer_template": "It is {The Answer}"}}}
            """,
        ])
        let server = try FakeModelServer(.answer("4"))
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--no-cache", "--benchmark",
            "benchmark.json",
        ]).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(result.errors.components(of: "warning: the benchmark's prompt_template has {No Such}: ") == 1)
        #expect(!result.errors.contains("answer_template"))
        let body = try #require(server.requests.last).body
        for text in ["1 + 1? c {No Such}", "It is 2", "2 + 2? b {No Such}"] { #expect(body.contains(text), "\(body)") }
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(of text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}

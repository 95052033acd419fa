import FakeModel
import JSON
import Testing

@Suite("Limits of rows, prompts and regular expressions can be changed by those who run assay")
struct LimitOptionTests {
    private static let long = String(repeating: "x", count: 3_000)

    private static func row(_ answer: String) -> String {
        "{\"input_query\": \"q\", \"generated_answer\": \"\(answer)\", \"expected_answer\": \"x\"}\n"
    }

    private static func function(patterns: Int, length: Int = 3) -> String {
        let pattern = "\"(\(String(repeating: "x", count: length - 2)))\""
        return """
            {"identifier": "mine::f", "provider_id": "basic", "return_type": {"type": "number"},
             "provider_resource_id": "regex-parser-multiple-choice-answer",
             "params": {"type": "regex_parser", "aggregation_functions": ["accuracy"],
                        "parsing_regexes": [\(Array(repeating: pattern, count: patterns).joined(separator: ", "))]}}
            """
    }

    @Test(
        "a longer row than --max-row-size is an input error that says which option to change; all other rows are scored",
        arguments: ["rows.jsonl", "rows.csv", "rows.json", "-"])
    func rows(name: String) throws {
        let rows = ["x", Self.long, "y", "x"]
        let lines = rows.map { Self.row($0) }.joined()
        let folder = try TemporaryFolder([
            "rows.jsonl": lines, "rows.json": "[\(rows.map { Self.row($0) }.joined(separator: ","))]",
            "rows.csv": "generated_answer,expected_answer\n" + rows.map { "\($0),x\n" }.joined(),
        ])
        let score = ["score", name, "--fn", "basic::subset_of", "-o", "out.jsonl", "--max-row-size"]
        let input = name == "-" ? Array(lines.utf8) : []
        let run = try folder.command(score + ["3000"]).run(input: input)
        #expect(run.ending == .status(3), "\(run.errors)")
        let output = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let results = output.map { $0["scores"]?["basic::subset_of"] ?? $0 }
        #expect(
            results.map { $0["score"] ?? .null } == [JSONValue(1.0), .null, JSONValue(0.0), JSONValue(1.0)],
            "\(results)")
        let message = output.dropFirst().first?.text ?? ""
        #expect(message.contains("input_error") && message.contains("and at most 3000 bytes are read"), "\(message)")
        #expect(message.contains("raise --max-row-size"))
        #expect(try folder.command(score + ["4000"]).run(input: input).ending == .status(0))
    }

    @Test(
        "an evaluation counts such a row, too, and asks no model about it, also where it is the first",
        arguments: [3_000, 100_000])
    func evaluatedRows(length: Int) throws {
        let server = try FakeModelServer(.answer("x"))
        let answer = String(repeating: "x", count: length)
        let folder = try TemporaryFolder([
            "rows.jsonl": [answer, "short"].map { "{\"input_query\": \"\($0)\", \"expected_answer\": \"x\"}\n" }
                .joined()
        ])
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--no-cache", "--fn",
            "basic::subset_of", "--max-row-size", "2000", "-o", "out.jsonl",
        ]).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(server.totals.requests == 1)
        #expect(try folder.read("out.jsonl").contains("and at most 2000 bytes are read"))
    }

    @Test("an evaluation starts with a line that is not JSON, however long it is")
    func brokenFirstRow() throws {
        let server = try FakeModelServer(.answer("x"))
        let broken = "{\"input_query\": \"\(String(repeating: "x", count: 100_000))\n"
        let folder = try TemporaryFolder([
            "rows.jsonl": broken + #"{"input_query": "q", "expected_answer": "x"}"# + "\n"
        ])
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--no-cache", "--fn",
            "basic::subset_of", "-o", "out.jsonl",
        ]).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(server.totals.requests == 1)
    }

    @Test("a row of a joined file has the same limit")
    func joinedRows() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": #"{"id": 1, "generated_answer": "x"}"# + "\n",
            "gold.jsonl": "{\"id\": 1, \"expected_answer\": \"\(Self.long)\"}\n",
        ])
        let score = [
            "score", "rows.jsonl", "--join", "gold.jsonl", "--on", "id", "--fn", "basic::subset_of", "--max-row-size",
        ]
        let refused = try folder.command(score + ["3000"]).run()
        #expect(refused.ending == .status(1))
        #expect(
            refused.errors.contains("gold.jsonl: no row can be joined: row 1: the row has 3032 bytes"),
            "\(refused.errors)")
        #expect(try folder.command(score + ["4000"]).run().ending == .status(0))
    }

    @Test("rows whose prompt is larger than --max-prompt-size are input errors, and no model is asked about them")
    func prompts() throws {
        let judging = try Judging(
            lines: [Self.row("x"), Self.row(Self.long), Self.row("y")], .answer("Total rating: 4"))
        let result = try judging.score("--max-prompt-size", "2000")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("scored") == 2 && result.rows("input_error") == 1)
        #expect(judging.server.totals.requests == 2)
        let message = try judging.verdicts()[1]["message"]?.string ?? ""
        #expect(message.contains("a prompt may have 2000 bytes (--max-prompt-size)"), "\(message)")
        #expect(try judging.score("--max-prompt-size", "4000").ending == .status(0))
    }

    @Test(
        "the same holds for prompts of the model that answers, from a column or from a template",
        arguments: [[], ["--benchmark", #"{"metadata": {"generation": {"prompt_template": "Say {question}"}}}"#]])
    func candidatePrompts(options: [String]) throws {
        let server = try FakeModelServer(.answer("x"))
        let folder = try TemporaryFolder([
            "rows.jsonl": ["short", Self.long].map { "{\"question\": \"\($0)\", \"expected_answer\": \"x\"}\n" }
                .joined()
        ])
        let result = try folder.command(
            [
                "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--no-cache", "--fn",
                "basic::subset_of", "--max-prompt-size", "2000", "-o", "out.jsonl",
            ] + options
        ).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(server.totals.requests == 1)
        #expect(try folder.read("out.jsonl").contains("a prompt may have 2000 bytes (--max-prompt-size)"))
    }

    @Test(
        "lists of regular expressions have limits of number and size, up and down",
        arguments: [
            (3, 3, ["--max-patterns", "2"], "found 3 patterns; at most 2 are allowed (--max-patterns)"),
            (3, 3, ["--max-patterns", "3"], nil),
            (1_001, 3, [], "found 1001 patterns; at most 1000 are allowed (--max-patterns)"),
            (1_001, 3, ["--max-patterns", "1001"], nil),
            (
                2, 600, ["--max-pattern-size", "1024"],
                "the patterns have 1200 bytes in total; at most 1024 are allowed"
            ),
            (2, 600, ["--max-pattern-size", "1200"], nil),
            (100, 3_000, [], "the patterns have 300000 bytes in total; at most 262144 are allowed"),
            (100, 3_000, ["--max-pattern-size", "300000"], nil),
        ] as [(Int, Int, [String], String?)])
    func patterns(count: Int, length: Int, options: [String], fault: String?) throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": Self.row("x"), "functions/f.json": Self.function(patterns: count, length: length),
        ])
        let result = try folder.command(
            ["score", "rows.jsonl", "--fn", "mine::f", "--fn-dir", "functions", "--max-row-size", "5000"] + options
        ).run()
        if let fault {
            #expect(result.ending == .status(1) && result.errors.contains(fault), "\(result.errors)")
        } else {
            #expect([.status(0), .status(3)].contains(result.ending), "\(result.errors)")
        }
    }

    @Test(
        "values that make no sense are refused with the range",
        arguments: [
            ("--max-row-size", "10", "expected 1024 to 1073741824"),
            ("--max-prompt-size", "0", "expected 1 to 1073741824"),
            ("--max-patterns", "0", "expected 1 to 1000000"), ("--max-pattern-size", "1", "expected 1024 to 16777216"),
        ])
    func ranges(option: String, value: String, expected: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.row("x")])
        for command in [["score", "rows.jsonl", "--fn", "basic::equality"], ["serve"]] {
            let result = try folder.command(command + [option, value]).run()
            #expect(result.ending == .status(64), "\(result.errors)")
            #expect(result.errors.contains("\(option) \(value): \(expected)"), "\(result.errors)")
        }
    }

    @Test("the distance of texts with very many different characters takes memory in proportion to their length")
    func distinctCharacters() throws {
        func text(from first: UInt32) -> String {
            var text = ""
            for value in first..<first + 60_000 { text.unicodeScalars.append(Unicode.Scalar(value) ?? "x") }
            return text
        }
        let row = JSONValue.object([
            "generated_answer": .string(text(from: 0x10000)), "expected_answer": .string(text(from: 0x20000)),
        ])
        let short: JSONValue = ["generated_answer": "a", "expected_answer": "b"]
        let folder = try TemporaryFolder(["rows.jsonl": row.text + "\n", "short.jsonl": short.text + "\n"])
        func run(_ file: String) throws -> CommandResult {
            try folder.command(["score", file, "--fn", "braintrust::levenshtein"]).run()
        }
        let result = try run("rows.jsonl")
        #expect(result.ending == .status(0), "\(result.errors)")
        // The system may count the memory of the process that starts the command.
        let base = try run("short.jsonl").peakMemory
        #expect(result.peakMemory < base + 300 << 20, "\(result.peakMemory >> 20) MiB")
    }

    @Test("a server takes them as options and settings, and keeps as many results as it is told")
    func server() async throws {
        let model = try FakeModelServer(.answer("Total rating: 4"))
        let folder = try TemporaryFolder([
            "config.json": #"{"server": {"max_row_size": 2000, "max_pattern_size": 1024, "max_results": 2}}"#
        ])
        let serving = try Serving(
            folder, ["--config", "config.json", "--model-url", model.url, "--max-prompt-size", "1000"],
            setup: "export ASSAY_MAX_PATTERNS=2000")
        let judge: JSONValue = [
            "type": "llm_as_judge", "judge_model": "fake", "prompt_template": "{generated_answer}",
            "judge_score_regexes": ["Total rating: (\\d+)"],
        ]
        let rows: JSONValue = [["generated_answer": "x"], ["generated_answer": .string(Self.long)]]
        let judged = try await serving.post(
            "/v1/scoring/score", ["input_rows": rows, "scoring_functions": ["llm-as-judge::base": judge]])
        let scores = judged.json["results"]?["llm-as-judge::base"]?["score_rows"]?.array ?? []
        #expect(scores.map { $0["score"] } == [JSONValue(4.0), .null], "\(judged.json.text)")
        #expect(model.totals.requests == 1)

        func dataset(_ id: String, _ cell: String) -> JSONValue {
            [
                "dataset_id": .string(id), "purpose": "eval/question-answer",
                "source": [
                    "type": "uri", "uri": .string("data:text/csv,generated_answer,expected_answer%0A\(cell),x"),
                ],
            ]
        }
        #expect(try await serving.post("/v1/datasets", dataset("d", "x")).status == 200)
        let refused = try await serving.post("/v1/datasets", dataset("e", Self.long))
        #expect(refused.status == 400 && refused.json.text.contains("2000 bytes"), "\(refused.json.text)")

        for (parameter, status) in [(String(repeating: "x", count: 2_000), 400), ("x", 200)] {
            let answer = try await serving.post(
                "/v1/scoring/score-batch",
                [
                    "dataset_id": "d", "save_results_dataset": false,
                    "scoring_functions": [
                        "basic::regex_parser_multiple_choice_answer": [
                            "type": "regex_parser", "parsing_regexes": [.string("(\(parameter))")],
                        ]
                    ],
                ])
            #expect(answer.status == status, "\(answer.json.text)")
        }
        for _ in 0..<3 {
            let answer = try await serving.post(
                "/v1/scoring/score-batch",
                ["dataset_id": "d", "save_results_dataset": false, "scoring_functions": ["basic::equality": .null]])
            #expect(answer.status == 200)
        }
        #expect(try await serving.get("/v1/scoring/results")["data"]?.array?.count == 2)
    }
}

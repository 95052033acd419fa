import FakeModel
import JSON
import Testing

/// A judge that reads `Total rating: N` from 0 to 10.
let ratingJudge = """
    {"identifier": "test::rating", "provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge",
     "return_type": {"type": "number"},
     "params": {"type": "llm_as_judge", "judge_model": "fake",
                "prompt_template": "Question: {input_query}\\nAnswer: {generated_answer}\\nEnd with: Total rating: N",
                "judge_score_regexes": ["Total rating: (\\\\d+)"], "aggregation_functions": ["average"]}}
    """

/// A folder with rows and a judge, and a server that plays its model.
struct Judging {
    let folder: TemporaryFolder
    let server: FakeModelServer

    init(rows: Int, _ behaviour: Behaviour) throws {
        try self.init(
            lines: (0..<rows).map { "{\"input_query\": \"number \($0)\", \"generated_answer\": \"It is \($0).\"}\n" },
            behaviour)
    }

    init(lines: [String], judge: String = ratingJudge, _ behaviour: Behaviour) throws {
        folder = try TemporaryFolder(["rows.jsonl": lines.joined(), "functions/judge.json": judge])
        server = try FakeModelServer(behaviour)
    }

    /// `assay score` of the rows with the judge, its output in `out.jsonl`, its answers kept in `cache`.
    func command(_ arguments: [String] = [], fn: String = "test::rating", setup: String = "") -> Command {
        let all = [
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", fn, "--model-url", server.url, "--cache", "cache",
        ]
        let output = arguments.contains("--dry-run") ? [] : ["--output", "out.jsonl"]
        return folder.command(all + output + arguments, setup: setup)
    }

    func score(_ arguments: String..., fn: String = "test::rating", setup: String = "") throws -> CommandResult {
        try command(arguments, fn: fn, setup: setup).run()
    }

    /// What the output says of each row.
    func verdicts(of fn: String = "test::rating", in file: String = "out.jsonl") throws -> [JSONValue] {
        try folder.read(file).split(separator: "\n").map { line in
            try #require(JSONValue(parsing: String(line))["scores"]?[fn])
        }
    }
}

extension CommandResult {
    /// A value in the JSON on standard output.
    func value(_ path: String...) throws -> JSONValue {
        var value = try JSONValue(parsing: output)
        for key in path { value = try #require(value[key], "no \(key) in \(output); \(errors)") }
        return value
    }

    /// How many rows of the judge have an outcome.
    func rows(_ outcome: String, of fn: String = "test::rating") throws -> Int {
        guard case .number(let number) = try value("results", fn, "rows", outcome) else { return -1 }
        return number.int ?? -1
    }

    /// A count of what models were asked in all.
    func usage(_ name: String) throws -> Int {
        guard case .number(let number) = try value("usage", name) else { return -1 }
        return number.int ?? -1
    }
}

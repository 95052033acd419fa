import FakeModel
import JSON
import Testing

@Suite("Judges with several scores on the command line")
struct SeveralScoreTests {
    private static let judge = """
        {"identifier": "test::essay", "provider_id": "llm-as-judge", "return_type": {"type": "number"},
         "params": {"type": "llm_as_judge", "judge_model": "fake", "prompt_template": "Rate: {generated_answer}",
                    "score_fields": [{"name": "coherence", "range": [0, 10]}, {"name": "fluency", "range": [0, 10]}],
                    "aggregation_functions": ["average"]}}
        """

    private func judging(fluency: Int = 6) throws -> Judging {
        let lines = (0..<12).map {
            "{\"id\": \($0), \"input_query\": \"q\($0)\", \"generated_answer\": \"a\", \"label\": 4, \"part\": \($0 % 2)}\n"
        }
        return try Judging(
            lines: lines, judge: Self.judge,
            .answer("{\"reasoning\": \"r\", \"coherence\": 4, \"fluency\": \(fluency)}"))
    }

    @Test(
        "requirements name a score, and a score that the judge does not have is refused before anything is asked",
        arguments: [
            ("test::essay/coherence average >= 4", 0, "met: test::essay/coherence average >= 4: is 4.0", 1),
            ("test::essay/fluency average < 5", 4, "not met: test::essay/fluency average < 5: is 6.0", 1),
            ("test::essay average >= 5", 0, "met: test::essay average >= 5: is 5.0", 1),
            (
                "test::essay/style average >= 4", 64,
                "test::essay has no score \"style\"; it has: test::essay, test::essay/coherence, test::essay/fluency", 0
            ),
            ("test::other/style average >= 4", 64, "the run has no function \"test::other/style\"", 0),
        ])
    func requirements(requirement: String, status: Int32, line: String, requests: Int) throws {
        let judging = try judging()
        let result = try judging.score("--require", requirement, fn: "test::essay")
        #expect(result.ending == .status(status), "\(result.errors)")
        #expect(result.errors.contains(line), "\(result.errors)")
        #expect(judging.server.totals.requests == requests)
    }

    @Test("the table has a block for each, and --by and --worst work")
    func table() throws {
        let judging = try judging()
        let result = try judging.score("--format", "table", "--by", "label", "--worst", "1", fn: "test::essay")
        #expect(
            result.output.contains("test::essay/fluency\n  12 of 12 rows scored\n  average  6.0"), "\(result.output)")
        #expect(result.output.contains("test::essay/coherence"))
    }

    @Test("saved runs are compared, reported and checked against labels score by score")
    func saved() throws {
        let (old, new) = (try judging(fluency: 6), try judging(fluency: 8))
        for (judging, name) in [(old, "old"), (new, "new")] {
            let result = try judging.command(
                ["--save", old.folder.path + "/" + name, "--key", "id", "--save-column", "label"], fn: "test::essay"
            ).run()
            #expect(result.ending == .status(0), "\(result.errors)")
        }
        let compared = try old.folder.assay(
            "compare", "old", "new", "--require", "test::essay/fluency difference >= 2", "--require",
            "test::essay/coherence difference == 0")
        #expect(compared.ending == .status(0), "\(compared.errors)\(compared.output)")
        #expect(compared.output.contains("test::essay/fluency"), "\(compared.output)")
        let report = try old.folder.assay("report", "new", "--format", "markdown")
        #expect(report.output.contains("test::essay/fluency"), "\(report.output)\(report.errors)")
        let agreed = try old.folder.assay("agree", "new", "--fn", "test::essay/coherence", "--labels", "label")
        #expect(agreed.ending == .status(0), "\(agreed.errors)")
    }

    @Test("the states of parts have each score's results, as one run has them")
    func states() throws {
        let judging = try judging()
        let whole = try judging.score("--format", "json", fn: "test::essay")
        #expect(whole.ending == .status(0), "\(whole.errors)")
        for (name, filter) in [("even", "part=0"), ("odd", "part=1")] {
            let result = try judging.command(
                ["--where", filter, "--state", judging.folder.path + "/" + name], fn: "test::essay"
            ).run()
            #expect(result.ending == .status(0), "\(result.errors)")
        }
        let merged = try judging.folder.assay("merge", "odd", "even", "--format", "json")
        #expect(merged.ending == .status(0), "\(merged.errors)")
        let results = try [whole, merged].map { try JSONValue(parsing: $0.output)["results"] }
        for function in ["test::essay", "test::essay/coherence", "test::essay/fluency"] {
            for member in ["aggregated_results", "rows", "standard_error", "interval"] {
                let (one, other) = (results[0]?[function]?[member], results[1]?[function]?[member])
                #expect(one != nil && one == other, "\(function) \(member): \(merged.output)")
            }
        }
    }

    @Test("functions check says where a definition is wrong")
    func check() throws {
        let folder = try TemporaryFolder([
            "judge.json": Self.judge.replacing("\"range\": [0, 10]}, {", with: "\"range\": [10, 0]}, {")
        ])
        let result = try folder.assay("functions", "check", "judge.json")
        #expect(result.ending == .status(1))
        #expect(
            result.errors.contains(
                "judge.json: test::essay: /params/score_fields/0/range: found [10, 0]; expected two numbers"),
            "\(result.errors)")
        let messages = try TemporaryFolder([
            "judge.json": Self.judge.replacing(
                "\"prompt_template\": \"Rate: {generated_answer}\"",
                with:
                    "\"judge_messages\": [{\"role\": \"user\", \"content\": \"{{generated_answer}} {generated_answer}\"}]"
            )
        ])
        let checked = try messages.assay("functions", "check", "judge.json")
        #expect(checked.ending == .status(0), "\(checked.errors)")
        #expect(checked.errors.contains("judge_messages/0 has {{generated_answer}}"), "\(checked.errors)")
    }
}

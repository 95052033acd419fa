import FakeModel
import JSON
import Testing

@Suite("Judges ask a model and read its replies")
struct JudgeTests {
    @Test("a score and the judge's feedback for each row, the mean, and what was asked")
    func scores() throws {
        let judging = try Judging(
            rows: 20, .answer("I think so. Total rating: 8").reporting(.fixed(input: 30, output: 7)))
        let result = try judging.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        let expected: JSONValue = ["score": JSONValue(8.0), "judge_feedback": "I think so. Total rating: 8"]
        #expect(try judging.verdicts() == Array(repeating: expected, count: 20))
        #expect(
            try result.value("results", "test::rating", "aggregated_results")
                == ["average": ["average": JSONValue(8.0)]])
        #expect(try result.usage("requests") == 20)
        #expect(try result.usage("cached") == 0)
        #expect(try result.usage("input_tokens") == 600)
        #expect(try result.usage("output_tokens") == 140)
        #expect(try result.value("results", "test::rating", "usage") == result.value("usage"))
        #expect(judging.server.totals.answered == 20)
    }

    @Test("the same again asks nothing and writes the same; without the cache it asks again")
    func again() throws {
        let judging = try Judging(rows: 50, .answer(among: ["Total rating: 1", "Total rating: 2"]))
        _ = try judging.score()
        let first = try judging.folder.read("out.jsonl")
        let result = try judging.score()
        #expect(try judging.folder.read("out.jsonl") == first)
        #expect(try result.usage("requests") == 0)
        #expect(try result.usage("cached") == 50)
        #expect(judging.server.totals.requests == 50)
        let uncached = try judging.folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--model-url", judging.server.url,
            "--no-cache",
        ]).run()
        #expect(try uncached.usage("requests") == 50)
        #expect(judging.server.totals.requests == 100)
    }

    @Test(
        "whatever changes the request is asked anew",
        arguments: [#"{"temperature": 0.5}"#, #"{"judge_model": "other"}"#])
    func parameters(change: String) throws {
        let judging = try Judging(rows: 5, .answer("Total rating: 3"))
        _ = try judging.score()
        let result = try judging.score(fn: "test::rating=\(change)")
        #expect(try result.usage("requests") == 5)
    }

    @Test("rows with the same prompt are asked once")
    func equalRows() throws {
        let line = "{\"input_query\": \"same\", \"generated_answer\": \"same\"}\n"
        let judging = try Judging(
            lines: Array(repeating: line, count: 200), .answer("Total rating: 3").delayed(by: .milliseconds(20)))
        let result = try judging.score()
        #expect(try result.rows("scored") == 200)
        #expect(judging.server.totals.requests == 1)
    }

    @Test("answers are put into the prompt byte by byte, whatever they hold")
    func rendering() throws {
        let answers = [
            "{generated_answer} {input_query} {{x}} }{", "100 % %s %d %@ \\(x) $1 \\1", #"{"score": 10, "a": [1]}"#,
            "Total rating: 10\nEnd with: Total rating: N", "😀 é e\u{301} \u{200B} العربية", "a\u{0}b\u{1}\u{7F}",
            "\u{2028}\u{FEFF}\"\\/\t\r\n", String(repeating: "long ", count: 200_000),
        ]
        let lines = answers.enumerated().map { index, answer -> String in
            let row: JSONValue = ["input_query": .string("q\(index)"), "generated_answer": .string(answer)]
            return row.text + "\n"
        }
        let judging = try Judging(lines: lines, .answer("Total rating: 1"))
        let result = try judging.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        let asked = Set(judging.server.requests.compactMap(\.prompt).map { Array($0.utf8) })
        for (index, answer) in answers.enumerated() {
            let prompt = "Question: q\(index)\nAnswer: \(answer)\nEnd with: Total rating: N"
            #expect(asked.contains(Array(prompt.utf8)), "answer \(index)")
        }
        #expect(judging.server.requests.allSatisfy { $0.header("content-type") == "application/json" })
    }

    @Test("a model that never answers in the asked form leaves every row unparsed, and none at zero")
    func unparsed() throws {
        let judging = try Judging(rows: 2_000, .answer("I would rather not say."))
        let result = try judging.score()
        #expect(result.ending == .status(3))
        #expect(try result.rows("unparsed") == 2_000)
        #expect(try judging.verdicts().allSatisfy { $0["score"] == .null && $0["outcome"] == "unparsed" })
        #expect(try judging.verdicts()[0]["judge_feedback"] == "I would rather not say.")
        #expect(
            try result.value("results", "test::rating", "aggregated_results") == ["average": .null])
    }

    @Test("a judge in the older form works as it is")
    func olderForm() throws {
        let judge = """
            {"identifier": "test::rating", "provider_id": "llm-as-judge", "provider_resource_id": "my-own-judge",
             "return_type": {"type": "number"}, "parameters": [],
             "context": {"judge_model": "fake", "prompt_template": "Rate {generated_answer}",
                         "judge_score_regex": ["(\\\\d+) points"]}}
            """
        let judging = try Judging(lines: ["{\"generated_answer\": \"x\"}\n"], judge: judge, .answer("7 points"))
        #expect(try judging.score().ending == .status(0))
        #expect(try judging.verdicts()[0]["score"] == JSONValue(7.0))
        #expect(judging.server.requests.map(\.prompt) == ["Rate x"])
    }

    @Test("votes are asked apart, and a panel's of each model")
    func votes() throws {
        let judging = try Judging(
            rows: 3,
            .answer { request in
                request.body.contains("\"strict\"") ? "Total rating: 2" : "Total rating: \(4 + request.attempt)"
            })
        let result = try judging.score(fn: #"test::rating={"votes": 3, "temperature": 1, "vote_reduction": "median"}"#)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(judging.server.totals.requests == 9)
        #expect(try judging.verdicts().allSatisfy { $0["score"] == JSONValue(6.0) })
        #expect(try judging.verdicts().allSatisfy { $0["votes"]?.array?.count == 3 && $0["spread"] != nil })
        let again = try judging.score(fn: #"test::rating={"votes": 3, "temperature": 1, "vote_reduction": "median"}"#)
        #expect(try again.usage("cached") == 9)
        let panel = judging.folder.command([
            "score", "rows.jsonl", "--fn", "llm-as-judge::base=panel.json", "--model-url", judging.server.url,
            "--no-cache", "--output", "out.jsonl",
        ])
        try judging.folder.write(
            """
            {"judge_models": ["kind", "strict"], "prompt_template": "Rate {generated_answer}",
             "judge_score_regexes": ["Total rating: (\\\\d+)"], "vote_reduction": "mean"}
            """, to: "panel.json")
        let panelResult = try panel.run()
        #expect(panelResult.ending == .status(0), "\(panelResult.errors)")
        #expect(
            try judging.verdicts(of: "llm-as-judge::base")[0]["votes"]?.array?.compactMap { $0["model"]?.string }
                == ["kind", "strict"])
    }

    @Test("a reply in a given form is read as JSON, and the form goes to the model")
    func responseFormat() throws {
        let judging = try Judging(rows: 1, .answer("```json\n{\"reasoning\": \"fine\", \"score\": 9}\n```"))
        let result = try judging.score("--judge-model", "fake", fn: "llm-as-judge::correctness")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("expected_answer"), "\(result.errors)")
        try judging.folder.write(
            "{\"input_query\": \"q\", \"generated_answer\": \"a\", \"expected_answer\": \"e\"}\n", to: "rows.jsonl")
        let scored = try judging.score("--judge-model", "fake", fn: "llm-as-judge::correctness")
        #expect(scored.ending == .status(0), "\(scored.errors)")
        #expect(try judging.verdicts(of: "llm-as-judge::correctness")[0]["score"] == JSONValue(9.0))
        #expect(judging.server.requests.last?.body.contains("\"json_schema\"") == true)
    }
}

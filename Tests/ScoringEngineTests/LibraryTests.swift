import JSON
import ScoringCore
import ScoringEngine
import Testing

@Suite("The engine as a library")
struct LibraryTests {
    @Test("rows in memory are scored as rows of a file are")
    func rowsInMemory() throws {
        let engine = Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder])
        let rows: [JSONValue] = [
            ["generated_answer": "The answer is 18.", "expected_answer": "18"],
            ["generated_answer": "I do not know.", "expected_answer": "18"],
        ]
        let request = ScoringRequest(Dataset(rows: rows), functions: ["basic::subset_of": nil])
        let results = try engine.score(request)
        #expect(
            results["basic::subset_of"]?.json["aggregated_results"]
                == ["accuracy": ["accuracy": JSONValue(0.5), "num_correct": 1, "num_total": 2]])
    }

    @Test("a line for each row, where one is wanted")
    func lines() throws {
        let output = Output()
        let request = ScoringRequest(
            Dataset(jsonLines: answers(#""a""#, #""a""#) + answers("1", "2"), named: "my rows"),
            functions: ["basic::equality": nil, "basic::subset_of": nil])
        let results = try shippedEngine.score(request, sink: output.sink)
        #expect(
            output.lines == [
                #"{"row": 0, "scores": {"basic::equality": {"score": 1.0}, "basic::subset_of": {"score": 1.0}}}"#,
                #"{"row": 1, "scores": {"basic::equality": {"score": 0.0}, "basic::subset_of": {"score": null, "#
                    + #""outcome": "input_error", "message": "a number cannot be contained in a number; expected a string in "#
                    + #"a string, anything in an array, or a string as a key of an object"}}}"#,
            ])
        #expect(results.failure == nil && !results.isCancelled && !results.isComplete)
        #expect(results.unscored.map(\.row) == [1])
        #expect(results.unscored.map(\.function) == ["basic::subset_of"])
        #expect(
            results.json.text
                == #"{"results": {"basic::equality": {"aggregated_results": {"accuracy": {"accuracy": 0.5, "#
                + #""num_correct": 1, "num_total": 2}}, "rows": {"total": 2, "scored": 2, "unparsed": 0, "input_error": 0, "#
                + #""scorer_error": 0, "model_error": 0, "timed_out": 0, "plugin_crashed": 0, "not_asked": 0, "non_numeric": 0}, "#
                + #""standard_error": {"accuracy": 0.5}, "interval": {"accuracy": {"level": 0.95, "#
                + #""lower": 0.09453120573423071, "upper": 0.9054687942657693, "method": "wilson"}}}, "basic::subset_of": {"aggregated_results": {"accuracy": "#
                + #"{"accuracy": 1.0, "num_correct": 1, "num_total": 1}}, "rows": {"total": 2, "scored": 1, "unparsed": 0, "#
                + #""input_error": 1, "scorer_error": 0, "model_error": 0, "timed_out": 0, "plugin_crashed": 0, "#
                + #""not_asked": 0, "non_numeric": 0}, "interval": {"accuracy": {"level": 0.95, "#
                + #""lower": 0.20654931437723742, "upper": 1.0, "method": "wilson"}}, "bounds": {"accuracy": {"lowest": 0.5, "highest": 1.0}}}}}"#
        )
    }

    @Test("a dataset without rows has aggregates of nothing")
    func noRows() throws {
        for text in ["", "\n", " \n\t\n"] {
            let scoring = try Scoring(text, "basic::equality")
            #expect(scoring.output.text == "")
            #expect(scoring.counts.total == 0)
            #expect(scoring.results["basic::equality"]?.json["aggregated_results"] == ["accuracy": nil])
            #expect(scoring.results.isComplete)
        }
    }

    @Test(
        "what cannot be scored at all is an error that says what to do",
        arguments: [
            (
                "basic::equalty", nil,
                "there is no scoring function \"basic::equalty\"; did you mean \"basic::equality\"?"
            ),
            ("basic::equality", ["threshold": 1], "/params/threshold: unknown parameter; expected any_of"),
            (
                "basic::regex_parser_multiple_choice_answer", ["parsing_regexes": ["A: (.+)", "B: .+"]],
                "/params/parsing_regexes/1: the pattern has no group 1"
            ),
            ("basic::equality", ["aggregation_functions": ["mean"]], "/aggregation_functions/0"),
        ] as [(String, JSONObject?, String)])
    func refused(function: String, parameters: JSONObject?, message: String) {
        let error = #expect(throws: EngineError.self) { try Scoring(answers("1", "1"), function, parameters) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}

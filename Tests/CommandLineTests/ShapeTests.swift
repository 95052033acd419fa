import JSON
import Testing

@Suite("Values of another shape than a function reads")
struct ShapeTests {
    private static let answer = "basic::regex_parser_multiple_choice_answer"

    /// Rows of files that are often scored with their columns as they are.
    static let cases: [(row: String, options: [String], found: String, advice: String)] = [
        (
            #"{"doc_id": 0, "doc": {"q": "?"}, "target": "18", "resps": [["It is 18."]], "filtered_resps": ["18"]}"#,
            ["--map", "generated_answer=resps", "--map", "expected_answer=target"], "holds an array",
            "--map 'generated_answer=resps[0][0]'"
        ),
        (
            #"{"custom_id": "1", "response": {"status_code": 200, "body": {"id": "x", "choices": [{"message": {"role": "assistant", "content": "18"}}]}}, "expected_answer": "18"}"#,
            ["--map", "generated_answer=response"], "holds an object",
            "--map 'generated_answer=response.body.choices[0].message.content'"
        ),
        (
            #"{"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "18"}], "expected_answer": "18"}"#,
            ["--map", "generated_answer=messages"], "holds an array", "--map 'generated_answer=messages[-1].content'"
        ),
        (
            #"{"outputs": [{"odd name.x": "18"}], "expected_answer": "18"}"#, ["--map", "generated_answer=outputs"],
            "holds an array", #"--map 'generated_answer=outputs[0]["odd name.x"]'"#
        ),
        (
            #"{"model.outputs": [{"*": {"a b": "18"}}], "expected_answer": "18"}"#,
            ["--map", "generated_answer=model.outputs"], "holds an array",
            #"--map 'generated_answer=["model.outputs"][0]["*"].a b'"#
        ),
    ]

    @Test("where a text is read, the run does not start, and says where the text is", arguments: cases)
    func refused(row: String, options: [String], found: String, advice: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": String(repeating: row + "\n", count: 3)])
        let result = try folder.command(["score", "rows.jsonl", "--fn", Self.answer] + options).run()
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(found), "\(result.errors)")
        #expect(result.errors.contains(advice), "\(result.errors)")
        #expect(lines(of: result.errors).count == 1)
    }

    @Test("in some rows only, these are input errors that show the value", arguments: cases)
    func someRows(row: String, options: [String], found: String, advice: String) throws {
        let column = try #require(
            options.compactMap { $0.hasPrefix("generated_answer=") ? $0.dropFirst(17) : nil }.first)
        let good =
            row.hasPrefix("{\"doc_id\"")
            ? #"{"resps": "Answer: 18", "target": "18"}"# : #"{"\#(column)": "Answer: 18", "expected_answer": "18"}"#
        let folder = try TemporaryFolder(["rows.jsonl": good + "\n" + row + "\n"])
        let result = try folder.command(
            ["score", "rows.jsonl", "--fn", Self.answer, "-o", "out.jsonl"] + options
        ).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        let verdict = try JSONValue(parsing: lines(of: try folder.read("out.jsonl"))[1])["scores"]?[Self.answer]
        #expect(verdict?["outcome"] == "input_error")
        let path = advice.split(separator: "generated_answer=")[1].dropLast()
        #expect(verdict?["message"]?.string?.contains(path) ?? false, "\(String(describing: verdict))")
    }

    @Test("functions that compare any JSON score them 0.0, which is an error that names the text", arguments: cases)
    func anyJSON(row: String, options: [String], found: String, advice: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": row + "\n"])
        let result = try folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of", "--quiet"] + options).run()
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(result.errors.hasPrefix("Error: every score of basic::subset_of is 0.0; "))
        #expect(result.errors.contains(advice.split(separator: "'")[1]), "\(result.errors)")
    }

    @Test(
        "a function that matches nothing is told what would",
        arguments: [
            ("generated_answer,expected_answer\n5.0,5\n1e2,100\n", "basic::equality", "equal numbers are written"),
            (
                "generated_answer,expected_answer\n\"1,421\",1421\n7,8\n", "basic::subset_of",
                "equal numbers are written"
            ),
            ("generated_answer,expected_answer\nParis ,paris\n", "basic::equality", "white space or case"),
            ("generated_answer,expected_answer\nIt is Paris.,Paris\n", "basic::equality", "basic::subset_of accepts"),
            ("generated_answer,expected_answer\n12,so 12 #### 12\n", "basic::equality", "expected_regexes"),
            (
                #"generated_answer,expected_answer\#nWien,"[""Wien"", ""Vienna""]"\#n"#, "basic::subset_of",
                #""any_of": true"#
            ),
            (
                "generated_answer,expected_answer\n4,\"\"\"4\"\"\"\n", "basic::subset_of",
                "JSON strings with their quotes"
            ),
            (
                #"generated_answer,expected_answer\#n"{""content"": ""4""}",4\#n"#, "basic::equality",
                "--map generated_answer=generated_answer.content"
            ),
            ("generated_answer,expected_answer\nParis,Lutetia; Paris\n", "basic::subset_of", "separated by \";\""),
            ("generated_answer,expected_answer\nTom &amp; Al,Tom & Al\n", "basic::equality", "HTML entities"),
            ("generated_answer,expected_answer\n(B),b\n", "basic::equality", "basic::multiple_choice reads"),
            ("generated_answer,expected_answer\nB,1\n", "basic::equality", #""expected": "index""#),
            ("generated_answer,expected_answer\n50%,0.5\n", "basic::number", #""percent": "hundredths""#),
            ("generated_answer,expected_answer\nParis,NA\n", "basic::equality", "missing value"),
            ("generated_answer,expected_answer\nParis,It is Paris.\n", "basic::subset_of", "swapped"),
            ("generated_answer,expected_answer\n\"\",4\n", "basic::equality", "is empty in such rows"),
            (
                "generated_answer,expected_answer\nIt is 4,4\n", "basic::regex_parser_math_response",
                "basic::subset_of accepts"
            ),
        ])
    func hints(table: String, function: String, hint: String) throws {
        let folder = try TemporaryFolder(["rows.csv": table])
        let result = try folder.assay("score", "rows.csv", "--fn", function)
        #expect(result.ending == .status(0))
        #expect(result.errors.hasPrefix("hint: every score of \(function) is 0.0; "), "\(result.errors)")
        #expect(result.errors.contains(hint), "\(result.errors)")
        #expect(lines(of: result.errors).count == 1)
        #expect(try folder.assay("score", "rows.csv", "--fn", function, "--quiet").errors == "")
    }

    @Test(
        "a few right answers do not hide that others are written in another way",
        arguments: [
            (["5.0,5", "6,6", "7.0,7", "8.0,8"], "basic::equality", "equal numbers"),
            (["Wien,Wien", "Wien,\"[\"\"Wien\"\", \"\"Vienna\"\"]\""], "basic::subset_of", "any_of"),
            (["yes,yes", "Yes,yes", "NO,no"], "basic::equality", "white space or case"),
        ] as [([String], String, String)])
    func mixed(rows: [String], function: String, hint: String) throws {
        let table = (["generated_answer,expected_answer"] + rows).joined(separator: "\n") + "\n"
        let result = try TemporaryFolder(["rows.csv": table]).assay("score", "rows.csv", "--fn", function)
        #expect(result.errors.hasPrefix("hint: rows that \(function) scores 0.0 may be right; "), "\(result.errors)")
        #expect(result.errors.contains(hint), "\(result.errors)")
    }

    @Test(
        "scores of 1.0 that prove nothing are remarked upon",
        arguments: [
            ("generated_answer,expected_answer\nParis,\"\"\n", "empty \"expected_answer\""),
            ("generated_answer,expected_answer\nIt is 1005.,5\n", "inside another one"),
        ])
    func emptyVictories(table: String, hint: String) throws {
        let result = try TemporaryFolder(["rows.csv": table]).assay("score", "rows.csv", "--fn", "basic::subset_of")
        #expect(result.errors.contains(hint), "\(result.errors)")
    }

    @Test("as JSON, the results are followed by the reasons of the first rows without a score")
    func reasons() throws {
        let folder = try TemporaryFolder(["rows.jsonl": "{\"generated_answer\": 1, \"expected_answer\": \"1\"}\n{}\n"])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "json")
        #expect(result.ending == .status(3))
        #expect(result.errors.hasPrefix("First rows without a score:\n  row 0, basic::subset_of, input_error: "))
    }

    @Test(
        "scores that are 0.0 for good reasons are not remarked upon",
        arguments: [
            "generated_answer,expected_answer\nA,B\nC,D\n", "generated_answer,expected_answer\nfive,5\n6,6\n",
            "generated_answer,expected_answer\nParis,Rome\n7,8\nB,C\n12,1\n",
        ])
    func noHints(table: String) throws {
        let folder = try TemporaryFolder(["rows.csv": table])
        #expect(try folder.assay("score", "rows.csv", "--fn", "basic::equality").errors == "")
    }

    @Test(
        "columns under other tools' names are recognised",
        arguments: [
            (
                #"{"doc_id": 0, "doc": {}, "target": "18", "resps": [["18"]], "filtered_resps": ["18"]}"#,
                "samples of lm-evaluation-harness", "'generated_answer=resps[0][0]' --map expected_answer=target"
            ),
            (
                #"{"custom_id": "1", "response": null, "error": {}}"#, "OpenAI's batch API",
                "'generated_answer=response.body.choices[0].message.content'"
            ),
            (
                #"{"question_id": 81, "answer_id": "a", "model_id": "m", "choices": [{"turns": ["18"]}]}"#,
                "answers of MT-bench", "'generated_answer=choices[0].turns[0]'"
            ),
            (
                #"{"instruction": "?", "output": "18", "generator": "m"}"#, "outputs of AlpacaEval",
                "generated_answer=output"
            ),
            (
                #"{"id": 1, "input": "?", "target": "18", "output": {"choices": [], "completion": "18"}}"#,
                "samples of inspect_ai", "generated_answer=output.completion --map expected_answer=target"
            ),
            (
                #"{"promptIdx": 0, "vars": {}, "response": {"output": "18"}}"#, "results of promptfoo",
                "generated_answer=response.output"
            ),
            (#"{"prediction": "18", "gold": "18"}"#, "", "generated_answer=prediction --map expected_answer=gold"),
        ])
    func otherNames(row: String, tool: String, advice: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": row + "\n"])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(tool))
        #expect(result.errors.contains(advice), "\(result.errors)")
    }

    @Test("an aggregation in the place of a function is said to be one", arguments: ["accuracy", "median"])
    func aggregation(name: String) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay("score", "rows.jsonl", "--fn", name)
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("\"\(name)\" is an aggregation"))
        #expect(result.errors.contains("basic::equality"))
    }
}

import Testing

@Suite("Options of assay score")
struct ScoreOptionTests {
    @Test("--format json is literally this")
    func json() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let expected = """
            {
              "results": {
                "basic::subset_of": {
                  "aggregated_results": {
                    "accuracy": {
                      "accuracy": 0.6666666666666666,
                      "num_correct": 2,
                      "num_total": 3
                    }
                  },
                  "rows": {
                    "total": 3,
                    "scored": 3,
                    "unparsed": 0,
                    "input_error": 0,
                    "scorer_error": 0,
                    "model_error": 0,
                    "timed_out": 0,
                    "plugin_crashed": 0,
                    "not_asked": 0,
                    "non_numeric": 0
                  },
                  "standard_error": {
                    "accuracy": 0.3333333333333333
                  },
                  "interval": {
                    "accuracy": {
                      "level": 0.95,
                      "lower": 0.20765960080204768,
                      "upper": 0.9385080552796037,
                      "method": "wilson"
                    }
                  }
                }
              }
            }

            """
        // It is also what goes to a pipe.
        for format in [["--format", "json"], []] {
            let result = try folder.command(["score", "rows.jsonl", "--fn", "basic::subset_of"] + format).run()
            #expect(result.output == expected)
            #expect(result.errors == "")
            #expect(result.ending == .status(0))
        }
    }

    @Test("several functions are scored in one pass, and in the order in which they were named")
    func severalFunctions() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--fn", "basic::equality", "--format", "table",
            "--output", "out.jsonl")
        #expect(
            result.output == """
                basic::subset_of
                  3 of 3 rows scored
                  accuracy  0.6667  (2 of 3)  95% interval 0.2077 … 0.9385

                basic::equality
                  3 of 3 rows scored
                  accuracy  0.3333  (1 of 3)  95% interval 0.0615 … 0.7923

                """)
        #expect(
            try folder.read("out.jsonl") == """
                {"row": 0, "scores": {"basic::subset_of": {"score": 1.0}, "basic::equality": {"score": 0.0}}}
                {"row": 1, "scores": {"basic::subset_of": {"score": 0.0}, "basic::equality": {"score": 0.0}}}
                {"row": 2, "scores": {"basic::subset_of": {"score": 1.0}, "basic::equality": {"score": 1.0}}}

                """)
    }

    @Test("rows without a score are counted, shown and bounded, and the status is 3")
    func unscoredRows() throws {
        let folder = try TemporaryFolder(["rows.jsonl": goodRow + #"{"expected_answer": "18"}"# + "\n"])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "table", "-o", "out.jsonl")
        #expect(result.ending == .status(3))
        #expect(
            result.output == """
                basic::subset_of
                  1 of 2 rows scored; 1 row not scored (1 input_error)
                  accuracy  1.0  (1 of 1)  95% interval 0.2065 … 1.0  if every row had been scored: 0.5 to 1.0

                First rows without a score:
                  row 1, basic::subset_of, input_error: the row has no column "generated_answer"

                """)
        #expect(
            try folder.read("out.jsonl") == goodLine(0) + #"""

                {"row": 1, "scores": {"basic::subset_of": {"score": null, "outcome": "input_error", "message": "the row has no column \"generated_answer\""}}}

                """#)
    }

    @Test("the first rows without a score are shown once, with all functions that have none for them")
    func unscoredByRow() throws {
        let rows = (0..<7).map { #"{"id": \#($0), "expected_answer": "18"}"# + "\n" }.joined()
        let folder = try TemporaryFolder(["rows.jsonl": goodRow + rows])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::subset_of", "--fn", "basic::equality", "--format", "table")
        let shown = lines(of: result.output).filter { $0.hasPrefix("  row ") }
        let reason = #"input_error: the row has no column "generated_answer""#
        #expect(shown == (1...5).map { "  row \($0), basic::subset_of and basic::equality, \(reason)" })
    }

    @Test("parameters come from the command line or a file, for this run only")
    func parameters() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": threeRows, "my.json": #"{"aggregation_functions": ["average"]}"#,
        ])
        let table = """
            basic::subset_of
              3 of 3 rows scored
              average  0.6667  95% interval 0.2077 … 0.9385

            """
        for parameters in [
            "my.json", #"{"aggregation_functions": ["average"]}"#, #" {"aggregation_functions":["average"]}"#,
        ] {
            let function = "basic::subset_of=\(parameters)"
            let result = try folder.assay("score", "rows.jsonl", "--fn", function, "--format", "table")
            #expect(result.output == table)
            #expect(result.ending == .status(0))
        }
        let later = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "table")
        #expect(later.output == threeRowsTable)
    }

    @Test("a user's own definition is found in --fn-dir")
    func functionFolder() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": #"{"generated_answer": "So.\nA: 1,800", "expected_answer": "1800"}"# + "\n",
            "fns/answer.json": """
            {"identifier": "my::answer", "provider_id": "basic",
             "provider_resource_id": "regex-parser-multiple-choice-answer", "return_type": {"type": "number"},
             "params": {"type": "regex_parser", "parsing_regexes": ["A:\\\\s*(.+)"], "normalize": "number",
                        "aggregation_functions": ["accuracy", "median"]}}
            """,
        ])
        let result = try folder.assay(
            "score", "rows.jsonl", "--fn-dir", "fns", "--fn", "my::answer", "--format", "table", "-o", "out.jsonl")
        #expect(
            result.output
                == "my::answer\n  1 of 1 rows scored\n  accuracy  1.0  (1 of 1)  95% interval 0.2065 … 1.0\n  median    1.0\n"
        )
        #expect(result.errors == "")
        #expect(
            try folder.read("out.jsonl")
                == #"{"row": 0, "scores": {"my::answer": {"score": 1.0, "parsed_answer": "1,800"}}}"# + "\n")
    }

    @Test("--map gives a column another name")
    func mapping() throws {
        let folder = try TemporaryFolder(["rows.csv": "prediction,gold\nIt is 18.,18\n"])
        let arguments = ["score", "rows.csv", "--fn", "basic::subset_of", "--format", "table"]
        let mapping = ["--map", "generated_answer=prediction", "--map", "expected_answer=gold"]
        let result = try folder.command(arguments + mapping).run()
        #expect(result.ending == .status(0))
        #expect(
            result.output
                == "basic::subset_of\n  1 of 1 rows scored\n  accuracy  1.0  (1 of 1)  95% interval 0.2065 … 1.0\n")

        let unmapped = try folder.command(arguments).run()
        #expect(unmapped.ending == .status(1))
        #expect(unmapped.errors.contains(#"no row has the columns "generated_answer" or "expected_answer""#))
        #expect(unmapped.errors.contains(#""prediction", "gold""#))
        let mismapped = try folder.command(arguments + ["--map", "expected_answer=golden"]).run()
        #expect(mismapped.errors.contains(#""golden" (mapped to "expected_answer")"#))
    }

    @Test(
        "--where keeps the rows with a text, number or boolean, and with all of several",
        arguments: [
            (["model=small"], [0, 2]), (["id=2"], [1]), (["ok=true"], [0, 2]), (["ok=true", "id=3"], [2]),
            (["model=large", "ok=true"], []), (["model=nobody"], []), (["id=1.0"], []),
            (["id=1", "id=3"], [0, 2]), (["id=1", "id=3", "model=large"], []), (["model!=small"], [1]),
            (["id!=1", "id!=2"], [2]), (["ok=true", "id!=1"], [2]),
        ])
    func filters(filters: [String], rows: [Int]) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let options = filters.flatMap { ["--where", $0] }
        let result = try folder.command(
            ["score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl"] + options
        ).run()
        #expect(result.ending == .status(rows.isEmpty ? 3 : 0))
        #expect(lines(of: try folder.read("out.jsonl")) == rows.map { lines(of: threeLines)[$0] })
        #expect(result.output.contains("\"total\": \(rows.count),"))
    }

    @Test("--where on a column that no row has is a failure that names the columns")
    func filterOnMissingColumn() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--where", "modle=small")
        #expect(result.ending == .status(1))
        #expect(result.errors.hasPrefix(#"Error: rows.jsonl: no row has the column "modle""#))
        #expect(result.errors.contains(#"The columns are "id", "generated_answer", "expected_answer", "model", "ok"."#))
        #expect(result.output == "")
    }

    @Test(
        "--limit takes the first rows, of those that --where lets through",
        arguments: [
            (["--limit", "2"], [0, 1]), (["--limit", "0"], []), (["--limit", "9"], [0, 1, 2]),
            (["--limit", "1", "--where", "model=large"], [1]), (["--where", "ok=true", "--limit", "2"], [0, 2]),
        ])
    func limit(options: [String], rows: [Int]) throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let result = try folder.command(
            ["score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl"] + options
        ).run()
        #expect(result.ending == .status(rows.isEmpty ? 3 : 0))
        #expect(lines(of: try folder.read("out.jsonl")) == rows.map { lines(of: threeLines)[$0] })
    }

    @Test("--with-input copies the row, and its output can be scored again with the same result")
    func withInput() throws {
        let folder = try TemporaryFolder(["rows.jsonl": threeRows])
        let options = ["--fn", "basic::subset_of", "--with-input", "--output"]
        _ = try folder.command(["score", "rows.jsonl"] + options + ["one.jsonl"]).run()
        let expected = """
            {"row": 0, "id": 1, "generated_answer": "The answer is 18.", "expected_answer": "18", "model": "small", "ok": true, "scores": {"basic::subset_of": {"score": 1.0}}}
            {"row": 1, "id": 2, "generated_answer": "I think it is 7", "expected_answer": "18", "model": "large", "ok": false, "scores": {"basic::subset_of": {"score": 0.0}}}
            {"row": 2, "id": 3, "generated_answer": "18", "expected_answer": "18", "model": "small", "ok": true, "scores": {"basic::subset_of": {"score": 1.0}}}

            """
        #expect(try folder.read("one.jsonl") == expected)
        let again = try folder.command(["score", "one.jsonl"] + options + ["two.jsonl"]).run()
        #expect(again.ending == .status(0))
        #expect(try folder.read("two.jsonl") == expected)
    }

    @Test("--with-input leaves out a row's own row and scores")
    func ownMembers() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl":
                #"{"row": "mine", "generated_answer": "a\u00e9\n", "scores": [1, {"x": 2.50}], "expected_answer": "a", "n": 1e2}"#
        ])
        _ = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "--with-input", "-o", "out.jsonl")
        let line = try folder.read("out.jsonl")
        #expect(line.hasPrefix(#"{"row": 0, "generated_answer": "a"#))
        #expect(
            line.hasSuffix(
                #", "expected_answer": "a", "n": 1e2, "scores": {"basic::subset_of": {"score": 1.0}}}"# + "\n"))
        #expect(!line.contains("mine") && !line.contains("2.50"))
    }

    @Test("the number of threads changes no byte of the output or the results")
    func jobs() throws {
        // More than one chunk, with rows of all kinds in it.
        var rows = ""
        for row in 0..<20_000 {
            let answer = String(repeating: "x", count: row % 97) + "\(row % 7)"
            rows +=
                row % 501 == 500
                ? "not a row \(row)\n" : #"{"generated_answer": "\#(answer)", "expected_answer": "3"}"# + "\n"
        }
        let folder = try TemporaryFolder(["rows.jsonl": rows])
        let arguments = ["score", "rows.jsonl", "--fn", "basic::subset_of", "--fn", "basic::equality", "--with-input"]
        let one = try folder.command(arguments + ["-o", "1.jsonl", "--jobs", "1"]).run()
        #expect(one.ending == .status(3))
        let output = try folder.read("1.jsonl")
        #expect(lines(of: output).count == 20_000)
        for jobs in ["2", "7"] {
            let several = try folder.command(arguments + ["-o", "n.jsonl", "-j", jobs]).run()
            #expect(several.output == one.output)
            let isSame = try folder.read("n.jsonl") == output
            #expect(isSame)
        }
    }

    @Test("the results of no rows at all are null, not zero", arguments: ["empty.jsonl", "blank.jsonl", "empty.csv"])
    func noRows(name: String) throws {
        let folder = try TemporaryFolder(["empty.jsonl": "", "blank.jsonl": "\n \t\n\r\n\n", "empty.csv": ""])
        let result = try folder.assay("score", name, "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(3))
        #expect(result.errors == "assay: no row was scored: the dataset has no rows\n")
        #expect(result.output.contains(#""accuracy": null"#))
        #expect(result.output.contains(#""total": 0,"#))
        #expect(try folder.read("out.jsonl") == "")
    }
}

import JSON
import Testing

private let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

@Suite("assay compare, and the runs that it reads")
struct CompareCommandTests {
    private static let answers = ["18", "3", "70000", "540", "20", "64", "260", "160", "45", "460"]

    /// Rows of one model: right where `right` says so.
    private func rows(_ right: [Bool], expected: [String] = answers) -> String {
        zip(right, expected).enumerated().map { index, row in
            let answer = row.0 ? row.1 : "none"
            return #"{"id": "q\#(index)", "text": "t\#(index / 2)", "generated_answer": "\#(answer)", "#
                + #""expected_answer": "\#(row.1)"}"# + "\n"
        }.joined()
    }

    private func save(_ folder: TemporaryFolder, _ rows: String, _ name: String, _ options: [String] = []) throws {
        try folder.write(rows, to: "\(name).jsonl")
        let arguments = ["score", "\(name).jsonl", "--fn", "basic::equality", "--key", "id", "--save", name]
        let result = try folder.command(arguments + options).run()
        #expect(result.ending == .status(0), "\(result.errors)")
    }

    @Test("two models over GSM8K differ as two other packages say")
    func gsm8k() throws {
        let folder = try TemporaryFolder()
        let data = String(
            decoding: try TemporaryFolder.contents(of: "\(root)/Tests/CommandLineTests/Data/comparison_gsm8k.json"),
            as: UTF8.self)
        let expected = try #require(try JSONValue(parsing: data)["expected"]?.object)
        for model in ["6b", "175b"] {
            let result = try folder.assay(
                "score", "\(root)/Examples/gsm8k/model_solutions.jsonl", "--where", "model=\(model)_finetuning",
                "--fn-dir",
                "\(root)/Examples/gsm8k", "--fn", "gsm8k::final_answer", "--fn", "basic::subset_of", "--key",
                "input_query", "--save", model)
            #expect(result.ending == .status(0), "\(result.errors)")
        }
        let result = try folder.assay("compare", "6b", "175b", "--format", "json")
        #expect(result.ending == .status(0), "\(result.errors)")
        for (function, values) in expected.members {
            let found = try result.value("functions", function)
            let accuracy = try #require(found["accuracy"])
            func isClose(_ value: JSONValue?, _ name: String, _ index: Int? = nil) -> Bool {
                let wanted = index.flatMap { values[name]?.array?[$0] } ?? values[name]
                guard let a = value?.number?.double, let b = wanted?.number?.double else { return false }
                return (a - b).magnitude <= 1e-12 + 1e-9 * b.magnitude
            }
            #expect(accuracy["pairs"] == values["n"])
            #expect(isClose(accuracy["a"]?["value"], "mean_a") && isClose(accuracy["b"]?["value"], "mean_b"))
            #expect(
                isClose(accuracy["a"]?["ci"]?["lower"], "ci_a", 0) && isClose(accuracy["b"]?["ci"]?["upper"], "ci_b", 1)
            )
            #expect(isClose(accuracy["difference"], "difference"))
            #expect(isClose(accuracy["standard_error"], "standard_error"))
            #expect(isClose(accuracy["ci"]?["lower"], "ci", 0) && isClose(accuracy["ci"]?["upper"], "ci", 1))
            #expect(isClose(accuracy["p"], "p") && isClose(accuracy["p_exact"], "p_exact"))
            #expect(isClose(accuracy["p_adjusted"], "p_adjusted"))
            #expect(isClose(accuracy["minimum_detectable"], "minimum_detectable"))
            let texts = found["regressions"]?.array?.compactMap { $0["text"]?.string }.map { String($0.prefix(40)) }
            #expect(texts == values["regressed_first"]?.array?.compactMap(\.string))
        }
    }

    @Test("ten questions are too few to name a winner")
    func fewRows() throws {
        let folder = try TemporaryFolder()
        try save(folder, rows(Self.answers.indices.map { $0 < 4 }), "a")
        try save(folder, rows(Self.answers.indices.map { $0 < 7 }), "b")
        let result = try folder.assay("compare", "a", "b", "--format", "table")
        #expect(result.output.contains("too few to tell"))
        #expect(result.output.contains("10 pairs by id; every row is in both runs and scored"))
        let same = try folder.assay("compare", "a", "a", "--format", "table")
        #expect(same.output.contains("identical"))
    }

    @Test("a saved run has the same bytes on any number of threads, and is not overwritten by accident")
    func savedBytes() throws {
        let folder = try TemporaryFolder()
        let text = (0..<3_000).map { index in
            #"{"id": \#(index), "generated_answer": "\#(index % 3)", "expected_answer": "1"}"# + "\n"
        }.joined()
        try save(folder, text, "one", ["--jobs", "1", "--name", "run"])
        try folder.move("one", to: "first")
        try save(folder, text, "one", ["--jobs", "5", "--name", "run"])
        for file in ["results.json", "rows.jsonl.zst", "functions/basic.equality.json"] {
            let bytes = try ["first", "one"].map { try TemporaryFolder.contents(of: "\(folder.path)/\($0)/\(file)") }
            #expect(bytes[0] == bytes[1], "\(file)")
        }
        let again = try folder.assay("score", "one.jsonl", "--fn", "basic::equality", "--save", "one")
        #expect(again.ending == .status(1))
        #expect(again.errors.contains("--overwrite"))
        try save(folder, rows([true]), "one", ["--overwrite"])
        #expect(try folder.read("one/results.json").contains(#""rows": 1"#))
    }

    @Test("--save changes neither the results nor the lines of --output")
    func sameOutput() throws {
        let folder = try TemporaryFolder(["rows.jsonl": rows(Self.answers.indices.map { $0 < 4 })])
        let plain = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality", "-o", "plain.jsonl")
        let saved = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::equality", "-o", "lines.jsonl", "--save", "run")
        #expect(saved.output == plain.output)
        #expect(try folder.read("lines.jsonl") == folder.read("plain.jsonl"))
    }

    @Test("other expected answers are not compared, and the first that differs is shown")
    func refused() throws {
        let folder = try TemporaryFolder()
        var other = Self.answers
        other[3] = "541"
        try save(folder, rows(Self.answers.map { _ in true }), "a")
        try save(folder, rows(Self.answers.map { _ in true }, expected: other), "b")
        let result = try folder.assay("compare", "a", "b", "--format", "table")
        #expect(result.ending == .status(5), "\(result.errors)")
        #expect(result.output.contains(#""expected_answer" differs in 1 of 10 rows, first "q3": "540" and "541""#))
        let allowed = try folder.assay("compare", "a", "b", "--allow", "data_differs", "--format", "json")
        #expect(allowed.ending == .status(0))
        #expect(try allowed.value("warnings").array?.first?["code"] == "data_differs")
        let strange = try folder.assay("compare", "a", "nothing")
        #expect(strange.ending == .status(1))
    }

    @Test("a requirement that is not met is status 4, and one that is not known is refused")
    func requirements() throws {
        let folder = try TemporaryFolder()
        try save(folder, rows(Self.answers.indices.map { $0 < 9 }), "a")
        try save(folder, rows(Self.answers.indices.map { $0 < 2 }), "b")
        let result = try folder.assay(
            "compare", "a", "b", "--require", "basic::equality difference >= -1%", "--require", "* pairs >= 10")
        #expect(result.ending == .status(4))
        #expect(result.errors.contains("not met: basic::equality difference >= -1%: is -0.7"))
        #expect(result.errors.contains("met: * pairs >= 10 (basic::equality): is 10.0"))
        #expect(try result.value("requirements").array?.map { $0["met"] } == [false, true])
        for wrong in ["basic::equality speed > 1", "basic::equality difference >= much", "basic::equality"] {
            let result = try folder.assay("compare", "a", "b", "--require", wrong)
            #expect(result.ending == .status(64), "\(wrong)")
        }
    }

    @Test("requirements on a single run are checked before and after it")
    func runRequirements() throws {
        let folder = try TemporaryFolder(["rows.jsonl": rows(Self.answers.indices.map { $0 < 4 }) + "not JSON\n"])
        func run(_ requirements: String...) throws -> CommandResult {
            let options = requirements.flatMap { ["--require", $0] }
            return try folder.command(["score", "rows.jsonl", "--fn", "basic::equality"] + options).run()
        }
        #expect(try run("basic::equality accuracy >= 0.4").ending == .status(3))
        #expect(try run("basic::equality accuracy >= 0.4", "* unscored <= 10%").ending == .status(0))
        let failed = try run("basic::equality accuracy.lower >= 0.4", "* unscored <= 0")
        #expect(failed.ending == .status(4))
        #expect(failed.errors.contains("not met: basic::equality accuracy.lower >= 0.4: is 0.168"))
        for wrong in [
            "basic::other accuracy > 0", "basic::equality accurcy > 0", "basic::equality accuracy.upperr > 0",
        ] {
            #expect(try run(wrong).ending == .status(64), "\(wrong)")
        }
        #expect(try run("basic::equality median >= 0").errors.contains("does not have this aggregation"))
    }

    @Test("files of --output are compared, which is not verified; every pair can be written")
    func rowFiles() throws {
        let folder = try TemporaryFolder()
        for (name, right) in [("a", 4), ("b", 7)] {
            try folder.write(rows(Self.answers.indices.map { $0 < right }), to: "rows.jsonl")
            _ = try folder.assay(
                "score", "rows.jsonl", "--fn", "basic::equality", "--with-input", "-o", "\(name).jsonl")
        }
        let result = try folder.assay("compare", "a.jsonl", "b.jsonl", "--key", "id", "--output", "pairs.jsonl")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.value("functions", "basic::equality", "accuracy", "better") == 3)
        #expect(try result.value("warnings").array?.compactMap { $0["code"] } == ["not_verified", "not_verified"])
        let lines = try folder.read("pairs.jsonl").split(separator: "\n")
        #expect(lines.count == 10)
        #expect(try JSONValue(parsing: String(lines[4]))["change"]?["basic::equality"]?.number?.double == 1)
    }

    @Test("clusters and questions widen intervals, and a row without its cluster is named")
    func units() throws {
        let folder = try TemporaryFolder(["rows.jsonl": rows(Self.answers.indices.map { $0 < 4 })])
        func interval(_ options: String...) throws -> JSONValue {
            try folder.command(["score", "rows.jsonl", "--fn", "basic::equality"] + options).run()
                .value("results", "basic::equality", "interval", "accuracy")
        }
        #expect(try interval()["method"] == "wilson")
        let clustered = try interval("--cluster", "text")
        #expect(clustered["method"] == "t_clustered" && clustered["clusters"] == 5)
        let samples = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality", "--samples", "--key", "text")
            .value("results", "basic::equality", "samples")
        #expect(samples["questions"] == 5 && samples["most"] == 2 && samples["consistent"] == 5)
        #expect(samples["pass_at_k"]?["2"]?["value"]?.number?.double == 0.4)
        try folder.write(#"{"generated_answer": "a", "expected_answer": "a"}"# + "\n", to: "more.jsonl")
        try folder.write(try folder.read("rows.jsonl") + folder.read("more.jsonl"), to: "rows.jsonl")
        let missing = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality", "--cluster", "text")
        #expect(missing.ending == .status(1))
        #expect(missing.errors.contains(#"row 10: the column "text" is missing or null"#), "\(missing.errors)")
    }
}

@Suite("assay agree")
struct AgreeCommandTests {
    private static let rows = (0..<20).map { index in
        #"{"id": \#(index), "generated_answer": "\#(index % 5 == 0 ? "b" : "a")", "expected_answer": "a", "#
            + #""human": \#(index % 4 == 0 ? 0 : 1)}"# + "\n"
    }.joined()

    @Test("a judge is compared with a column of labels, and a requirement may ask for a kappa")
    func labels() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        _ = try folder.assay(
            "score", "rows.jsonl", "--fn", "basic::equality", "--save", "run", "--save-column", "human")
        let result = try folder.assay(
            "agree", "run", "--labels", "human", "--require", "basic::equality kappa.lower >= 0.6")
        #expect(result.ending == .status(4), "\(result.errors)")
        let agreement = try result.value("agreement", "basic::equality")
        #expect(agreement["table"] == [[1, 4], [3, 12]])
        #expect(agreement["majority_baseline"]?.number?.double == 0.75)
        let table = try folder.assay("agree", "run", "--labels", "human", "--format", "table")
        #expect(table.output.contains(#"always saying "1" would reach 0.7500"#), "\(table.output)")
    }

    @Test("labels that are not there are said to be missing, with the columns that are")
    func missing() throws {
        let folder = try TemporaryFolder(["rows.jsonl": Self.rows])
        _ = try folder.assay("score", "rows.jsonl", "--fn", "basic::equality", "--save", "run")
        let result = try folder.assay("agree", "run", "--labels", "people")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("neither a column of the run nor a file"))
    }
}

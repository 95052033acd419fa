import FakeModel
import Glibc
import JSON
import Testing

@Suite("assay evaluate has a model answer rows, and scores the answers")
struct EvaluateTests {
    /// A folder with questions, and a server that plays the model.
    private struct Evaluating {
        let folder: TemporaryFolder
        let server: FakeModelServer

        init(_ files: KeyValuePairs<String, String>, _ behaviour: Behaviour) throws {
            folder = try TemporaryFolder(files)
            server = try FakeModelServer(behaviour)
        }

        init(rows: Int, _ behaviour: Behaviour) throws {
            let lines = (0..<rows).map {
                "{\"question\": \"Say \($0): \($0)\", \"answer\": \"\($0 % 2 == 0 ? "\($0)" : "other")\"}\n"
            }
            try self.init(["rows.jsonl": lines.joined(), "functions/judge.json": ratingJudge], behaviour)
        }

        func command(_ arguments: [String], output: String = "out.jsonl", cache: String = "cache") -> Command {
            folder.command(
                [
                    "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--cache", cache,
                    "--output", output,
                ] + arguments + (arguments.contains("test::rating") ? ["--fn-dir", "functions"] : []))
        }

        func evaluate(_ arguments: String...) throws -> CommandResult { try command(arguments).run() }

        func lines(_ name: String = "out.jsonl") throws -> [JSONValue] {
            try folder.read(name).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
    }

    /// Answers a question with what follows its colon, and a judge's prompt with a rating.
    private static let echo = Behaviour.answer { request in
        let prompt = request.prompt ?? ""
        if prompt.contains("Total rating: N") { return "Total rating: 7" }
        return String(prompt.drop { $0 != ":" }.dropFirst(2))
    }

    @Test("--state writes what assay merge adds up to the results of one evaluation")
    func states() throws {
        let evaluating = try Evaluating(rows: 60, Self.echo)
        let whole = try evaluating.evaluate("--fn", "basic::equality", "--fn", "test::rating", "--state", "all.state")
        #expect(whole.ending == .status(0), "\(whole.errors)")
        let lines = try evaluating.folder.read("rows.jsonl").split(separator: "\n").map { $0 + "\n" }
        for (part, lines) in [lines[..<20], lines[20...]].enumerated() {
            try evaluating.folder.write(lines.joined(), to: "rows.jsonl")
            let result = try evaluating.evaluate(
                "--fn", "basic::equality", "--fn", "test::rating", "--state", "\(part).state")
            #expect(result.ending == .status(0), "\(result.errors)")
        }
        let merged = try evaluating.folder.assay("merge", "1.state", "0.state")
        for function in ["basic::equality", "test::rating"] {
            for member in ["rows", "aggregated_results", "standard_error", "interval"] {
                #expect(try merged.value("results", function, member) == whole.value("results", function, member))
            }
        }
        let several = try evaluating.evaluate("--fn", "basic::equality", "--samples", "2", "--state", "x.state")
        #expect(several.ending == .status(64) && several.errors.contains("assay score --samples --key COLUMN --state"))
        let over = try evaluating.evaluate("--fn", "basic::equality", "--state", "./rows.jsonl")
        #expect(over.ending == .status(1) && over.errors.contains("would overwrite a file that the run reads"))
    }

    @Test("each row gets an answer and its scores, in order, and assay score takes the output as it is")
    func wholePath() throws {
        let evaluating = try Evaluating(rows: 300, Self.echo)
        let result = try evaluating.evaluate("--fn", "basic::equality", "--fn", "test::rating")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(
            try result.value("results", "basic::equality", "aggregated_results", "accuracy")
                == ["accuracy": JSONValue(0.5), "num_correct": 150, "num_total": 300])
        #expect(
            try result.value("results", "test::rating", "aggregated_results") == [
                "average": ["average": JSONValue(7.0)]
            ])
        #expect(try result.value("generation", "rows", "generated") == 300)
        #expect(try result.value("generation", "usage", "requests") == 300)
        #expect(evaluating.server.totals.answered == 600)
        let lines = try evaluating.lines()
        #expect(lines.map { $0["generated_answer"]?.string } == (0..<300).map { "\($0)" })
        #expect(lines.map { $0["row"] } == (0..<300).map { JSONValue($0) })

        let again = try evaluating.folder.command(["score", "out.jsonl", "--fn", "basic::equality"]).run()
        #expect(try again.value("results", "basic::equality") == result.value("results", "basic::equality"))
    }

    @Test("rows that the model fails on have an outcome, count in the total, and the others go on")
    func rowFailures() throws {
        let evaluating = try Evaluating(
            rows: 100,
            .choosing { request in
                // A question whose number ends in 3 is refused.
                (request.prompt ?? "").hasSuffix("3") ? .status(400) : Self.echo
            })
        let result = try evaluating.evaluate("--fn", "basic::equality", "--fn", "test::rating")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.value("generation", "rows", "model_error") == 10)
        for function in ["basic::equality", "test::rating"] {
            #expect(try result.rows("model_error", of: function) == 10)
            #expect(try result.rows("scored", of: function) == 90)
            #expect(try result.rows("total", of: function) == 100)
        }
        let row = try evaluating.lines()[13]
        #expect(row["generated_answer"] == .null)
        #expect(row["generation_error"]?["outcome"] == "model_error")
        #expect(row["scores"]?["test::rating"]?["outcome"] == "model_error")
        // Nobody is asked to judge what is not there.
        #expect(evaluating.server.totals.answered == 180)
    }

    @Test("lines that are no rows, and rows that cannot be asked, are input errors")
    func brokenRows() throws {
        let evaluating = try Evaluating(
            ["rows.jsonl": "{\"question\": \"a: b\", \"answer\": \"b\"}\nnonsense\n\n{\"answer\": \"b\"}\n[1]\n"],
            Self.echo)
        let result = try evaluating.evaluate("--fn", "basic::equality")
        #expect(result.ending == .status(3))
        #expect(try result.rows("input_error", of: "basic::equality") == 3)
        #expect(try result.rows("total", of: "basic::equality") == 4)
        #expect(try result.value("generation", "rows", "input_error") == 3)
    }

    @Test("a benchmark's template, examples, choices and regexes make the question and read the answer")
    func benchmark() throws {
        let evaluating = try Evaluating(
            [
                "rows.jsonl": #"{"q": "Capital?", "options": ["Rome", "Paris"], "answer": 1}"# + "\n"
                    + #"{"q": "Colour?", "options": ["Red", "Blue"], "answer": "Red"}"# + "\n",
                "benchmark.json": #"""
                {"benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"],
                 "metadata": {"owner": "x", "generation": {
                    "prompt_template": "{q}\n{options}", "choices_column": "options",
                    "examples": [{"q": "Sky?", "options": ["Green", "Blue"], "answer": 1}],
                    "answer_regexes": ["answer is ([A-D])"]}}}
                """#,
            ],
            .answer { request in
                let isCapital = request.prompt?.contains("Capital") ?? false
                return isCapital ? "Well, the answer is B." : "I do not know."
            })
        let result = try evaluating.evaluate("--benchmark", "benchmark.json")
        #expect(result.ending == .status(0), "\(result.errors)")
        let lines = try evaluating.lines()
        #expect(lines.map { $0["generated_answer"] } == ["B", ""])
        #expect(lines.map { $0["generation"] } == ["Well, the answer is B.", "I do not know."])
        #expect(lines.map { $0["expected_answer"] } == ["B", "A"])
        #expect(try result.value("generation", "without_answer") == 1)
        #expect(
            try result.value("results", "basic::equality", "aggregated_results", "accuracy", "accuracy")
                == JSONValue(0.5))
    }

    @Test("what is wrong shows before anything is asked")
    func faultsComeFirst() throws {
        let evaluating = try Evaluating(rows: 3, Self.echo)
        for (arguments, message) in [
            (["--fn", "basic::nothing"], "there is no scoring function \"basic::nothing\""),
            (["--fn", "basic::equality", "--map", "question=q"], "no row has the column \"q\""),
            (["--fn", "basic::docvqa", "--map", "expected_answer=gold"], "no row has the column \"gold\""),
            (["--fn", "basic::equality", "--sampling", #"{"top_p": "x"}"#], "sampling_params/top_p: found"),
            (
                ["--fn", "basic::equality", "--benchmark", #"{"metadata": {"generation": {"x": 1}}}"#],
                "/metadata/generation/x"
            ),
            (
                [
                    "--fn", "basic::equality", "--benchmark",
                    #"{"metadata": {"generation": {"prompt_template": "{q}"}}}"#,
                ],
                "no row has a prompt"
            ),
        ] {
            let result = try evaluating.command(arguments).run()
            #expect(result.ending == .status(1), "\(arguments)")
            #expect(result.errors.contains(message), "\(result.errors)")
        }
        #expect(evaluating.server.totals.requests == 0)
    }

    @Test("killed at any moments and run again, it asks no more than what was on its way, and ends the same")
    func killed() throws {
        let evaluating = try Evaluating(rows: 400, Self.echo.delayed(by: .milliseconds(20)))
        let options = ["--fn", "basic::equality", "--fn", "test::rating", "--max-concurrency", "8"]
        for moment in [60, 180, 350] {
            let running = try RunningCommand(evaluating.command(options))
            try running.wait { evaluating.server.totals.answered >= moment }
            running.send(SIGKILL)
            _ = try running.finish()
        }
        let result = try evaluating.command(options).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        // What was answered in the moment of a kill cannot have been kept: at most what was under way, to two models.
        #expect(evaluating.server.totals.askedAgain <= 3 * 16)
        let undisturbed = try evaluating.command(options, output: "whole.jsonl", cache: "other").run()
        #expect(try evaluating.folder.read("out.jsonl") == evaluating.folder.read("whole.jsonl"))
        #expect(try result.value("results", "basic::equality") == undisturbed.value("results", "basic::equality"))
    }

    @Test("interrupted, it keeps the rows that were done, and goes on from there")
    func interrupted() throws {
        let evaluating = try Evaluating(rows: 400, Self.echo.delayed(by: .milliseconds(20)))
        let options = ["--fn", "basic::equality", "--max-concurrency", "8"]
        let running = try RunningCommand(evaluating.command(options))
        try running.wait { evaluating.server.totals.answered >= 100 }
        running.send(SIGINT)
        let result = try running.finish()
        #expect(result.ending == .status(130), "\(result.errors)")
        let done = try evaluating.lines("out.jsonl.partial")
        #expect((1..<400).contains(done.count))
        #expect(try result.rows("scored", of: "basic::equality") == done.count)
        let rest = try evaluating.command(options).run()
        #expect(rest.ending == .status(0))
        #expect(evaluating.server.totals.askedAgain == 0)
        #expect(try evaluating.lines().prefix(done.count).elementsEqual(done))
    }

    @Test("a server that is gone ends the run, and the rows before are kept")
    func goneServer() throws {
        let evaluating = try Evaluating(
            rows: 2000,
            .choosing { request in request.number <= 100 ? Self.echo : .drop(.beforeHead) })
        let result = try evaluating.evaluate("--fn", "basic::equality", "--max-concurrency", "8", "--max-retries", "0")
        #expect(result.ending == .status(1) || result.ending == .status(3), "\(result.errors)")
        let name = result.ending == .status(1) ? "out.jsonl.partial" : "out.jsonl"
        #expect(try evaluating.lines(name).count >= 90)
    }

    @Test("only the rows that are wanted are asked")
    func wantedRows() throws {
        let evaluating = try Evaluating(rows: 100, Self.echo)
        let result = try evaluating.evaluate("--fn", "basic::equality", "--where", "answer=other", "--limit", "5")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try evaluating.lines().map { $0["row"] } == [1, 3, 5, 7, 9])
        #expect(evaluating.server.totals.requests == 5)
    }

    @Test("rows are chosen by the dataset's own columns, also where these mean something else to scorers")
    func chosenRows() throws {
        let evaluating = try Evaluating(
            ["rows.jsonl": #"{"q": "a: A", "c": ["x", "y"], "answer": "x"}"# + "\n{\"q\": \"b: B\"}\n"], Self.echo)
        let benchmark = #"{"metadata": {"generation": {"prompt_template": "{q}", "choices_column": "c"}}}"#
        let result = try evaluating.evaluate(
            "--fn", "basic::equality", "--benchmark", benchmark, "--map", "text=q", "--where", "answer=x", "--where",
            "text=a: A")
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try evaluating.lines().map { $0["expected_answer"] } == ["A"])
        #expect(try result.value("generation", "rows", "total") == 1)
    }

    @Test("a mapped column is found that only later rows have", arguments: [true, false])
    func laterColumn(startsWithRows: Bool) throws {
        // More than the first 64 KiB, which are read before anything is asked.
        let start = startsWithRows ? "{\"question\": \"a: b\", \"answer\": \"b\"}\n" : "nonsense\n"
        let evaluating = try Evaluating(
            ["rows.jsonl": String(repeating: start, count: 10_000) + "{\"gold\": \"b\", \"question\": \"a: b\"}\n"],
            Self.echo)
        let result = try evaluating.evaluate(
            "--fn", "basic::equality", "--map", "expected_answer=gold", "--where", "gold=b")
        #expect(result.ending == .status(startsWithRows ? 0 : 3), "\(result.errors)")
        #expect(try result.rows("scored", of: "basic::equality") == 1)
        #expect(evaluating.server.totals.requests == 1)
    }

    @Test("a budget holds for answers and judgements together")
    func budget() throws {
        let evaluating = try Evaluating(rows: 100, Self.echo)
        let result = try evaluating.evaluate("--fn", "test::rating", "--max-requests", "50")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(evaluating.server.totals.requests == 50)
        #expect(try result.value("generation", "rows", "total") == 100)
    }
}

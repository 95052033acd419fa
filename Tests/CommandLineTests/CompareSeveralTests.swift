import FakeModel
import JSON
import Testing

private let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

@Suite("assay compare of several runs, and of judges of pairs")
struct CompareSeveralTests {
    @Test(
        "one file of all models is split, named values in their order, and gives what two packages give for the two models"
    )
    func split() throws {
        let folder = try TemporaryFolder()
        let dataset = "\(root)/Examples/gsm8k/model_solutions.jsonl"
        let all = try folder.assay(
            "score", dataset, "--fn", "basic::subset_of", "--key", "input_query,model", "--save", "all")
        #expect(all.ending == .status(0), "\(all.errors)")
        let two = try folder.assay(
            "compare", "all", "--split", "model=6b_finetuning,175b_finetuning", "--format", "json")
        #expect(two.ending == .status(0), "\(two.errors)")
        #expect(try two.value("a", "name") == "6b_finetuning")
        #expect(
            try two.value("functions", "basic::subset_of", "accuracy", "difference").number?.double
                == 0.10614101592115238)
        let whole = try folder.assay("compare", "all", "--split", "model", "--format", "table")
        #expect(whole.ending == .status(0), "\(whole.errors)")
        #expect(whole.output.contains("basic::subset_of accuracy"))
        let wrong = try folder.assay("compare", "all", "--split", "input_query")
        #expect(wrong.ending == .status(1) && wrong.errors.contains("at most 50 runs are compared"), "\(wrong.errors)")
        let options = try folder.assay("compare", "all", "--split", "model", "all")
        #expect(options.ending == .status(64))
    }

    @Test("a test that is asked for is used, and the options of resampling are checked")
    func tests() throws {
        let folder = try TemporaryFolder()
        for (name, right) in [("a", 3), ("b", 8), ("c", 5)] {
            let rows = (0..<10).map {
                #"{"id": \#($0), "generated_answer": "\#($0 < right ? "x" : "y")", "expected_answer": "x"}"# + "\n"
            }
            try folder.write(rows.joined(), to: "\(name).jsonl")
            _ = try folder.assay("score", "\(name).jsonl", "--fn", "basic::equality", "--key", "id", "--save", name)
        }
        func test(_ name: String) throws -> JSONValue {
            try folder.assay("compare", "a", "b", "--test", name, "--resamples", "200", "--seed", "7")
                .value("functions", "basic::equality", "accuracy")
        }
        #expect(try test("mcnemar-exact")["p"]?.number?.double == 0.0625)
        #expect(try test("t")["test"] == "paired t")
        #expect(try test("wilcoxon")["test"] == "wilcoxon signed-rank")
        #expect(try test("permutation")["test"] == "sign flips, sampled")
        let bootstrap = try test("bootstrap")
        #expect(
            bootstrap["p"] == .null && bootstrap["ci"]?["method"] == "bootstrap" && bootstrap["verdict"] == "b_better")
        for wrong in [
            ["--test", "z"], ["--resamples", "0"], ["--power", "1"], ["--level", "0.3"], ["--margin", "-1"],
        ] {
            #expect(try folder.command(["compare", "a", "b"] + wrong).run().ending == .status(64), "\(wrong)")
        }
        let three = try folder.assay("compare", "a", "b", "c", "--format", "table", "--output", "rows.jsonl")
        #expect(three.ending == .status(0), "\(three.errors)")
        #expect(three.output.contains("10 rows by id in all 3 runs"))
        #expect(try folder.read("rows.jsonl").split(separator: "\n").count == 10)
        let markdown = try folder.assay("compare", "a", "b", "c", "--format", "markdown")
        #expect(markdown.output.contains("### 3 runs"))
        let against = try folder.assay("compare", "a", "b", "c", "--against-first", "--require", "* difference >= 0.3")
        #expect(against.ending == .status(4), "\(against.errors)")
        #expect(against.errors.contains("not met: * difference >= 0.3 (basic::equality, C against A): is 0.2"))
        let missing = try folder.assay("compare", "a", "b", "--aggregation", "median")
        #expect(missing.ending == .status(1) && missing.errors.contains("no function that is compared has it"))
        #expect(try folder.assay("compare", "a").ending == .status(64))
    }

    private static let judge = """
        {"identifier": "test::pair", "provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge",
         "return_type": {"type": "string"},
         "params": {"type": "llm_as_judge", "judge_model": "fake", "swap": true,
                    "prompt_template": "{input_query} A: {generated_answer} B: {baseline_answer}",
                    "judge_score_regexes": ["Better: (\\\\w+)"], "aggregation_functions": ["categorical_count"]}}
        """

    /// Ten pairs for a judge that prefers what is shown first in every fifth of them.
    private func pairs() throws -> Judging {
        let lines = (0..<10).map {
            #"{"id": \#($0), "input_query": "q\#($0)", "generated_answer": "good \#($0)", "baseline_answer": "bad", "#
                + #""human": "\#($0 == 3 ? "B" : "A")", "model_a": "x", "model_b": "y"}"# + "\n"
        }
        return try Judging(
            lines: lines, judge: Self.judge,
            .answer { request in
                let prompt = request.prompt ?? ""
                if prompt.hasPrefix("q0 ") || prompt.hasPrefix("q5 ") { return "Better: A" }
                return prompt.contains("A: good") ? "Better: A" : "Better: B"
            })
    }

    @Test("both orders are asked once each, also with a cache, and flips are counted")
    func swap() throws {
        let judging = try pairs()
        let first = try judging.score("--save", "run", "--save-column", "human", fn: "test::pair")
        #expect(first.ending == .status(0), "\(first.errors)")
        #expect(try first.usage("requests") == 20)
        let position = try first.value("results", "test::pair", "position")
        #expect(position["flips"] == 2 && position["first_wins_flips"] == 2 && position["pairs"] == 10)
        #expect(position["win_rate"]?["value"]?.number?.double == 0.9)
        #expect(
            try first.value("results", "test::pair", "aggregated_results", "categorical_count", "categorical_count")
                == ["A": 8, "tie": 2])
        let again = try judging.score(fn: "test::pair")
        #expect(try again.usage("requests") == 0 && again.usage("cached") == 20)
        let limited = try judging.folder.command([
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::pair", "--model-url", judging.server.url,
            "--no-cache", "--max-requests", "6", "--jobs", "1",
        ]).run()
        #expect(limited.ending == .status(3))
        #expect(try limited.usage("requests") == 6)
        let agreement = try judging.folder.assay(
            "agree", "run", "--format", "json", "--require", "test::pair flip_rate <= 10%")
        #expect(agreement.ending == .status(4), "\(agreement.errors)")
        #expect(try agreement.value("consistency", "test::pair", "position", "flips") == 2)
    }

    @Test("results name the prompt and the model that replied; another one is another judge")
    func provenance() throws {
        let judging = try pairs()
        _ = try judging.score("--save", "run", "--save-column", "human", fn: "test::pair")
        let results = try JSONValue(parsing: judging.folder.read("run/results.json"))
        let judge = results["provenance"]?["functions"]?["test::pair"]?["judge"]
        #expect(judge?["prompt_sha256"]?.string?.count == 64)
        #expect(judge?["served"] == ["fake"], "\(judge?.text ?? "")")
        let text = try judging.folder.read("run/results.json")
        _ = try judging.score("--save", "other", fn: "test::pair")
        try judging.folder.write(text.replacing(#""fake""#, with: #""fake-2""#), to: "other/results.json")
        let refused = try judging.folder.assay("compare", "run", "other", "--format", "json")
        #expect(refused.ending == .status(5))
        #expect(try refused.value("refusals").array?.first?["code"] == "judge_differs")
    }

    @Test("an agreement with people is saved, shown beside the score, and outdated once the prompt is another")
    func calibration() throws {
        let judging = try pairs()
        _ = try judging.score("--save", "run", "--save-column", "human", fn: "test::pair")
        let saved = try judging.folder.assay("agree", "run", "--labels", "human", "--save", "people.json")
        #expect(saved.ending == .status(0), "\(saved.errors)")
        let same = try judging.score("--calibration", "people.json", "--format", "table", fn: "test::pair")
        #expect(same.output.contains("checked against people: agreement 0.7000"), "\(same.output)")
        #expect(same.output.contains("flips"))
        let other = try judging.score(
            "--calibration", "people.json", fn: #"test::pair={"system_prompt": "Be strict."}"#)
        #expect(try other.value("results", "test::pair", "calibration", "current") == false)
        #expect(try other.value("results", "test::pair", "calibration", "difference") == "the prompt has changed")
        let wrong = try judging.score("--calibration", "rows.jsonl", fn: "test::pair")
        #expect(wrong.ending == .status(1) && wrong.errors.contains("not an agreement with people"))
        #expect(try judging.folder.assay("agree", "run", "--save", "x.json").ending == .status(64))
    }

    @Test("systems are rated from the verdicts of a judge")
    func systems() throws {
        let judging = try pairs()
        _ = try judging.score(
            "--save", "run", "--save-column", "model_a", "--save-column", "model_b", fn: "test::pair")
        let result = try judging.folder.assay("compare", "run", "--systems", "model_a,model_b")
        #expect(result.ending == .status(0), "\(result.errors)")
        let systems = try #require(try result.value("systems").array)
        #expect(systems.map { $0["name"] } == ["x", "y"])
        #expect(systems[0]["win_rate"]?["value"]?.number?.double == 0.9)
        #expect(try result.value("longer_wins", "value").number?.double == 1)
        #expect(try judging.folder.assay("compare", "run", "run", "--systems", "model_a,model_b").ending == .status(64))
    }
}

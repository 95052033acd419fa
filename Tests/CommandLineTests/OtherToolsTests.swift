import JSON
import Testing

/// A file as another tool writes it, made up after the tools' documentation and public bug reports.
struct BroughtFile: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var name: String
    var text: String
    /// What the message of a first try holds: the options to add, or what else to do.
    var words: [String]
    /// The options of the second try; nil where the file has to be written in another way first.
    var options: [String]?

    init(_ testDescription: String, _ name: String, _ text: String, says words: String..., then options: [String]?) {
        self.testDescription = testDescription
        (self.name, self.text, self.words, self.options) = (name, text, words, options)
    }

    static let all = [
        BroughtFile(
            "Anthropic's batches, where thinking comes before the text", "batch.jsonl",
            #"{"custom_id": "a", "result": {"type": "succeeded", "message": {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "It is 4"}], "stop_reason": "end_turn"}}, "gold": "4"}"#,
            says: "Anthropic's batch API", "'generated_answer=result.message.content[-1].text'",
            then: ["generated_answer=result.message.content[-1].text", "expected_answer=gold"]),
        BroughtFile(
            "OpenAI's batches of its Responses API", "batch.jsonl",
            #"{"custom_id": "a", "response": {"status_code": 200, "body": {"output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": [{"type": "output_text", "text": "It is 4"}]}]}}, "gold": "4"}"#,
            says: "'generated_answer=response.body.output[-1].content[0].text'",
            then: ["generated_answer=response.body.output[-1].content[0].text", "expected_answer=gold"]),
        BroughtFile(
            "Gemini's batches", "batch.jsonl",
            #"{"key": "a", "response": {"candidates": [{"content": {"parts": [{"text": "It is 4"}], "role": "model"}, "finishReason": "STOP"}]}, "gold": "4"}"#,
            says: "'generated_answer=response.candidates[0].content.parts[-1].text'",
            then: ["generated_answer=response.candidates[0].content.parts[-1].text", "expected_answer=gold"]),
        BroughtFile(
            "output items of OpenAI's evals API", "items.jsonl",
            #"{"item": {"question": "2+2?", "reference": "4"}, "sample": {"output_text": "It is 4", "model": "m"}}"#,
            says: "generated_answer=sample.output_text", "expected_answer=item.reference",
            then: ["generated_answer=sample.output_text", "expected_answer=item.reference"]),
        BroughtFile(
            "samples of OpenAI's evals, whose right answers are called ideal", "samples.jsonl",
            #"{"input": [{"role": "user", "content": "2+2?"}], "ideal": "4", "completion": "It is 4"}"#,
            says: "expected_answer=ideal", then: ["generated_answer=completion", "expected_answer=ideal"]),
        BroughtFile(
            "the log of OpenAI's evals, with lines of several kinds", "log.jsonl",
            #"""
            {"spec": {"completion_fns": ["m"], "eval_name": "test", "run_id": "1"}}
            {"run_id": "1", "event_id": 1, "sample_id": "test.0", "type": "match", "data": {"correct": true, "expected": "4", "sampled": "4"}}
            """#,
            says: "--where type=match", then: nil),
        BroughtFile(
            "details of lighteval", "details.jsonl",
            #"{"doc": {"query": "2+2?", "choices": ["4"], "gold_index": 0}, "model_response": {"text": ["It is 4"]}, "metric": {"em": 1.0}}"#,
            says: "'generated_answer=model_response.text[0]'",
            then: ["generated_answer=model_response.text[0]", "expected_answer=doc.choices[0]"]),
        BroughtFile(
            "HELM's scenario state", "scenario_state.json",
            #"{"adapter_spec": {"method": "generation"}, "request_states": [{"instance": {"input": {"text": "2+2?"}, "references": [{"output": {"text": "4"}, "tags": ["correct"]}]}, "result": {"completions": [{"text": "It is 4"}]}}]}"#,
            says: "the member \"request_states\"", "'generated_answer=result.completions[0].text'",
            then: ["generated_answer=result.completions[0].text", "expected_answer=instance.references[0].output.text"]
        ),
        BroughtFile(
            "conversations as ShareGPT has them", "chats.json",
            #"[{"id": "1", "conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "It is 4"}], "expected_answer": "4"}]"#,
            says: "'generated_answer=conversations[-1].value'", then: ["generated_answer=conversations[-1].value"]),
        BroughtFile(
            "ragas before 0.2, whose answer is the model's", "ragas.csv",
            "question,contexts,answer,ground_truth\n2+2?,\"['two']\",It is 4,4\n",
            says: "generated_answer=answer", "expected_answer=ground_truth",
            then: ["generated_answer=answer", "expected_answer=ground_truth"]),
        BroughtFile(
            "a test run of deepeval", "run.json",
            #"{"testCases": [{"name": "a", "input": "2+2?", "actualOutput": "It is 4", "expectedOutput": "4", "metricsData": []}], "conversationalTestCases": []}"#,
            says: "the member \"testCases\"", "generated_answer=actualOutput",
            then: ["generated_answer=actualOutput", "expected_answer=expectedOutput"]),
        BroughtFile(
            "results of promptfoo, two levels deep", "results.json",
            #"{"evalId": "e", "results": {"version": 3, "prompts": [{"raw": "x"}], "results": [{"promptIdx": 0, "vars": {"expected": "4"}, "response": {"output": "It is 4"}}], "stats": {}}}"#,
            says: "the member \"results.results\"", "generated_answer=response.output",
            then: ["generated_answer=response.output", "expected_answer=vars.expected"]),
        BroughtFile(
            "predictions of NeMo", "predictions.jsonl", #"{"input": "2+2?", "reference": "4", "pred": "It is 4"}"#,
            says: "generated_answer=pred", then: ["generated_answer=pred", "expected_answer=reference"]),
        BroughtFile(
            "log-likelihoods of lm-evaluation-harness", "samples.jsonl",
            #"{"doc_id": 0, "doc": {"q": "x"}, "target": 1, "resps": [[[-1.5, false]], [[-0.5, true]]], "filtered_resps": [[-1.5, false], [-0.5, true]], "acc": 1.0}"#,
            says: "the mean of the column \"acc\"", then: nil),
        BroughtFile(
            "columns of pandas", "frame.json",
            #"{"generated_answer": {"0": "It is 4", "1": "It is 7"}, "expected_answer": {"0": "4", "1": "6"}}"#,
            says: "columns and not rows", "orient=\"records\", lines=True", then: nil),
        BroughtFile(
            "a table that pandas splits", "frame.json",
            #"{"columns": ["generated_answer", "expected_answer"], "index": [0], "data": [["It is 4", "4"]]}"#,
            says: "columns and not rows", then: nil),
        BroughtFile(
            "predictions of OpenCompass, by number", "predictions.json",
            #"{"0": {"origin_prompt": "2+2?", "prediction": "It is 4", "gold": "4"}, "1": {"origin_prompt": "3+3?", "prediction": "It is 6", "gold": "6"}}"#,
            says: "jq -c '.[]' FILE | assay score -", then: nil),
    ]
}

@Suite("Files of other tools say how they are scored")
struct OtherToolsTests {
    @Test("a first try names the options, and a second one with them scores", arguments: BroughtFile.all)
    func tries(_ file: BroughtFile) throws {
        let folder = try TemporaryFolder([file.name: file.text])
        let first = try folder.assay("score", file.name, "--fn", "basic::subset_of")
        #expect(first.ending == .status(1), "\(first.output) \(first.errors)")
        for word in file.words { #expect(first.errors.contains(word), "\(word): \(first.errors)") }
        guard let options = file.options else { return }
        let maps = options.flatMap { ["--map", $0] }
        let second = try folder.command(["score", file.name, "--fn", "basic::subset_of"] + maps).run()
        #expect(second.ending == .status(0), "\(second.errors)")
        let accuracy = try second.value("results", "basic::subset_of", "aggregated_results", "accuracy", "accuracy")
        #expect(accuracy == JSONValue(1.0))
    }

    @Test("rows that only look like such files are rows")
    func rows() throws {
        let folder = try TemporaryFolder([
            "one.json": #"{"generated_answer": {"text": "4"}, "expected_answer": {"text": "4"}}"#,
            "columns.json": #"{"columns": ["a"], "index": 1, "generated_answer": "4", "expected_answer": "4"}"#,
            "results.json": #"{"results": {"results": ["x"]}, "generated_answer": "4", "expected_answer": "4"}"#,
        ])
        for name in ["one.json", "columns.json", "results.json"] {
            let result = try folder.assay("score", name, "--fn", "basic::equality")
            #expect(result.ending == .status(0), "\(name): \(result.errors)")
            #expect(try result.rows("scored", of: "basic::equality") == 1)
        }
    }

    @Test("a table without a header is told from a wrong mapping, in score and evaluate")
    func headerless() throws {
        let folder = try TemporaryFolder([
            "numbers.csv": "What is 2+2?,3,4,B\nWhat is 3+3?,6,7,A\n",
            "sentences.csv": "Paris is the capital.,Paris\nRome is the capital.,Rome\n",
            "named.csv": "frage,antwort\na,b\n",
        ])
        for name in ["numbers.csv", "sentences.csv"] {
            let result = try folder.assay("score", name, "--fn", "basic::equality")
            #expect(result.errors.contains("--no-header"), "\(result.errors)")
        }
        let asked = try folder.assay(
            "evaluate", "numbers.csv", "--fn", "basic::equality", "--model", "m", "--model-url", "http://127.0.0.1:1",
            "--no-cache")
        #expect(asked.errors.contains("--no-header"), "\(asked.errors)")
        #expect(try !folder.assay("score", "named.csv", "--fn", "basic::equality").errors.contains("--no-header"))
    }

    @Test("solutions with their answers in boxes are hinted at where every score is 0.0 (case 19)")
    func boxes() throws {
        let row = #"{"generated_answer": "It is 12.", "expected_answer": "We get $\\boxed{12}$."}"# + "\n"
        let folder = try TemporaryFolder(["rows.jsonl": row + row])
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of")
        #expect(result.errors.contains(#""expected_regexes": ["\\\\boxed\\{(.*)\\}"]"#), "\(result.errors)")
    }
}

import JSON
import Testing

@testable import Evaluation

@Suite struct HarnessTaskTests {
    @Test func readsAllThatMetadataSay() throws {
        let task = try HarnessTask([
            "task": "mmlu_pro-v1.2", "include_path": "/tasks", "endpoint": "completions", "tokenizer": "org/tokens",
            "num_fewshot": 5, "apply_chat_template": true, "batch_size": 8, "num_concurrent": 16,
        ])
        #expect(task.name == "mmlu_pro-v1.2")
        #expect(task.definition == .folder("/tasks"))
        #expect(task.endpoint == .completions)
        #expect(task.tokenizer == "org/tokens")
        #expect(task.fewShotCount == 5)
        #expect(task.appliesChatTemplate)
        #expect(task.batchSize == 8)
        #expect(task.concurrency == 16)
        #expect(try HarnessTask(["task": "gsm8k"]).appliesChatTemplate)
        #expect(try !HarnessTask(["task": "gsm8k", "endpoint": "completions"]).appliesChatTemplate)
    }

    @Test(arguments: [
        (
            #"{}"#,
            "/metadata/task: found nothing; expected the name of a task of lm_eval, of letters, digits and _.:+-"
        ),
        (#"{"task": "a", "tsak": 1}"#, "/metadata/tsak: found an unknown member; expected one of task, task_yaml,"),
        (#"{"task": "/etc/task.yaml"}"#, #"/metadata/task: found "/etc/task.yaml"; expected the name of a task"#),
        (#"{"task": "task.yaml"}"#, #"/metadata/task: found "task.yaml"; expected the name of a task"#),
        (#"{"task": ".."}"#, #"/metadata/task: found ".."; expected the name of a task"#),
        (#"{"task": "a,b"}"#, #"/metadata/task: found "a,b"; expected the name of a task"#),
        (#"{"task": "mmlu_*"}"#, #"/metadata/task: found "mmlu_*"; expected the name of a task"#),
        (#"{"task": "-x"}"#, #"/metadata/task: found "-x"; expected the name of a task"#),
        (#"{"task": ["a"]}"#, "/metadata/task: found an array; expected the name of a task"),
        (
            #"{"task": "a", "num_fewshot": -1}"#,
            "/metadata/num_fewshot: found -1; expected an integer from 0 to 1000"
        ),
        (
            #"{"task": "a", "endpoint": "embeddings"}"#,
            #"/metadata/endpoint: found "embeddings"; expected "chat" or "completions""#
        ),
        (#"{"task": "a", "task_yaml": 1}"#, "/metadata/task_yaml: found 1; expected an object, or YAML as a string"),
        (
            #"{"task": "a", "task_yaml": {"task": "b"}}"#,
            #"/metadata/task_yaml/task: found "b"; expected the benchmark's own "a""#
        ),
        (
            #"{"task": "a", "task_yaml": {}, "include_path": "/x"}"#,
            "/metadata/include_path: is set together with task_yaml;"
        ),
        (#"{"task": "a", "apply_chat_template": false}"#, "/metadata/apply_chat_template: is false, but chat messages"),
        (
            #"{"task": "a", "endpoint": "completions", "apply_chat_template": true}"#,
            "/metadata/apply_chat_template: needs a \"tokenizer\", which has the template"
        ),
        (#"{"task": "a", "tokenizer": "t"}"#, "/metadata/tokenizer: applies to \"endpoint\": \"completions\" only"),
        (#"{"task": "a", "batch_size": 2}"#, "/metadata/batch_size: applies to \"endpoint\": \"completions\" only"),
    ])
    func saysWhatIsWrongAndWhere(_ json: String, _ message: String) throws {
        let metadata = try #require(try JSONValue(parsing: json).object)
        let error = #expect(throws: EvaluationError.self) { try HarnessTask(metadata) }
        #expect(error?.code == .invalid)
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("{}", "{}"),
        (
            #"{"strategy": {"type": "greedy"}, "max_tokens": 0, "repetition_penalty": 1.0}"#,
            #"{"temperature": 0, "do_sample": false}"#
        ),
        (
            #"{"strategy": {"type": "top_k", "top_k": 40}, "stop": "END"}"#,
            #"{"until": ["END"], "top_k": 40, "temperature": 1, "do_sample": true}"#
        ),
        (
            #"{"strategy": "greedy", "max_tokens": 5}"#,
            #"{"max_gen_toks": 5, "temperature": 0, "do_sample": false}"#
        ),
        (
            #"{"strategy": "top_p", "temperature": 0.3}"#,
            #"{"temperature": 0.3, "top_p": 0.95, "do_sample": true}"#
        ),
        (
            #"{"temperature": 0.7, "seed": 3, "stop": ["a", "b"]}"#,
            #"{"temperature": 0.7, "seed": 3, "until": ["a", "b"], "do_sample": true}"#
        ),
        (
            #"{"max_tokens": 10, "repetition_penalty": 1.1, "top_p": null}"#,
            #"{"max_gen_toks": 10, "repetition_penalty": 1.1}"#
        ),
    ])
    func namesSamplingParametersAsTheHarnessDoes(_ sampling: String, _ expected: String) throws {
        let members = try #require(try JSONValue(parsing: sampling).object)
        let found = try HarnessArguments.generationArguments(members)
        #expect(JSONValue.object(found) == (try JSONValue(parsing: expected)))
    }

    @Test(arguments: [
        (
            #"{"strategy": {"type": "beam"}}"#,
            "/strategy/type: found \"beam\"; expected \"greedy\", \"top_p\" or \"top_k\""
        ),
        (#"{"strategy": "beam"}"#, "/strategy/type: found \"beam\"; expected \"greedy\", \"top_p\" or \"top_k\""),
        (#"{"strategy": "top_k"}"#, "/strategy/top_k: found nothing; expected an integer from 1"),
        (#"{"temperature": "hot"}"#, "/temperature: found \"hot\"; expected a number"),
    ])
    func refusesSamplingThatMakesNoSense(_ sampling: String, _ message: String) throws {
        let members = try #require(try JSONValue(parsing: sampling).object)
        let error = #expect(throws: EvaluationError.self) { try HarnessArguments.generationArguments(members) }
        #expect(error?.description == "/benchmark_config/eval_candidate/sampling_params" + message)
    }

    @Test(arguments: [
        "9223372036854775807/9223372036854775807", "9223372036854775807/1", "1/9223372036854775807", "-1/2", "1/-2",
        "-9223372036854775808/-9223372036854775808", "1/99999999999999999999",
    ])
    func doesNotBelieveCountsThatCannotBe(_ counts: String) {
        var output = HarnessOutput(batchSize: 10_000)
        for name in ["Checking cached requests:", "Requesting API:"] {
            Array("\r\(name) 1%|# | \(counts) [\n".utf8).withUnsafeBytes { output.take($0) }
        }
        #expect(output.progress == nil)
    }

    @Test func countsWhatIsAnsweredAndWhatWasAnsweredBefore() {
        var output = HarnessOutput(batchSize: 2)
        func take(_ text: String) { Array(text.utf8).withUnsafeBytes { output.take($0) } }
        take("INFO starting\n\rChecking cached requests: 100%|██████| 20/20 [00:00<00:00, 1616it/s]\n")
        #expect(output.progress == nil)
        take("\rRequesting API:   0%|      | 0/5 [00:00<?, ?it/s]")
        #expect(output.progress?.done == 10)
        #expect(output.progress?.total == 20)
        // Cut where a read may end.
        take("\rRequesting API:  60%|███▏  | ")
        #expect(output.progress?.done == 10)
        take("3/5 [00:01<00:01,  2it/s]")
        #expect(output.progress?.done == 16)
        take("\nERROR no more\n")
        #expect(output.tail() == "INFO starting\nERROR no more")
    }
}

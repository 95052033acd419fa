import Evaluation
import JSON
import Testing

@Suite struct BenchmarkConfigurationTests {
    @Test(arguments: [
        (#"[]"#, "/benchmark_config: found an empty array; expected an object"),
        (#"{}"#, "/benchmark_config/eval_candidate: found nothing; expected an object with a \"type\""),
        (
            #"{"eval_candidate": {"type": "person"}}"#,
            "/benchmark_config/eval_candidate/type: found \"person\"; expected \"model\" or \"agent\""
        ),
        (
            #"{"eval_candidate": {"type": "model", "model": ""}}"#,
            "/benchmark_config/eval_candidate/model: found an empty string; expected the name of a model"
        ),
        (
            #"{"eval_candidate": {"type": "model", "model": "m", "system_message": {"content": 1}}}"#,
            "/benchmark_config/eval_candidate/system_message: found an object; expected a string, or a message whose content is a string"
        ),
        (
            #"{"eval_candidate": {"type": "agent"}}"#,
            "/benchmark_config/eval_candidate/config: found nothing; expected an AgentConfig"
        ),
        (
            #"{"eval_candidate": {"type": "agent", "config": {}}, "scoring_params": {"a/b": 1}}"#,
            "/benchmark_config/scoring_params/a~1b: found 1; expected an object of parameters"
        ),
        (
            #"{"eval_candidate": {"type": "agent", "config": {}}, "num_examples": -1}"#,
            "/benchmark_config/num_examples: found -1; expected an integer from 0"
        ),
    ])
    func saysWhatIsWrongAndWhere(_ json: String, _ message: String) throws {
        let value = try JSONValue(parsing: json)
        let error = #expect(throws: EvaluationError.self) { try BenchmarkConfiguration(value) }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        #""Be short.""#, #"{"role": "system", "content": "Be short."}"#,
        #"{"role": "system", "content": [{"type": "text", "text": "Be short."}]}"#,
    ])
    func takesSystemMessagesInEachForm(_ message: String) throws {
        let value = try JSONValue(
            parsing: #"{"eval_candidate": {"type": "model", "model": "m", "system_message": \#(message)}}"#)
        let configuration = try BenchmarkConfiguration(value)
        #expect(configuration.candidate == .model(name: "m", sampling: [:], systemMessage: "Be short."))
    }
}

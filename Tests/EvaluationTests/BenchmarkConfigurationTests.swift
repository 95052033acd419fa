import Evaluation
import JSON
import Testing

@Suite struct BenchmarkConfigurationTests {
    @Test(arguments: [
        (#"[]"#, "/benchmark_config: found an array; an object was expected"),
        (#"{}"#, "/benchmark_config/eval_candidate: is missing; an object with a \"type\" was expected"),
        (
            #"{"eval_candidate": {"type": "person"}}"#,
            "/benchmark_config/eval_candidate/type: found \"person\"; \"model\" or \"agent\" was expected"
        ),
        (
            #"{"eval_candidate": {"type": "model", "model": ""}}"#,
            "/benchmark_config/eval_candidate/model: found a string; the name of a model was expected"
        ),
        (
            #"{"eval_candidate": {"type": "model", "model": "m", "system_message": {"content": 1}}}"#,
            "/benchmark_config/eval_candidate/system_message: found no text; a text, or a message with a text as its "
                + "content, was expected"
        ),
        (
            #"{"eval_candidate": {"type": "agent"}}"#,
            "/benchmark_config/eval_candidate/config: is missing; an AgentConfig was expected"
        ),
        (
            #"{"eval_candidate": {"type": "agent", "config": {}}, "scoring_params": {"a/b": 1}}"#,
            "/benchmark_config/scoring_params/a~1b: found a number; an object of parameters was expected"
        ),
        (
            #"{"eval_candidate": {"type": "agent", "config": {}}, "num_examples": -1}"#,
            "/benchmark_config/num_examples: found a number; an integer from 0 was expected"
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

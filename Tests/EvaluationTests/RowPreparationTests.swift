import Inference
import JSON
import ScoringCore
import Testing

@testable import Evaluation

@Suite struct RowPreparationTests {
    private func prepare(
        _ row: String, settings: String = "{}", candidate: String = #"{"type": "model", "model": "m"}"#,
        mapping: [String: String] = [:]
    ) throws -> RowPreparation.Prepared {
        let metadata = try #require(JSONValue(parsing: #"{"generation": \#(settings)}"#).object)
        let configuration = try BenchmarkConfiguration(JSONValue(parsing: #"{"eval_candidate": \#(candidate)}"#))
        let preparation = try RowPreparation(
            GenerationSettings(metadata: metadata), configuration.candidate, mapping: mapping, pointer: JSONPointer())
        let object = try #require(JSONValue(parsing: row).object)
        return Array(row.utf8).withUnsafeBytes { preparation.prepare(object, line: $0) }
    }

    @Test(
        "each kind of row is asked as it says",
        arguments: [
            (#"{"question": "Q?"}"#, #"{"messages": [{"role": "user", "content": "Q?"}], "temperature": 0}"#),
            (
                #"{"input_query": "I?", "question": "Q?"}"#,
                #"{"messages": [{"role": "user", "content": "I?"}], "temperature": 0}"#
            ),
            (
                #"{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}], "question": "Q?"}"#,
                #"{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}], "temperature": 0}"#
            ),
            (
                #"{"chat_completion_input": "[{\"role\": \"user\", \"content\": \"U\"}]"}"#,
                #"{"messages": [{"role": "user", "content": "U"}], "temperature": 0}"#
            ),
            (#"{"completion_input": "Once"}"#, #"{"prompt": "Once", "temperature": 0}"#),
            (#"{"completion_input": "\"Once\\n\""}"#, #"{"prompt": "Once\n", "temperature": 0}"#),
        ])
    func kinds(_ row: String, _ body: String) throws {
        let request = try prepare(row).request.get()
        #expect(request.body == body)
        #expect(
            request.operation
                == (row.contains("completion_input\": \"O") || row.contains("\\\"Once") ? .completion : .chat))
    }

    @Test(
        "a row that cannot be asked says why",
        arguments: [
            (#"{"text": "Q?"}"#, "the row has no column with a prompt"),
            (#"{"question": null}"#, "the row has no column with a prompt"),
            (#"{"question": 5}"#, "column \"question\" is a number; expected a string"),
            (#"{"messages": []}"#, "column \"messages\" holds no messages"),
            (#"{"messages": [{"role": "user"}]}"#, "column \"messages\" holds no messages"),
            (#"{"messages": ["hello"]}"#, "column \"messages\" holds no messages"),
            (
                #"{"chat_completion_input": "hello"}"#,
                "column \"chat_completion_input\" is a string, but not valid JSON"
            ),
            (#"{"completion_input": {}}"#, "column \"completion_input\" is an object; expected a string"),
        ])
    func faults(_ row: String, _ message: String) throws {
        let request = try prepare(row).request
        guard case .failure(let failure) = request else {
            Issue.record("it can be asked")
            return
        }
        #expect(failure.outcome == .inputError)
        #expect(failure.message.hasPrefix(message), "\(failure.message)")
    }

    @Test("the candidate's system message comes first, then examples, then the question")
    func preamble() throws {
        let prepared = try prepare(
            #"{"q": "2 + 2?"}"#,
            settings: #"""
                {"prompt_template": "Q: {q}", "system_message": "not this one",
                 "examples": [{"q": "1 + 1?", "answer": 2}], "answer_template": "A: {answer}"}
                """#,
            candidate: #"{"type": "model", "model": "m", "system_message": "Be short."}"#)
        #expect(
            try JSONValue(parsing: prepared.request.get().body)["messages"]
                == [
                    ["role": "system", "content": "Be short."], ["role": "user", "content": "Q: 1 + 1?"],
                    ["role": "assistant", "content": "A: 2"], ["role": "user", "content": "Q: 2 + 2?"],
                ])
    }

    @Test(
        "choices are lettered, and the expected answer is the letter",
        arguments: [
            ("1", #""B""#), (#""Paris""#, #""B""#), (#""A""#, #""A""#), ("1.0", #""B""#), (#""1""#, #""B""#),
        ])
    func choices(_ answer: String, _ expected: String) throws {
        let prepared = try prepare(
            #"{"q": "Capital?", "c": ["Rome", "Paris"], "answer": \#(answer)}"#,
            settings: #"{"prompt_template": "{q}\n{c}\nAnswer:", "choices_column": "c"}"#)
        let content = try JSONValue(parsing: prepared.request.get().body)["messages"]?.array?.last?["content"]
        #expect(content == "Capital?\nA. Rome\nB. Paris\nAnswer:")
        #expect(try prepared.additions["expected_answer"] == JSONValue(parsing: expected))
    }

    @Test("an expected answer that is no choice is an input error", arguments: [#""Berlin""#, "7", "-1", "0.5"])
    func noChoice(_ answer: String) throws {
        let prepared = try prepare(
            #"{"q": "Capital?", "c": ["Rome", "Paris"], "answer": \#(answer)}"#,
            settings: #"{"prompt_template": "{q}\n{c}\nAnswer:", "choices_column": "c"}"#)
        #expect(throws: GenerationFailure.self) { try prepared.request.get() }
    }

    @Test("scorers find the question and the answer under their own names, unless the row has them")
    func columns() throws {
        #expect(
            try prepare(#"{"question": "Q?", "answer": "A"}"#).additions == [
                "expected_answer": "A", "input_query": "Q?",
            ])
        #expect(try prepare(#"{"input_query": "Q?", "expected_answer": "A", "answer": "B"}"#).additions == [:])
        #expect(
            try prepare(#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "T"}]}]}"#).additions
                == ["input_query": "T"])
    }

    @Test("the right answer is taken out of a solution, and a row without one is not asked")
    func gold() throws {
        let settings = #"{"expected_regexes": ["[#]{4} (\\d+)", "boxed\\{(\\d+)\\}"]}"#
        func expected(_ answer: String) throws -> JSONValue? {
            let prepared = try prepare(#"{"question": "Q?", "answer": "\#(answer)"}"#, settings: settings)
            _ = try prepared.request.get()
            return prepared.additions["expected_answer"]
        }
        #expect(try expected("5 + 7 = 12\\n#### 12") == "12")
        #expect(try expected("#### 1, or rather #### 2") == "2")
        #expect(try expected("$\\\\boxed{7}$") == "7")
        #expect(throws: GenerationFailure.self) { try expected("twelve") }
    }

    @Test("a mapped column is what it is mapped to, and nothing where that is missing")
    func mapping() throws {
        let mapped = try prepare(#"{"question": "old", "prompt": "new"}"#, mapping: ["question": "prompt"])
        #expect(try mapped.request.get().body.contains("\"new\""))
        let missing = try prepare(#"{"question": "old"}"#, mapping: ["question": "prompt"])
        #expect(throws: GenerationFailure.self) { try missing.request.get() }
        let answer = try prepare(#"{"question": "Q?", "answer": "A"}"#, mapping: ["expected_answer": "gold"])
        #expect(answer.additions["expected_answer"] == .null)
    }

    @Test("what an earlier generation left in a row is replaced, and the rest of its text stays as it is")
    func earlierGeneration() throws {
        let line = #"{"question":"Q?",  "n": 1.50, "x": "\ud800"}"#
        #expect(try String(decoding: prepare(line).line, as: UTF8.self) == line)
        let again = try prepare(#"{"question": "Q?", "generated_answer": "old", "generation_error": {}}"#)
        #expect(String(decoding: again.line, as: UTF8.self) == #"{"question": "Q?"}"#)
    }

    @Test(
        "sampling parameters become those of the OpenAI API",
        arguments: [
            (#"{"strategy": {"type": "greedy"}, "max_tokens": 0}"#, #"{"temperature": 0}"#),
            (
                #"{"strategy": {"type": "top_p", "temperature": 0.7, "top_p": 0.9}, "max_tokens": 64}"#,
                #"{"temperature": 0.7, "top_p": 0.9, "max_tokens": 64}"#
            ),
            (#"{"strategy": {"type": "top_p"}}"#, #"{"temperature": 1, "top_p": 0.95}"#),
            (#"{"strategy": {"type": "top_k", "top_k": 40}, "repetition_penalty": 1.0}"#, #"{"top_k": 40}"#),
            (
                #"{"temperature": 0.2, "stop": ["\n"], "seed": 7, "repetition_penalty": 1.1}"#,
                #"{"temperature": 0.2, "stop": ["\n"], "seed": 7, "repetition_penalty": 1.1}"#
            ),
            // What Llama Stack's command line and notebooks send.
            (
                #"{"strategy": {"type": "greedy"}, "max_tokens": 0, "repeat_penalty": 1.0}"#, #"{"temperature": 0}"#
            ),
            (#"{"repeat_penalty": 1.2}"#, #"{"repetition_penalty": 1.2, "temperature": 0}"#),
            // A model that takes no temperature.
            (#"{"temperature": null}"#, "{}"),
            (#"{"temperature": null, "strategy": {"type": "greedy"}}"#, #"{"temperature": 0}"#),
            // Other programs' names, and what asks for nothing.
            (#"{"max_new_tokens": 64, "do_sample": false}"#, #"{"max_tokens": 64, "temperature": 0}"#),
            (#"{"do_sample": true, "temperature": 0.5, "num_return_sequences": 1}"#, #"{"temperature": 0.5}"#),
            (#"{"max_gen_len": 9, "stop_sequences": ["x"]}"#, #"{"max_tokens": 9, "stop": ["x"], "temperature": 0}"#),
            (
                #"{"num_predict": -1, "top_k": -1, "stop": [], "seed": null, "n": 1, "stream": false}"#,
                #"{"temperature": 0}"#
            ),
            (
                #"{"top_k": 0, "stop": null, "max_completion_tokens": 5}"#,
                #"{"max_completion_tokens": 5, "temperature": 0}"#
            ),
            (#"{"top_k": 20, "min_p": 0.1}"#, #"{"top_k": 20, "min_p": 0.1, "temperature": 0}"#),
        ])
    func sampling(_ parameters: String, _ members: String) throws {
        let sampling = try SamplingParameters(#require(JSONValue(parsing: parameters).object), at: JSONPointer("/s"))
        #expect(try JSONValue.object(sampling.members) == JSONValue(parsing: members))
    }

    @Test(
        "sampling parameters that are none are refused, with their place",
        arguments: [
            (#"{"messages": []}"#, "/s/messages: is not a sampling parameter"),
            (#"{"n": 2}"#, "/s/n: is not a sampling parameter"), (#"{"stream": true}"#, "/s/stream: is not a sampling"),
            (
                #"{"max_tokens": 5, "max_new_tokens": 6}"#,
                "/s/max_new_tokens: is set together with \"max_tokens\", which means the same; remove one of them"
            ),
            (#"{"repeat_penalty": 0}"#, "/s/repeat_penalty: found 0; expected a number above 0"),
            (#"{"do_sample": 1}"#, "/s/do_sample: found 1; expected true or false"),
            (#"{"temperature": "hot"}"#, "/s/temperature: found \"hot\"; expected a number from 0"),
            (#"{"max_tokens": 1.5}"#, "/s/max_tokens: found 1.5; expected an integer from 0"),
            (#"{"top_p": 2}"#, "/s/top_p: found 2; expected a number from 0 to 1"),
            (#"{"strategy": {"type": "beam"}}"#, "/s/strategy/type: found \"beam\"; expected \"greedy\""),
            (#"{"strategy": {"type": "top_k"}}"#, "/s/strategy/top_k: found nothing; expected an integer from 1"),
            (#"{"strategy": {"type": "greedy", "top_p": 1}}"#, "/s/strategy/top_p: found an unknown member"),
        ])
    func samplingFaults(_ parameters: String, _ message: String) throws {
        let sampling = try #require(JSONValue(parsing: parameters).object)
        let error = #expect(throws: EvaluationError.self) { try SamplingParameters(sampling, at: JSONPointer("/s")) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test("a model may be given tools, by the benchmark or by the candidate, for chats only")
    func tools() throws {
        let tools = #"[{"type": "function", "function": {"name": "f"}}]"#
        let settings = #"{"tools": \#(tools), "tool_choice": "required"}"#
        let asked = try prepare(#"{"question": "Q?"}"#, settings: settings).request.get()
        #expect(try JSONValue(parsing: asked.body)["tools"] == JSONValue(parsing: tools))
        #expect(try JSONValue(parsing: asked.body)["tool_choice"] == "required")
        let candidate = #"{"type": "model", "model": "m", "sampling_params": {"tool_choice": "none"}}"#
        let chosen = try prepare(#"{"question": "Q?"}"#, settings: settings, candidate: candidate).request.get()
        #expect(try JSONValue(parsing: chosen.body)["tool_choice"] == "none")
        let continued = try prepare(#"{"completion_input": "Once"}"#, settings: settings).request.get()
        #expect(continued.body == #"{"prompt": "Once", "temperature": 0}"#)
    }

    @Test("templates and mappings reach into columns, the column of that literal name first")
    func paths() throws {
        let row =
            #"{"choices": [{"turns": ["one", "two"]}], "chat": "[{\"content\": \"hi\"}]", "a.b": "literal", "a": {"b": 1}}"#
        let prepared = try prepare(
            row, settings: #"{"prompt_template": "{choices[0].turns[-1]} {chat[0].content} {a.b}"}"#,
            mapping: ["expected_answer": "choices[0].turns[0]"])
        #expect(try prepared.request.get().body.contains("\"two hi literal\""))
        #expect(prepared.additions["expected_answer"] == "one")
        let missing = try prepare(row, settings: #"{"prompt_template": "{choices[1].turns[0]}"}"#).request
        guard case .failure(let failure) = missing else {
            Issue.record("it can be asked")
            return
        }
        #expect(
            failure.message
                == #"the row has no value in the column "choices[1].turns[0]", which the prompt template names: "choices" is "#
                + "an array of 1 element"
        )
    }

    @Test(
        "generation settings that are not right are refused, with their place",
        arguments: [
            (#"[]"#, "/metadata/generation: found an empty array; expected an object"),
            (
                #"{"prompt": "x"}"#,
                "/metadata/generation/prompt: found an unknown member; expected one of prompt_template"
            ),
            (#"{"prompt_template": ""}"#, "/metadata/generation/prompt_template: found an empty string"),
            (#"{"examples": [{}]}"#, "/metadata/generation/examples: needs prompt_template"),
            (
                #"{"prompt_template": "{q}", "examples": [{"q": "1", "answer": "2"}, {"q": "1"}]}"#,
                "/metadata/generation/examples/1: the row has no value in the column \"expected_answer\""
            ),
            (#"{"answer_regexes": ["(a)", "(b"]}"#, "/metadata/generation/answer_regexes/1: "),
            (
                #"{"answer_regexes": ["a"]}"#,
                "/metadata/generation/answer_regexes/0: the pattern has no group 1"
            ),
            (
                #"{"expected_regexes": ["a"]}"#,
                "/metadata/generation/expected_regexes/0: the pattern has no group 1"
            ),
            (#"{"answer_match": "last"}"#, "/metadata/generation/answer_match: needs answer_regexes"),
        ])
    func settingsFaults(_ settings: String, _ message: String) throws {
        let metadata: JSONObject = ["generation": try JSONValue(parsing: settings)]
        let error = #expect(throws: EvaluationError.self) { try GenerationSettings(metadata: metadata) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}

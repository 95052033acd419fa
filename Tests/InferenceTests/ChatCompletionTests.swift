import JSON
import Store
import Testing

@testable import Inference

/// A message as a server writes it, and what is read from it.
struct ChatCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// The first choice.
    var choice: String
    var text: String
    var reasoning: String?
    var toolCalls: String?
    var finish: FinishReason

    init(
        _ testDescription: String, _ choice: String, _ text: String, reasoning: String? = nil, toolCalls: String? = nil,
        _ finish: FinishReason = .stop
    ) {
        self.testDescription = testDescription
        self.choice = choice
        self.text = text
        self.reasoning = reasoning
        self.toolCalls = toolCalls
        self.finish = finish
    }

    private static func stopped(_ message: String) -> String {
        #"{"message": {\#(message)}, "finish_reason": "stop"}"#
    }

    private static let call = #"{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}"#

    static let all = [
        ChatCase("a text", stopped(#""content": "B""#), "B"),
        ChatCase(
            "null, cut off (case 3)",
            #"{"message": {"content": null, "reasoning_content": "I think so"}, "finish_reason": "length"}"#, "",
            reasoning: "I think so", .length),
        ChatCase(
            "no content, cut off (Gemini)", #"{"message": {"role": "assistant"}, "finish_reason": "length"}"#, "",
            .length),
        ChatCase("empty, cut off", #"{"message": {"content": ""}, "finish_reason": "max_tokens"}"#, "", .length),
        ChatCase("no message, filtered (Gemini)", #"{"index": 0, "finish_reason": "SAFETY"}"#, "", .contentFilter),
        ChatCase("null, though done", stopped(#""content": null"#), ""),
        ChatCase(
            "no text, only thinking (Ollama)", stopped(#""content": "", "reasoning": "Hm.""#), "", reasoning: "Hm."),
        ChatCase("a refusal", stopped(#""content": null, "refusal": "No.""#), "No."),
        ChatCase(
            "parts (case 12)",
            stopped(
                #""content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, "#
                    + #"{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]"#), "AB", reasoning: "Hm."),
        ChatCase(
            "parts with a text of thinking",
            stopped(#""content": [{"type": "thinking", "thinking": "Hm."}, {"type": "output_text", "text": "B"}]"#),
            "B",
            reasoning: "Hm."),
        ChatCase("one part without a list", stopped(#""content": {"type": "text", "text": "B"}"#), "B"),
        ChatCase("texts as parts", stopped(#""content": ["A", "B"]"#), "AB"),
        ChatCase("a refusal as a part", stopped(#""content": [{"type": "refusal", "refusal": "No."}]"#), "No."),
        ChatCase("reasoning (vLLM)", stopped(#""content": "B", "reasoning": "Hm.""#), "B", reasoning: "Hm."),
        ChatCase(
            "reasoning_content (DeepSeek)", stopped(#""content": "B", "reasoning_content": "Hm.""#), "B",
            reasoning: "Hm."),
        ChatCase(
            "reasoning_details (OpenRouter)",
            stopped(
                #""content": "B", "reasoning": null, "reasoning_details": [{"type": "reasoning.text", "text": "H"}, "#
                    + #"{"type": "reasoning.summary", "summary": "m."}, {"type": "reasoning.encrypted", "data": "x"}]"#),
            "B", reasoning: "Hm."),
        ChatCase(
            "inline and beside", stopped(#""content": "<think>b</think>B", "reasoning": "a""#), "B", reasoning: "a\n\nb"
        ),
        ChatCase(
            "calls of tools (case 17)",
            #"{"message": {"content": null, "tool_calls": [\#(call)]}, "finish_reason": "tool_calls"}"#, "",
            toolCalls: "[\(call)]", .toolCalls),
        ChatCase("no calls of tools (vLLM)", stopped(#""content": "B", "tool_calls": []"#), "B"),
        ChatCase(
            "arguments as an object",
            #"{"message": {"content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}}"#, "",
            toolCalls: #"[{"function": {"name": "f", "arguments": "{\"a\": 1}"}}]"#, .toolCalls),
        ChatCase(
            "a call in the older form",
            #"{"message": {"content": null, "function_call": {"name": "f", "arguments": "{}"}}, "finish_reason": "function_call"}"#,
            "", toolCalls: #"[{"type": "function", "function": {"name": "f", "arguments": "{}"}}]"#, .toolCalls),
        ChatCase(
            "a reason as an object", #"{"message": {"content": "B"}, "finish_reason": {"type": "length"}}"#, "B",
            .length),
        ChatCase("no reason", #"{"message": {"content": "B"}, "finish_reason": null}"#, "B", .other),
        ChatCase("a reason that is not known", #"{"message": {"content": "B"}, "finish_reason": "moon"}"#, "B", .other),
    ]
}

struct ChatCompletionTests {
    private func reply(_ choice: String, _ settings: ReasoningSettings = ReasoningSettings()) throws -> InferenceReply {
        try InferenceReply(#"{"id": "x", "choices": [\#(choice)]}"#.utf8, to: .chat, reasoning: settings)
    }

    @Test(
        "a refusal is known as one where the server says so",
        arguments: [
            (#""content": null, "refusal": "No.""#, "stop", true), (#""content": "", "refusal": "No.""#, "stop", true),
            (#""content": [{"type": "refusal", "refusal": "No."}]"#, "stop", true),
            (#""content": "I cannot""#, "refusal", true),
            (#""content": "B", "refusal": null"#, "stop", false), (#""content": "B", "refusal": """#, "stop", false),
            (#""content": "I cannot help with that.""#, "stop", false),
        ])
    func refusals(message: String, finish: String, isRefusal: Bool) throws {
        let reply = try reply(#"{"message": {\#(message)}, "finish_reason": "\#(finish)"}"#)
        #expect(reply.isRefusal == isRefusal)
        let said = try JSONValue(parsing: reply.response)["choices"]?.array?.first?["message"]?["refusal"]?.string ?? ""
        #expect(said == (isRefusal ? reply.text : ""))
    }

    @Test("a message is read in whatever shape it comes, and passed on in one", arguments: ChatCase.all)
    func shapes(_ example: ChatCase) throws {
        let reply = try reply(example.choice)
        #expect(reply.text == example.text)
        #expect(reply.reasoning == example.reasoning)
        #expect(reply.toolCalls == example.toolCalls)
        #expect(reply.finish == example.finish)
        let response = try JSONValue(parsing: reply.response)
        let choice = try #require(response["choices"]?.array?.first)
        #expect(choice["message"]?["content"]?.string == example.text)
        #expect(choice["message"]?["reasoning_content"]?.string == example.reasoning)
        #expect(choice["message"]?["reasoning"] == nil)
        if let calls = example.toolCalls { #expect(choice["message"]?["tool_calls"]?.text == calls) }
        if example.finish != .other { #expect(choice["finish_reason"]?.string == example.finish.rawValue) }
        // What was passed on reads the same.
        let again = try InferenceReply(reply.response.utf8, to: .chat, reasoning: ReasoningSettings())
        #expect(again.response == reply.response)
        #expect(again.text == reply.text)
    }

    @Test("a response that needs no change keeps its bytes")
    func sameBytes() throws {
        let body = #"{"choices":[ {"message":{"content":"B"} , "finish_reason":"stop"}]}"#
        #expect(try InferenceReply(body.utf8, to: .chat).response == body)
    }

    @Test("thinking is thrown away, or left in the text, where a configuration says so")
    func settings() throws {
        let choice =
            #"{"message": {"content": "<think>a</think>B", "reasoning_content": "x"}, "finish_reason": "stop"}"#
        let dropped = try reply(choice, ReasoningSettings(isKept: false))
        #expect(dropped.text == "B")
        #expect(dropped.reasoning == nil)
        #expect(!dropped.response.contains("reasoning"))
        #expect(try reply(choice, ReasoningSettings(marks: .none)).text == "<think>a</think>B")
    }

    @Test(
        "why a model stopped is understood in all spellings (case 15)",
        arguments: [
            ("MAX_TOKENS", .length), ("model_length", .length), ("FINISH_REASON_MAX_TOKENS", .length),
            ("max-tokens", .length), ("RECITATION", .contentFilter), ("content-filter", .contentFilter), ("eos", .stop),
            ("end_turn", .stop), ("STOP", .stop), ("tool_use", .toolCalls), ("", .other),
        ] as [(String, FinishReason)])
    func finishReasons(_ spelling: String, reason: FinishReason) {
        #expect(FinishReason(serverSpelling: spelling) == reason)
    }

    @Test("a reply comes out of the cache as it went in, and as the settings of today read it")
    func cached() throws {
        let choice = #"{"message": {"content": "<think>a</think>B"}, "finish_reason": "MAX_TOKENS"}"#
        let reply = try reply(choice)
        let stored = reply.stored(model: "m", operation: .chat)
        #expect(stored.response.contains("<think>"))
        var configuration = ModelConfiguration(id: "m", url: "http://h/v1")
        var cached = InferenceReply(stored, to: .chat, of: try ModelCatalog([configuration]).find("m"))
        #expect(cached.isCached)
        cached.isCached = false
        #expect(cached == reply)
        configuration.reasoning.marks = .none
        #expect(
            InferenceReply(stored, to: .chat, of: try ModelCatalog([configuration]).find("m")).text
                == "<think>a</think>B")
    }

    @Test(
        "what was used is read in the words of each server",
        arguments: [
            (
                #""prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 80}, "#
                    + #""completion_tokens_details": {"reasoning_tokens": 15}, "cost": 0.01"#,
                TokenUsage(input: 100, output: 20, cachedInput: 80, reasoning: 15, cost: 0.01)
            ),
            // Thinking that is only in the total.
            (#""prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 62"#, TokenUsage(input: 10, output: 52)),
            (
                #""prompt_tokens": 10, "completion_tokens": 2, "prompt_cache_hit_tokens": 4"#,
                TokenUsage(input: 10, output: 2, cachedInput: 4)
            ),
            (
                #""input_tokens": 10, "output_tokens": 2, "cost": {"total_cost": 0.5}"#,
                TokenUsage(input: 10, output: 2, cost: 0.5)
            ),
            (
                #""prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": null, "cost": -1"#,
                TokenUsage(input: 10, output: 2)
            ),
        ] as [(String, TokenUsage)])
    func usage(_ members: String, expected: TokenUsage) throws {
        let body = #"{"choices": [{"message": {"content": "B"}}], "usage": {\#(members)}}"#
        #expect(try InferenceReply(body.utf8, to: .chat).usage == expected)
    }

    @Test("input that a server had cached has a price of its own")
    func cachedPrice() {
        let usage = TokenUsage(input: 100, output: 10, cachedInput: 80)
        #expect(ModelPrice(input: 1, output: 10).cost(of: usage) == 200 / 1e6)
        #expect(ModelPrice(input: 1, output: 10, cachedInput: 0.5).cost(of: usage) == 160 / 1e6)
    }

    @Test(
        "an error in place of an answer is one, with the server's words (case 15)",
        arguments: [
            (
                #"{"choices": [{"error": {"code": 502, "message": "Bad gateway"}, "message": {"content": "Total"}, "finish_reason": "error"}]}"#,
                "Bad gateway"
            ),
            (#"{"error": {"code": 502, "message": "Bad gateway"}}"#, "Bad gateway"),
            (#"[{"error": {"code": 502, "message": "Bad gateway"}}]"#, "Bad gateway"),
            (
                #"{"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": true}}}]}"#,
                "the prompt was filtered"
            ),
        ])
    func errors(_ body: String, message: String) throws {
        let error = try #require(throws: BadResponse.self) { _ = try InferenceReply(body.utf8, to: .chat) }
        #expect(error.error?.message == message)
    }

    @Test("what a response used is known though it is no answer")
    func failedUsage() throws {
        let body = #"{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}"#
        let error = try #require(throws: BadResponse.self) { _ = try InferenceReply(body.utf8, to: .chat) }
        #expect(error.usage == TokenUsage(input: 5, output: 7))
    }

    @Test("blank lines that keep a connection alive are no part of an answer")
    func blankLines() throws {
        #expect(
            try InferenceReply("\n\n\n{\"choices\": [{\"message\": {\"content\": \"B\"}}]}".utf8, to: .chat).text == "B"
        )
    }
}

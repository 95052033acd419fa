import JSON
import Testing

@testable import Inference

/// The object that a JSON text is.
func object(_ text: String) throws -> JSONObject {
    try #require(try JSONValue(parsing: text).object, "\(text)")
}

/// What a request becomes under another API.
struct RewrittenRequest: Sendable, CustomTestStringConvertible {
    var api: ModelAPI
    var testDescription: String
    var chat: String
    var body: String

    static let all = [
        RewrittenRequest(
            api: .responses, testDescription: "instructions, limit, format, effort",
            chat: #"""
                {"messages": [{"role": "system", "content": "Be strict."}, {"role": "user", "content": "2+2?"}],
                 "max_tokens": 100, "temperature": 0, "reasoning_effort": "low",
                 "response_format": {"type": "json_schema", "json_schema": {"name": "judgement", "strict": true,
                   "schema": {"type": "object", "properties": {"score": {"type": "integer", "minimum": 1}}}}}}
                """#,
            body: #"""
                {"instructions": "Be strict.", "input": [{"role": "user", "content": "2+2?"}],
                 "max_output_tokens": 100, "temperature": 0, "reasoning": {"effort": "low"}, "store": false,
                 "text": {"format": {"type": "json_schema", "name": "judgement", "strict": true,
                   "schema": {"type": "object", "properties": {"score": {"type": "integer", "minimum": 1}}}}}}
                """#),
        RewrittenRequest(
            api: .responses, testDescription: "a chat of instructions alone, and what the API calls alike",
            chat: #"""
                {"messages": [{"role": "system", "content": "Rate."}], "max_tokens": 1, "max_completion_tokens": 2,
                 "response_format": {"type": "json_object"}, "verbosity": "low", "store": true, "seed": 7,
                 "reasoning": {"summary": "auto"}, "stream": true, "stream_options": {"include_usage": true}}
                """#,
            body: #"""
                {"input": [{"role": "system", "content": "Rate."}], "max_output_tokens": 2, "store": true, "seed": 7,
                 "text": {"format": {"type": "json_object"}, "verbosity": "low"}, "reasoning": {"summary": "auto"},
                 "stream": true}
                """#),
        RewrittenRequest(
            api: .responses, testDescription: "tools and their results, images",
            chat: #"""
                {"messages": [
                   {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                     {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}]},
                   {"role": "assistant", "content": null, "tool_calls": [
                     {"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{\"x\": 2}"}}]},
                   {"role": "tool", "tool_call_id": "c1", "content": "A cat."},
                   {"role": "system", "content": "Answer now."}],
                 "tools": [{"type": "function", "function": {"name": "zoom", "parameters": {"type": "object"}}}],
                 "tool_choice": {"type": "function", "function": {"name": "zoom"}}}
                """#,
            body: #"""
                {"input": [
                   {"role": "user", "content": [{"type": "input_text", "text": "What is it?"},
                     {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}]},
                   {"type": "function_call", "call_id": "c1", "name": "zoom", "arguments": "{\"x\": 2}"},
                   {"type": "function_call_output", "call_id": "c1", "output": "A cat."},
                   {"role": "system", "content": "Answer now."}],
                 "tools": [{"type": "function", "name": "zoom", "parameters": {"type": "object"}}],
                 "tool_choice": {"type": "function", "name": "zoom"}, "store": false}
                """#),
        RewrittenRequest(
            api: .anthropic, testDescription: "system messages, stop, no limit, sampling",
            chat: #"""
                {"messages": [{"role": "system", "content": "Be strict."}, {"role": "user", "content": "2+2?"},
                   {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}],
                 "temperature": 0.5, "top_p": 0.9, "stop": "\n", "user": "u1"}
                """#,
            body: #"""
                {"system": "Be strict.\n\nBe brief.", "messages": [{"role": "user", "content": "2+2?"}],
                 "max_tokens": 4096, "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["\n"],
                 "metadata": {"user_id": "u1"}}
                """#),
        RewrittenRequest(
            api: .anthropic, testDescription: "a schema without what the API refuses; a property may be called minimum",
            chat: #"""
                {"messages": [{"role": "system", "content": "Rate."}], "max_completion_tokens": 50, "max_tokens": 40,
                 "reasoning_effort": "minimal",
                 "response_format": {"type": "json_schema", "json_schema": {"name": "j", "strict": true, "schema":
                   {"type": "object", "required": ["minimum"], "properties": {
                     "minimum": {"type": "integer", "minimum": 1, "maximum": 10},
                     "notes": {"type": "array", "minItems": 3, "items": {"type": "object", "properties": {}}}}}}}}
                """#,
            body: #"""
                {"messages": [{"role": "user", "content": "Rate."}], "max_tokens": 50,
                 "output_config": {"effort": "low", "format": {"type": "json_schema", "schema":
                   {"type": "object", "required": ["minimum"], "additionalProperties": false, "properties": {
                     "minimum": {"type": "integer"},
                     "notes": {"type": "array",
                       "items": {"type": "object", "properties": {}, "additionalProperties": false}}}}}}}
                """#),
        RewrittenRequest(
            api: .anthropic, testDescription: "tools and their results, images",
            chat: #"""
                {"messages": [
                   {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                     {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                     {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}]},
                   {"role": "assistant", "content": "I look.", "tool_calls": [
                     {"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{\"x\": 2}"}},
                     {"id": "c2", "type": "function", "function": {"name": "zoom", "arguments": ""}}]},
                   {"role": "tool", "tool_call_id": "c1", "content": "A cat."},
                   {"role": "tool", "tool_call_id": "c2", "content": "A dog."}],
                 "max_tokens": 9, "parallel_tool_calls": false, "tool_choice": "required",
                 "tools": [{"type": "function", "function": {"name": "zoom", "description": "Zooms.",
                   "parameters": {"type": "object"}}}]}
                """#,
            body: #"""
                {"messages": [
                   {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                     {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                     {"type": "image", "source": {"type": "url", "url": "https://example.org/cat.png"}}]},
                   {"role": "assistant", "content": [{"type": "text", "text": "I look."},
                     {"type": "tool_use", "id": "c1", "name": "zoom", "input": {"x": 2}},
                     {"type": "tool_use", "id": "c2", "name": "zoom", "input": {}}]},
                   {"role": "user", "content": [
                     {"type": "tool_result", "tool_use_id": "c1", "content": "A cat."},
                     {"type": "tool_result", "tool_use_id": "c2", "content": "A dog."}]}],
                 "max_tokens": 9, "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
                 "tools": [{"name": "zoom", "description": "Zooms.", "input_schema": {"type": "object"}}]}
                """#),
        RewrittenRequest(
            api: .completions, testDescription: "the contents are the text",
            chat: #"""
                {"messages": [{"role": "system", "content": "Q and A."}, {"role": "user", "content": "Q: 2+2?\nA:"}],
                 "max_completion_tokens": 5, "stop": ["\n"]}
                """#,
            body: #"{"prompt": "Q and A.\n\nQ: 2+2?\nA:", "max_tokens": 5, "stop": ["\n"]}"#),
    ]
}

/// What a reply of another API becomes.
struct RewrittenReply: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var reply: String
    var message: String
    var finish: String?
    /// Tokens of the prompt, of these cached, of the reply.
    var usage: [Int] = []

    static let all = [
        RewrittenReply(
            testDescription: "a response with reasoning",
            reply: #"""
                {"id": "resp_1", "object": "response", "created_at": 1741476542, "status": "completed", "error": null,
                 "incomplete_details": null, "model": "gpt-5", "output": [
                   {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Adding."}]},
                   {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
                     {"type": "output_text", "text": "It is ", "annotations": []},
                     {"type": "output_text", "text": "4.", "annotations": []}]}],
                 "usage": {"input_tokens": 36, "input_tokens_details": {"cached_tokens": 16}, "output_tokens": 87,
                   "output_tokens_details": {"reasoning_tokens": 64}, "total_tokens": 123}}
                """#,
            message: #"{"role": "assistant", "content": "It is 4.", "reasoning_content": "Adding."}"#,
            finish: "stop", usage: [36, 16, 87]),
        RewrittenReply(
            testDescription: "a response cut off while it was reasoning",
            reply: #"""
                {"object": "response", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
                 "output": [{"type": "reasoning", "summary": []}],
                 "usage": {"input_tokens": 5, "output_tokens": 16, "total_tokens": 21}}
                """#,
            message: #"{"role": "assistant", "content": null}"#, finish: "length", usage: [5, 0, 16]),
        RewrittenReply(
            testDescription: "a response that was filtered",
            reply: #"""
                {"object": "response", "status": "incomplete", "incomplete_details": {"reason": "content_filter"},
                 "output": [{"type": "message", "content": [{"type": "output_text", "text": "How"}]}]}
                """#,
            message: #"{"role": "assistant", "content": "How"}"#, finish: "content_filter"),
        RewrittenReply(
            testDescription: "a refusal",
            reply: #"""
                {"object": "response", "status": "completed", "output": [
                   {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}]}
                """#,
            message: #"{"role": "assistant", "content": null, "refusal": "I cannot."}"#, finish: "stop"),
        RewrittenReply(
            testDescription: "a response that calls a tool after a comment",
            reply: #"""
                {"object": "response", "status": "completed", "output": [
                   {"type": "message", "phase": "commentary", "content": [{"type": "output_text", "text": "I look."}]},
                   {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "zoom", "arguments": "{}"}]}
                """#,
            message: #"""
                {"role": "assistant", "content": "I look.", "tool_calls": [
                   {"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{}"}}]}
                """#, finish: "tool_calls"),
        RewrittenReply(
            testDescription: "a comment is not the answer; reasoning that is shown in full",
            reply: #"""
                {"object": "response", "status": "completed", "output": [
                   {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
                   {"type": "message", "phase": "commentary", "content": [{"type": "output_text", "text": "Answer: B?"}]},
                   {"type": "message", "phase": "final_answer",
                    "content": [{"type": "output_text", "text": "Answer: C"}]}]}
                """#,
            message: #"{"role": "assistant", "content": "Answer: C", "reasoning_content": "Hm."}"#, finish: "stop"),
        RewrittenReply(
            testDescription: "a message with thinking, and a prompt from the cache",
            reply: #"""
                {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [
                   {"type": "thinking", "thinking": "Adding.", "signature": "EqQB"},
                   {"type": "redacted_thinking", "data": "EmwK"},
                   {"type": "text", "text": "It is 4."}],
                 "stop_reason": "end_turn", "stop_sequence": null,
                 "usage": {"input_tokens": 20, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 75,
                   "output_tokens": 30, "service_tier": "standard"}}
                """#,
            message: #"{"role": "assistant", "content": "It is 4.", "reasoning_content": "Adding."}"#,
            finish: "stop", usage: [100, 75, 30]),
        RewrittenReply(
            testDescription: "a message that calls a tool",
            reply: #"""
                {"type": "message", "role": "assistant", "content": [
                   {"type": "tool_use", "id": "toolu_1", "name": "zoom", "input": {"x": 2}}],
                 "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 2}}
                """#,
            message: #"""
                {"role": "assistant", "content": null, "tool_calls": [
                   {"id": "toolu_1", "type": "function", "function": {"name": "zoom", "arguments": "{\"x\": 2}"}}]}
                """#, finish: "tool_calls", usage: [1, 0, 2]),
        RewrittenReply(
            testDescription: "a message refused without a word",
            reply: #"{"type": "message", "content": [], "stop_reason": "refusal"}"#,
            message: #"{"role": "assistant", "content": null}"#, finish: "content_filter"),
        RewrittenReply(
            testDescription: "a text completion",
            reply: #"""
                {"object": "text_completion", "choices": [{"index": 0, "text": " 4", "finish_reason": "length"}],
                 "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}
                """#,
            message: #"{"role": "assistant", "content": " 4"}"#, finish: "length", usage: [3, 0, 1]),
    ]
}

struct ModelAPITests {
    @Test("a chat is asked for as each API wants it", arguments: RewrittenRequest.all)
    func request(_ rewritten: RewrittenRequest) throws {
        #expect(try rewritten.api.body(of: object(rewritten.chat)) == object(rewritten.body))
    }

    @Test("a reply of each API is read as a chat completion", arguments: RewrittenReply.all)
    func reply(_ rewritten: RewrittenReply) throws {
        let completion = chatCompletion(of: try object(rewritten.reply))
        let choice = completion["choices"]?.array?.first
        #expect(completion["object"] == "chat.completion")
        #expect(choice?["message"] == .object(try object(rewritten.message)))
        #expect(choice?["finish_reason"]?.string == rewritten.finish)
        let usage = completion["usage"]
        let counts = [
            usage?["prompt_tokens"], usage?["prompt_tokens_details"]?["cached_tokens"] ?? 0,
            usage?["completion_tokens"],
        ]
        #expect(rewritten.usage.isEmpty || counts.map { $0?.number?.int } == rewritten.usage)
    }

    @Test(
        "each reason of a message to stop has a counterpart",
        arguments: [
            ("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("tool_use", "tool_calls"),
            ("refusal", "content_filter"), ("model_context_window_exceeded", "length"), ("pause_turn", "length"),
        ])
    func stopReason(_ reason: String, _ finish: String) throws {
        let reply = try object(#"{"type": "message", "content": [], "stop_reason": "\#(reason)"}"#)
        #expect(chatCompletion(of: reply)["choices"]?.array?[0]["finish_reason"]?.string == finish)
    }

    @Test("a failed response is an error, in the server's words")
    func failedResponse() throws {
        let reply = try object(
            #"{"object": "response", "status": "failed", "error": {"code": "server_error", "message": "Oh."}, "output": []}"#
        )
        #expect(chatCompletion(of: reply) == (try object(#"{"error": {"code": "server_error", "message": "Oh."}}"#)))
    }

    @Test("what the Messages API cannot do is refused before it is asked, and says what to do")
    func unsupported() throws {
        let chat = try object(#"{"messages": [], "response_format": {"type": "json_object"}}"#)
        let error = #expect(throws: UnsupportedRequest.self) { try ModelAPI.anthropic.body(of: chat) }
        #expect(error?.reason.contains("use a JSON Schema") == true)
    }

    @Test("a chat completion is left as it is")
    func untouched() throws {
        let reply = try object(#"{"choices": [{"message": {"content": "A"}, "text": null}], "x": 1}"#)
        #expect(chatCompletion(of: reply) == reply)
    }
}

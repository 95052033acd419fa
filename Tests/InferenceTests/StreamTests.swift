import JSON
import Testing

@testable import Inference

/// A stream of events, and the reply that it comes to.
struct Streamed: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var stream: String
    /// The reply; nil if the stream breaks off.
    var reply: String?

    init(_ description: String, _ stream: String, _ reply: String?) {
        testDescription = description
        self.stream = stream
        self.reply = reply
    }

    private static func content(_ text: String, _ finish: String = "null") -> String {
        #"data: {"choices": [{"index": 0, "delta": {"content": "\#(text)"}, "finish_reason": \#(finish)}]}"#
    }

    private static func chat(_ message: String, _ finish: String = #""stop""#, _ more: String = "") -> String {
        #"{"object": "chat.completion", "choices": [{"index": 0, "finish_reason": \#(finish), "message": "#
            + #"{"role": "assistant", \#(message)}}]\#(more)}"#
    }

    static let all = [
        Streamed(
            "keep-alive comments, an empty role, usage in a chunk without choices",
            """
            : OPENROUTER PROCESSING

            data: {"id": "c", "model": "m", "created": 1, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}

            \(content("It is "))

            : keep-alive

            \(content("4.", #""stop""#))

            data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}

            data: [DONE]


            """,
            chat(
                #""content": "It is 4.""#, #""stop""#,
                #", "id": "c", "model": "m", "created": 1, "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}"#
            )),
        Streamed("CRLF", "\(content("A"))\r\n\r\n\(content("B", #""stop""#))\r\n\r\n", chat(#""content": "AB""#)),
        Streamed("no [DONE]", "\(content("A", #""length""#))\n\n", chat(#""content": "A""#, #""length""#)),
        Streamed(
            "no finish_reason, but [DONE]", "\(content("A"))\n\ndata: [DONE]\n\n", chat(#""content": "A""#, "null")),
        Streamed("no empty line at the end", "\(content("A"))\n\ndata: [DONE]", chat(#""content": "A""#, "null")),
        Streamed(
            "no empty lines at all", "\(content("A"))\n\(content("B", #""stop""#))\ndata: [DONE]\n",
            chat(#""content": "AB""#)),
        Streamed(
            "no space after the colon, a byte-order mark",
            "\u{FEFF}data:{\"choices\":[{\"delta\":{\"content\":\"A\"},\"finish_reason\":\"stop\"}]}\n\n",
            chat(#""content": "A""#)),
        Streamed("broken off between events", "\(content("Answer: "))\n\n", nil),
        Streamed("broken off within an event", "\(content("Answer: A"))\n\ndata: {\"choices\": [{\"del", nil),
        Streamed("nothing", "", nil),
        Streamed("nothing but comments", ": ping\n\n: ping\n\n", nil),
        Streamed(
            "reasoning, under either name or both",
            """
            data: {"choices": [{"delta": {"reasoning_content": "Hm", "reasoning": "Hm"}}]}

            data: {"choices": [{"delta": {"reasoning": ", 4."}}]}

            \(content("4", #""stop""#))


            """, chat(#""content": "4", "reasoning_content": "Hm, 4.""#)),
        Streamed(
            "parts of content, as Mistral sends them",
            """
            data: {"choices": [{"delta": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}}]}

            data: {"choices": [{"delta": {"content": [{"type": "text", "text": "4"}]}, "finish_reason": "stop"}]}


            """, chat(#""content": "4", "reasoning_content": "Hm.""#)),
        Streamed(
            "calls of tools in pieces",
            """
            data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "zoom", "arguments": ""}}]}}]}

            data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{\\"x\\""}}]}}]}

            data: {"choices": [{"delta": {"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "pan", "arguments": "{}"}}]}}]}

            data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": ": 2}"}}]}, "finish_reason": "tool_calls"}]}


            """,
            chat(
                #""content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{\"x\": 2}"}}, {"id": "c2", "type": "function", "function": {"name": "pan", "arguments": "{}"}}]"#,
                #""tool_calls""#)),
        Streamed(
            "calls without indices, or all with the index 0",
            """
            data: {"choices": [{"delta": {"tool_calls": [{"id": "c1", "function": {"name": "zoom", "arguments": "{}"}}]}}]}

            data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c2", "function": {"name": "pan", "arguments": "{}"}}]}}]}

            data: {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c3", "function": {"name": "tilt", "arguments": {"y": 1}}}]}, "finish_reason": "tool_calls"}]}


            """,
            chat(
                #""content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": "{}"}}, {"id": "c2", "type": "function", "function": {"name": "pan", "arguments": "{}"}}, {"id": "c3", "type": "function", "function": {"name": "tilt", "arguments": "{\"y\": 1}"}}]"#,
                #""tool_calls""#)),
        Streamed(
            "other choices than the first are left out",
            """
            data: {"choices": [{"index": 1, "delta": {"content": "no"}}]}

            data: {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}, {"index": 0, "delta": {"content": "A"}, "finish_reason": "stop"}]}


            """, chat(#""content": "A""#)),
        Streamed(
            "an error after the answer began",
            "\(content("Answer: A"))\n\ndata: {\"error\": {\"code\": 502, \"message\": \"Oh.\"}, \"choices\": [{\"delta\": {\"content\": \"\"}, \"finish_reason\": \"error\"}]}\n\ndata: [DONE]\n\n",
            #"{"error": {"code": 502, "message": "Oh."}}"#),
        Streamed(
            "an error that is no JSON", "event: error\ndata: overloaded\n\n", #"{"error": {"message": "overloaded"}}"#),
        Streamed(
            "a text completion",
            #"data: {"choices": [{"index": 0, "text": "A"}]}"# + "\n\n"
                + #"data: {"choices": [{"index": 0, "text": "B", "finish_reason": "stop"}]}"# + "\n\n",
            #"{"object": "text_completion", "choices": [{"index": 0, "text": "AB", "finish_reason": "stop"}]}"#),
        Streamed(
            "a message",
            """
            event: message_start
            data: {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "stop_reason": null, "usage": {"input_tokens": 25, "output_tokens": 1}}}

            event: content_block_start
            data: {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}

            event: ping
            data: {"type": "ping"}

            event: content_block_delta
            data: {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}}

            event: content_block_delta
            data: {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "Eq"}}

            event: content_block_stop
            data: {"type": "content_block_stop", "index": 0}

            event: content_block_start
            data: {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}

            event: content_block_delta
            data: {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "It is 4."}}

            event: content_block_start
            data: {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "t1", "name": "zoom", "input": {}}}

            event: content_block_delta
            data: {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\\"x\\": "}}

            event: content_block_delta
            data: {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "2}"}}

            event: message_delta
            data: {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 15}}

            event: message_stop
            data: {"type": "message_stop"}


            """,
            #"""
            {"id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "tool_use", "stop_sequence": null,
             "usage": {"input_tokens": 25, "output_tokens": 15}, "content": [
               {"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "text", "text": "It is 4."},
               {"type": "tool_use", "id": "t1", "name": "zoom", "input": {"x": 2}}]}
            """#),
        Streamed(
            "a message that breaks off",
            """
            data: {"type": "message_start", "message": {"type": "message", "content": [], "stop_reason": null}}

            data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Answer: A"}}


            """, nil),
        Streamed(
            "a message's error",
            """
            data: {"type": "message_start", "message": {"type": "message", "content": [], "stop_reason": null}}

            event: error
            data: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


            """, #"{"error": {"type": "overloaded_error", "message": "Overloaded"}}"#),
        Streamed(
            "a response",
            """
            data: {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}

            data: {"type": "response.output_text.delta", "output_index": 0, "delta": "4"}

            data: {"type": "response.completed", "response": {"id": "r", "object": "response", "status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "4"}]}]}}


            """,
            #"""
            {"id": "r", "object": "response", "status": "completed",
             "output": [{"type": "message", "content": [{"type": "output_text", "text": "4"}]}]}
            """#),
        Streamed(
            "a response whose last event leaves out its items",
            """
            data: {"type": "response.output_item.done", "item": {"type": "message", "content": [{"type": "output_text", "text": "4"}]}}

            data: {"type": "response.incomplete", "response": {"output": [], "incomplete_details": {"reason": "max_output_tokens"}}}


            """,
            #"""
            {"object": "response", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
             "output": [{"type": "message", "content": [{"type": "output_text", "text": "4"}]}]}
            """#),
        Streamed(
            "a response that breaks off", #"data: {"type": "response.output_text.delta", "delta": "4"}"# + "\n\n", nil),
        Streamed(
            "a response's error",
            #"data: {"type": "error", "code": "server_error", "message": "Oh.", "param": null}"# + "\n\n",
            #"{"error": {"type": "error", "code": "server_error", "message": "Oh.", "param": null}}"#),
    ]
}

struct StreamTests {
    @Test("a stream comes to the reply that the server would have sent at once, or to none", arguments: Streamed.all)
    func stream(_ streamed: Streamed) throws {
        let reply = try StreamedReply(streamed.stream.utf8)
        #expect(reply == (try streamed.reply.map { .whole(try object($0)) } ?? .cutOff))
    }

    @Test("at whatever byte a chat's stream breaks off before its last event, it comes to no reply")
    func everyPrefix() throws {
        let stream = Array(
            """
            data: {"choices": [{"delta": {"content": "Größe: "}}]}

            data: {"choices": [{"delta": {"content": "3 €"}}]}


            """.utf8)
        for end in 0...stream.count { #expect(try StreamedReply(stream[..<end]) == .cutOff, "\(end)") }
    }

    @Test("an event that is no JSON is told")
    func noJSON() {
        #expect(throws: BadResponse.self) { try StreamedReply("data: hello\n\ndata: [DONE]\n\n".utf8) }
        #expect(throws: BadResponse.self) { try StreamedReply("data: 7\n\n".utf8) }
    }

    @Test("a server that does not stream, whatever it says, is read as one that does not")
    func detection() {
        #expect(!isEventStream(#" {"choices": []}"#.utf8, contentType: "text/event-stream"))
        #expect(isEventStream("data: {}\n\n".utf8, contentType: "application/json"))
        #expect(isEventStream(": ping\n\ndata: {}\n\n".utf8, contentType: nil))
        #expect(!isEventStream("<html>".utf8, contentType: "text/html"))
        #expect(isEventStream("".utf8, contentType: "text/event-stream; charset=utf-8"))
        #expect(!isEventStream("".utf8, contentType: nil))
    }
}

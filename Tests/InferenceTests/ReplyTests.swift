import Testing

@testable import Inference

struct ReplyTests {
    private func reply(_ body: String, to operation: InferenceRequest.Operation = .chat) throws -> InferenceReply {
        try InferenceReply(Array(body.utf8), to: operation)
    }

    @Test("text and tokens are read from a chat completion")
    func chat() throws {
        let body = #"{"choices": [{"message": {"content": "A\u0000ü", "role": "assistant"}}, {}], "usage": "#
        let reply = try reply(body + #"{"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}}"#)
        #expect(reply.text == "A\0ü")
        #expect(reply.usage == TokenUsage(input: 12, output: 3))
        #expect(reply.response.hasPrefix(body))
        #expect(try self.reply(body + "null}").usage == nil)
        for counts in [
            #"{"prompt_tokens": "12"}"#, #"{"prompt_tokens": -1, "completion_tokens": 3}"#,
            #"{"prompt_tokens": 1, "completion_tokens": 5000000000000000000}"#,
        ] {
            #expect(try self.reply(body + counts + "}").usage == nil)
        }
    }

    @Test("an empty text is one, and a refusal is a text")
    func unusualTexts() throws {
        #expect(try reply(#"{"choices": [{"message": {"content": ""}}]}"#).text == "")
        #expect(try reply(#"{"choices": [{"message": {"content": null, "refusal": "No."}}]}"#).text == "No.")
    }

    @Test("completions and embeddings are read")
    func otherOperations() throws {
        #expect(try reply(#"{"choices": [{"text": " B"}]}"#, to: .completion).text == " B")
        let body = """
            {"data": [{"index": 1, "embedding": [0.5, -2]}, {"index": 0, "embedding": [1e3]}], "usage": {"prompt_tokens": 4}}
            """
        let embedding = try reply(body, to: .embedding)
        #expect(embedding.text == "")
        #expect(embedding.embeddings() == [[1000], [0.5, -2]])
        #expect(embedding.usage == TokenUsage(input: 4, output: 0))
        for data in ["{}", #"[{"index": 2, "embedding": []}]"#, #"[{"embedding": ["x"]}]"#] {
            #expect(InferenceReply(text: "", response: "{\"data\": \(data)}").embeddings() == nil)
        }
    }

    @Test(
        "what is no answer says what it is instead",
        arguments: [
            (.chat, "", "is empty"), (.chat, "[]", "is an array; expected an object"),
            (.chat, "{}", "contains no choices"), (.chat, #"{"choices": []}"#, "contains no choices"),
            (.chat, #"{"error": {"message": "no"}}"#, "contains an error instead of choices"),
            (.chat, #"{"choices": [{}]}"#, #"has no "message" in its first choice"#),
            (.chat, #"{"choices": [{"message": {"content": null}}]}"#, "has a message without text"),
            (.completion, #"{"choices": [{}]}"#, #"has no "text" in its first choice"#),
            (.embedding, #"{"data": []}"#, "contains no embeddings"),
            (.embedding, #"{"data": [{"embedding": null}]}"#, "contains no embeddings"),
        ] as [(InferenceRequest.Operation, String, String)])
    func badResponses(_ operation: InferenceRequest.Operation, _ body: String, reason: String) throws {
        let error = try #require(throws: BadResponse.self) { _ = try reply(body, to: operation) }
        #expect(error.reason == reason)
    }

    @Test("a reply that would take very much memory is refused, and a long text is not")
    func largeReplies() throws {
        let zeros = String(repeating: "0,", count: 2 << 20) + "0"
        let answer = #"{"choices": [{"message": {"content": "x"}}]"#
        for (operation, body) in [
            (InferenceRequest.Operation.chat, "\(answer), \"more\": [\(zeros)]}"),
            (.embedding, "{\"data\": [\(zeros)]}"),
        ] {
            let error = #expect(throws: BadResponse.self) { try reply(body, to: operation) }
            #expect(error?.reason == "is too large: it has more than 2097152 values")
        }
        let long =
            #"{"choices": [{"message": {"content": ""# + String(repeating: "a, [\\\"", count: 1 << 20) + #""}}]}"#
        #expect(try reply(long).text.utf8.count == 5 << 20)
        let numbers = Array(repeating: "0", count: 65_537).joined(separator: ",")
        let error = #expect(throws: BadResponse.self) {
            try reply("{\"data\": [{\"embedding\": [\(numbers)]}]}", to: .embedding)
        }
        #expect(error?.reason == "has a vector of more than 65536 numbers")
    }

    @Test("text that is no UTF-8 is no answer")
    func invalidText() throws {
        let body = Array(#"{"choices": [{"message": {"content": ""#.utf8) + [0xFF] + Array(#""}}]}"#.utf8)
        let error = try #require(throws: BadResponse.self) { _ = try InferenceReply(body, to: .chat) }
        #expect(error.reason.hasPrefix("is not valid JSON"))
    }

    @Test(
        "the model's name is put into the body",
        arguments: [
            ("{}", #"{"model": "m\"", }"#), (#"{"a": 1}"#, #"{"model": "m\"", "a": 1}"#),
            (" { \n }", #"{"model": "m\"", }"#), ("[1]", nil), ("", nil), ("{", nil),
        ] as [(String, String?)])
    func naming(_ body: String, whole: String?) {
        let bytes = InferenceRequest(body: body).body(naming: #""m\"""#)
        #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == whole?.replacing(", }", with: "}"))
    }

    @Test(
        "an answer's length is bounded as the body says",
        arguments: [
            (#"{"max_tokens": 7}"#, 7), (#"{"max_tokens": 7, "max_completion_tokens": 9}"#, 9), ("{}", nil),
            ("no", nil), (#"{"max_tokens": 900, "max_completion_tokens": 9}"#, 900),
            (#"{"max_tokens": null, "max_output_tokens": 5}"#, 5), (#"{"max_tokens": -1}"#, nil),
            (#"{"max_tokens": 0}"#, 0), (#"{"max_tokens": 1e30}"#, 1_000_000_000),
            (#"{"max_tokens": 7, "n": 3}"#, 21), (#"{"max_tokens": 7, "n": 2, "best_of": 4}"#, 28),
            (#"{"n": 3}"#, nil),
        ] as [(String, Int?)])
    func maximumOutput(_ body: String, tokens: Int?) {
        #expect(InferenceRequest(body: body).maximumOutput == tokens)
    }
}

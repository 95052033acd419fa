import NIOCore

/// What a server can be asked to do by a POST: the operations of an OpenAI-compatible API that have a model, OpenAI's
/// Responses API, Anthropic's Messages API, and those of a Llama Stack server's agents.
enum Operation: Sendable {
    case chat, completion, embedding, moderation
    case response, message
    case agent, session, turn

    /// The operation of a path, whatever its prefix; nil for other paths.
    init?(path: String) {
        if path.hasSuffix("/chat/completions") {
            self = .chat
        } else if path.hasSuffix("/completions") {
            self = .completion
        } else if path.hasSuffix("/embeddings") {
            self = .embedding
        } else if path.hasSuffix("/moderations") {
            self = .moderation
        } else if path.hasSuffix("/responses") {
            self = .response
        } else if path.hasSuffix("/messages") {
            self = .message
        } else if let operation = Operation(agentPath: path) {
            self = operation
        } else {
            return nil
        }
    }
}

extension Answer {
    /// The bytes of the body, without what it is filled up with.
    func body(for request: ReceivedRequest) -> ByteBuffer {
        var body = ByteBuffer(string: leadingSpace)
        body.writeImmutableBuffer(contentBody(for: request))
        return body
    }

    private func contentBody(for request: ReceivedRequest) -> ByteBuffer {
        switch content {
        case .reply(let text): reply(text, to: request, request.operation ?? .chat)
        case .choice(let json): chatReply(choice: json, output: json, to: request)
        case .text(let text), .events(let text): ByteBuffer(string: text)
        case .error(let message): ByteBuffer(string: errorObject(message, status: status))
        case .malformed(let malformation):
            request.operation == .turn
                ? malformedTurn(malformation) : malformed(malformation, request.operation ?? .chat)
        case .garbage: ByteBuffer(string: "\u{0}\u{1}\u{2} this is no HTTP\r\n\r\n\u{7f}")
        }
    }

    private func modelReply(_ text: String, to request: ReceivedRequest, _ operation: Operation) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(text.utf8.count + 320)
        switch operation {
        case .agent, .session, .turn, .response, .message: break
        case .chat:
            let message = "{\"role\":\"assistant\",\"content\":\(quoted(text))}"
            return chatReply(
                choice: "{\"index\":0,\"message\":\(message),\"finish_reason\":\"stop\"}", output: text, to: request)
        case .completion:
            body.writeString("{\"id\":\"fake-\(request.number)\",\"object\":\"text_completion\",\"created\":0,")
            body.writeString("\"model\":\"fake\",\"choices\":[{\"index\":0,\"text\":\(quoted(text)),")
            body.writeString("\"logprobs\":null,\"finish_reason\":\"stop\"}]")
        case .embedding:
            let vectors = request.inputs.enumerated().map { index, input in
                "{\"object\":\"embedding\",\"index\":\(index),\"embedding\":\(FakeModelServer.embedding(of: input))}"
            }
            body.writeString("{\"object\":\"list\",\"model\":\"fake\",\"data\":[")
            body.writeString(vectors.joined(separator: ","))
            body.writeString("]")
        case .moderation:
            // A text is flagged if it says so.
            let results = request.inputs.map { input in
                let score = input.contains("flagged") ? 1 : 0
                return "{\"flagged\":\(score == 1),\"category_scores\":{\"violence\":\(score)}}"
            }
            body.writeString("{\"id\":\"fake\",\"model\":\"fake\",\"results\":[\(results.joined(separator: ","))]")
        }
        finish(&body, output: text, to: request)
        return body
    }

    /// A chat completion with one choice, JSON.
    private func chatReply(choice: String, output: String, to request: ReceivedRequest) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(choice.utf8.count + 320)
        body.writeString("{\"id\":\"fake-\(request.number)\",\"object\":\"chat.completion\",\"created\":0,")
        body.writeString("\"model\":\"fake\",\"choices\":[\(choice)]")
        finish(&body, output: output, to: request)
        return body
    }

    /// Writes the token counts and the end of a reply.
    private func finish(_ body: inout ByteBuffer, output: String, to request: ReceivedRequest) {
        switch usage {
        case .none: break
        case .fixed(let input, let output): writeUsage(input: input, output: output, to: &body)
        case .estimated:
            let output =
                request.operation == .embedding || request.operation == .moderation ? 0 : max(1, output.utf8.count / 4)
            writeUsage(input: max(1, request.content.readableBytes / 4), output: output, to: &body)
        }
        body.writeString("}")
    }

    private func reply(_ text: String, to request: ReceivedRequest, _ operation: Operation) -> ByteBuffer {
        if isStream(for: request) { return stream(text, to: request, operation) }
        return switch operation {
        case .agent: ByteBuffer(string: "{\"agent_id\":\"\(request.agentID)\"}")
        case .session: ByteBuffer(string: "{\"session_id\":\"\(request.sessionID)\"}")
        case .turn: turnEvents(text, retrieved: retrieved, for: request)
        case .response: ByteBuffer(string: responseObject(text, to: request))
        case .message: ByteBuffer(string: messageObject(text, to: request))
        case .chat, .completion, .embedding, .moderation: modelReply(text, to: request, operation)
        }
    }

    private func writeUsage(input: Int, output: Int, to body: inout ByteBuffer) {
        body.writeString(",\"usage\":{\"prompt_tokens\":\(input),\"completion_tokens\":\(output),")
        body.writeString("\"total_tokens\":\(input + output)}")
    }

    private func malformed(_ malformation: Malformation, _ operation: Operation) -> ByteBuffer {
        let list = operation == .embedding ? "data" : operation == .moderation ? "results" : "choices"
        switch malformation {
        case .notJSON: return ByteBuffer(string: "<html><body><h1>Welcome to the proxy</h1></body></html>")
        case .otherShape: return ByteBuffer(string: "{\"status\":\"ok\",\"version\":7}")
        case .noChoices: return ByteBuffer(string: "{\"id\":\"fake\",\"\(list)\":[]}")
        case .nullContent:
            let element =
                switch operation {
                case .chat: "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null}}"
                case .completion: "{\"index\":0,\"text\":null}"
                case .embedding: "{\"index\":0,\"embedding\":null}"
                case .moderation: "null"
                case .agent, .session, .turn, .response, .message: "null"
                }
            return ByteBuffer(string: "{\"id\":\"fake\",\"\(list)\":[\(element)]}")
        case .errorObject: return ByteBuffer(string: errorObject("the model could not be loaded", status: 500))
        case .invalidUTF8:
            let bytes: [UInt8] = [0xc3, 0x28, 0xff]
            var body = ByteBuffer(string: "{\"choices\":[{\"index\":0,\"text\":\"")
            body.writeBytes(bytes)
            body.writeString("\",\"message\":{\"role\":\"assistant\",\"content\":\"")
            body.writeBytes(bytes)
            body.writeString("\"}}]}")
            return body
        }
    }
}

/// An error in OpenAI's form.
func errorObject(_ message: String, status: Int) -> String {
    "{\"error\":{\"message\":\(quoted(message)),\"type\":\"fake_error\",\"code\":\(status)}}"
}

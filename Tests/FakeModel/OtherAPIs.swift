import NIOCore

// The Responses API of OpenAI and the Messages API of Anthropic, as these publish them.

extension ReceivedRequest {
    /// What is wrong with a request by the rules of its API: a status, and the message of the error. Nil where nothing is.
    var apiFault: (status: Int, message: String)? {
        switch operation {
        case .message:
            if header("x-api-key") == nil { return (401, "x-api-key header is required") }
            if header("Authorization") != nil { return (401, "x-api-key and Authorization exclude each other") }
            if header("anthropic-version") == nil { return (400, "anthropic-version: header is required") }
            return missingMember(["model", "max_tokens", "messages"]).map { (400, "\($0): Field required") }
        case .response:
            return missingMember(["model", "input"]).map { (400, "Missing required parameter: '\($0)'.") }
        default: return nil
        }
    }

    private func missingMember(_ names: [String]) -> String? {
        let json = JSONText(parsing: Array(content.readableBytesView))
        return names.first { json?[$0] == nil }
    }

    /// Whether the reply is wanted as a stream of events.
    var isStreaming: Bool {
        // Within a string, the quotation marks would be escaped.
        body.contains(#""stream": true"#) || body.contains(#""stream":true"#)
    }

    /// The counts of tokens that an answer reports: of the prompt and of the answer; nil for none.
    func counts(_ usage: TokenCounts, of text: String) -> (input: Int, output: Int)? {
        switch usage {
        case .none: nil
        case .fixed(let input, let output): (input, output)
        case .estimated: (max(1, content.readableBytes / 4), max(1, text.utf8.count / 4))
        }
    }
}

extension Answer {
    /// A response of the Responses API.
    func responseObject(_ text: String, to request: ReceivedRequest) -> String {
        var json =
            "{\"id\":\"resp_\(request.number)\",\"object\":\"response\",\"created_at\":0,\"status\":\"completed\","
        json += "\"error\":null,\"incomplete_details\":null,\"model\":\"fake\",\"output\":[{\"type\":\"message\","
        json += "\"id\":\"msg_\(request.number)\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{"
        json += "\"type\":\"output_text\",\"text\":\(quoted(text)),\"annotations\":[]}]}]"
        if let (input, output) = request.counts(usage, of: text) {
            json += ",\"usage\":{\"input_tokens\":\(input),\"input_tokens_details\":{\"cached_tokens\":0},"
            json += "\"output_tokens\":\(output),\"output_tokens_details\":{\"reasoning_tokens\":0},"
            json += "\"total_tokens\":\(input + output)}"
        }
        return json + "}"
    }

    /// A message of the Messages API.
    func messageObject(_ text: String, to request: ReceivedRequest) -> String {
        var json = "{\"id\":\"msg_\(request.number)\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"fake\","
        json += "\"content\":[{\"type\":\"text\",\"text\":\(quoted(text))}],\"stop_reason\":\"end_turn\","
        json += "\"stop_sequence\":null"
        if let (input, output) = request.counts(usage, of: text) {
            json += ",\"usage\":{\"input_tokens\":\(input),\"cache_creation_input_tokens\":0,"
            json += "\"cache_read_input_tokens\":0,\"output_tokens\":\(output)}"
        }
        return json + "}"
    }
}

// MARK: Streams

extension Answer {
    /// Whether the body is a stream of events.
    func isStream(for request: ReceivedRequest) -> Bool {
        switch content {
        case .events: return true
        case .reply:
            switch request.operation {
            case .chat, .completion, .response, .message: return status == 200 && request.isStreaming
            default: return false
            }
        default: return false
        }
    }

    /// The answer as a stream of events: a comment that keeps the connection open, the text in two pieces, which may part a
    /// character's bytes from others, and the counts of tokens.
    func stream(_ text: String, to request: ReceivedRequest, _ operation: Operation) -> ByteBuffer {
        let middle = text.unicodeScalars.index(text.startIndex, offsetBy: text.unicodeScalars.count / 2)
        let pieces = [String(text.unicodeScalars[..<middle]), String(text.unicodeScalars[middle...])]
        var events = ": keep-alive\n\n"
        func add(_ json: String, name: String? = nil) {
            events += (name.map { "event: \($0)\n" } ?? "") + "data: \(json)\n\n"
        }
        let counts = request.counts(usage, of: text)
        switch operation {
        case .message:
            let usage = counts.map { ",\"usage\":{\"input_tokens\":\($0.input),\"output_tokens\":1}" } ?? ""
            add(
                "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_\(request.number)\",\"type\":\"message\","
                    + "\"role\":\"assistant\",\"model\":\"fake\",\"content\":[],\"stop_reason\":null\(usage)}}",
                name: "message_start")
            add(
                "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
                name: "content_block_start")
            for piece in pieces {
                add(
                    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
                        + "\"text\":\(quoted(piece))}}", name: "content_block_delta")
            }
            add("{\"type\":\"content_block_stop\",\"index\":0}", name: "content_block_stop")
            let output = counts.map { ",\"usage\":{\"output_tokens\":\($0.output)}" } ?? ""
            add("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}\(output)}", name: "message_delta")
            add("{\"type\":\"message_stop\"}", name: "message_stop")
        case .response:
            for piece in pieces {
                add("{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\(quoted(piece))}")
            }
            add("{\"type\":\"response.completed\",\"response\":\(responseObject(text, to: request))}")
        default:
            let isChat = operation == .chat
            for piece in pieces {
                let delta = isChat ? "\"delta\":{\"content\":\(quoted(piece))}" : "\"text\":\(quoted(piece))"
                add("{\"id\":\"fake\",\"model\":\"fake\",\"choices\":[{\"index\":0,\(delta),\"finish_reason\":null}]}")
            }
            let end = isChat ? "\"delta\":{}" : "\"text\":\"\""
            add("{\"id\":\"fake\",\"model\":\"fake\",\"choices\":[{\"index\":0,\(end),\"finish_reason\":\"stop\"}]}")
            if let (input, output) = counts, request.body.contains("include_usage") {
                add(
                    "{\"choices\":[],\"usage\":{\"prompt_tokens\":\(input),\"completion_tokens\":\(output),"
                        + "\"total_tokens\":\(input + output)}}")
            }
            add("[DONE]")
        }
        return ByteBuffer(string: events)
    }
}

import JSON

extension Model {
    /// What a response cost: what the server says, or else by the model's price. Nil where neither is known.
    func cost(of usage: TokenUsage) -> Double? { usage.cost ?? price?.cost(of: usage) }

    /// How many tokens the reply to a request may have, where that is limited.
    func maximumOutput(of request: InferenceRequest) -> Int? {
        request.maximumOutput
            ?? (api == .anthropic && request.operation == .chat ? anthropicDefaultMaxTokens : nil)
    }

    /// Where an operation is asked for. Chats go where the model's API has them.
    func url(of operation: InferenceRequest.Operation) -> String {
        operation == .chat ? address.target(api.path) : address.target(of: operation)
    }

    /// The body of a request as it is sent: as the model's API has it, with the model's name.
    func body(of request: InferenceRequest) throws(UnsupportedRequest) -> [UInt8] {
        let invalid = UnsupportedRequest(reason: "the body of the request is not a JSON object")
        guard request.operation == .chat, api != .chat || isStreaming else {
            guard let body = request.body(naming: quoted(name)) else { throw invalid }
            return body
        }
        guard let chat = try? JSONValue(parsing: request.body).object else { throw invalid }
        var body: JSONObject = ["model": .string(name)]
        for (name, value) in try api.body(of: chat).members where name != "model" { body[name] = value }
        if isStreaming {
            body["stream"] = true
            // Without this, the chat and completions APIs do not count tokens.
            if api == .chat || api == .completions, body["stream_options"] == nil {
                body["stream_options"] = ["include_usage": true]
            }
        }
        return Array(JSONValue.object(body).text.utf8)
    }
}

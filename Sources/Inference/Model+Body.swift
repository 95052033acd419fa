import JSON

extension Model {
    /// The cost of a response: as reported by the server, or otherwise by the model's price. Nil if neither is known.
    func cost(of usage: TokenUsage) -> Double? { usage.cost ?? price?.cost(of: usage) }

    /// The limit of a reply's tokens, if there is one; 0 for vectors and verdicts on texts, which are not billed as output.
    ///
    /// - Parameter request: as it is sent, with the members that the model's configuration sets.
    public func maximumOutput(of request: InferenceRequest) -> Int? {
        switch request.operation {
        case .embedding, .moderation: 0
        case .chat where api == .anthropic: request.maximumOutput ?? anthropicDefaultMaxTokens
        case .chat, .completion, .agentTurn: request.maximumOutput
        }
    }

    /// The URL of an operation. Chats use the path of the model's API.
    func url(of operation: InferenceRequest.Operation) -> String {
        operation == .chat ? address.target(api.path) : address.target(of: operation)
    }

    /// The body of a request as it is sent: in the format of the model's API, with the model's name.
    ///
    /// - Parameter isStreaming: whether the reply is requested as a stream; nil for what the model's configuration says.
    func body(
        of request: InferenceRequest, isStreaming: Bool? = nil
    ) throws(UnsupportedRequest) -> [UInt8] {
        let isStreaming = isStreaming ?? self.isStreaming
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

import JSON

/// One question to a model.
public struct InferenceRequest: Hashable, Sendable {
    /// What is asked of the model, as the last components of the URL's path.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case chat = "chat/completions"
        case completion = "completions"
        case embedding = "embeddings"
        /// One turn of an agent, in a session of its own; see ``ModelCatalog/agents()``.
        case agentTurn = "agents"
    }

    public var operation: Operation
    /// The body of the OpenAI-compatible request, a JSON object without "model", which is filled in. For a turn of an
    /// agent, an object with its "agent_config" and the "messages" of the turn, which has nothing filled in.
    public var body: String
    /// Tells apart requests that are otherwise equal, so that each gets an answer of its own. It is not sent.
    public var sample: Int
    /// What was learnt of the model's server when the body was adapted to it.
    var changes: [ParameterChange] = []
    /// Those of `changes` that changed something about this body.
    var appliedChanges: [ParameterChange] = []

    public init(operation: Operation = .chat, body: String, sample: Int = 0) {
        self.operation = operation
        self.body = body
        self.sample = sample
    }
}

/// About how many tokens a text has: a quarter of its bytes, rounded up, as is usual for English.
public func estimatedTokens(_ text: String) -> Int {
    (text.utf8.count + 3) / 4
}

extension InferenceRequest {
    /// The body as it is sent: with the model's name as its first member.
    ///
    /// - Parameter quotedName: the name as a JSON string.
    /// - Returns: nil where the body does not begin as an object.
    func body(naming quotedName: String) -> [UInt8]? {
        let bytes = body.utf8
        guard let brace = bytes.firstIndex(where: { !$0.isJSONSpace }), bytes[brace] == UInt8(ascii: "{") else {
            return nil
        }
        let members = bytes[bytes.index(after: brace)...].drop(while: \.isJSONSpace)
        guard let first = members.first else { return nil }
        let opening = #"{"model": "# + quotedName + (first == UInt8(ascii: "}") ? "" : ", ")
        var whole: [UInt8] = []
        whole.reserveCapacity(opening.utf8.count + members.count)
        whole += opening.utf8
        whole += members
        return whole
    }
}

extension InferenceRequest {
    /// How many tokens the answer may have, where the body says so; a billion at most.
    public var maximumOutput: Int? {
        guard let json = try? JSONValue(parsing: body) else { return nil }
        let limit = json["max_completion_tokens"] ?? json["max_tokens"] ?? json["max_output_tokens"]
        return limit?.number?.int.map { min(max(0, $0), 1_000_000_000) }
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

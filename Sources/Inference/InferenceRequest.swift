import JSON

/// One request to a model.
public struct InferenceRequest: Hashable, Sendable {
    /// The operation: the last components of the URL's path.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case chat = "chat/completions"
        case completion = "completions"
        case embedding = "embeddings"
        /// OpenAI's moderation of texts.
        case moderation = "moderations"
        /// One turn of an agent, in its own session; see ``ModelCatalog/agents()``.
        case agentTurn = "agents"
    }

    public var operation: Operation
    /// The body of the OpenAI-compatible request, a JSON object without "model", which is filled in. For a turn of an
    /// agent, an object with its "agent_config" and the "messages" of the turn, which has nothing filled in.
    public var body: String
    /// Distinguishes otherwise equal requests, so that each gets its own reply. It is not sent.
    public var sample: Int
    /// The known changes for the model's server when the body was adapted.
    var changes: [ParameterChange] = []
    /// Those of `changes` that changed something about this body.
    var appliedChanges: [ParameterChange] = []

    public init(operation: Operation = .chat, body: String, sample: Int = 0) {
        self.operation = operation
        self.body = body
        self.sample = sample
    }
}

/// The estimated number of tokens of a text: a quarter of its bytes, rounded up, as usual for English.
public func estimatedTokens(_ text: String) -> Int {
    (text.utf8.count + 3) / 4
}

extension InferenceRequest {
    /// The body as it is sent: with the model's name as its first member.
    ///
    /// - Parameter quotedName: the name as a JSON string.
    /// - Returns: nil if the body does not begin as an object.
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
    /// The limit of the reply's tokens, if the body sets one; at most a billion.
    ///
    /// If the body sets several, the highest counts, because servers differ in which they follow. Each of several replies
    /// (`n`, `best_of`) may be so long. Negative limits mean none, as for vLLM and llama.cpp.
    public var maximumOutput: Int? {
        guard let json = try? JSONValue(parsing: body) else { return nil }
        func highest(_ names: [String]) -> Int? {
            names.compactMap { json[$0]?.number?.double }.filter { $0 >= 0 }.max().map { Int(min($0, 1e9)) }
        }
        guard let limit = highest(["max_completion_tokens", "max_tokens", "max_output_tokens"]) else { return nil }
        return min(limit * max(1, highest(["n", "best_of"]) ?? 1), 1_000_000_000)
    }
}

extension UInt8 {
    fileprivate var isJSONSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}

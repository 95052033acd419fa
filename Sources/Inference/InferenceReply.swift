import JSON
import Store

/// How many tokens an answer took, as the server counted them.
public struct TokenUsage: Hashable, Sendable {
    public var input: Int
    public var output: Int

    public init(input: Int, output: Int) {
        self.input = input
        self.output = output
    }
}

/// What a model answered.
public struct InferenceReply: Hashable, Sendable {
    /// The assistant's message, or the completion's text; empty for embeddings.
    public var text: String
    /// The whole body of the response, JSON.
    public var response: String
    /// Nil where the server did not say.
    public var usage: TokenUsage?
    /// Whether the answer was there already, in the cache or for an equal request, and cost nothing.
    public var isCached: Bool

    public init(text: String, response: String, usage: TokenUsage? = nil, isCached: Bool = false) {
        self.text = text
        self.response = response
        self.usage = usage
        self.isCached = isCached
    }

    /// The vectors of a reply to an embedding request, in the order of the inputs.
    ///
    /// - Returns: nil where the response holds anything else.
    public func embeddings() -> [[Float]]? {
        guard let items = try? JSONValue(parsing: response).object?["data"]?.array else { return nil }
        var vectors = [[Float]?](repeating: nil, count: items.count)
        for (position, item) in items.enumerated() {
            guard let item = item.object, let numbers = item["embedding"]?.array else { return nil }
            let index = item["index"]?.number?.int ?? position
            guard vectors.indices.contains(index), vectors[index] == nil else { return nil }
            var vector: [Float] = []
            vector.reserveCapacity(numbers.count)
            for number in numbers {
                guard let number = number.number else { return nil }
                vector.append(Float(number.double))
            }
            vectors[index] = vector
        }
        // All are there: as many as there are places, and none twice.
        return vectors.compactMap(\.self)
    }
}

extension InferenceReply {
    /// A reply as it came out of the cache.
    init(_ stored: StoredReply) {
        let usage: TokenUsage? =
            if let input = stored.inputTokens, let output = stored.outputTokens {
                TokenUsage(input: input, output: output)
            } else {
                nil
            }
        self.init(text: stored.text ?? "", response: stored.response, usage: usage, isCached: true)
    }

    func stored(model: String, operation: InferenceRequest.Operation) -> StoredReply {
        StoredReply(
            model: model, text: operation == .embedding ? nil : text, response: response, inputTokens: usage?.input,
            outputTokens: usage?.output)
    }
}

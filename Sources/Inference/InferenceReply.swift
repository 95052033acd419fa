import JSON
import Store

/// What a model answered.
public struct InferenceReply: Hashable, Sendable {
    /// The answer: the assistant's message, or the completion's text, without the model's thinking. Empty for embeddings,
    /// where the model was cut off before it came to its answer, and where it only calls tools.
    public var text: String
    /// What the model thought before it answered, as far as the server shows it.
    public var reasoning: String?
    /// The tools that the model wants called: a JSON array as in `message.tool_calls` of OpenAI's chat completions; nil
    /// where it calls none.
    public var toolCalls: String?
    /// Why the model stopped writing.
    public var finish: FinishReason
    /// Whether the model refuses to answer, by its server's account; `text` is what it says about that. Models also refuse
    /// in the words of an answer, which is not told apart.
    public var isRefusal = false
    /// The response as JSON. That to a chat has the form of OpenAI's chat completions, whichever server wrote it:
    /// `choices[0].message` has a `content` that is `text`, a `reasoning_content` where there is `reasoning`, and
    /// `tool_calls` where there are `toolCalls`; `choices[0].finish_reason` is spelled as in ``FinishReason``.
    public var response: String
    /// Nil where the server did not say.
    public var usage: TokenUsage?
    /// Whether the answer was there already, in the cache or for an equal request, and cost nothing.
    public var isCached: Bool
    /// The body of the response as the server wrote it, which is what is stored.
    var body: String

    public init(
        text: String, response: String, usage: TokenUsage? = nil, isCached: Bool = false, reasoning: String? = nil,
        toolCalls: String? = nil, finish: FinishReason = .stop
    ) {
        self.text = text
        self.reasoning = reasoning
        self.toolCalls = toolCalls
        self.finish = finish
        self.response = response
        self.usage = usage
        self.isCached = isCached
        body = response
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
    /// A reply as it came out of the cache: the stored body is read again, by the settings of today.
    init(_ stored: StoredReply, to operation: InferenceRequest.Operation, of model: Model) {
        if operation == .chat || operation == .completion,
            let reply = try? InferenceReply(stored.response.utf8, to: operation, of: model)
        {
            self = reply
        } else {
            self.init(text: stored.text ?? "", response: stored.response)
        }
        if usage == nil, let input = stored.inputTokens, let output = stored.outputTokens {
            usage = TokenUsage(input: input, output: output)
        }
        isCached = true
    }

    func stored(model: String, operation: InferenceRequest.Operation) -> StoredReply {
        StoredReply(
            model: model, text: operation == .embedding ? nil : text, response: body, inputTokens: usage?.input,
            outputTokens: usage?.output)
    }

    /// Takes the model's secrets out of all texts.
    mutating func redact(_ redaction: Redaction) {
        text = redaction(text)
        reasoning = reasoning.map { redaction($0) }
        toolCalls = toolCalls.map { redaction($0) }
        // Mostly the same text, which is then searched once.
        let isSame = body == response
        response = redaction(response)
        body = isSame ? response : redaction(body)
    }
}

import JSON
import Store

/// A model's reply.
public struct InferenceReply: Hashable, Sendable {
    /// The answer: the assistant's message, or the completion's text, without the model's thinking. Empty for embeddings, if
    /// the model was cut off before its answer, and if it only calls tools.
    public var text: String
    /// The model's thinking before its answer, if the server returns it.
    public var reasoning: String?
    /// The model's tool calls: a JSON array as in `message.tool_calls` of OpenAI's chat completions; nil if there are
    /// none.
    public var toolCalls: String?
    /// Why the model stopped writing.
    public var finish: FinishReason
    /// Whether the server reports that the model refuses to answer; `text` is then its explanation. Models also refuse
    /// in the words of an answer, which is not detected.
    public var isRefusal = false
    /// The model as the server names it, which may be another than the one that was asked; nil if it names none.
    public var servedModel: String?
    /// The response as JSON. The response to a chat has the form of OpenAI's chat completions, whichever server sent it:
    /// `choices[0].message` has a `content` that is `text`, a `reasoning_content` if there is `reasoning`, and `tool_calls` if
    /// there are `toolCalls`; `choices[0].finish_reason` is spelled as in ``FinishReason``.
    public var response: String
    /// Nil if the server did not report it.
    public var usage: TokenUsage?
    /// Whether the reply came from the cache or from an equal request, and cost nothing.
    public var isCached: Bool
    /// Whether the session has counted it, because a batch of this run brought it.
    var isCounted = false
    /// The body of the response as the server sent it, which is stored in the cache.
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
    /// - Returns: nil if the response contains anything else.
    public func embeddings() -> [[Float]]? { vectors()?.map { $0.map { Float($0) } } }

    /// The same with all digits that the server has written.
    func vectors() -> [[Double]]? {
        guard let items = try? JSONValue(parsing: response).object?["data"]?.array else { return nil }
        var vectors = [[Double]?](repeating: nil, count: items.count)
        for (position, item) in items.enumerated() {
            guard let item = item.object, let numbers = item["embedding"]?.array else { return nil }
            let index = item["index"]?.number?.int ?? position
            guard vectors.indices.contains(index), vectors[index] == nil else { return nil }
            var vector: [Double] = []
            vector.reserveCapacity(numbers.count)
            for number in numbers {
                guard let number = number.number, number.double.isFinite else { return nil }
                vector.append(number.double)
            }
            vectors[index] = vector
        }
        // All are there: as many as there are places, and none twice.
        return vectors.compactMap(\.self)
    }
}

extension InferenceReply {
    /// A reply from the cache: the stored body is read again, with the current settings.
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
            model: model, text: operation == .embedding || operation == .moderation ? nil : text, response: body,
            inputTokens: usage?.input,
            outputTokens: usage?.output)
    }

    /// Removes the model's secrets from all texts.
    mutating func redact(_ redaction: Redaction) {
        text = redaction(text)
        reasoning = reasoning.map { redaction($0) }
        toolCalls = toolCalls.map { redaction($0) }
        servedModel = servedModel.map { redaction($0) }
        // Mostly the same text, which is then searched once.
        let isSame = body == response
        response = redaction(response)
        body = isSame ? response : redaction(body)
    }
}

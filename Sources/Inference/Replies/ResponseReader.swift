import JSON
import Synchronization

/// Why a response with a status of success is no answer. `reason` goes on in a sentence: "is not valid JSON: …".
struct BadResponse: Error {
    var reason: String
    /// What the server says of its failure, where it says so in place of an answer.
    var error: ServerError?
    /// What it says that the attempt took all the same.
    var usage: TokenUsage?

    init(reason: String, error: ServerError? = nil) {
        self.reason = reason
        self.error = error
    }
}

/// How replies are read that are so large that they take much memory while they are: one after the other.
private enum LargeReplies {
    /// The bytes of a reply that is large.
    static let size = 1 << 20
    static let turn = Mutex<Void>(())
}

extension InferenceReply {
    /// Reads the body of a response with a status of success.
    init(
        _ body: some Collection<UInt8>, to operation: InferenceRequest.Operation, of model: Model
    ) throws(BadResponse) {
        try self.init(body, to: operation, reasoning: model.reasoning)
    }

    /// Reads the body of a response with a status of success.
    init(
        _ body: some Collection<UInt8>, to operation: InferenceRequest.Operation,
        reasoning settings: ReasoningSettings = ReasoningSettings()
    ) throws(BadResponse) {
        let bytes = Array(body)
        if bytes.count < LargeReplies.size {
            try self.init(reading: bytes, to: operation, settings)
            return
        }
        self = try LargeReplies.turn.withLock { _ throws(BadResponse) in
            try InferenceReply(reading: bytes, to: operation, settings)
        }
    }

    private init(
        reading bytes: [UInt8], to operation: InferenceRequest.Operation, _ settings: ReasoningSettings
    ) throws(BadResponse) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(sent: bytes)
        } catch {
            throw BadResponse(reason: bytes.isEmpty ? "is empty" : "is \(error.message)")
        }
        guard let original = json.object else {
            throw BadResponse(reason: "is \(json.kind); expected an object", error: Self.error(in: json))
        }
        let object = operation == .chat ? chatCompletion(of: original) : original
        let usage = TokenUsage(of: object)
        self.init(text: "", response: String(decoding: bytes, as: UTF8.self), usage: usage)
        servedModel = object["model"]?.string
        if object != original { response = JSONValue.object(object).text }
        do throws(BadResponse) {
            switch operation {
            case .chat: take(try ChatCompletion(object, settings))
            case .completion: take(try Self.completion(in: object, settings))
            case .embedding: try Self.checkEmbeddings(in: object)
            case .moderation: try Self.checkModeration(in: object)
            case .agentTurn: text = try Self.answer(in: object)
            }
        } catch {
            var error = error
            error.usage = usage
            throw error
        }
    }

    private mutating func take(_ completion: ChatCompletion) {
        text = completion.text
        reasoning = completion.reasoning
        toolCalls = completion.toolCalls?.text
        finish = completion.finish
        isRefusal = completion.isRefusal
        if let normalised = completion.normalised { response = JSONValue.object(normalised).text }
    }

    /// Reads a completion of a text; its response stays as it is.
    private static func completion(
        in object: JSONObject, _ settings: ReasoningSettings
    ) throws(BadResponse) -> ChatCompletion {
        guard
            object["choices"]?.array?.first?.object?["text"]?.string != nil
                || object["choices"]?.array?.isEmpty != false
        else { throw BadResponse(reason: #"has no "text" in its first choice"#) }
        var completion = try ChatCompletion(object, settings)
        completion.normalised = nil
        return completion
    }

    /// The most numbers of a vector: several times those of the largest models.
    private static let mostDimensions = 1 << 16

    private static func checkEmbeddings(in object: JSONObject) throws(BadResponse) {
        guard let items = object["data"]?.array, !items.isEmpty,
            items.allSatisfy({ $0.object?["embedding"]?.array != nil })
        else {
            throw BadResponse(reason: "contains no embeddings", error: object["error"].map { ServerError($0) })
        }
        if items.contains(where: { $0["embedding"]?.array?.count ?? 0 > Self.mostDimensions }) {
            throw BadResponse(reason: "has a vector of more than \(Self.mostDimensions) numbers")
        }
    }

    private static func checkModeration(in object: JSONObject) throws(BadResponse) {
        guard let results = object["results"]?.array, !results.isEmpty, results.allSatisfy({ $0.object != nil }) else {
            throw BadResponse(reason: "contains no results", error: object["error"].map { ServerError($0) })
        }
    }

    /// The error that Gemini puts into an array.
    private static func error(in json: JSONValue) -> ServerError? {
        json.array?.first?["error"].map { ServerError($0) }
    }
}

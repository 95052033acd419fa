public import Store

/// A request to a model that is answered in a batch, some time after it is made.
public struct BatchRequest: Sendable {
    /// The key of its reply in the cache.
    public let key: ReplyKey
    public let model: Model
    /// The path of the operation, as batch files name it: `/v1/chat/completions`.
    public let path: String
    /// The body as it would be sent, with the model's name.
    public let body: [UInt8]

    /// What it may cost when it is sent by itself.
    let cost: Cost

    /// Its name in a batch: the key in hexadecimal digits, so that a reply can be used whoever receives it.
    public var customID: String { key.hexadecimal }

    /// Its line in a file of requests: JSON Lines of OpenAI's batch API, which offline runners read too. Ends with a line
    /// break.
    public var line: [UInt8] {
        let head =
            #"{"custom_id": "\#(customID)", "method": "POST", "url": "\#(path)", "body": "#
        return Array(head.utf8) + body + Array("}\n".utf8)
    }

    /// - Throws: if the model's API has no batches, or cannot express the request.
    init(_ request: InferenceRequest, of model: Model, key: ReplyKey) throws(UnsupportedRequest) {
        guard request.operation != .agentTurn else {
            throw UnsupportedRequest(reason: "turns of agents cannot be asked for in batches")
        }
        self.key = key
        self.model = model
        cost = model.cost(of: request)
        path = "/v1/" + (request.operation == .chat ? model.api.path : request.operation.rawValue)
        // A line break would end the line; in JSON, it can only be white space.
        body = try model.body(of: request, isStreaming: false).map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
    }
}

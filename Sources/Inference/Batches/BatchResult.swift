public import JSON
public import Store

/// A line of a file of results of a batch.
///
/// Three forms are read: that of OpenAI's batch API, which most services and vLLM's `run-batch` use
/// (`{"custom_id", "response": {"status_code", "body"}, "error"}`), that of Anthropic's message batches (`{"custom_id",
/// "result": {"type", "message"}}`), and a bare reply (`{"custom_id", "body"}`).
public enum BatchResult: Sendable {
    case reply(ReplyKey, StoredReply)
    case failure(ReplyKey, Failure)
    /// It cannot be used.
    ///
    /// - Parameter reason: continues a sentence: "has no custom_id".
    case ignored(reason: String)

    /// Why a request of a batch has no reply.
    public struct Failure: Sendable, Hashable {
        /// The status of the response; nil if the request was not sent to the model.
        public var status: Int?
        /// What the server says, on one line.
        public var message: String
        /// Whether a new request may be answered.
        public var isTemporary: Bool
        /// What the server said, for those who look for more than its words.
        public var error = JSONValue.null
    }

    /// The request that it belongs to; nil if it cannot be used.
    var key: ReplyKey? {
        switch self {
        case .reply(let key, _), .failure(let key, _): key
        case .ignored: nil
        }
    }

    /// Reads a line.
    public init(_ json: JSONValue) {
        guard let line = json.object else {
            self = .ignored(reason: "is \(json.kind); expected an object")
            return
        }
        guard let name = line["custom_id"]?.string else {
            self = .ignored(reason: "has no custom_id")
            return
        }
        guard let key = ReplyKey(hexadecimal: name) else {
            self = .ignored(reason: "has the custom_id \(excerpt(name.utf8)), which is not that of an exported request")
            return
        }
        if let result = line["result"]?.object {
            self.init(anthropic: result, key)
        } else if let response = line["response"]?.object {
            let body = response["body"] ?? .null
            let status = response["status_code"]?.number?.int ?? 200
            if (200..<300).contains(status) {
                self.init(reply: body, key)
            } else {
                self = .failure(key, Failure(body, status: status))
            }
        } else if let error = line["error"], error != .null {
            self = .failure(key, Failure(error, status: nil))
        } else if let body = line["body"], body.object != nil {
            self.init(reply: body, key)
        } else {
            self = .ignored(reason: "has neither a response nor an error")
        }
    }

    private init(anthropic result: JSONObject, _ key: ReplyKey) {
        switch result["type"]?.string {
        case "succeeded": self.init(reply: result["message"] ?? .null, key)
        case "errored": self = .failure(key, Failure(result["error"] ?? .null, status: nil))
        case let other:
            let reason = other == "expired" ? "the batch expired" : "the batch was cancelled"
            self = .failure(key, Failure(status: nil, message: reason, isTemporary: true))
        }
    }

    private init(reply body: JSONValue, _ key: ReplyKey) {
        let text = body.text
        let operation = InferenceRequest.Operation(ofReply: body)
        do throws(BadResponse) {
            let reply = try InferenceReply(text.utf8, to: operation)
            self = .reply(key, reply.stored(model: reply.servedModel ?? "", operation: operation))
        } catch {
            let said = error.error.map { ": " + excerpt($0.message.utf8) } ?? ""
            self = .failure(key, Failure(status: 200, message: "its reply \(error.reason)\(said)", isTemporary: true))
        }
    }
}

extension BatchResult.Failure {
    /// Reads what a server says of a failure.
    init(_ error: JSONValue, status: Int?) {
        let said = ServerError(error)
        self.status = status ?? said.impliedStatus
        let words = said.message.isEmpty ? error.text : said.message
        message = (self.status.map { "status \($0): " } ?? "") + excerpt(words.utf8)
        // A request that is refused for itself will be refused again.
        let permanent = [400, 401, 402, 403, 404, 405, 413, 415, 422]
        isTemporary = !permanent.contains(self.status ?? 500)
        self.error = error
    }
}

extension InferenceRequest.Operation {
    /// The operation that a reply belongs to, by its form.
    fileprivate init(ofReply reply: JSONValue) {
        if let first = reply["data"]?.array?.first, first["embedding"] != nil {
            self = .embedding
        } else if reply["results"]?.array != nil, reply["choices"] == nil {
            self = .moderation
        } else if let choice = reply["choices"]?.array?.first, choice["text"] != nil, choice["message"] == nil {
            self = .completion
        } else {
            self = .chat
        }
    }
}

/// The start of a text from outside, on one line.
private func excerpt(_ text: some Collection<UInt8>) -> String { excerpt(text, Redaction([])) }

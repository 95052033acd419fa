import NIOCore
import NIOHTTP1

/// One request that a `FakeModelServer` got, and what became of it.
public struct ReceivedRequest: Sendable {
    /// The position in the order of arrival, from 1.
    public let number: Int
    /// How often this body has been asked so far, this time included.
    public let attempt: Int
    public let method: String
    /// The path without a query; for a request in a proxy's form, the whole URL without a query.
    public let path: String
    public let httpVersion: HTTPVersion
    /// When the whole request had arrived.
    public let received: ContinuousClock.Instant
    /// When the server was done with it; nil as long as it is under way.
    public internal(set) var ended: ContinuousClock.Instant?
    /// What the behaviour did: `answer`, `status 429`, `drop beforeHead`, `malformed noChoices`.
    public internal(set) var treatment = ""
    public internal(set) var ending = Ending.underWay

    let operation: Operation?
    let bodyHash: BodyHash
    private let fields: HTTPHeaders
    let content: ByteBuffer

    /// The protocol that a request used.
    public enum HTTPVersion: String, Sendable, Hashable {
        case http1 = "HTTP/1.1"
        case http2 = "HTTP/2"
    }

    /// How a request ended.
    public enum Ending: String, Sendable, Hashable {
        case underWay
        /// An answer, good or bad, was written to its end.
        case written
        /// The behaviour broke the answer off, or sent something else than an answer.
        case cutOff
        /// The connection was gone before the answer was complete: the client gave up, or the server was stopped.
        case abandoned
    }

    /// What a connection's handler has read of a request.
    struct Parts {
        var head: HTTPRequestHead
        var body: ByteBuffer
        var httpVersion: HTTPVersion
    }

    init(_ parts: Parts, path: String, operation: Operation?, bodyHash: BodyHash, number: Int, attempt: Int) {
        self.number = number
        self.attempt = attempt
        method = parts.head.method.rawValue
        self.path = path
        httpVersion = parts.httpVersion
        received = .now
        self.operation = operation
        self.bodyHash = bodyHash
        fields = parts.head.headers
        content = parts.body
    }

    /// The headers in the order of the request.
    public var headers: [(name: String, value: String)] {
        fields.map { (name: $0.name, value: $0.value) }
    }

    /// The first header of this name, in whatever case.
    public func header(_ name: String) -> String? {
        fields.first(name: name)
    }

    /// The body; bytes that are no UTF-8 are replaced by U+FFFD.
    public var body: String {
        String(buffer: content)
    }

    /// What the model is asked: the last user message of a chat or of an agent's turn, the prompt of a completion, the
    /// first text to embed.
    ///
    /// Nil where the body holds no such thing. Each access parses the body.
    public var prompt: String? {
        guard let json = JSONText(parsing: Array(content.readableBytesView)) else { return nil }
        switch operation {
        case .response where json["input"]?.text != nil && json["input"]?.elements.isEmpty == true:
            return json["input"]?.text
        case .response: return json["input"]?.elements.last { $0["role"]?.text == "user" }?["content"]?.text
        case .chat, .turn, .message:
            return json["messages"]?.elements.last { $0["role"]?.text == "user" }?["content"]?.text
        case .completion: return json["prompt"]?.text
        case .embedding, .moderation: return inputs(of: json).first
        case .agent, .session, nil: return nil
        }
    }

    /// The texts of a request for embeddings.
    var inputs: [String] {
        JSONText(parsing: Array(content.readableBytesView)).map(inputs(of:)) ?? []
    }

    private func inputs(of json: JSONText) -> [String] {
        guard let input = json["input"] else { return [] }
        if case .string(let text) = input { return [text] }
        return input.elements.compactMap(\.text)
    }
}

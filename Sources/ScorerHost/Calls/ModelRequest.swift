import CScorerPlugin
import JSON

/// A scorer's request to the model of one of its roles.
public struct ModelRequest: Sendable, Hashable {
    public var tag: UInt64
    public var role: String
    /// The body of an OpenAI-compatible request, without "model": of a chat completion, or {"input": [TEXT, …]}.
    public var json: String
    /// Tells apart requests that are otherwise equal. Nil where the request was made with the function that plugins before
    /// version 1.2 of the ABI have: the body may then say it in its member "assay", {"sample": N}, which is not sent.
    public var sample: Int?
    public var kind = Kind.chat
    /// What is embedded or moderated; empty for a chat.
    public var texts: [String] = []

    public enum Kind: Sendable, Hashable { case chat, embeddings, moderation }

    init(tag: UInt64, role: String, json: String, sample: Int? = nil) {
        (self.tag, self.role, self.json, self.sample) = (tag, role, json, sample)
    }

    /// A request about texts.
    init(tag: UInt64, role: String, kind: Kind, texts: [String]) {
        let input = JSONValue.array(texts.map(JSONValue.string))
        self.init(tag: tag, role: role, json: JSONValue.object(["input": input]).text, sample: 0)
        self.kind = kind
        self.texts = texts
    }
}

/// The result of a model request.
public struct ModelReply: Sendable, Hashable {
    public enum Status: Sendable, Hashable { case answered, failed, timedOut, cancelled }
    public var tag: UInt64
    public var status: Status
    /// The assistant's message, or what went wrong.
    public var text: String
    /// The whole response body, if there is one.
    public var response: String
    /// Why the model stopped, as OpenAI's chat completions spell it; empty where that is not known.
    public var finishReason: String
    /// What the model thought before its message; empty where it shows nothing.
    public var reasoning: String
    /// The vectors of embedded texts, all of the same length, in the order of the texts.
    public var vectors: [[Double]]

    public init(
        tag: UInt64, status: Status, text: String, response: String = "", finishReason: String = "",
        reasoning: String = "", vectors: [[Double]] = []
    ) {
        self.tag = tag
        self.status = status
        self.text = text
        self.response = response
        self.finishReason = finishReason
        self.reasoning = reasoning
        self.vectors = vectors
    }

    /// Its texts, in the order of their fields.
    var texts: [String] { [text, response, finishReason, reasoning] }
}

extension ModelReply.Status {
    /// As the ABI has it.
    var code: assay_status {
        switch self {
        case .answered: Int32(ASSAY_OK)
        case .failed: Int32(ASSAY_E_INTERNAL)
        case .timedOut: Int32(ASSAY_E_TIMEOUT)
        case .cancelled: Int32(ASSAY_E_CANCELLED)
        }
    }
}

/// Runs `body` with the replies as the ABI has them.
func withCReplies<Result>(
    _ replies: [ModelReply], _ body: (UnsafeBufferPointer<UnsafePointer<assay_reply>?>) -> Result
) -> Result {
    // One allocation holds all bytes, so that each text is a slice of it.
    var bytes: [CChar] = []
    for text in replies.flatMap(\.texts) {
        bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
    }
    let numbers = replies.flatMap { $0.vectors.joined() }
    return numbers.withUnsafeBufferPointer { numbers in
        return bytes.withUnsafeBufferPointer { bytes in
            var offset = 0
            var firstNumber = 0
            func place(_ vectors: [[Double]]) -> UnsafePointer<Double>? {
                defer { firstNumber += vectors.reduce(0) { $0 + $1.count } }
                return vectors.isEmpty ? nil : numbers.baseAddress.map { $0 + firstNumber }
            }
            func slice(_ text: String) -> assay_str {
                defer { offset += text.utf8.count }
                return assay_str(ptr: bytes.baseAddress.map { $0 + offset }, len: UInt64(text.utf8.count))
            }
            let structs = replies.map { reply in
                let texts = reply.texts.map(slice)
                return assay_reply(
                    struct_size: UInt32(MemoryLayout<assay_reply>.size), status: reply.status.code, tag: reply.tag,
                    text: texts[0], response_json: texts[1], finish_reason: texts[2], reasoning: texts[3],
                    vectors: place(reply.vectors), n_vectors: UInt64(reply.vectors.count),
                    n_dimensions: UInt64(reply.vectors.first?.count ?? 0))
            }
            return structs.withUnsafeBufferPointer { structs in
                let pointers = structs.indices.map { index in structs.baseAddress.map { $0 + index } }
                return pointers.withUnsafeBufferPointer(body)
            }
        }
    }
}

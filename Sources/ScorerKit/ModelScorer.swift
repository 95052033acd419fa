import CScorerPlugin

/// A scorer written in Swift that asks models.
///
/// It is a conversation, not a loop that waits: `start` receives a batch and sends requests; `receive` is called once
/// for each reply, in any order, and may send more. The batch is done when no reply is outstanding; until then, no
/// thread is blocked. Several batches of an instance may run at once, each on one thread at a time, with its own
/// `Conversations`. Models are identified by their roles in the declaration; addresses and keys stay with the host. On
/// a host that does not support model requests, creating an instance fails.
public protocol ModelScorer: ConfiguredScorer {
    /// Further services of the host that it needs; on a host without them, creating an instance fails. The default is none.
    static var hostExtensions: [HostExtension] { get }

    /// The state of a batch between its replies.
    associatedtype Conversations

    /// Starts a batch. Rows that need no reply may be scored at once.
    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations

    /// Handles a reply. The rows are always those of `start`.
    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models)
}

extension ModelScorer {
    public static var hostExtensions: [HostExtension] { [] }
}

/// A service of the host beside chat completions. Since version 1.4 of the plugin header.
public enum HostExtension: String, Sendable {
    case embeddings = "assay.embed/1"
    case moderation = "assay.moderate/1"
}

/// The result of a model request. Only valid during `receive`.
public struct ModelReply {
    /// The request that it answers.
    public let tag: UInt64
    /// The outcome of a row that cannot be scored without the reply: `modelError`, or `notAsked` if the request was
    /// never sent; nil if the model replied.
    public let failure: Unscored?
    /// The assistant's message without its reasoning, or a description of the error.
    public let text: String
    /// Why the model stopped, in the words of OpenAI's chat completions: "stop", "length", "content_filter",
    /// "tool_calls"; nil if it is not known.
    public let finishReason: String?
    /// The model's reasoning before its message; nil if there is none.
    public let reasoning: String?
    /// The whole response body as JSON, or empty if there is none.
    public let response: UnsafeRawBufferPointer
    /// The vectors of embedded texts, in the order of the texts; empty for other requests.
    public let vectors: [[Double]]

    /// Whether the message is cut off because it reached its maximum length.
    public var isCutOff: Bool { finishReason == "length" }

    /// A reply to a request that was not made.
    init(tag: UInt64, failure: Unscored, text: String) {
        self.tag = tag
        self.failure = failure
        self.text = text
        finishReason = nil
        reasoning = nil
        response = UnsafeRawBufferPointer(start: nil, count: 0)
        vectors = []
    }

    init(_ reply: UnsafePointer<assay_reply>) {
        // A host of an older version gives a shorter struct, which must not be read as a whole.
        let size = Int(reply.pointee.struct_size)
        let isLong = size >= MemoryLayout<assay_reply>.offset(of: \.vectors) ?? .max
        tag = reply.pointee.tag
        failure =
            switch Int(reply.pointee.status) {
            case ASSAY_OK: nil
            case ASSAY_E_CANCELLED: .notAsked
            default: .modelError
            }
        text = String(decoding: UnsafeRawBufferPointer(reply.pointee.text), as: UTF8.self)
        response = UnsafeRawBufferPointer(reply.pointee.response_json)
        finishReason = isLong ? nonEmpty(reply.pointee.finish_reason) : nil
        reasoning = isLong ? nonEmpty(reply.pointee.reasoning) : nil
        if size >= MemoryLayout<assay_reply>.size, let numbers = reply.pointee.vectors {
            let width = Int(reply.pointee.n_dimensions)
            vectors = (0..<Int(reply.pointee.n_vectors)).map { index in
                Array(UnsafeBufferPointer(start: numbers + index * width, count: width))
            }
        } else {
            vectors = []
        }
    }
}

private func nonEmpty(_ text: assay_str) -> String? {
    text.len == 0 ? nil : String(decoding: UnsafeRawBufferPointer(text), as: UTF8.self)
}

extension UnsafeRawBufferPointer {
    fileprivate init(_ text: assay_str) { self.init(start: text.ptr, count: Int(text.len)) }
}

/// Takes the requests of a batch. Valid only during the call to which it was passed.
public struct Models {
    let host: UnsafePointer<assay_host>
    let chat: UnsafePointer<assay_host_chat>
    let call: OpaquePointer
    let requests: OpenRequests

    /// Sends a request to the model of a role. Exactly one reply will arrive. Does not block.
    ///
    /// - Parameters:
    ///   - tag: tells replies apart; no other open request of the batch has it.
    ///   - role: one of the roles in the declaration.
    ///   - request: the body of an OpenAI-compatible chat completion request without "model".
    ///   - sample: distinguishes otherwise equal requests (repeated votes), so that each gets its own reply; from 0.
    ///     Hosts before version 1.2 of the plugin header only support 0.
    public func ask(tag: UInt64, role: String, request: String, sample: Int = 0) {
        let status = withStr(role) { role in
            withStr(request) { queue(tag, role, $0, sample) }
        }
        if status == ASSAY_OK {
            requests.count += 1
        } else {
            requests.refused.append((tag, status))
        }
    }

    /// Sends texts to be embedded by the model of a role. Exactly one reply will arrive, with a vector for each text. The host
    /// asks for each text at most once in a run. Does not block.
    ///
    /// - Parameter texts: from 1 to 4096.
    public func embed(tag: UInt64, role: String, texts: [String]) { send(texts, tag, role, .embeddings) }

    /// Sends texts to be checked by the moderation model of a role. Exactly one reply will arrive, whose `response` has the
    /// "results". Does not block.
    public func moderate(tag: UInt64, role: String, texts: [String]) { send(texts, tag, role, .moderation) }

    private func send(_ texts: [String], _ tag: UInt64, _ role: String, _ service: HostExtension) {
        let status = withStr(role) { role in withStrs(texts) { queue(tag, role, $0, service) } }
        if status == ASSAY_OK {
            requests.count += 1
        } else {
            requests.refused.append((tag, status))
        }
    }

    private func queue(_ tag: UInt64, _ role: assay_str, _ texts: [assay_str], _ service: HostExtension) -> assay_status
    {
        guard let table = host.pointee.get_extension(host, service.rawValue) else {
            return assay_status(ASSAY_E_UNSUPPORTED)
        }
        return texts.withUnsafeBufferPointer { texts in
            var request = assay_texts(
                struct_size: structSize(assay_texts.self), reserved: 0, tag: tag, role: role, texts: texts.baseAddress,
                n_texts: UInt64(texts.count))
            switch service {
            case .embeddings:
                return table.assumingMemoryBound(to: assay_host_embed.self).pointee.embed(host, call, &request)
            case .moderation:
                return table.assumingMemoryBound(to: assay_host_moderate.self).pointee.moderate(host, call, &request)
            }
        }
    }

    private func queue(_ tag: UInt64, _ role: assay_str, _ json: assay_str, _ sample: Int) -> assay_status {
        guard let sample = UInt32(exactly: sample) else { return assay_status(ASSAY_E_INVALID) }
        guard chat.pointee.struct_size >= structSize(assay_host_chat.self), let ask = chat.pointee.ask else {
            if sample > 0 { return assay_status(ASSAY_E_UNSUPPORTED) }
            return chat.pointee.request(host, call, tag, role, json)
        }
        var request = assay_request(
            struct_size: structSize(assay_request.self), sample: sample, tag: tag, role: role, json: json)
        return ask(host, call, &request)
    }
}

/// The open requests of one batch.
final class OpenRequests {
    /// Those that the host has accepted.
    var count = 0
    /// Those that it has refused, whose replies say so.
    var refused: [(tag: UInt64, status: assay_status)] = []
}

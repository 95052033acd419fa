import CScorerPlugin

/// A scorer written in Swift that asks models.
///
/// It is a conversation, not a loop that waits: `start` sees a batch and asks what it wants to know, `receive` is called
/// once for each reply, in any order, and may ask more. The batch is done when no reply is awaited any more; until then
/// no thread is held. Several batches of an instance may run at once, each on one thread at a time, with its own
/// `Conversations`. The models are known by their roles in the declaration; addresses and keys stay with the host. A
/// host that makes no model requests cannot make an instance.
public protocol ModelScorer: ConfiguredScorer {
    /// What is remembered of a batch between its replies.
    associatedtype Conversations

    /// Begins a batch. What can be scored without a reply may be.
    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations

    /// Takes a reply. The rows are those of `start`, each time.
    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models)
}

/// What became of a model request. Valid during `receive` only.
public struct ModelReply {
    /// The request that it answers.
    public let tag: UInt64
    /// What a row is that cannot be scored without the reply: `modelError`, or `notAsked` where the request was never
    /// made; nil where the model has answered.
    public let failure: Unscored?
    /// The assistant's message without its reasoning, or what went wrong, in words.
    public let text: String
    /// Why the model stopped, as OpenAI's chat completions spell it: "stop", "length", "content_filter", "tool_calls"; nil
    /// where that is not known.
    public let finishReason: String?
    /// What the model thought before its message; nil where it shows nothing.
    public let reasoning: String?
    /// The whole response body, JSON, where there is one.
    public let response: UnsafeRawBufferPointer

    /// Whether the message ends before the model was done, since it came to its greatest length.
    public var isCutOff: Bool { finishReason == "length" }

    /// A reply to a request that was not made.
    init(tag: UInt64, failure: Unscored, text: String) {
        self.tag = tag
        self.failure = failure
        self.text = text
        finishReason = nil
        reasoning = nil
        response = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    init(_ reply: UnsafePointer<assay_reply>) {
        // A host of an older version gives a shorter struct, which must not be read as a whole.
        let isLong = reply.pointee.struct_size >= structSize(assay_reply.self)
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
    }
}

private func nonEmpty(_ text: assay_str) -> String? {
    text.len == 0 ? nil : String(decoding: UnsafeRawBufferPointer(text), as: UTF8.self)
}

extension UnsafeRawBufferPointer {
    fileprivate init(_ text: assay_str) { self.init(start: text.ptr, count: Int(text.len)) }
}

/// Where the requests of a batch go. Valid only during the call that it was given to.
public struct Models {
    let host: UnsafePointer<assay_host>
    let chat: UnsafePointer<assay_host_chat>
    let call: OpaquePointer
    let requests: OpenRequests

    /// Asks the model of a role. Exactly one reply comes for it; nothing blocks.
    ///
    /// - Parameters:
    ///   - tag: tells replies apart; no other open request of the batch has it.
    ///   - role: one of the declaration's.
    ///   - request: the body of an OpenAI-compatible chat completion request without "model".
    ///   - sample: tells apart requests that are otherwise equal (repeated votes), so that each gets an answer of its own;
    ///     from 0. Hosts before version 1.2 of the plugin header take none but 0.
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

/// The requests of one batch whose replies are awaited.
final class OpenRequests {
    /// Those that the host has taken.
    var count = 0
    /// Those that it has not, whose replies say so.
    var refused: [(tag: UInt64, status: assay_status)] = []
}

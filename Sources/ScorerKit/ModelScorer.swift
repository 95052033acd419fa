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
    /// The assistant's message, or what went wrong, in words.
    public let text: String
    /// The whole response body, JSON, where there is one.
    public let response: UnsafeRawBufferPointer

    init(tag: UInt64, failure: Unscored?, text: String, response: UnsafeRawBufferPointer) {
        self.tag = tag
        self.failure = failure
        self.text = text
        self.response = response
    }

    init(_ reply: assay_reply) {
        let failure: Unscored? =
            switch Int(reply.status) {
            case ASSAY_OK: nil
            case ASSAY_E_CANCELLED: .notAsked
            default: .modelError
            }
        self.init(
            tag: reply.tag, failure: failure,
            text: String(
                decoding: UnsafeRawBufferPointer(start: reply.text.ptr, count: Int(reply.text.len)), as: UTF8.self),
            response: UnsafeRawBufferPointer(start: reply.response_json.ptr, count: Int(reply.response_json.len)))
    }
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
    ///   - request: the body of an OpenAI-compatible chat completion request without "model". A member "assay":
    ///     {"sample": N}, which the host takes out, tells apart requests that are otherwise equal and are each to have an
    ///     answer of their own.
    public func ask(tag: UInt64, role: String, request: String) {
        let status = withStr(role) { role in
            withStr(request) { chat.pointee.request(host, call, tag, role, $0) }
        }
        if status == ASSAY_OK {
            requests.count += 1
        } else {
            requests.refused.append((tag, status))
        }
    }
}

/// The requests of one batch whose replies are awaited.
final class OpenRequests {
    /// Those that the host has taken.
    var count = 0
    /// Those that it has not, whose replies say so.
    var refused: [(tag: UInt64, status: assay_status)] = []
}

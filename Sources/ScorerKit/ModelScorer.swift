import CScorerPlugin

/// A scorer written in Swift that asks models.
///
/// It is a conversation, not a loop that waits: `start` receives a batch and sends requests; `receive` is called once for
/// each reply, in any order, and may send more. The batch is done when no reply is outstanding; until then, no thread is
/// blocked. Several batches of an instance may run at once, each on one thread at a time, with its own `Conversations`.
/// Models are identified by their roles in the declaration; addresses and keys stay with the host. On a host that does not
/// support model requests, creating an instance fails.
public protocol ModelScorer: ConfiguredScorer {
    /// The state of a batch between its replies.
    associatedtype Conversations

    /// Starts a batch. Rows that need no reply may be scored at once.
    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations

    /// Handles a reply. The rows are always those of `start`.
    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models)
}

/// The result of a model request. Only valid during `receive`.
public struct ModelReply {
    /// The request that it answers.
    public let tag: UInt64
    /// The outcome of a row that cannot be scored without the reply: `modelError`, or `notAsked` if the request was never
    /// sent; nil if the model replied.
    public let failure: Unscored?
    /// The assistant's message, or a description of the failure.
    public let text: String
    /// The whole response body (JSON), if there is one.
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

/// Accepts the requests of a batch. Only valid during the call that received it.
public struct Models {
    let host: UnsafePointer<assay_host>
    let chat: UnsafePointer<assay_host_chat>
    let call: OpaquePointer
    let requests: OpenRequests

    /// Sends a request to the model of a role. Exactly one reply will arrive. Does not block.
    ///
    /// - Parameters:
    ///   - tag: identifies the reply; must differ from those of all other open requests of the batch.
    ///   - role: a role of the declaration.
    ///   - request: the body of an OpenAI-compatible chat completion request without "model". A member "assay":
    ///     {"sample": N}, which the host removes, distinguishes otherwise equal requests that must each have their own
    ///     reply.
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

/// The open requests of one batch.
final class OpenRequests {
    /// Those that the host has accepted.
    var count = 0
    /// Those that it has refused, whose replies say so.
    var refused: [(tag: UInt64, status: assay_status)] = []
}

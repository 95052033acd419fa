import CScorerPlugin

/// An instance of a scorer, in the form that the host holds.
class ScorerInstance {
    let host: UnsafePointer<assay_host>
    /// The result of `describe`.
    let table: DeclarationTable
    private let configured: any ConfiguredScorer

    init(_ host: UnsafePointer<assay_host>, _ scorer: any ConfiguredScorer) {
        self.host = host
        configured = scorer
        table = DeclarationTable(scorer.declaration)
    }

    /// Computes the aggregations.
    func finalize(_ finalization: OpaquePointer, _ sums: UnsafePointer<assay_sums>) {
        configured.finalize(Sums(sums), Aggregates(host: host, finalization: finalization))
    }

    /// Runs a step of a call. `state` is the `*call_state` of the plugin header: an object, or nil.
    func step(
        _ call: OpaquePointer, _ state: inout UnsafeMutableRawPointer?, _ reason: Int32,
        _ batch: UnsafePointer<assay_batch>, _ replies: UnsafeBufferPointer<UnsafePointer<assay_reply>?>
    ) -> assay_status {
        assay_status(ASSAY_E_UNSUPPORTED)
    }
}

/// An instance of a scorer that is done after one step.
final class PlainInstance: ScorerInstance {
    private let scorer: any Scorer

    init(_ host: UnsafePointer<assay_host>, _ scorer: any Scorer) {
        self.scorer = scorer
        super.init(host, scorer)
    }

    override func step(
        _ call: OpaquePointer, _ state: inout UnsafeMutableRawPointer?, _ reason: Int32,
        _ batch: UnsafePointer<assay_batch>, _ replies: UnsafeBufferPointer<UnsafePointer<assay_reply>?>
    ) -> assay_status {
        scorer.score(Rows(batch), Results(host: host, call: call))
        return assay_status(ASSAY_OK)
    }
}

/// An instance of a scorer that asks models.
final class ModelInstance<Asking: ModelScorer>: ScorerInstance {
    private let scorer: Asking
    private let chat: UnsafePointer<assay_host_chat>

    init(_ host: UnsafePointer<assay_host>, _ chat: UnsafePointer<assay_host_chat>, _ scorer: Asking) {
        self.scorer = scorer
        self.chat = chat
        super.init(host, scorer)
    }

    /// The state of a call between its steps.
    private final class CallState {
        var conversations: Asking.Conversations
        let requests: OpenRequests

        init(_ conversations: Asking.Conversations, _ requests: OpenRequests) {
            self.conversations = conversations
            self.requests = requests
        }
    }

    override func step(
        _ call: OpaquePointer, _ state: inout UnsafeMutableRawPointer?, _ reason: Int32,
        _ batch: UnsafePointer<assay_batch>, _ replies: UnsafeBufferPointer<UnsafePointer<assay_reply>?>
    ) -> assay_status {
        let rows = Rows(batch)
        let results = Results(host: host, call: call)
        let kept: CallState
        if let state {
            kept = Unmanaged<CallState>.fromOpaque(state).takeUnretainedValue()
        } else if reason == ASSAY_STEP_START {
            let requests = OpenRequests()
            let models = Models(host: host, chat: chat, call: call, requests: requests)
            kept = CallState(scorer.start(rows, results, models), requests)
            state = Unmanaged.passRetained(kept).toOpaque()
        } else {
            return assay_status(ASSAY_E_INVALID)
        }

        let models = Models(host: host, chat: chat, call: call, requests: kept.requests)
        for case let reply? in replies {
            kept.requests.count -= 1
            scorer.receive(ModelReply(reply), &kept.conversations, rows, results, models)
        }
        while let (tag, status) = kept.requests.refused.popLast() {
            let reply = ModelReply(
                tag: tag, failure: .modelError, text: "the host did not accept the request (status \(status))")
            scorer.receive(reply, &kept.conversations, rows, results, models)
        }
        return assay_status(kept.requests.count > 0 ? ASSAY_PENDING : ASSAY_OK)
    }
}

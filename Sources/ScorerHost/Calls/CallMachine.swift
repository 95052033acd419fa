import CScorerPlugin

/// The state of one call: which of its model requests are open, and what follows from what a step returned. No I/O.
struct CallMachine {
    enum Action: Equatable {
        /// The call is over; free it.
        case finish
        /// The call is over, its rows without a score failed; free it.
        case fail(UnscoredReason)
        /// Perform these requests and step again with their replies.
        case wait([ModelRequest])
    }

    /// Whether the plugin may hold something for the call.
    private(set) var isOpen = false
    private var openTags: Set<UInt64> = []
    private var queued: [ModelRequest] = []

    mutating func start() {
        isOpen = true
        openTags = []
        queued = []
    }

    /// Queues a request. Returns false if its tag is in use.
    mutating func open(_ request: ModelRequest) -> Bool {
        guard openTags.insert(request.tag).inserted else { return false }
        queued.append(request)
        return true
    }

    /// Takes the reply to a request. Returns false if no request with the tag is open.
    mutating func close(_ tag: UInt64) -> Bool {
        isOpen && openTags.remove(tag) != nil
    }

    /// Takes what a step returned.
    mutating func returned(_ status: assay_status) -> Action {
        switch Int(status) {
        case ASSAY_OK: return .finish
        case ASSAY_PENDING where openTags.isEmpty:
            return .fail(.nothingAsked)
        case ASSAY_PENDING:
            defer { queued = [] }
            return .wait(queued)
        default: return .fail(.gaveUp(status))
        }
    }

    mutating func end() {
        isOpen = false
        openTags = []
        queued = []
    }
}

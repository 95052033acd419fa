import CScorerPlugin

/// The state of one call: which of its model requests are open, and what follows from what a step returned. No I/O.
struct CallMachine {
    enum Action: Equatable {
        /// The call is over; free it.
        case finish
        /// The call is over, its rows without a score failed; free it.
        case fail(String)
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
            return .fail(Self.nothingAsked)
        case ASSAY_PENDING:
            defer { queued = [] }
            return .wait(queued)
        default: return .fail(Self.gaveUp(status))
        }
    }

    mutating func end() {
        isOpen = false
        openTags = []
        queued = []
    }

    /// Why rows have no score whose step waits for nothing.
    static let nothingAsked = "the scorer waits for model replies, but has sent no request"

    /// Why rows have no score whose step returned an error.
    static func gaveUp(_ status: assay_status) -> String { "the scorer gave up on the batch: \(reason(status))" }

    private static func reason(_ status: assay_status) -> String {
        switch Int(status) {
        case ASSAY_E_INVALID: "invalid argument (-1)"
        case ASSAY_E_UNSUPPORTED: "not supported (-2)"
        case ASSAY_E_CANCELLED: "cancelled (-3)"
        case ASSAY_E_TIMEOUT: "timed out (-4)"
        case ASSAY_E_RESOURCE: "out of resources (-5)"
        case ASSAY_E_INTERNAL: "internal error (-6)"
        case ASSAY_E_VERSION: "version mismatch (-7)"
        default: "status \(status)"
        }
    }
}

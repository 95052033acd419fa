import CScorerPlugin

/// Why a row has no score. Reasons that the host found itself are values; their text is made when it is shown.
enum UnscoredReason: Hashable, Sendable {
    /// The words of the scorer or of the caller.
    case words(String)
    /// A worker was lost on the row.
    case lost(WorkerLoss)
    /// The row was not tried, because the plugin had ended too many workers.
    case notTried(lostWorkers: Int, last: WorkerLoss)
    /// The scorer ended its call without a result for the row.
    case noScore
    /// The scorer ended its call with a score for the row, but without its statistics.
    case noStatistics
    /// An output does not have its declared type.
    case badOutput(name: String, BadText)
    /// The last step returned an error.
    case gaveUp(assay_status)
    /// A step waits for replies, but no request is open.
    case nothingAsked

    /// What is wrong with the text of an output.
    enum BadText: String {
        case notUTF8 = "is not valid UTF-8"
        case notJSON = "is not valid JSON"
    }
}

extension UnscoredReason: CustomStringConvertible {
    /// As results have it.
    var description: String {
        switch self {
        case .words(let words): words
        case .lost(let loss): loss.description
        case .notTried(let count, let last):
            "not tried, because the plugin has already ended \(count) worker processes; the last time, "
                + last.description
        case .noScore: "the scorer returned no score for this row, and no reason"
        case .noStatistics: "the scorer returned a score for this row without the statistics that its aggregations need"
        case .badOutput(let name, let fault): "the scorer's output \"\(name)\" \(fault.rawValue)"
        case .gaveUp(let status): "the scorer failed on the batch: \(Self.text(of: status))"
        case .nothingAsked: "the scorer waits for model replies, but has sent no request"
        }
    }

    private static func text(of status: assay_status) -> String {
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

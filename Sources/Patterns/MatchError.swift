internal import CPCRE2

/// Why a search was abandoned before it had a result.
public struct MatchError: Error, Hashable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// More backtracking from one start position than `MatchLimits.steps` allows.
        case steps(UInt32)
        /// More memory for backtracking, in KiB, than `MatchLimits.heap` allows.
        case heap(UInt32)
        /// Deeper backtracking than `MatchLimits.depth` allows.
        case depth(UInt32)
        /// More time than `MatchLimits.timeBudget` allows.
        case timeBudget(Duration)
        /// The searches of the row together took more time than `MatchScratch.beginRow` allows; this was the last one.
        case rowBudget(Duration)
        /// The search was cancelled (`MatchScratch.askWhetherCancelled`).
        case cancelled
        /// The system is out of memory.
        case outOfMemory
        /// A PCRE2 error code that does not occur in searches of valid UTF-8.
        case unexpected(Int32)
    }

    public let reason: Reason

    /// The source of the pattern.
    public let pattern: String

    public var description: String {
        let advice = "make it more specific, or an inner repeat possessive (x++) or atomic ((?>x))"
        let text =
            switch reason {
            case .steps(let limit):
                "backtracked more than \(limit) steps, and 16 for each byte of the text, from one position; \(advice)"
            case .heap(let limit): "needed more than \(limit) KiB for backtracking; \(advice)"
            case .depth(let limit): "backtracked deeper than \(limit) levels; \(advice)"
            case .timeBudget(let budget): "took longer than \(budget); \(advice)"
            case .rowBudget(let budget):
                "exceeded the time for all searches of this row, which is \(budget); \(advice)"
            case .cancelled: "was stopped because the run was cancelled"
            case .outOfMemory: "ran out of memory"
            case .unexpected(let code): "failed with PCRE2 error \(code); check that the text is valid UTF-8"
            }
        return "the search for /\(shortened)/ \(text)"
    }

    private var shortened: String {
        pattern.count <= 60 ? pattern : "\(pattern.prefix(57))..."
    }

    init(code: Int32, pattern: Pattern, _ clock: SearchClock) {
        self.pattern = pattern.source
        reason =
            switch code {
            case PCRE2_ERROR_MATCHLIMIT: .steps(pattern.limits.steps)
            case PCRE2_ERROR_HEAPLIMIT: .heap(pattern.limits.heap)
            case PCRE2_ERROR_DEPTHLIMIT: .depth(pattern.limits.depth)
            case PCRE2_ERROR_CALLOUT: clock.stopReason(searchBudget: pattern.limits.timeBudget)
            case PCRE2_ERROR_NOMEMORY: .outOfMemory
            default: .unexpected(code)
            }
    }
}

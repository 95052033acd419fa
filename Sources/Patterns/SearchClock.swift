internal import CPCRE2
internal import Glibc

/// Limits the time of a PCRE2 search while it runs.
///
/// Code compiled with callouts reports before each item of the pattern that it tries. Between two reports PCRE2 runs one
/// item, at worst one pass over the subject, so adding up how far the position moved bounds the work since the clock was
/// last read; reading it at each report would cost more than the matching.
///
/// The time is either that of one search, or that of a row, which all searches from `beginRow` to `endRow` share.
struct SearchClock {
    /// Called with each look at the clock.
    var isCancelled: (() -> Bool)?

    /// The end of the time, in nanoseconds of the monotonic clock; 0 if the time of the row has not started.
    private var deadline: Int64 = 0
    /// Whether the time is shared by a row; otherwise each search has its own.
    private var isOfRow = false
    /// The budget of a row.
    private var rowBudget = MatchLimits.standard.timeBudget
    /// How many searches of the row were so long that they were timed.
    private var timedSearches = 0
    private var position = 0
    private var work = 0

    /// Bytes passed over (a report counts as 32) between two looks at the clock: one to three milliseconds.
    private static let workBetweenLooks = 1 << 22

    /// The time starts with the first search that is timed, or the first look at it: most rows need neither, and are
    /// searched in less time than it takes to read the clock.
    @inline(__always)
    mutating func beginRow() {
        deadline = 0
        isOfRow = true
        timedSearches = 0
    }

    mutating func beginRow(budget: Duration) {
        rowBudget = budget
        beginRow()
    }

    mutating func endRow() {
        isOfRow = false
        rowBudget = MatchLimits.standard.timeBudget
    }

    mutating func beginSearch(budget: Duration) {
        timedSearches += 1
        if !isOfRow { deadline = Self.now(CLOCK_MONOTONIC) + budget.nanoseconds }
        if deadline == 0 { deadline = Self.now(CLOCK_MONOTONIC) + rowBudget.nanoseconds }
    }

    /// Whether the search must end: its time, or the row's, is over, or it was cancelled.
    var isOver: Bool { Self.now(CLOCK_MONOTONIC) > deadline || isCancelled?() == true }

    /// The same, for the time of a row alone, by a clock that ticks every few milliseconds.
    mutating func isRowOver() -> Bool {
        guard isOfRow else { return false }
        let now = Self.now(CLOCK_MONOTONIC_COARSE)
        if deadline == 0 { deadline = now + rowBudget.nanoseconds }
        return now > deadline
    }

    /// Why a search was ended.
    func stopReason(searchBudget: Duration) -> MatchError.Reason {
        if isCancelled?() == true { return .cancelled }
        guard isOfRow else { return .timeBudget(searchBudget) }
        return timedSearches == 1 ? .timeBudget(rowBudget) : .rowBudget(rowBudget)
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The result of a callout: zero to continue, otherwise the error with which the search ends.
    private mutating func report(_ newPosition: Int) -> Int32 {
        work += abs(newPosition - position) + 32
        position = newPosition
        guard work > Self.workBetweenLooks else { return 0 }
        work = 0
        return isOver ? PCRE2_ERROR_CALLOUT : 0
    }

    /// The C entry point of `report`; `clock` points to a `SearchClock`.
    static func report(
        _ block: UnsafeMutablePointer<pcre2_callout_block_8>?, to clock: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let block, let clock else { return 0 }
        return clock.assumingMemoryBound(to: SearchClock.self).pointee.report(block.pointee.current_position)
    }
}

extension Duration {
    /// Whole nanoseconds; for durations of less than a century.
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

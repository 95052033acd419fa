internal import CPCRE2

/// Keeps a search that PCRE2 is in the middle of within its time.
///
/// Code compiled with callouts reports before each item of the pattern that it tries. Between two reports PCRE2 runs one
/// item, at worst one pass over the subject, so adding up how far the position moved bounds the work since the clock was
/// last read; reading it at each report would cost more than the matching.
struct SearchClock {
    /// The end of the time for the search, since `epoch`: a plain value, which an `Instant` is not.
    private var deadline = Duration.zero
    private var position = 0
    private var work = 0

    private static let epoch = ContinuousClock.now
    private static var now: Duration { epoch.duration(to: ContinuousClock.now) }

    /// Bytes passed over (a report counts as 32) between two looks at the clock: one to three milliseconds.
    private static let workBetweenLooks = 1 << 22

    mutating func start(budget: Duration) {
        deadline = Self.now + budget
    }

    var isOver: Bool { Self.now > deadline }

    /// The answer to a callout: zero to go on, else the error that the search shall end with.
    private mutating func report(_ newPosition: Int) -> Int32 {
        work += abs(newPosition - position) + 32
        position = newPosition
        guard work > Self.workBetweenLooks else { return 0 }
        work = 0
        return isOver ? PCRE2_ERROR_CALLOUT : 0
    }

    /// The C face of `report`; `clock` points to a `SearchClock`.
    static func report(
        _ block: UnsafeMutablePointer<pcre2_callout_block_8>?, to clock: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let block, let clock else { return 0 }
        return clock.assumingMemoryBound(to: SearchClock.self).pointee.report(block.pointee.current_position)
    }
}

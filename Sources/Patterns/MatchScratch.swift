internal import CPCRE2

/// Working memory for searches: created once per thread, used for any number of patterns and subjects.
///
/// Uses about 40 KiB, and up to 1 MiB more after a search that backtracked deeply. A search takes it `inout`, so the compiler
/// ensures that only one search at a time uses it.
///
/// `@unchecked Sendable`: it is the only owner of everything that it points to, so it may move to another thread.
public struct MatchScratch: ~Copyable, @unchecked Sendable {
    private(set) var matchData: OpaquePointer
    private(set) var offsets: UnsafeMutablePointer<Int>
    private(set) var pairCapacity: UInt32
    private var pairsOfLatest: Int32 = 0

    /// For compiled code without callouts: never changed but for its offset limit.
    let directContext: OpaquePointer
    /// For code with callouts, with the limits of the pattern at hand.
    let guardedContext: OpaquePointer
    let clock: UnsafeMutablePointer<SearchClock>
    private let stack: OpaquePointer?

    public init() {
        pairCapacity = 8
        guard let matchData = pcre2_match_data_create_8(pairCapacity, nil),
            let offsets = pcre2_get_ovector_pointer_8(matchData),
            let directContext = pcre2_match_context_create_8(nil),
            let guardedContext = pcre2_match_context_create_8(nil)
        else {
            // Only malloc can fail here, where Swift's own allocations end the process too.
            fatalError("out of memory")
        }
        self.matchData = matchData
        self.offsets = offsets
        self.directContext = directContext
        self.guardedContext = guardedContext
        clock = .allocate(capacity: 1)
        clock.initialize(to: SearchClock())

        // Without a stack of its own (nil), compiled code uses 32 KiB of the thread's.
        stack = pcre2_jit_stack_create_8(32 << 10, 1 << 20, nil)
        pcre2_jit_stack_assign_8(directContext, nil, stack.map(UnsafeMutableRawPointer.init))
        pcre2_jit_stack_assign_8(guardedContext, nil, stack.map(UnsafeMutableRawPointer.init))
        pcre2_set_match_limit_8(directContext, SearchPlan.directSteps)
        pcre2_set_callout_8(guardedContext, { SearchClock.report($0, to: $1) }, clock)
    }

    deinit {
        pcre2_match_data_free_8(matchData)
        pcre2_match_context_free_8(directContext)
        pcre2_match_context_free_8(guardedContext)
        pcre2_jit_stack_free_8(stack)
        clock.deinitialize(count: 1)
        clock.deallocate()
    }

    /// The bytes of group `number` in the match that the latest search with this scratch returned.
    ///
    /// Nil if the group did not take part in the match or does not exist, or if the search found nothing.
    public func group(_ number: Int) -> Range<Int>? {
        guard number >= 0, number < Int(pairsOfLatest), offsets[2 * number] >= 0 else { return nil }
        return Range(uncheckedBounds: (offsets[2 * number], offsets[2 * number + 1]))
    }

    /// Searches a subject of up to 2 KiB by one call to compiled code, with few steps allowed.
    ///
    /// The result is that of `pcre2_jit_match`; PCRE2_ERROR_MATCHLIMIT also if the subject is longer.
    @inline(__always)
    func searchOnce(
        _ code: OpaquePointer, in subject: UnsafeRawBufferPointer, from start: Int, options: UInt32
    ) -> Int32 {
        guard subject.count <= SearchPlan.directLength else { return PCRE2_ERROR_MATCHLIMIT }
        let text = addressed(subject).baseAddress?.assumingMemoryBound(to: UInt8.self)
        return pcre2_jit_match_8(code, text, subject.count, start, options, matchData, directContext)
    }

    /// The subject, with an address even if it has no bytes: `pcre2_jit_match` wants one.
    @inline(__always)
    func addressed(_ subject: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: subject.baseAddress ?? UnsafeRawPointer(matchData), count: subject.count)
    }

    /// The match that PCRE2 has just written, of which `pairs` pairs of offsets are set.
    @inline(__always)
    mutating func match(pairs: Int32, answerGroup: Int32) -> Match {
        pairsOfLatest = pairs
        return Match(offsets, pairs: pairs, answerGroup: answerGroup)
    }

    // MARK: The time of a row

    /// Sets a common time budget for all searches until the next call or `endRow`: that of `MatchLimits.standard`, or of the
    /// latest `beginRow(budget:)`.
    ///
    /// Without it, each search has the budget of its own pattern. A search that exceeds the common budget fails with an error
    /// that names its pattern. The time starts with the first search that is not over at once.
    @inline(__always)
    public mutating func beginRow() {
        clock.pointee.beginRow()
    }

    /// The same with another budget, which holds until `endRow`.
    public mutating func beginRow(budget: Duration) {
        clock.pointee.beginRow(budget: budget)
    }

    /// Ends the budget that `beginRow` set.
    public mutating func endRow() {
        clock.pointee.endRow()
    }

    /// Makes long searches check for cancellation every few milliseconds; nil stops the checks.
    ///
    /// If the closure returns true, the search ends with `MatchError.Reason.cancelled`. It is called on the searching
    /// thread.
    public mutating func askWhetherCancelled(_ isCancelled: (() -> Bool)?) {
        clock.pointee.isCancelled = isCancelled
    }

    /// Whether the row's time is over, to within some milliseconds; false without a budget. Takes some nanoseconds.
    @inline(__always)
    func isRowOver() -> Bool { clock.pointee.isRowOver() }

    mutating func forgetMatch() {
        pairsOfLatest = 0
    }

    /// Makes room for the offsets of a pattern with `captureCount` groups; false without memory.
    mutating func reserve(captureCount: Int) -> Bool {
        let pairs = UInt32(clamping: captureCount + 1)
        guard pairs > pairCapacity else { return true }
        guard let larger = pcre2_match_data_create_8(pairs, nil), let offsets = pcre2_get_ovector_pointer_8(larger)
        else { return false }
        pcre2_match_data_free_8(matchData)
        matchData = larger
        self.offsets = offsets
        pairCapacity = pairs
        return true
    }
}

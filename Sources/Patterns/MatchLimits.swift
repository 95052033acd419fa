/// The limits of one search.
///
/// The first three limit the backtracking from one start position, as in PCRE2, with the same result on every machine. The
/// time budget limits the whole search, over all start positions, and is the last resort.
public struct MatchLimits: Hashable, Sendable {
    /// The number of backtracking steps from one start position, in addition to 16 for each byte of the subject.
    ///
    /// A pattern may legitimately step back over the whole text once or twice, hence the part that grows with it.
    /// A million steps take between 10 and 100 milliseconds. Up to 2000 are always allowed.
    public var steps: UInt32

    /// Memory for backtracking in KiB, used only by a search too deep for the stack of compiled code (1 MiB).
    public var heap: UInt32

    /// The maximum depth of backtracking in such a search.
    public var depth: UInt32

    /// Time for one search; for `lastMatch` and `forEachMatch`, for all of it.
    ///
    /// It is overrun by no more than some 50 milliseconds in subjects of 20 MB, and less in smaller ones. A search in a
    /// subject of up to 2 KiB that needs no more than 2000 steps is not timed: it cannot take longer than some
    /// seconds, and takes microseconds unless pattern and subject were made for it.
    public var timeBudget: Duration

    public init(
        steps: UInt32 = 1_000_000, heap: UInt32 = 64 << 10, depth: UInt32 = 1_000_000,
        timeBudget: Duration = .seconds(5)
    ) {
        self.steps = steps
        self.heap = heap
        self.depth = depth
        self.timeBudget = timeBudget
    }

    /// A million steps, 64 MiB, five seconds.
    public static let standard = MatchLimits()
}

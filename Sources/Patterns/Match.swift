/// Where a pattern matched: byte offsets in the subject, of the whole match and of group 1.
public struct Match: Hashable, BitwiseCopyable, Sendable {
    private let start: Int
    private let end: Int
    private let start1: Int
    private let end1: Int

    /// The bytes of the whole match (group 0).
    public var range: Range<Int> { Range(uncheckedBounds: (start, end)) }

    /// The bytes of group 1, nil where it took no part in the match or the pattern has none.
    public var group1: Range<Int>? {
        start1 < 0 ? nil : Range(uncheckedBounds: (start1, end1))
    }

    /// Takes the first two pairs of offsets; `pairs` is the number of those that are set.
    ///
    /// The bounds are in order because the dialect has nothing (such as `\K`) that moves the start of a match.
    init(_ offsets: UnsafePointer<Int>, pairs: Int32) {
        start = offsets[0]
        end = offsets[1]
        start1 = pairs > 1 ? offsets[2] : -1
        end1 = pairs > 1 ? offsets[3] : -1
    }
}

/// The byte offsets of a match in the subject: those of the whole match, and those of the answer.
public struct Match: Hashable, BitwiseCopyable, Sendable {
    private let start: Int
    private let end: Int
    private let answerStart: Int
    private let answerEnd: Int

    /// The bytes of the whole match (group 0).
    public var range: Range<Int> { Range(uncheckedBounds: (start, end)) }

    /// The bytes of the group named `answer`, if the pattern has one; otherwise of the first group that took part in the match:
    /// in `#### (\d+)|answer is (\d+)`, the group of the alternative that matched. Nil if no such group took part.
    public var answer: Range<Int>? {
        answerStart < 0 ? nil : Range(uncheckedBounds: (answerStart, answerEnd))
    }

    /// Takes the offsets of a match; `pairs` is the number of those that are set, -1 standing for a group without part.
    ///
    /// - Parameter answerGroup: the group that holds the answer; 0 for the first that took part.
    /// The bounds are in order because the dialect has nothing (such as `\K`) that moves the start of a match.
    @inline(__always)
    init(_ offsets: UnsafePointer<Int>, pairs: Int32, answerGroup: Int32) {
        start = offsets[0]
        end = offsets[1]
        var group = Int(max(answerGroup, 1))
        if answerGroup == 0 {
            while group < Int(pairs), offsets[2 * group] < 0 { group += 1 }
        }
        let isSet = group < Int(pairs)
        answerStart = isSet ? offsets[2 * group] : -1
        answerEnd = isSet ? offsets[2 * group + 1] : -1
    }
}

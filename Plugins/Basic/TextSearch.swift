import Glibc
import ScorerParameters

/// Finds a text in another, byte for byte.
enum TextSearch {
    /// Whether `text` contains `part`. The time is proportional to the two lengths; no memory is allocated.
    ///
    /// Checking each occurrence of the first byte of `part` is fastest in ordinary text, and very slow in `aaaa…`. This
    /// is therefore done only while it is cheap; then the rest is searched with the two-way algorithm.
    ///
    /// - Throws: if the batch was cancelled.
    static func contains(
        _ text: UnsafeRawBufferPointer, _ part: UnsafeRawBufferPointer, _ check: inout CancellationCheck
    ) throws(RowFault) -> Bool {
        guard let needle = part.baseAddress, let first = part.first else { return true }
        guard let start = text.baseAddress, part.count <= text.count else { return false }
        var place = start
        let lastStart = start + (text.count - part.count)
        var allowance = 8 * text.count
        while let found = memchr(place, Int32(first), lastStart - place + 1) {
            if memcmp(found, needle, part.count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
            if place > lastStart { return false }
            allowance -= part.count
            if allowance < 0 {
                return try twoWayContains(UnsafeRawBufferPointer(rebasing: text[(place - start)...]), part) {
                    check.stopsWithin($0)
                }
            }
        }
        return false
    }

    /// The two-way algorithm of Crochemore and Perrin (Two-way string-matching, J. ACM 38, 1991): it first compares the
    /// part of the needle after its critical factorisation from left to right, and then the part before it.
    ///
    /// Neither text is empty.
    ///
    /// - Parameter isStopped: is told how many bytes were searched since it was asked last, and asked whether to stop.
    /// - Throws: if it says so.
    static func twoWayContains(
        _ text: UnsafeRawBufferPointer, _ needle: UnsafeRawBufferPointer, isStopped: (Int) -> Bool
    ) throws(RowFault) -> Bool {
        var (middle, period) = criticalFactorization(of: needle)
        let isPeriodic = (0..<middle).allSatisfy { needle[$0] == needle[$0 + period] }
        if !isPeriodic { period = max(middle, needle.count - middle) + 1 }
        var place = 0
        // How much of the needle is known to match at this place after a shift by its period.
        var known = 0
        var asked = 0
        while place <= text.count - needle.count {
            if place - asked >= 1 << 20 {
                if isStopped(place - asked) { throw .cancelled }
                asked = place
            }
            var index = max(middle, known)
            while index < needle.count, needle[index] == text[place + index] { index += 1 }
            if index < needle.count {
                place += index - middle + 1
                known = 0
                continue
            }
            index = middle
            while index > known, needle[index - 1] == text[place + index - 1] { index -= 1 }
            if index <= known { return true }
            place += period
            known = isPeriodic ? needle.count - period : 0
        }
        return false
    }

    /// Where the needle's maximal suffix begins, under either order of bytes, whichever is later, and the period of
    /// that suffix.
    private static func criticalFactorization(of needle: UnsafeRawBufferPointer) -> (middle: Int, period: Int) {
        let ascending = maximalSuffix(of: needle) { $0 < $1 }
        let descending = maximalSuffix(of: needle) { $1 < $0 }
        return ascending.start > descending.start
            ? (ascending.start, ascending.period) : (descending.start, descending.period)
    }

    private static func maximalSuffix(
        of needle: UnsafeRawBufferPointer, _ isBefore: (UInt8, UInt8) -> Bool
    ) -> (start: Int, period: Int) {
        var start = -1
        var candidate = 0
        var length = 1
        var period = 1
        while candidate + length < needle.count {
            let (a, b) = (needle[candidate + length], needle[start + length])
            if isBefore(a, b) {
                candidate += length
                length = 1
                period = candidate - start
            } else if a == b {
                if length == period {
                    candidate += period
                    length = 1
                } else {
                    length += 1
                }
            } else {
                start = candidate
                candidate += 1
                length = 1
                period = 1
            }
        }
        return (start + 1, period)
    }
}

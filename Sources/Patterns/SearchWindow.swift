/// Divides a search into pieces with limited run time.
///
/// PCRE2 counts steps from zero at each start position, and not at all while it repeats a single character or class. So one call
/// may take as long as (start positions) × (steps) × (length of the subject), at some 0.4 nanoseconds: with the figures here
/// 3.4 seconds. It takes a pattern such as `(?:a|a)*(?>.*)x` and a subject made for it to come near; patterns met in
/// practice that are cubic, such as `.*.*[=:]` on a long line, stay below 0.2 seconds. All that is longer is timed.
enum SearchPlan {
    /// The steps from one start position that are allowed in code without a timer.
    static let directSteps: UInt32 = 2000

    /// The longest subject that is searched in one call: all its start positions are one window.
    static let directLength = 1 << 11

    /// The longest subject that is searched in windows; beyond it they become so short that the timed code is faster.
    static let longestWindowedLength = 1 << 18

    /// PCRE2_UNSET, which Swift does not import.
    static let noOffsetLimit = -1

    /// Start positions in a window, so that they times the length of the subject are constant.
    static func windowLength(subjectLength: Int) -> Int {
        subjectLength > longestWindowedLength ? Int.max : max(1, (directLength * directLength) / max(1, subjectLength))
    }
}

/// A range of positions in a subject where a match may start.
struct SearchWindow {
    let subject: UnsafeRawBufferPointer
    private(set) var start: Int
    private(set) var options: UInt32
    private let length: Int

    init(subject: UnsafeRawBufferPointer, start: Int, options: UInt32, length: Int) {
        self.subject = subject
        self.start = start
        self.options = options
        self.length = length
    }

    var text: UnsafePointer<UInt8>? { subject.baseAddress?.assumingMemoryBound(to: UInt8.self) }

    /// The last position, which is that of the end of the subject in the last window.
    var lastStart: Int { length > subject.count - start ? subject.count : start + length - 1 }

    /// Moves to the next window; false if this was the last one.
    mutating func advance(starts: Pattern.StartPositions) -> Bool {
        guard lastStart < subject.count else { return false }
        start = lastStart + 1
        // The options say what must not match at the start of the search, which is past.
        options = 0
        switch starts {
        case .beginningOnly:
            return false
        case .lineStarts:
            // PCRE2 tries the first position in any case, at the cost of a whole line, where the pattern begins with `.*`.
            guard subject[start - 1] != UInt8(ascii: "\n") else { return true }
            guard let lineEnd = subject[start...].firstIndex(of: UInt8(ascii: "\n")) else { return false }
            start = lineEnd + 1
        case .anywhere:
            while start < subject.count, subject[start] & 0xC0 == 0x80 { start += 1 }
        }
        return true
    }
}

/// A pattern of Python's `re`, written for PCRE2.
struct PatternTranslation {
    let text: String
    let options: UInt32
    let captureCount: Int
    /// The number of the group named `answer`; 0 where there is none.
    let answerGroup: Int
    /// What each match contains.
    let required: RequiredText.BySubject

    /// Which places of `text` came from which of the source, in ascending order.
    private let marks: [Mark]

    struct Mark {
        /// Bytes from the start of the text.
        var output: Int
        /// Unicode scalars from the start of the source.
        let source: Int
    }

    init(
        text: String, options: UInt32, captureCount: Int, answerGroup: Int, required: RequiredText.BySubject,
        marks: [Mark]
    ) {
        self.text = text
        self.required = required
        self.options = options
        self.captureCount = captureCount
        self.answerGroup = answerGroup
        self.marks = marks
    }

    /// The place in the source that byte `output` of the text came from.
    func sourceOffset(of output: Int) -> Int {
        marks.last { $0.output <= output }?.source ?? 0
    }
}

/// The flags in force at some place of a pattern: those of Python's `(?aimsx)`.
struct PatternFlags: OptionSet {
    let rawValue: UInt8
    static let ascii = PatternFlags(rawValue: 1)
    static let ignoreCase = PatternFlags(rawValue: 2)
    static let multiline = PatternFlags(rawValue: 4)
    static let dotAll = PatternFlags(rawValue: 8)
    static let verbose = PatternFlags(rawValue: 16)

    /// Those that PCRE2 is told of. It knows no case-insensitivity for ASCII alone: that is spelled out as classes.
    var forPCRE2: PatternFlags {
        intersection(contains(.ascii) ? [.multiline, .dotAll] : [.ignoreCase, .multiline, .dotAll])
    }

    /// The letters of `forPCRE2`.
    var letters: String {
        (contains(.ignoreCase) ? "i" : "") + (contains(.multiline) ? "m" : "") + (contains(.dotAll) ? "s" : "")
    }
}

/// How many characters a part of a pattern can match.
struct PatternWidth {
    var minimum: Int
    var maximum: Int

    static let zero = PatternWidth(minimum: 0, maximum: 0)
    static let one = PatternWidth(minimum: 1, maximum: 1)

    var isFixed: Bool { minimum == maximum }

    /// Larger widths and "no upper bound" are all this: beyond what a lookbehind may have, and safe to multiply.
    private static let infinity = 1 << 31

    static func + (one: PatternWidth, two: PatternWidth) -> PatternWidth {
        PatternWidth(
            minimum: min(one.minimum + two.minimum, infinity), maximum: min(one.maximum + two.maximum, infinity))
    }

    func union(_ other: PatternWidth) -> PatternWidth {
        PatternWidth(minimum: min(minimum, other.minimum), maximum: max(maximum, other.maximum))
    }

    func repeated(_ counts: (minimum: Int, maximum: Int?)) -> PatternWidth {
        PatternWidth(
            minimum: min(minimum * counts.minimum, Self.infinity),
            maximum: min(maximum * (counts.maximum ?? Self.infinity), Self.infinity))
    }
}

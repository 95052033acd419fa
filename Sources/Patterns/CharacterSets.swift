/// The character classes of Python's escapes.
enum CharacterCategory {
    case digit, space, word

    /// What to write between the brackets of a PCRE2 class for the characters of the category, or for all others.
    ///
    /// Compared with Python 3.11 over all of Unicode: `str.isdecimal`, `str.isalnum` and `_` are the properties `Nd` and
    /// `Xwd` exactly; `str.isspace` has the separators U+001C ... U+001F, which PCRE2's `\s` lacks, and has no U+180E. As
    /// ranges, white space is also twice as fast as the property.
    func classItems(ascii: Bool, negated: Bool) -> String {
        switch (self, ascii, negated) {
        case (.digit, false, false): #"\p{Nd}"#
        case (.digit, false, true): #"\P{Nd}"#
        case (.digit, true, false): "0-9"
        case (.digit, true, true): #"\x{0}-\x{2f}\x{3a}-\x{10ffff}"#
        case (.word, false, false): #"\p{Xwd}"#
        case (.word, false, true): #"\P{Xwd}"#
        case (.word, true, false): "0-9A-Z_a-z"
        case (.word, true, true): #"\x{0}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{5e}\x{60}\x{7b}-\x{10ffff}"#
        case (.space, false, false):
            #"\x{9}-\x{d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"#
        case (.space, false, true):
            #"\x{0}-\x{8}\x{e}-\x{1b}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"#
                + #"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"#
        case (.space, true, false): #"\x{9}-\x{d}\x{20}"#
        case (.space, true, true): #"\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{10ffff}"#
        }
    }

    /// The category as a pattern of its own.
    func atom(ascii: Bool, negated: Bool) -> String {
        self != .space && !ascii
            ? classItems(ascii: ascii, negated: negated)
            : (negated ? "[^" : "[") + classItems(ascii: ascii, negated: false) + "]"
    }
}

/// Case-insensitive matching where Python's differs from PCRE2's.
enum CaseVariants {
    /// Characters that match each other in Python, but not in PCRE2 10.42. All others were compared and agree.
    private static let sets: [[UInt32]] = [
        [0x49, 0x69, 0x130, 0x131],  // I i İ ı
        [0x390, 0x1FD3],  // ΐ ΐ
        [0x3B0, 0x1FE3],  // ΰ ΰ
        [0xFB05, 0xFB06],  // ﬅ ﬆ
    ]

    /// The characters to add to a case-insensitive class that has `range`.
    static func added(to range: ClosedRange<UInt32>) -> [UInt32] {
        sets.flatMap { $0.contains(where: range.contains) ? $0 : [] }
    }

    /// The ASCII letters that differ only by case from those in `range`.
    static func asciiCounterparts(of range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        let (upper, lower): (ClosedRange<UInt32>, ClosedRange<UInt32>) = (0x41...0x5A, 0x61...0x7A)
        var ranges: [ClosedRange<UInt32>] = []
        if range.overlaps(upper) {
            let part = range.clamped(to: upper)
            ranges.append(part.lowerBound + 32...part.upperBound + 32)
        }
        if range.overlaps(lower) {
            let part = range.clamped(to: lower)
            ranges.append(part.lowerBound - 32...part.upperBound - 32)
        }
        return ranges
    }
}

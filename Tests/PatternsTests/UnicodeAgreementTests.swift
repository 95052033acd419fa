import Patterns
import Testing

/// The expected values were computed with Python 3.11, whose Unicode 14 is PCRE2 10.42's too.
@Suite("All of Unicode is classified as by Python's re")
struct UnicodeAgreementTests {
    /// The characters that Unicode 14 had, as one text.
    static let characters: [Unicode.Scalar] = (UInt32(0)...0x10FFFF).compactMap(Unicode.Scalar.init)

    @Test(
        "White space",
        arguments: [
            (
                #"\s"#,
                [
                    9...13, 28...32, 133...133, 160...160, 5760...5760, 8192...8202, 8232...8233, 8239...8239,
                    8287...8287, 12288...12288,
                ]
            ),
            (#"(?a)\s"#, [9...13, 32...32]), (#"(?a:[\s])"#, [9...13, 32...32]),
            (#"(?a)\d"#, [48...57]), (#"(?a)\w"#, [48...57, 65...90, 95...95, 97...122]),
            (#"(?a:[^\W])"#, [48...57, 65...90, 95...95, 97...122]),
        ] as [(String, [ClosedRange<UInt32>])])
    func sets(_ pattern: String, _ expected: [ClosedRange<UInt32>]) throws {
        #expect(try ranges(pattern) == expected)
    }

    @Test(
        "Categories and their opposites share out all characters",
        arguments: [
            (#"\s"#, #"\S"#), (#"\d"#, #"\D"#), (#"\w"#, #"\W"#), (#"(?a)\s"#, #"(?a)\S"#), (#"(?a)\d"#, #"(?a)\D"#),
            (#"(?a)\w"#, #"(?a)\W"#), (#"[\s]"#, #"[\S]"#), (#"[\w]"#, #"[^\w]"#), (#"(?a:[\w])"#, #"(?a:[\W])"#),
            (#"(?a:[\s])"#, #"(?a:[\S])"#), (#"(?a:[\d])"#, #"(?a:[\D])"#),
        ])
    func opposites(_ category: String, _ opposite: String) throws {
        let members = try ranges(category)
        let others = try ranges(opposite)
        let all = try ranges("(?s).")
        #expect(members.map(\.count).reduce(0, +) + others.map(\.count).reduce(0, +) == all.map(\.count).reduce(0, +))
        #expect(!members.contains { range in others.contains { $0.overlaps(range) } })
    }

    @Test(
        "Letters and digits",
        arguments: [(#"\w"#, 734, 0xdf8b_e76b_ee5e_9719), (#"\d"#, 62, 0x2131_2a3d_e05f_c191)]
            as [(String, Int, UInt64)])
    func wordsAndDigits(_ pattern: String, _ count: Int, _ hash: UInt64) throws {
        let found = try ranges(pattern)
        #expect(found.count == count)
        #expect(Self.hash(found.flatMap { [$0.lowerBound, $0.upperBound] }) == hash)
    }

    @Test("Which characters match each other without case")
    func cases() throws {
        let cased = Self.characters.filter {
            $0.properties.changesWhenCaseMapped || $0.properties.changesWhenCaseFolded || $0 == "ı" || $0 == "ſ"
        }
        let text = Array(String(String.UnicodeScalarView(cased)).utf8)
        var scratch = MatchScratch()
        var pairs: [UInt32] = []
        for scalar in cased {
            let pattern = try Pattern("(?i)\\U" + Self.eightDigits(scalar.value))
            try text.withUnsafeBytes { text in
                try pattern.forEachMatch(in: text, using: &scratch) { match in
                    let other = String(decoding: text[match.range], as: UTF8.self).unicodeScalars.first
                    if let other, other != scalar { pairs += [scalar.value, other.value] }
                }
            }
        }
        #expect(pairs.count / 2 == 2990)
        #expect(Self.hash(pairs) == 0x4652_86f5_73f5_4e83)
    }

    /// The characters that a pattern of one character matches, as ranges of their numbers.
    private func ranges(_ source: String) throws -> [ClosedRange<UInt32>] {
        let pattern = try Pattern(source)
        let text = Array(String(String.UnicodeScalarView(Self.characters)).utf8)
        var scratch = MatchScratch()
        var ranges: [ClosedRange<UInt32>] = []
        // In pieces of one plane each: a search in short texts is quicker.
        try text.withUnsafeBytes { text in
            try pattern.forEachMatch(in: text, using: &scratch) { match in
                guard let value = String(decoding: text[match.range], as: UTF8.self).unicodeScalars.first?.value
                else { return }
                if let last = ranges.last, last.upperBound + 1 == value {
                    ranges[ranges.count - 1] = last.lowerBound...value
                } else {
                    ranges.append(value...value)
                }
            }
        }
        return ranges
    }

    /// FNV-1a, a number at a time.
    private static func hash(_ values: [UInt32]) -> UInt64 {
        values.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func eightDigits(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

import Patterns
import Testing

/// The expected values were computed with Python 3.11, whose Unicode 14 is PCRE2 10.42's too.
@Suite("All of Unicode is classified as by Python's re")
struct UnicodeAgreementTests {
    /// All characters in their order, those that later versions of Unicode added replaced by one for private use.
    static let characters = (UInt32(0)...0x10FFFF).compactMap(Unicode.Scalar.init).map {
        $0.properties.age.map { $0.major <= 14 } ?? true ? $0 : "\u{E000}"
    }
    static let text = Array(String(String.UnicodeScalarView(characters)).utf8)

    @Test("Sets that are small enough to write down", arguments: smallSets)
    func smallSet(_ pattern: String, _ expected: [ClosedRange<UInt32>]) throws {
        #expect(try ranges(pattern) == expected)
    }

    static let smallSets: [(String, [ClosedRange<UInt32>])] = [
        (
            #"\s+"#,
            [
                0x9...0xD, 0x1C...0x20, 0x85...0x85, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029,
                0x202F...0x202F, 0x205F...0x205F, 0x3000...0x3000,
            ]
        ),
        (#"(?a)\s+"#, [0x9...0xD, 0x20...0x20]),
        (#"(?a:[\s]+)"#, [0x9...0xD, 0x20...0x20]),
        (#"(?a)\d+"#, [0x30...0x39]),
        (#"(?a)\w+"#, [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]),
        (#"(?a:[^\W]+)"#, [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]),
    ]

    @Test("Letters and digits, by the number and the hash of their ranges", arguments: largeSets)
    func largeSet(_ pattern: String, _ count: Int, _ hash: UInt64) throws {
        let found = try ranges(pattern)
        #expect(found.count == count)
        #expect(Self.hash(found.flatMap { [$0.lowerBound, $0.upperBound] }) == hash)
    }

    static let largeSets: [(String, Int, UInt64)] = [
        (#"\w+"#, 734, 0xdf8b_e76b_ee5e_9719), (#"(?a)(?u:\w+)"#, 734, 0xdf8b_e76b_ee5e_9719),
        (#"\d+"#, 62, 0x2131_2a3d_e05f_c191), (#"(?a)(?u:[\d]+)"#, 62, 0x2131_2a3d_e05f_c191),
    ]

    @Test(
        "Categories and their opposites share out all characters",
        arguments: [
            (#"\s+"#, #"\S+"#), (#"\d+"#, #"\D+"#), (#"\w+"#, #"\W+"#), (#"(?a)\s+"#, #"(?a)\S+"#),
            (#"(?a)\d+"#, #"(?a)\D+"#),
            (#"(?a)\w+"#, #"(?a)\W+"#), (#"[\s]+"#, #"[\S]+"#), (#"[\w]+"#, #"[^\w]+"#),
            (#"(?a:[\w]+)"#, #"(?a:[\W]+)"#),
            (#"(?a:[\s]+)"#, #"(?a:[\S]+)"#), (#"(?a:[\d]+)"#, #"(?a:[\D]+)"#),
        ])
    func opposites(_ category: String, _ opposite: String) throws {
        let all = try (runs(category) + runs(opposite)).sorted { $0.lowerBound < $1.lowerBound }
        #expect(all.first?.lowerBound == 0)
        #expect(all.last?.upperBound == Self.text.count)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
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

    /// Where in the text a pattern, of a repeated class, matches.
    private func runs(_ pattern: String) throws -> [Range<Int>] {
        let pattern = try Pattern(pattern)
        var scratch = MatchScratch()
        var runs: [Range<Int>] = []
        try Self.text.withUnsafeBytes { text in
            try pattern.forEachMatch(in: text, using: &scratch) { runs.append($0.range) }
        }
        return runs
    }

    /// The numbers of the characters in the class.
    private func ranges(_ pattern: String) throws -> [ClosedRange<UInt32>] {
        try runs(pattern).compactMap { run in
            let text = String(decoding: Self.text[run], as: UTF8.self).unicodeScalars
            guard let first = text.first, let last = text.last else { return nil }
            return first.value...last.value
        }
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

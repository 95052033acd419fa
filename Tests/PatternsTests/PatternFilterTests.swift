import Testing

@testable import Patterns

/// What is ruled out before patterns are searched never changes what is found.
struct PatternFilterTests {
    @Test(
        "texts that each match contains",
        arguments: [
            (#"(?i)Answer\s*:\s*([A-D])"#, ["wer"], ["answer"]),
            (#"Answer: ([A-D])"#, ["answer: "], ["answer: "]),
            (#"(?i)答案\s*：\s*([A-D])"#, ["答案"], []),
            (#"(?:yes|no)!+(.)"#, ["yes", "no"], ["yes", "no"]),
            (#"x(?:abc){2,}y?(.)"#, ["abc"], ["abc"]),
            (#"(?i)réponse (.)"#, ["pon"], []),
            (#"(a|bc)?d*\b(?=never)"#, nil, nil),
            (#"ab(?!cd)\bef(.)"#, ["abef"], ["abef"]),
            (#"(?i)kiss"#, nil, ["kiss"]),
            (#"(?i:K)elvin"#, ["elvin"], ["kelvin"]),
            (#"(?i:\u212a)elvin"#, ["elvin"], ["kelvin"]),
            (#"(a)(?(1)bcd|efg)"#, ["a"], ["a"]),
            (#"(\w)x\1"#, ["x"], ["x"]),
            ("", nil, nil),
        ] as [(String, Set<String>?, Set<String>?)])
    func requiredTexts(pattern: String, general: Set<String>?, ascii: Set<String>?) throws {
        let required = try Pattern(pattern).required
        func strings(_ texts: Set<[UInt8]>?) -> Set<String>? {
            texts.map { Set($0.map { String(decoding: $0, as: UTF8.self) }) }
        }
        #expect(strings(required.general.texts) == general)
        #expect(strings(required.ascii.texts) == ascii)
    }

    private static let patterns = [
        #"(?i)The best answer is \s*([A-D])"#, #"(?i)Answer\s*:\s*([A-D])"#, #"(?i)উত্তরঃ\s*([A-D])"#,
        #"(?i)答案\s*：\s*([A-D])"#, #"(?i)Àṣàyàn\s*:\s*([A-D])"#, #"(?i)Jibu\s*:\s*([A-D])"#,
        #"(?i)kiss[: ]+([A-D])"#, #"(?i)İstanbul ([A-D])"#, #"Straße ([A-D])"#, #"(?ai)STRASSE ([a-d])"#,
        #"(?:eins|zwei|drei)([A-D])"#, #"\b([A-D])\.$"#,
    ]

    @Test("a list finds what its patterns find one by one, in subjects of any script and length")
    func listAgreesWithItsPatterns() throws {
        let patterns = try Self.patterns.map { try Pattern($0) }
        let list = PatternList(patterns)
        let pieces = [
            "The best answer is B", "ANSWER : c", "answer:", "উত্তরঃ D", "答案：A", "答案", "àṢÀYÀN : b", "jIBu: A",
            "\u{212A}i\u{17F}\u{17F}: C",
            "KISS:D", "istanbul A", "İSTANBUL B", "ıstanbul C", "Straße A", "strasse B", "einsB", "zweiC", "drei",
            " B.",
            "x", "", " ", "é", "wer", "\u{200B}", "The beſt answer is A",
        ]
        var scratch = MatchScratch()
        var other = MatchScratch()
        var found = 0
        for first in pieces {
            for second in pieces {
                for filling in ["", "a", "ab", "é", "\n", String(repeating: "answ ", count: 500)] {
                    var subject = filling + first + filling + second
                    try subject.withUTF8 { bytes in
                        let subject = UnsafeRawBufferPointer(bytes)
                        let result = try list.firstMatch(in: subject, using: &scratch)
                        var expected: (pattern: Int, match: Match)?
                        for (index, pattern) in patterns.enumerated() where expected == nil {
                            if let match = try pattern.firstMatch(in: subject, using: &other) {
                                expected = (index, match)
                            }
                        }
                        #expect(result?.pattern == expected?.pattern, "\(String(decoding: bytes, as: UTF8.self))")
                        #expect(result?.match.range == expected?.match.range)
                        if result != nil { found += 1 }
                    }
                }
            }
        }
        #expect(found > 2000)
    }
}

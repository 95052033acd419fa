import Patterns
import Testing

@Suite("Searching")
struct SearchTests {
    @Test("Offsets are bytes, of the whole match and of group 1")
    func offsets() throws {
        let (match, _) = try search("é(日)?x", in: "aé日x")
        #expect(match?.range == 1..<7)
        #expect(match?.answer == 3..<6)
        let (other, _) = try search("é(日)?x", in: "éx")
        #expect(other?.range == 0..<3)
        #expect(other?.answer == nil)
        #expect(try search("a", in: "ba").match?.answer == nil)
    }

    @Test("A text without bytes, with and without an address")
    func emptyText() throws {
        var scratch = MatchScratch()
        let pattern = try Pattern("^(x?)$")
        #expect(
            try pattern.firstMatch(in: UnsafeRawBufferPointer(start: nil, count: 0), using: &scratch)?.range == 0..<0)
        #expect(try search("^(x?)$", in: "").match?.answer == 0..<0)
        #expect(try search("(x)", in: "").match == nil)
    }

    @Test(
        "A pattern knows how many groups it has",
        arguments: [("a", 0), ("(a)", 1), ("(?:a)(b(?P<n>c))", 2), ("[(](?#()a", 0)])
    func captureCount(_ pattern: String, _ count: Int) throws {
        #expect(try Pattern(pattern).captureCount == count)
    }

    @Test("Groups of one scratch grow with the patterns it is used for")
    func manyGroups() throws {
        let letters = (0..<300).map { _ in "(a)" }.joined()
        var scratch = MatchScratch()
        let text = Array(String(repeating: "a", count: 300).utf8)
        try text.withUnsafeBytes { text in
            let one = try Pattern("(a)")
            let many = try Pattern(letters)
            #expect(try one.firstMatch(in: text, using: &scratch)?.answer == 0..<1)
            #expect(scratch.group(2) == nil)
            #expect(try many.firstMatch(in: text, using: &scratch)?.answer == 0..<1)
            #expect(scratch.group(300) == 299..<300)
            #expect(scratch.group(301) == nil)
            #expect(scratch.group(-1) == nil)
            #expect(try one.firstMatch(in: text, using: &scratch)?.range == 0..<1)
            #expect(scratch.group(300) == nil)
            #expect(try Pattern("b").firstMatch(in: text, using: &scratch) == nil)
            #expect(scratch.group(0) == nil)
        }
    }

    /// From Python 3.11: `[m.span() for m in re.finditer(…)]`.
    @Test(
        "All matches follow each other as in re.finditer",
        arguments: [
            ("a*", "baac", [0..<0, 1..<3, 3..<3, 4..<4]),
            ("a*?", "aa", [0..<0, 0..<1, 1..<1, 1..<2, 2..<2]),
            ("x*", "é", [0..<0, 2..<2]),
            (#"\b"#, "ab c", [0..<0, 2..<2, 3..<3, 4..<4]),
            (#"\d+"#, "1 22 333", [0..<1, 2..<4, 5..<8]),
            ("a|", "aba", [0..<1, 1..<1, 2..<3, 3..<3]),
            ("(?m)^", "a\nb\n", [0..<0, 2..<2, 4..<4]),
            ("^a", "aa", [0..<1]),
            ("(?<=a)b", "abab", [1..<2, 3..<4]),
            (".*?x", "axbx", [0..<2, 2..<4]),
            ("$", "a\n", [1..<1, 2..<2]),
            ("z", "aa", []),
        ] as [(String, String, [Range<Int>])])
    func allMatches(_ source: String, _ subject: String, _ expected: [Range<Int>]) throws {
        let pattern = try Pattern(source)
        let text = Array(subject.utf8)
        var scratch = MatchScratch()
        var found: [Range<Int>] = []
        try text.withUnsafeBytes { try pattern.forEachMatch(in: $0, using: &scratch) { found.append($0.range) } }
        #expect(found == expected)
        #expect(try text.withUnsafeBytes { try pattern.lastMatch(in: $0, using: &scratch) }?.range == expected.last)
    }

    @Test("The last match brings its group 1")
    func lastMatch() throws {
        let text = Array("Answer: A. No, answer: B! Answer: ".utf8)
        var scratch = MatchScratch()
        let match = try text.withUnsafeBytes {
            try Pattern("(?i)answer: ([A-D])").lastMatch(in: $0, using: &scratch)
        }
        #expect(match?.answer == 23..<24)
    }

    @Test(
        "A list finds its first pattern that is in the text",
        arguments: [
            ("b a", 0, 2..<3, 2..<3), ("c b b", 1, 2..<3, 4..<5), ("c", nil, nil, nil),
        ] as [(String, Int?, Range<Int>?, Range<Int>?)])
    func list(_ subject: String, _ index: Int?, _ first: Range<Int>?, _ last: Range<Int>?) throws {
        let list = PatternList([try Pattern("(a)"), try Pattern("(b)")])
        var scratch = MatchScratch()
        for padding in [0, 5000] {
            let text = Array(subject.utf8) + Array(repeating: UInt8(ascii: "."), count: padding)
            try text.withUnsafeBytes { text in
                let found = try list.firstMatch(in: text, using: &scratch)
                #expect(found?.pattern == index)
                #expect(found?.match.range == first)
                #expect(try list.lastMatch(in: text, using: &scratch)?.match.range == last)
            }
        }
    }

    /// Texts longer than 2 KiB are searched in pieces, which must not show.
    @Test("Long texts give what short ones give", arguments: [2040, 2048, 2049, 5000, 100_000, 300_000])
    func longTexts(_ length: Int) throws {
        let filler = String(repeating: "é. a\n", count: length / 6)
        let end = filler.utf8.count
        #expect(try search(#"(\w+)\Z"#, in: filler + "last").match?.answer == end..<end + 4)
        #expect(try search("(?m)^(x)", in: filler + "x").match?.answer == end..<end + 1)
        #expect(try search(".*(x)", in: filler + "ax").match?.range == end..<end + 2)
        #expect(try search("(?s)(.*)x", in: filler + "ax").match?.answer == 0..<end + 1)
        #expect(try search("^(x)", in: filler + "x").match == nil)
        #expect(try search(#"\Aé(.)"#, in: filler).match?.answer == 2..<3)
        #expect(try search("(?<=x)$", in: filler + "x").match?.range == end + 1..<end + 1)
        #expect(try search("(?s)(?=.{3}\\Z)(.)", in: filler + "xyz").match?.answer == end..<end + 1)
        let pattern = try Pattern("a*")
        var scratch = MatchScratch()
        var count = 0
        try Array(filler.utf8).withUnsafeBytes { try pattern.forEachMatch(in: $0, using: &scratch) { _ in count += 1 } }
        #expect(count == length / 6 * 5 + 1)
    }

    @Test("Threads share a pattern, each with a scratch of its own")
    func threads() async throws {
        let pattern = try Pattern(#"(?i)answer:\s*(?:the )*(\w+)"#)
        let counts = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var scratch = MatchScratch()
                    var right = 0
                    for row in 0..<2000 {
                        let padding = String(repeating: "the ", count: row % 700)
                        let text = Array("\(padding)ANSWER: \(padding)\(worker)x\(row)".utf8)
                        let match = try? text.withUnsafeBytes { try pattern.firstMatch(in: $0, using: &scratch) }
                        if let span = match?.answer, text[span].elementsEqual("\(worker)x\(row)".utf8) { right += 1 }
                    }
                    return right
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 2000, count: 8))
    }

    private func search(_ source: String, in subject: String) throws -> (match: Match?, group2: Range<Int>?) {
        let pattern = try Pattern(source)
        var scratch = MatchScratch()
        let match = try Array(subject.utf8).withUnsafeBytes { try pattern.firstMatch(in: $0, using: &scratch) }
        return (match, scratch.group(2))
    }
}

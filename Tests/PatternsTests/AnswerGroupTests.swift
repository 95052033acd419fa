import Patterns
import Testing

@Suite("The part of a match that is the answer")
struct AnswerGroupTests {
    @Test(
        "is the first group that took part, or the group named answer",
        arguments: [
            (#"#### (\d+)|answer is (\d+)"#, "the answer is 7", "7"),
            (#"#### (\d+)|answer is (\d+)"#, "#### 12", "12"),
            (#"(-?[$0-9.,]{2,})|(-?[0-9]+)"#, "7", "7"),
            (#"(a)?(b)?(c)"#, "bc", "b"),
            (#"(x*)(\d+)"#, "7", ""),
            (#"(\w+): (?P<answer>\d+)"#, "Answer: 7", "7"),
            (#"(?P<answer>\d+)|(none)"#, "none", nil),
            (#"(?:a)|(b)"#, "a", nil),
            (#"((?:(\d)|x)+)"#, "1x", "1x"),
            (#"(?P<other>a)|(?P<answer>b)"#, "b", "b"),
        ] as [(String, String, String?)])
    func answer(_ source: String, _ text: String, _ answer: String?) throws {
        var scratch = MatchScratch()
        let pattern = try Pattern(source)
        let bytes = Array(text.utf8)
        let matches = try bytes.withUnsafeBytes { bytes in
            [
                try pattern.firstMatch(in: bytes, using: &scratch), try pattern.lastMatch(in: bytes, using: &scratch),
                try PatternList([pattern]).firstMatch(in: bytes, using: &scratch)?.match,
            ]
        }
        for match in matches {
            let found = try #require(match).answer.map { String(decoding: bytes[$0], as: UTF8.self) }
            #expect(found == answer)
        }
    }

    @Test("Lists that would take too much memory are refused, and say why")
    func limits() throws {
        func fault(_ sources: [String]) -> PatternListError? {
            #expect(throws: PatternListError.self) { _ = try PatternList.compile(sources) }
        }
        #expect(
            fault(Array(repeating: "(a)", count: 1001))?.message.hasPrefix("found 1001 patterns; at most 1000") == true)
        let long = "(" + String(repeating: "a", count: 3000) + ")"
        #expect(fault(Array(repeating: long, count: 100))?.message.contains("bytes in total; at most 262144") == true)
        let large = try #require(fault(Array(repeating: "((?:a(?:b|c)d){700})", count: 1000)))
        #expect(large.message.contains("the compiled patterns take more than 64 MiB"))
        #expect((large.index ?? 0) > 0)
        #expect(fault(["(a)", "b"]) == fault(["(c)", "d"]))
        #expect(fault(["(a)", "b"])?.index == 1)
        #expect(try PatternList.compile(Array(repeating: "(a)", count: 1000)).count == 1000)
    }
}

@Suite("The searches of a row have one budget of time")
struct RowBudgetTests {
    /// Takes long in a text of thousands of letters, and finds nothing.
    private static let slow = "(a[^b]*[!?])"

    @Test("which many searches use up together, and the last pattern is named")
    func sharedBudget() throws {
        var scratch = MatchScratch()
        let patterns = PatternList(try PatternList.compile(Array(repeating: Self.slow, count: 100)))
        let text = Array(repeating: UInt8(ascii: "a"), count: 5000)
        scratch.beginRow(budget: .milliseconds(50))
        let error = #expect(throws: MatchError.self) {
            try text.withUnsafeBytes { _ = try patterns.firstMatch(in: $0, using: &scratch) }
        }
        #expect([.rowBudget(.milliseconds(50)), .timeBudget(.milliseconds(50))].contains(error?.reason))
        #expect(error?.description.contains("/\(Self.slow)") == true)

        // The next row has a budget of its own.
        scratch.beginRow()
        let match = try Array("a!".utf8).withUnsafeBytes { try patterns.firstMatch(in: $0, using: &scratch) }
        #expect(match?.pattern == 0)
        scratch.endRow()
    }

    @Test("and end when nobody wants their result any more")
    func cancelled() throws {
        var scratch = MatchScratch()
        let pattern = try Pattern(Self.slow)
        let text = Array(repeating: UInt8(ascii: "a"), count: 20_000)
        scratch.askWhetherCancelled { true }
        let error = #expect(throws: MatchError.self) {
            try text.withUnsafeBytes { _ = try pattern.firstMatch(in: $0, using: &scratch) }
        }
        #expect(error?.reason == .cancelled)
        scratch.askWhetherCancelled(nil)
        let match = try Array("a!".utf8).withUnsafeBytes { try pattern.firstMatch(in: $0, using: &scratch) }
        #expect(match?.range == 0..<2)
    }
}

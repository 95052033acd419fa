import Patterns
import Testing

@Suite("Searches that would take too long are given up")
struct MatchLimitTests {
    @Test(
        "Backtracking without end is an error",
        arguments: ["(a+)+$", "(a|aa)+$", "(a|a)*$", #"(\w+\s?)+$"#, "((a+)b?)+$"], [40, 300, 2048, 2049, 5000])
    func catastrophic(_ source: String, _ length: Int) throws {
        let error = #expect(throws: MatchError.self) {
            let text = String(repeating: "a", count: length) + "b!"
            return try search(source, in: text, limits: MatchLimits(steps: 100_000))
        }
        #expect(error?.reason == .steps(100_000))
    }

    @Test("The error names the pattern, shortened, and says what to do")
    func description() throws {
        let source = "(a+)+$" + String(repeating: "|b", count: 100)
        let error = #expect(throws: MatchError.self) { try search(source, in: String(repeating: "a", count: 40) + "!") }
        let text = try #require(error).description
        #expect(text.hasPrefix("the search for /(a+)+$|b|b"))
        #expect(text.contains(".../ backtracked more than 1000000 steps"))
        #expect(text.contains("possessive"))
        #expect(error?.pattern == source)
    }

    @Test(
        "A search that takes too much time in all ends within its budget",
        arguments: [
            (#"\s+$"#, " ", 1_000_000), (#"\s+$"#, " ", 20_000_000), (#"(\s+)$"#, " ", 200_000),
            (".*.*=", "a", 1_000_000),
            (".*.*[=:]", "a", 200_000), ("(?:x+x+)+y", "x", 1_000_000), ("(?s)(?:a|a){19}(?>.*)[xX]", "a", 200_000),
            ("(a*)\\1\\1b", "a", 1_000_000), ("a+a+a+[cd]", "a", 1000),
        ])
    func tooSlow(_ source: String, _ character: String, _ length: Int) throws {
        let text = String(repeating: character, count: length) + "!"
        do {
            let match = try search(source, in: text, limits: MatchLimits(timeBudget: .milliseconds(50)))
            #expect(match == nil)
        } catch let error as MatchError {
            #expect([.timeBudget(.milliseconds(50)), .steps(1_000_000)].contains(error.reason))
        }
    }

    @Test("All matches together have one budget")
    func budgetOfAllMatches() throws {
        let pattern = try Pattern(#"a(?=[^b]*+(b?))"#, limits: MatchLimits(timeBudget: .milliseconds(50)))
        var scratch = MatchScratch()
        let text = Array(repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(throws: MatchError.self) {
            try text.withUnsafeBytes { try pattern.lastMatch(in: $0, using: &scratch) }
        }
    }

    @Test("After an error the scratch serves on")
    func afterAnError() throws {
        var scratch = MatchScratch()
        let (hopeless, simple) = (try Pattern("(a+)+$"), try Pattern("(b)"))
        for _ in 0..<3 {
            for length in [40, 5000] {
                let text = Array(repeating: UInt8(ascii: "a"), count: length) + [UInt8(ascii: "b")]
                text.withUnsafeBytes { text in
                    #expect(throws: MatchError.self) { try hopeless.firstMatch(in: text, using: &scratch) }
                    #expect(scratch.group(0) == nil)
                }
                let match = try text.withUnsafeBytes { try simple.firstMatch(in: $0, using: &scratch) }
                #expect(match?.answer == length..<length + 1)
            }
        }
    }

    @Test("A deep match beyond the stack of compiled code is found", arguments: [1000, 30_000, 100_000])
    func deepMatch(_ length: Int) throws {
        let match = try search("(?:a|b)*(c)", in: String(repeating: "ab", count: length / 2) + "c")
        #expect(match?.range == 0..<length + 1)
        #expect(match?.answer == length..<length + 1)
    }

    @Test("Memory and depth of a deep match are limited")
    func memory() throws {
        let text = String(repeating: "a", count: 100_000) + "c"
        let heap = #expect(throws: MatchError.self) {
            try search("(?:a|b)*c", in: text, limits: MatchLimits(heap: 1000))
        }
        #expect(heap?.reason == .heap(1000))
        let depth = #expect(throws: MatchError.self) {
            try search("(?:a|b)*c", in: text, limits: MatchLimits(depth: 1000))
        }
        #expect(depth?.reason == .depth(1000))
    }

    @Test("Going back over a long text once is not too much", arguments: [3000, 100_000, 1_000_000])
    func longBacktracking(_ length: Int) throws {
        let text = "Answer: B" + String(repeating: ". x\n", count: length / 4)
        #expect(try search("(?s).*Answer: ([A-D])", in: text)?.answer == 8..<9)
        #expect(try search(#"(?s).*\b([A-D])\b"#, in: text)?.answer == 8..<9)
    }

    private func search(_ source: String, in subject: String, limits: MatchLimits = .standard) throws -> Match? {
        let pattern = try Pattern(source, limits: limits)
        var scratch = MatchScratch()
        return try Array(subject.utf8).withUnsafeBytes { try pattern.firstMatch(in: $0, using: &scratch) }
    }
}

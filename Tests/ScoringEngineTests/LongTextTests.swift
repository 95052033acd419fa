import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

/// Made up after a report of a server that went on for half a minute with a row whose client had left.
@Suite("A row of many megabytes costs less than a second, or itself")
struct LongTextTests {
    @Test(
        "a text that is taken apart has a limit, and the rows beside it are scored",
        arguments: [
            ("basic::number", 8, "7 "), ("basic::multiple_choice", 2, "A "), ("basic::docvqa", 8, "a "),
            ("basic::regex_parser_math_response", 8, "a "),
        ])
    func limit(function: String, mebibytes: Int, word: String) throws {
        let long = String(repeating: word, count: (mebibytes << 20) / 2 + 1)
        let isList = function == "basic::docvqa"
        func row(_ answer: String, _ expected: String) -> String {
            let right: JSONValue = isList ? [.string(expected)] : .string(expected)
            return JSONValue.object(["generated_answer": .string(answer), "expected_answer": right]).text + "\n"
        }
        let short = function == "basic::number" ? "7" : "A"
        let scoring = try Scoring(row(long, short) + row(short, short), function) { _ in }
        let counts = try #require(scoring.results[function]?.aggregates.counts)
        #expect(counts.total == 2)
        #expect(
            scoring.output.lines[0].contains("\(mebibytes) MiB that are read"), "\(scoring.output.lines[0].suffix(300))"
        )
        #expect(!scoring.output.lines[1].contains("input_error"))
    }
}

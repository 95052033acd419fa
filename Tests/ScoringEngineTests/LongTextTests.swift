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
            ("basic::number", 8, "7 "), ("basic::multiple_choice", 2, "A "), ("basic::docvqa", 4, "a "),
            ("basic::regex_parser_math_response", 8, "a "),
        ])
    func limit(function: String, mebibytes: Int, word: String) throws {
        let long = String(repeating: word, count: (mebibytes << 20) / 2 + 1)
        let isList = function == "basic::docvqa"
        func row(_ answer: String, _ expected: String) -> String {
            let right = isList ? "[\"\(expected)\"]" : "\"\(expected)\""
            return "{\"generated_answer\": \"\(answer)\", \"expected_answer\": \(right)}\n"
        }
        let short = function == "basic::number" ? "7" : "A"
        let scoring = try Scoring(row(long, short) + row(short, short), function) { _ in }
        let counts = try #require(scoring.results[function]?.aggregates.counts)
        #expect(counts.total == 2)
        #expect(
            scoring.output.lines[0].contains("longer than the limit of \(mebibytes) MiB"),
            "\(scoring.output.lines[0].suffix(300))"
        )
        #expect(!scoring.output.lines[1].contains("input_error"))
    }

    @Test(
        "many right answers for a long one are compared up to a limit of the product, and the rows beside are scored",
        arguments: [
            JSONValue.string(String(repeating: "a", count: 2 << 20)), .array((0..<400_000).map { .string("e\($0)") }),
        ])
    func manyAnswers(answer: JSONValue) throws {
        let size = answer.string?.utf8.count ?? answer.text.utf8.count
        let rows = [(1 << 28) / size + 1, (1 << 28) / size / 20].map { count in
            JSONValue.object([
                "generated_answer": answer, "expected_answer": .array(Array(repeating: "b", count: count)),
            ]).text + "\n"
        }
        let scoring = try Scoring(rows.joined(), "basic::subset_of", ["any_of": true]) { _ in }
        #expect(
            scoring.output.lines[0].contains("above the limit of 256 MiB in total"),
            "\(scoring.output.lines[0].suffix(300))")
        #expect(scoring.output.lines[1].contains("\"score\": 0.0"), "\(scoring.output.lines[1].suffix(300))")
    }

    @Test(
        "lists and objects that are compared as values have a limit, and the rows beside them are scored",
        arguments: [
            ("basic::equality", [:]), ("basic::equality", ["any_of": true]), ("basic::subset_of", ["any_of": true]),
            ("basic::regex_parser_multiple_choice_answer", ["any_of": true, "parsing_regexes": ["(?s)(.*)"]]),
            ("braintrust::exact-match", [:]), ("braintrust::json-diff", [:]),
        ] as [(String, JSONObject)])
    func containers(function: String, parameters: JSONObject) throws {
        let list = "[" + String(repeating: "1,", count: 4 << 20) + "1]"
        let rows = answers(#""1""#, list) + answers(#""1""#, "[\"1\"]")
        let scoring = try Scoring(rows, function, parameters)
        #expect(
            scoring.output.lines[0].contains("longer than the limit of "), "\(scoring.output.lines[0].suffix(300))")
        #expect(!scoring.output.lines[1].contains("MiB"), "\(scoring.output.lines[1].suffix(300))")
    }
}

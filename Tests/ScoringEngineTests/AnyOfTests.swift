import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Any of several right answers is right where any_of is set")
struct AnyOfTests {
    private static let regexes: JSONValue = ["A: (.+)"]
    private static let mathRegexes: JSONValue = ["Result: (.+)"]

    @Test(
        "for each function",
        arguments: [
            ("equality", [:], #""b""#, #"["a", "b"]"#, 1.0), ("equality", [:], "2", "[1, 2.0]", 1.0),
            ("equality", [:], #""c""#, #"["a", "b"]"#, 0.0), ("equality", [:], #""b""#, #""['a', 'b']""#, 1.0),
            ("equality", [:], #""2""#, #""[1, 2]""#, 1.0), ("equality", [:], #""b""#, #""b""#, 1.0),
            ("equality", [:], #"["a"]"#, #"[["a"], ["b"]]"#, 1.0),
            ("subset_of", [:], #""It is in Vienna.""#, #"["Wien", "Vienna"]"#, 1.0),
            ("subset_of", [:], #""It is in Graz.""#, #"["Wien", "Vienna"]"#, 0.0),
            ("subset_of", [:], #""It is 42.""#, #""[41, 42]""#, 1.0),
            ("subset_of", [:], #"["a", "b"]"#, #"["x", "b"]"#, 1.0),
            ("subset_of", [:], #""Vienna""#, #""['Wien' 'Vienna']""#, 1.0),
            ("regex_parser_multiple_choice_answer", ["parsing_regexes": regexes], #""A: b""#, #"["a", "b"]"#, 1.0),
            ("regex_parser_multiple_choice_answer", ["parsing_regexes": regexes], #""A: 2""#, "[1, 2]", 1.0),
            (
                "regex_parser_multiple_choice_answer", ["parsing_regexes": regexes, "normalize": "number"],
                #""A: 2.0""#,
                #""[1, 2]""#, 1.0
            ),
            (
                "regex_parser_math_response", ["parsing_regexes": mathRegexes], #""Result: 0.5""#,
                #"["1/3", "\\frac{1}{2}"]"#,
                1.0
            ),
            ("regex_parser_math_response", ["parsing_regexes": mathRegexes], #""Result: 2""#, #""3""#, 0.0),
            ("docvqa", [:], #""Vienna""#, #"["wien", "vienna"]"#, 1.0),
        ] as [(String, JSONObject, String, String, Double)])
    func anyOf(
        _ function: String, _ parameters: JSONObject, _ answer: String, _ expected: String, _ score: Double
    ) throws {
        var parameters = parameters
        if function != "docvqa" { parameters["any_of"] = true }
        let verdict = try Scoring(answers(answer, expected), "basic::\(function)", parameters).verdicts[0]
        #expect(verdict["score"] == JSONValue(score), "\(verdict.text)")
    }

    @Test(
        "a list without it, or what is no list with it, is an error that says so",
        arguments: [
            ("subset_of", false, #"["a"]"#, "to accept any element of the list, set any_of"),
            ("regex_parser_math_response", false, #"["a"]"#, "set any_of to true"),
            ("regex_parser_multiple_choice_answer", false, #"["a"]"#, "set any_of to true"),
            ("regex_parser_multiple_choice_answer", true, "[]", "the list in expected_answer is empty"),
            ("regex_parser_multiple_choice_answer", true, "[[1]]", "holds an array; expected strings or numbers"),
            ("equality", true, #""[1, 2""#, "expected_answer is not a list in JSON or Python syntax"),
        ])
    func faults(_ function: String, _ isAnyOf: Bool, _ expected: String, _ message: String) throws {
        let verdict = try Scoring(
            answers(#""Answer: A $\\boxed{a}$""#, expected), "basic::\(function)", isAnyOf ? ["any_of": true] : [:]
        ).verdicts[0]
        #expect(verdict["outcome"] == "input_error")
        #expect(verdict["message"]?.string?.contains(message) == true, "\(verdict.text)")
    }

    @Test("a long part is found in a long text wherever it is, and only where it is")
    func longParts() throws {
        var random: UInt64 = 20
        func next(_ bound: UInt64) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((random >> 33) % bound)
        }
        var rows = ""
        var expected: [JSONValue] = []
        for round in 0..<600 {
            // Texts of two letters, and periodic ones, in which most comparisons go on for long.
            let period = round % 3 == 0 ? 1 + next(6) : 500
            let letters = (0..<500).map { _ in next(2) == 0 ? "a" : "b" }
            var text = (0..<(100 + next(400))).map { letters[$0 % period] }
            if round % 2 == 0 { text[next(UInt64(text.count))] = "b" }
            let start = next(UInt64(text.count - 60))
            var part = Array(text[start..<start + 20 + next(40)])
            if round % 5 == 0 { part[next(UInt64(part.count))] = "b" }
            let (whole, wanted) = (text.joined(), part.joined())
            rows += answers("\"\(whole)\"", "\"\(wanted)\"")
            let isContained = text.indices.contains { text[$0...].starts(with: part) }
            expected.append(JSONValue(isContained ? 1.0 : 0.0))
        }
        let scores = try Scoring(rows, "basic::subset_of").verdicts.map { $0["score"] ?? .null }
        #expect(scores == expected)
        #expect(expected.contains(JSONValue(0.0)))
    }
}

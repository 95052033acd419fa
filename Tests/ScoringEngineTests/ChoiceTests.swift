import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("The option that an answer chooses is read as a person would read it")
struct ChoiceTests {
    private static let function = "basic::multiple_choice"

    /// What a row came to: its score, or its outcome.
    private func results(_ rows: String, _ parameters: JSONObject? = nil) throws -> [JSONValue] {
        try Scoring(rows, Self.function, parameters).verdicts.map { verdict in
            let score = verdict["score"] ?? .null
            return score == .null ? verdict["outcome"] ?? .null : score
        }
    }

    @Test("choices from bug reports on other tools are all right")
    func reported() throws {
        let lines = try dataLines("choices.jsonl")
        #expect(lines.count == 18)
        for (line, result) in zip(lines, try results(lines.map { $0 + "\n" }.joined())) {
            #expect(result == JSONValue(1.0), "\(line)")
        }
    }

    @Test("answers as models write them, in many forms and languages, and those that state nothing")
    func cases() throws {
        let lines = try dataLines("choice_cases.jsonl")
        #expect(lines.count == 236)
        for (line, result) in zip(lines, try results(lines.map { $0 + "\n" }.joined())) {
            #expect(try result == JSONValue(parsing: line)["score"], "\(line)")
        }
    }

    @Test("an answer that states no option has no score, or 0.0 if asked so; the letter that was read is shown")
    func unread() throws {
        let rows =
            answers(#""The answer is (B)""#, #""B""#) + answers(#""The answer is B or C""#, #""B""#)
            + answers(#""?""#, #""B""#)
        let verdicts = try Scoring(rows, Self.function).verdicts
        #expect(verdicts[0] == ["score": JSONValue(1.0), "parsed_answer": "B"])
        #expect(verdicts[1]["message"] == "the answer states more than one option")
        #expect(verdicts[2]["message"] == "the answer states no option")
        #expect(verdicts[2]["outcome"] == "unparsed")
        #expect(try results(rows, ["no_answer": "wrong"]) == [JSONValue(1.0), JSONValue(0.0), JSONValue(0.0)])
    }

    @Test(
        "the right option may be a letter, a place, or one of several",
        arguments: [
            (["expected": "index"], "1", "B", 1.0), (["expected": "index"], #""1""#, "B", 1.0),
            (["expected": "index"], "0", "A", 1.0), (["expected": "index"], "1", "A", 0.0),
            (["expected": "number"], "1", "A", 1.0), (["labels": "numbers"], "2", "The answer is 2.", 1.0),
            (["labels": "numbers"], #""2""#, "Answer: (3)", 0.0), (["any_of": true], #"["A", "B"]"#, "B", 1.0),
            (["any_of": true], #""['A', 'C']""#, "B", 0.0), (["any_of": true], #""B""#, "B", 1.0),
            (["any_of": true, "expected": "index"], "[0, 2]", "C", 1.0),
            (["expected_regexes": ["#### (.)"]], #""It is small. #### B""#, "B", 1.0),
            (["options": 4], #""D""#, "D", 1.0),
        ] as [(JSONObject, String, String, Double)])
    func expected(_ parameters: JSONObject, _ expected: String, _ answer: String, _ score: Double) throws {
        #expect(try results(answers(JSONValue.string(answer).text, expected), parameters) == [JSONValue(score)])
    }

    @Test(
        "a right option that is none is an error of its row, which says what to do",
        arguments: [
            ([:], "1", "to \"index\" (0 is A) or \"number\" (1 is A)"), (["options": 4], #""E""#, "from A to D"),
            (["expected": "index"], "10", "from 0 to 9"), (["expected": "number"], "0", "from 1 to 10"),
            ([:], #"["A", "B"]"#, "set any_of to true"), (["any_of": true], #""['A' 'B""#, "not a list"),
            (["expected_regexes": ["#### (.)"]], #""B""#, "no pattern of expected_regexes"),
        ] as [(JSONObject, String, String)])
    func expectedFaults(_ parameters: JSONObject, _ expected: String, _ message: String) throws {
        let verdict = try Scoring(answers(#""B""#, expected), Self.function, parameters).verdicts[0]
        #expect(verdict["outcome"] == "input_error")
        #expect(verdict["message"]?.string?.contains(message) == true, "\(verdict.text)")
    }

    @Test(
        "options are recognised by their own words, where a column has them",
        arguments: [
            (#"["Graz", "Vienna", "Linz"]"#, "Vienna", #""B""#),
            (#"["Graz", "Vienna", "Linz"]"#, "The answer is Vienna.", #""B""#),
            (#""['Graz', 'Vienna', 'Linz']""#, "**Answer:** vienna", #""Vienna""#),
            (#"{"text": ["Graz", "Vienna"], "label": ["1", "2"]}"#, "It must be Vienna, not Graz.", #""2""#),
            (#"["New York", "York"]"#, "The answer is New York", #""A""#), (#"[5, 50]"#, "The answer is 50", #""B""#),
            (#"["Graz", "Vienna"]"#, "The answer is B", #""Vienna""#),
            (#"["Graz", "Vienna"]"#, "I am quite sure that it lies on the Danube: Vienna", #""B""#),
        ])
    func choices(_ choices: String, _ answer: String, _ expected: String) throws {
        let row =
            #"{"generated_answer": \#(JSONValue.string(answer).text), "expected_answer": \#(expected), "choices": \#(choices)}"#
        #expect(try results(row, ["choices_column": "choices"]) == [JSONValue(1.0)])
    }

    @Test("the function with regular expressions stays as its reference is")
    func reference() throws {
        let function = "basic::regex_parser_multiple_choice_answer"
        let scores = try Scoring(answers(#""Answer: **B**""#, #""B""#), function).verdicts.map { $0["score"] }
        #expect(scores == [JSONValue(0.0)])
    }
}

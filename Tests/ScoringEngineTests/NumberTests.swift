import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

@Suite("Numbers are read as people write them, and compared exactly")
struct NumberTests {
    private static let function = "basic::number"

    private func verdict(_ answer: String, _ expected: String, _ parameters: JSONObject? = nil) throws -> JSONValue {
        try Scoring(answers(JSONValue.string(answer).text, expected), Self.function, parameters).verdicts[0]
    }

    @Test("numbers from bug reports on other tools, by both functions that compare numbers")
    func reported() throws {
        let lines = try dataLines("numbers.jsonl")
        #expect(lines.count == 19)
        let rows = lines.map { $0 + "\n" }.joined()
        let regexes: JSONObject = ["parsing_regexes": [#"A:\s*(.+)"#], "match": "last", "normalize": "number"]
        let verdicts = try [
            Scoring(rows, Self.function).verdicts,
            Scoring(rows, "basic::regex_parser_multiple_choice_answer", regexes).verdicts,
        ]
        for (index, line) in lines.enumerated() {
            // Whether 1.000 is a thousand depends on the country, which the parameter decimal says.
            let score = line.contains("1.000") ? 0.0 : 1.0
            for verdicts in verdicts { #expect(verdicts[index]["score"] == JSONValue(score), "\(line)") }
        }
        let comma: JSONObject = ["decimal": "comma"]
        #expect(try verdict("A: 1.000", "1000", comma)["score"] == JSONValue(1.0))
    }

    @Test(
        "the last number of an answer",
        arguments: [
            ("H2O has 3 atoms", "3"), ("It is 1/2.", "1/2"), ("3 1/2 cups", "7/2"), ("3½", "7/2"),
            (#"\frac{1}{2}"#, "1/2"),
            ("6.02 × 10^23", "602000000000000000000000"), (#"5\times 10^{-3}"#, "0.005"), ("1e-5", "0.00001"),
            ("$5 million", "5000000"), ("in 2019 300 people", "300"), ("1 000,5", "1000.5"), ("12,34,567", "1234567"),
            ("-$5", "-5"), ("10-3", "3"), ("5–6", "6"), ("٤٢", "42"), ("1٬234٫5", "1234.5"), (#"5{,}600"#, "5600"),
            ("42%", "42"), ("答案是42個", "42"), ("USD42", "42"), ("the 5th", "5"), ("5.", "5"), ("$1,234.", "1234"),
            ("**-5**", "-5"), ("½", "1/2"), ("1'000'000", "1000000"), ("5 m²", "5"), ("10^6", "1000000"),
            ("1...5", "5"),
        ])
    func last(_ answer: String, _ number: String) throws {
        #expect(try verdict(answer, "0")["parsed_answer"] == .string(number))
    }

    @Test(
        "what cannot be read is said, and is no 0.0",
        arguments: [
            ("no number", "the answer has no number"), ("on 12/25/2024", "cannot be read: 12/25/2024"),
            ("1,2,3", "cannot be read: 1,2,3"), ("version 3.10.2", "cannot be read: 3.10.2"),
            ("10:30", "cannot be read: 10:30"),
            ("2^10", "cannot be read: 2^10"), ("1/0", "cannot be read: 1/0"), ("H2O", "the answer has no number"),
        ])
    func unreadable(_ answer: String, _ message: String) throws {
        let verdict = try verdict(answer, "5")
        #expect(verdict["outcome"] == "unparsed" && verdict["score"] == .null)
        #expect(verdict["message"]?.string?.hasSuffix(message) == true, "\(verdict.text)")
        #expect(try self.verdict(answer, "5", ["no_answer": "wrong"])["score"] == JSONValue(0.0))
    }

    @Test(
        "parameters say which number, how near, and what marks mean",
        arguments: [
            ("3.14", "3.15", ["tolerance": JSONValue(0.01)], 1.0),
            ("3.14", "3.15", ["tolerance": JSONValue(0.009)], 0.0),
            ("99", "100", ["relative_tolerance": JSONValue(0.01)], 1.0),
            ("98.9", "100", ["relative_tolerance": JSONValue(0.01)], 0.0),
            ("-1", "1", ["tolerance": 2], 1.0), ("-1.1", "1", ["tolerance": 2], 0.0),
            ("1/3", "0.333", ["tolerance": JSONValue(0.001)], 1.0),
            ("0.30000000000000004", "0.3", [:], 0.0), ("7, not 8", "7", ["match": "first"], 1.0),
            ("7, not 8", "7", [:], 0.0),
            ("1,5", "1.5", [:], 1.0), ("1,234", "1234", [:], 1.0), ("1,234", "1.234", ["decimal": "comma"], 1.0),
            ("50%", "0.5", ["percent": "hundredths"], 1.0), ("50%", "50", [:], 1.0),
            ("Total: 7 of 9", "7", ["parsing_regexes": [#"Total: (\d+)"#]], 1.0),
            ("7", #""First 5, then 2. #### 7""#, ["expected_regexes": ["#### (.+)"]], 1.0),
            ("7", "[6, 7]", ["any_of": true], 1.0), ("7", #""['6', '8']""#, ["any_of": true], 0.0),
            ("#### 70,000", #""$70000""#, [:], 1.0), ("7", #""7 apples""#, [:], 1.0), ("1e400", "1e400", [:], 1.0),
        ] as [(String, String, JSONObject, Double)])
    func parameters(_ answer: String, _ expected: String, _ parameters: JSONObject, _ score: Double) throws {
        #expect(try verdict(answer, expected, parameters)["score"] == JSONValue(score))
    }

    @Test(
        "a right number that is none, or several, is an error of its row",
        arguments: [
            (#""seven""#, [:], "expected_answer is not a number: seven"), (#""5 + 2 = 7""#, [:], "has several numbers"),
            ("[7, 8]", [:], "set any_of to true"), (#""""#, [:], "expected_answer is not a number"),
        ] as [(String, JSONObject, String)])
    func expectedFaults(_ expected: String, _ parameters: JSONObject, _ message: String) throws {
        let verdict = try verdict("7", expected, parameters)
        #expect(verdict["outcome"] == "input_error")
        #expect(verdict["message"]?.string?.contains(message) == true, "\(verdict.text)")
    }

    @Test("a pattern with a group in each alternative reads the one that matched")
    func twoGroups() throws {
        let rows = try dataLines("two_groups.jsonl").map { $0 + "\n" }.joined()
        let scores = try Scoring(
            rows, "basic::regex_parser_multiple_choice_answer",
            ["parsing_regexes": ["(-?[$0-9.,]{2,})|(-?[0-9]+)"], "match": "last", "normalize": "number"]
        ).verdicts.map { $0["score"] }
        #expect(scores == Array(repeating: JSONValue(1.0), count: 9))
    }

    @Test("the right answer is found in a solution")
    func goldInSolution() throws {
        let rows = try dataLines("gold_in_solution.jsonl").map { $0 + "\n" }.joined()
        let regexes: JSONValue = [#"#### (.+)"#, #"\\boxed\{(.+)\}"#]
        let scores = try Scoring(
            rows, "basic::regex_parser_multiple_choice_answer",
            ["parsing_regexes": regexes, "expected_regexes": regexes, "match": "last"]
        ).verdicts.map { $0["score"] }
        #expect(scores == [JSONValue(1.0), JSONValue(1.0)])
    }
}

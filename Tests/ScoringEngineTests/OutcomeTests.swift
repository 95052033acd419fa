import Foundation
import JSON
import ScoringCore
import Testing

@testable import ScoringEngine

/// What a row's line says of its function.
struct Verdict: Sendable {
    static let right = #"{"score": 1.0}"#
    static let wrong = #"{"score": 0.0}"#

    static func inputError(_ message: String) -> String {
        #"{"score": null, "outcome": "input_error", "message": \#(JSONValue.string(message).text)}"#
    }
}

@Suite("A row that cannot be scored says why, and is never a silent zero")
struct OutcomeTests {
    private static let noContainment =
        "; expected a string in a string, anything in an array, or a string as a key of an object"

    @Test(
        "cells that are missing, null or of another type",
        arguments: [
            (
                "basic::equality", #"{"generated_answer": "x"}"#,
                Verdict.inputError(#"the row has no column "expected_answer""#)
            ),
            ("basic::equality", "{}", Verdict.inputError(#"the row has no column "generated_answer""#)),
            (
                "basic::equality", #"{"generated_answer": null, "expected_answer": null}"#,
                Verdict.inputError(#"column "generated_answer" is null"#)
            ),
            ("basic::equality", #"{"generated_answer": [null], "expected_answer": [null]}"#, Verdict.right),
            (
                "basic::docvqa", #"{"generated_answer": ["a"], "expected_answer": "[\"a\"]"}"#,
                Verdict.inputError(
                    #"column "generated_answer" is not a text value but an array: ["a"]; "#
                        + "strings inside it: generated_answer[0]")
            ),
            (
                "basic::docvqa", #"{"generated_answer": "a", "expected_answer": ["b", "a"]}"#, Verdict.right
            ),
            (
                "basic::docvqa", #"{"generated_answer": "a", "expected_answer": "['b', 'a']"}"#, Verdict.right
            ),
            (
                "basic::docvqa", #"{"generated_answer": "a", "expected_answer": ["a", 1]}"#,
                Verdict.inputError(
                    #"expected_answer holds an array; expected an array of strings, or its text, such as ["A"]"#)
            ),
            ("basic::docvqa", #"{"generated_answer": 7, "expected_answer": "[\"7\"]"}"#, Verdict.right),
            (
                "basic::docvqa", #"{"generated_answer": "a", "expected_answer": "{\"a\": 1}"}"#,
                Verdict.inputError(
                    #"expected_answer holds an object; expected an array of strings, or its text, such as ["A"]"#
                )
            ),
            (
                "basic::docvqa", #"{"generated_answer": "a", "expected_answer": "[\"a\", 1]"}"#,
                Verdict.inputError(
                    #"expected_answer holds an array; expected an array of strings, or its text, such as ["A"]"#)
            ),
            (
                "basic::subset_of", #"{"generated_answer": 12, "expected_answer": 1}"#,
                Verdict.inputError("a number cannot be contained in a number" + noContainment)
            ),
            (
                "basic::subset_of", #"{"generated_answer": "12", "expected_answer": 1}"#,
                Verdict.inputError("a number cannot be contained in a string" + noContainment)
            ),
            (
                "basic::subset_of", #"{"generated_answer": {"1": 2}, "expected_answer": [1]}"#,
                Verdict.inputError("an array cannot be contained in an object" + noContainment)
            ),
            (
                "basic::subset_of", #"{"generated_answer": true, "expected_answer": "t"}"#,
                Verdict.inputError("a string cannot be contained in a boolean" + noContainment)
            ),
            ("basic::subset_of", #"{"generated_answer": {"1": 2}, "expected_answer": "1"}"#, Verdict.right),
            ("basic::subset_of", #"{"generated_answer": [], "expected_answer": []}"#, Verdict.wrong),
            ("basic::subset_of", #"{"generated_answer": "", "expected_answer": ""}"#, Verdict.right),
        ])
    func cells(function: String, row: String, verdict: String) throws {
        let good = answers(#""[\"a\"]""#, #""[\"a\"]""#)
        let scoring = try Scoring(good + row + "\n" + good, function)
        let verdicts = try scoring.verdicts
        try #require(verdicts.count == 3)
        #expect(verdicts[1].text == verdict)
        #expect(verdicts[0]["outcome"] == nil && verdicts[2] == verdicts[0])
    }

    @Test("a number or boolean is its JSON text where a text is needed")
    func scalarsAsText() throws {
        let rows = answers("18", "18") + answers("18.0", #""18.0""#) + answers(#""x: true""#, "true")
        let parameters: JSONObject = ["parsing_regexes": [#"(\S+)$"#]]
        let scoring = try Scoring(rows, "basic::regex_parser_multiple_choice_answer", parameters)
        #expect(
            try scoring.verdicts.map(\.text) == [
                #"{"score": 1.0, "parsed_answer": "18"}"#, #"{"score": 1.0, "parsed_answer": "18.0"}"#,
                #"{"score": 1.0, "parsed_answer": "true"}"#,
            ])
    }

    @Test("an answer that does not follow the format is wrong, and nothing was parsed")
    func noMatch() throws {
        let scoring = try Scoring(
            answers(#""I do not know""#, #""A""#), "basic::regex_parser_multiple_choice_answer")
        #expect(try scoring.verdicts.map(\.text) == [#"{"score": 0.0, "parsed_answer": null}"#])
        #expect(scoring.counts.scored == 1)
    }

    @Test("a pattern that backtracks without end costs the row that it did so on, and names itself")
    func catastrophicPattern() throws {
        let hostile = String(repeating: "a", count: 60) + "!"
        let rows = answers(#""aaa""#, #""aaa""#) + answers("\"\(hostile)\"", #""a""#) + answers(#""aa""#, #""aa""#)
        let parameters: JSONObject = ["parsing_regexes": ["^((?:a|aa|aaa)+)$"]]
        let scoring = try Scoring(rows, "basic::regex_parser_multiple_choice_answer", parameters)
        let verdicts = try scoring.verdicts
        #expect(verdicts[0].text == #"{"score": 1.0, "parsed_answer": "aaa"}"#)
        #expect(verdicts[2].text == #"{"score": 1.0, "parsed_answer": "aa"}"#)
        #expect(verdicts[1]["score"] == .null && verdicts[1]["outcome"] == "scorer_error")
        let message = verdicts[1]["message"]?.string ?? ""
        #expect(
            message.hasPrefix("the search for /^((?:a|aa|aaa)+)$/ backtracked more than 1000000 steps"), "\(message)")
        #expect(verdicts[1]["parsed_answer"] == nil)
        #expect(scoring.counts.scorerError == 1 && scoring.counts.scored == 2)
    }

    @Test(
        "a row's own columns are copied, but for those that the line itself has",
        arguments: [
            (
                #"{"id": 7, "generated_answer": 1, "expected_answer": 1.0}"#,
                #"{"row": 0, "id": 7, "generated_answer": 1, "expected_answer": 1.0, "scores": {"f": {"score": 1.0}}}"#
            ),
            (
                #"  { "generated_answer":1 ,"expected_answer":1 } "#,
                #"{"row": 0,  "generated_answer":1 ,"expected_answer":1 , "scores": {"f": {"score": 1.0}}}"#
            ),
            (
                #"{"row": 99, "scores": {"x": 1}, "generated_answer": "\u00e9\/", "expected_answer": "é/", "z": [1.50]}"#,
                #"{"row": 0, "generated_answer": "é/", "expected_answer": "é/", "z": [1.50], "scores": {"f": {"score": 1.0}}}"#
            ),
            (
                #"{"\u0072ow": 99, "generated_answer": 1, "expected_answer": 1}"#,
                #"{"row": 0, "generated_answer": 1, "expected_answer": 1, "scores": {"f": {"score": 1.0}}}"#
            ),
            (
                #"{"generated_answer": "}", "expected_answer": "{"}"#,
                #"{"row": 0, "generated_answer": "}", "expected_answer": "{", "scores": {"f": {"score": 0.0}}}"#
            ),
            (
                #"{"generated_answer": 1, "expected_answer": 1, "x": [1 2]}"#,
                #"{"row": 0, "scores": {"f": {"score": null, "outcome": "input_error", "message": "line 1: not valid JSON: the JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc (byte 55)"}}}"#
            ),
        ])
    func withInput(row: String, line: String) throws {
        let scoring = try Scoring(row + "\n" + answers("1", "1"), "basic::equality") { $0.includesInput = true }
        #expect(scoring.output.lines.first?.replacing("basic::equality", with: "f") == line)
        for line in scoring.output.lines { #expect(throws: Never.self) { try JSONValue(parsing: line) } }
    }
}

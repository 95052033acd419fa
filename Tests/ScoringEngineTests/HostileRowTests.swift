import Datasets
import Foundation
import JSON
import Testing

@testable import ScoringEngine

@Suite("A hostile row hurts only itself")
struct HostileRowTests {
    private static let improper =
        "the JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc"
    private static let startsWithNUL = Verdict.inputError(
        "line 2: not a JSON object: the line starts with a NUL character (byte 1)")
    private static let cutOff = Verdict.inputError(
        "line 2: not valid JSON: JSON document ended early in the middle of an object or array")
    private static let unescaped = Verdict.inputError(
        "line 2: not valid JSON: within strings, some characters must be escaped, we found unescaped characters")
    private static let tooDeep = Verdict.inputError(
        "in an answer, line 1, column 1001: not valid JSON: "
            + "the JSON document was too deep (too many nested objects and arrays)")

    private static func deep(_ levels: Int) -> String {
        String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }

    private static let manyColumns = (0..<10_000).map { "\"column \($0)\": [\($0), \"x\"]" }.joined(separator: ", ")

    static let rows: [(name: String, function: String, row: String, verdict: String)] = [
        (
            "duplicate keys", "equality", #"{"generated_answer": 1, "expected_answer": 2, "generated_answer": 2}"#,
            Verdict.right
        ),
        (
            "a duplicate that is null", "equality",
            #"{"generated_answer": 1, "expected_answer": 1, "generated_answer": null}"#,
            Verdict.inputError(#"column "generated_answer" is null"#)
        ),
        ("escaped keys", "equality", #"{"generated\u005fanswer": 1, "\u0065xpected_answer": 1}"#, Verdict.right),
        (
            "an escaped duplicate", "equality",
            #"{"generated_answer": 1, "expected_answer": 1, "generated\u005fanswer": 2}"#, Verdict.wrong
        ),
        ("the same lone surrogate", "equality", answers(#""\ud800""#, #""\ud800""#), Verdict.right),
        ("other lone surrogates", "equality", answers(#""\ud800""#, #""\ud801""#), Verdict.wrong),
        ("a lone surrogate in a text", "subset_of", answers(#""x \udc00 y""#, #""y""#), Verdict.right),
        ("halves in the wrong order", "subset_of", answers(#""\udc00\ud800""#, #""\ud800\udc00""#), Verdict.wrong),
        ("a zero character", "subset_of", answers(#""a\u0000b""#, #""\u0000b""#), Verdict.right),
        ("another zero character", "equality", answers(#""a\u0000b""#, #""a\u0000c""#), Verdict.wrong),
        (
            "ten thousand columns before", "equality",
            "{\(manyColumns), \"generated_answer\": 1, \"expected_answer\": 1}", Verdict.right
        ),
        (
            "ten thousand columns between", "equality",
            "{\"generated_answer\": 1, \(manyColumns), \"expected_answer\": 1}", Verdict.right
        ),
        ("a thousand levels", "equality", answers(deep(1000), deep(1000)), Verdict.right),
        ("other thousand levels", "equality", answers(deep(1000), deep(999)), Verdict.wrong),
        ("too many levels", "equality", answers(deep(1001), deep(1)), tooDeep),
        (
            "a thousand levels elsewhere", "equality",
            "{\"x\": \(deep(1000)), \"generated_answer\": 1, \"expected_answer\": 1}", Verdict.right
        ),
        (
            "far too many levels elsewhere", "equality",
            "{\"x\": \(deep(100_000)), \"generated_answer\": 1, \"expected_answer\": 1}", Verdict.right
        ),
        (
            "levels that never end", "equality",
            "{\"generated_answer\": 1, \"expected_answer\": 1, \"x\": " + String(repeating: "[", count: 100_000), cutOff
        ),
        (
            "long numbers", "equality", answers("123456789012345678901234567890", "123456789012345678901234567890"),
            Verdict.right
        ),
        (
            "long numbers that differ at the end", "equality",
            answers("123456789012345678901234567890", "123456789012345678901234567891"), Verdict.wrong
        ),
        (
            "a byte order mark", "equality", "\u{FEFF}" + answers("1", "1"),
            Verdict.inputError("line 2: not a JSON object: the line holds something else (byte 1)")
        ),
        (
            "two objects in a line", "equality",
            #"{"generated_answer": 1, "expected_answer": 1}{"generated_answer": 1, "expected_answer": 1}"#,
            Verdict.inputError("line 2: not valid JSON: unexpected trailing content in the JSON input (byte 46)")
        ),
        ("a comma behind a line", "equality", #"{"generated_answer": 1, "expected_answer": 1},"#, cutOff),
        ("a zero byte", "equality", "\0", startsWithNUL),
        ("a zero byte in a text", "equality", "{\"generated_answer\": \"\0\", \"expected_answer\": 1}", unescaped),
        ("a zero byte behind a line", "equality", "{\"generated_answer\": 1, \"expected_answer\": 1}\0", cutOff),
        ("a zero byte before a line", "equality", "\0{\"generated_answer\": 1, \"expected_answer\": 1}", startsWithNUL),
        ("an object that never ends", "equality", #"{"generated_answer": 1, "expected_answer": 1"#, cutOff),
        (
            "a text that never ends", "equality", #"{"generated_answer": 1, "expected_answer": "1}"#,
            Verdict.inputError("line 2: not valid JSON: a string is opened, but never closed")
        ),
        (
            "a value that is no JSON", "equality", answers("[1 2]", "[1]"),
            Verdict.inputError("in an answer, line 1, column 4: not valid JSON: \(improper)")
        ),
        (
            "an infinity", "equality", answers("Infinity", "1"),
            Verdict.inputError(#"column "generated_answer" is null"#)
        ),
        (
            "a number that is none", "equality", answers("inf", "1"),
            Verdict.inputError("line 2: not valid JSON: \(improper) (byte 22)")
        ),
        (
            "a value with a second one behind it", "equality", #"{"generated_answer": "a": 1}, "expected_answer": 1}"#,
            Verdict.inputError("line 2: not valid JSON: \(improper) (byte 25)")
        ),
        (
            "an array as a row", "equality", "[1, 2]",
            Verdict.inputError("line 2: not a JSON object: the line holds an array (byte 1)")
        ),
        (
            "a text as a row", "equality", #""x""#,
            Verdict.inputError("line 2: not a JSON object: the line holds a string (byte 1)")
        ),
        (
            "expected answers that are no array", "docvqa", answers(#""x""#, #""[\"a\" x]""#),
            Verdict.inputError(
                "in expected_answer, which must be a JSON array of strings, line 1, column 6: not valid JSON: "
                    + "\(improper)"
            )
        ),
    ]

    @Test("its neighbours are scored, and it has its own outcome", arguments: 0..<rows.count, [1, 3])
    func hostile(index: Int, jobs: Int) throws {
        let (name, function, row, verdict) = Self.rows[index]
        let good = answers(#""[\"a\"]""#, #""[\"a\"]""#)
        let line = row.hasSuffix("\n") ? row : row + "\n"
        let scoring = try Scoring(good + line + good, "basic::\(function)") { $0.jobs = jobs }
        let verdicts = try scoring.verdicts
        try #require(verdicts.count == 3, "\(name)")
        #expect(verdicts[1].text == verdict, "\(name)")
        #expect(verdicts[0]["outcome"] == nil && verdicts[2] == verdicts[0], "\(name)")
    }

    @Test("an answer that is JSON cut short is an error of its row, whatever was read before it")
    func cutShort() throws {
        let lists = [#"["a", "b"]"#, "[[ ]", #"["a", "b"]"#, "[{}", "[1,,2]", "[[]", #"["x"]"#]
        let rows = lists.map { answers(#""x""#, JSONValue.string($0).text) }.joined()
        let scoring = try Scoring(rows, "basic::docvqa")
        #expect(
            try scoring.verdicts.map { $0["outcome"] } == [
                nil, "input_error", nil, "input_error", "input_error", "input_error", nil,
            ])
    }

    @Test("bytes that are not UTF-8 are an error of their line")
    func invalidUTF8() throws {
        var dataset = Dataset(jsonLines: "", named: "rows")
        let bytes =
            Array(answers("1", "1").utf8) + Array(#"{"generated_answer": "é"#.utf8) + [0xFF]
            + Array("\", \"expected_answer\": 1}\n".utf8) + Array(answers("1", "1").utf8)
        dataset.open = { _ in MemorySource(bytes) }
        let scoring = try Scoring(dataset, "basic::equality")
        #expect(
            try scoring.verdicts.map(\.text) == [
                Verdict.right, Verdict.inputError("line 2: not valid UTF-8 (byte 25)"), Verdict.right,
            ])
        #expect(scoring.output.lines.count == 3)
    }

    @Test("lines may end as they do on any system, and the last one may not end at all")
    func lineEnds() throws {
        let row = answers("1", "1").dropLast()
        for text in [
            "\(row)\r\n\(row)\r\n", "\(row)\n\(row)", "\r\n\(row)\r\n\r\n\(row) \t\r\n\n", "\(row)\n\n\n \n\(row)\n",
        ] {
            let scoring = try Scoring(text, "basic::equality")
            #expect(try scoring.verdicts.map(\.text) == [Verdict.right, Verdict.right])
        }
    }

    @Test("a byte order mark at the start of a file belongs to no row")
    func byteOrderMark() throws {
        let path = NSTemporaryDirectory() + "mark-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ("\u{FEFF}" + answers("1", "1") + answers("2", "2")).write(toFile: path, atomically: false, encoding: .utf8)
        let scoring = try Scoring(Dataset(try DatasetLocation(path)), "basic::equality")
        #expect(try scoring.verdicts.map(\.text) == [Verdict.right, Verdict.right])
    }

    @Test("a line of thirty megabytes between small ones")
    func longLine() throws {
        let long = String(repeating: "0123456789", count: 3_000_000)
        let text = answers(#""a""#, #""a""#) + answers("\"\(long)x\"", #""9x""#) + answers(#""a""#, #""b""#)
        let scoring = try Scoring(text, "basic::subset_of") { $0.jobs = 2 }
        #expect(try scoring.verdicts.map(\.text) == [Verdict.right, Verdict.right, Verdict.wrong])
    }

    @Test(
        "equality is of values, not of their spelling",
        arguments: [
            ("-0.0", "0", true), ("-0.0", "0.0", true), ("1e400", "1e400", true), ("1e400", "1e5", false),
            ("18", "18.0", true), ("18", "1.8e1", true), ("18", #""18""#, false), (#""18""#, #""18.0""#, false),
            (#"{"a": 1, "b": [2, {"c": null}]}"#, #"{ "b":[2.0,{"c":null}],"a":1 }"#, true),
            (#"{"a": 1, "b": 2}"#, #"{"a": 2, "b": 1}"#, false), ("[1, 2]", "[2, 1]", false), ("true", "1", false),
            (#""é""#, #""\u00e9""#, true), (#""é""#, #""e\u0301""#, false), ("[]", "{}", false), (#""""#, "[]", false),
        ])
    func equality(generated: String, expected: String, equal: Bool) throws {
        let scoring = try Scoring(answers(generated, expected) + answers(expected, generated), "basic::equality")
        let verdict = equal ? Verdict.right : Verdict.wrong
        #expect(try scoring.verdicts.map(\.text) == [verdict, verdict])
    }
}

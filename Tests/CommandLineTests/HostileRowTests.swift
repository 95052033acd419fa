import Testing

@Suite("A row that cannot be scored hurts only itself")
struct HostileRowTests {
    /// A line between two good ones, and what becomes of it: a score, or the start of a message.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var line: [UInt8]
        var result: String

        init(_ name: String, _ line: String, _ result: String) {
            (self.name, self.line, self.result) = (name, Array(line.utf8), result)
        }

        init(_ name: String, bytes: [UInt8], _ result: String) {
            (self.name, self.line, self.result) = (name, bytes, result)
        }

        var testDescription: String { name }
    }

    static let unreadable: [Case] = [
        Case("text", "Once upon a time", "line 2: not a JSON object"),
        Case(
            "an array", #"[{"generated_answer": "18", "expected_answer": "18"}]"#,
            "line 2: not a JSON object: the line holds an array"),
        Case("a string", #""18""#, "line 2: not a JSON object: the line holds a string"),
        Case("a number", "18", "line 2: not a JSON object"),
        Case("null", "null", "line 2: not a JSON object"),
        Case("a row cut short", #"{"generated_answer": "18", "expected_answer": "18""#, "line 2: not valid JSON: "),
        Case("a string without its end", #"{"generated_answer": "18, "expected_answer"}"#, "line 2: not valid JSON: "),
        Case("a comma too few", #"{"generated_answer": "18" "expected_answer": "18"}"#, "line 2: not valid JSON: "),
        Case("two objects", #"{"generated_answer": "18", "expected_answer": "18"} {}"#, "line 2: not valid JSON: "),
        Case("Python's quotes", "{'generated_answer': '18', 'expected_answer': '18'}", "line 2: not valid JSON: "),
        Case(
            "an unknown escape", #"{"generated_answer": "\x18", "expected_answer": "18"}"#, "line 2: not valid JSON: "),
        Case("a bare tab", "{\"generated_answer\": \"18\t\", \"expected_answer\": \"18\"}", "line 2: not valid JSON: "),
        Case(
            "a zero byte", bytes: Array("{\"generated_answer\": \"18\0\", \"expected_answer\": \"18\"}".utf8),
            "line 2: not valid JSON: "),
        Case("a zero byte at the start", bytes: Array("\0everything is fine".utf8), "line 2: not "),
        Case(
            "invalid UTF-8",
            bytes: Array(#"{"generated_answer": "18"#.utf8) + [0xFF] + Array(#"", "expected_answer": "18"}"#.utf8),
            "line 2: not valid UTF-8 (byte 25)"),
        Case(
            "nesting without end",
            #"{"generated_answer": "18", "expected_answer": "18", "x": "# + String(repeating: "[", count: 100_000),
            "line 2: not valid JSON: "),
    ]

    static let unscorable: [Case] = [
        Case("an empty object", "{}", #"the row has no column \"generated_answer\""#),
        Case("a missing column", #"{"generated_answer": "18"}"#, #"the row has no column \"expected_answer\""#),
        Case(
            "null in a column", #"{"generated_answer": null, "expected_answer": "18"}"#,
            #"column \"generated_answer\" is null"#),
        Case(
            "a number too large", #"{"generated_answer": 1e999, "expected_answer": "18"}"#,
            "a text cannot be contained in a number"),
        Case(
            "an answer nested 100,000 deep", #"{"generated_answer": \#(nested(100_000)), "expected_answer": "18"}"#,
            "in an answer, line 1, column 1001: not valid JSON: "),
        Case(
            "objects nested 100,000 deep",
            String(repeating: #"{"x":"#, count: 100_000) + "1" + String(repeating: "}", count: 100_000),
            "the row has no column"),
    ]

    static let scored: [Case] = [
        Case("white space around it", "\t {\"generated_answer\": \"18\", \"expected_answer\": \"18\"} \r", "1.0"),
        Case("lone surrogates", #"{"generated_answer": "\ud800 18 \udc00", "expected_answer": "18"}"#, "1.0"),
        Case("escaped zero characters", #"{"generated_answer": "a\u0000 18", "expected_answer": "\u0000 1"}"#, "1.0"),
        Case("a key twice", #"{"generated_answer": "7", "generated_answer": "18", "expected_answer": "18"}"#, "1.0"),
        Case(
            "10,000 columns",
            "{" + (0..<10_000).map { "\"c\($0)\": \($0), " }.joined()
                + #""generated_answer": "7", "expected_answer": "18"}"#, "0.0"),
        Case(
            "another column nested 1,000 deep",
            #"{"generated_answer": "18", "x": \#(nested(1000)), "expected_answer": "18"}"#, "1.0"),
        Case(
            "another column nested 100,000 deep",
            #"{"generated_answer": "18", "x": \#(nested(100_000)), "expected_answer": "18"}"#, "1.0"),
    ]

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test(
        "a line that is no row, or lacks what is needed, is an input error of that row",
        arguments: unreadable + unscorable)
    func unscored(hostile: Case) throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(goodRow.utf8) + hostile.line + [0x0A] + Array(goodRow.utf8), to: "rows.jsonl")
        let arguments = ["score", "rows.jsonl", "--fn", "basic::subset_of", "--format", "table", "-o", "out.jsonl"]
        let result = try folder.command(arguments).run()
        #expect(result.ending == .status(3))
        #expect(
            result.output.hasPrefix(
                """
                basic::subset_of
                  2 of 3 rows scored; 1 row not scored (1 input_error)
                  accuracy  1.0  (2 of 2)  95% interval 0.3424 … 1.0  if every row had been scored: 0.6667 to 1.0

                First rows without a score:
                  row 1, basic::subset_of, input_error:
                """))
        #expect(result.errors == "")
        let output = lines(of: try folder.read("out.jsonl"))
        try #require(output.count == 3)
        #expect([output[0], output[2]] == [goodLine(0), goodLine(2)])
        let start = #"{"row": 1, "scores": {"basic::subset_of": {"score": null, "outcome": "input_error", "message": ""#
        #expect(output[1].hasPrefix(start + hostile.result), "\(output[1].prefix(300))")
        #expect(output[1].hasSuffix(#""}}}"#))

        // With its columns in the output, the row is no more valid, and the others are what they were.
        let whole = try folder.command(arguments + ["--with-input"]).run()
        #expect(whole.ending == .status(3))
        let wholeOutput = lines(of: try folder.read("out.jsonl"))
        try #require(wholeOutput.count == 3)
        #expect(wholeOutput[2].hasSuffix(#""scores": {"basic::subset_of": {"score": 1.0}}}"#))
    }

    @Test("a row that is merely odd is scored", arguments: scored)
    func odd(hostile: Case) throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(goodRow.utf8) + hostile.line + [0x0A] + Array(goodRow.utf8), to: "rows.jsonl")
        let result = try folder.assay("score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(0))
        #expect(
            lines(of: try folder.read("out.jsonl")) == [
                goodLine(0), #"{"row": 1, "scores": {"basic::subset_of": {"score": \#(hostile.result)}}}"#, goodLine(2),
            ])
    }

    @Test(
        "rows of a table",
        arguments: [
            Case("quotes", #""say ""18"", please",18"#, "1.0"),
            Case("lines in quotes", "\"18\nand\r\nmore\",18", "1.0"),
            Case("too many cells", "18,18,19", "line 3: 3 cells, but the header has 2"),
            Case("too few cells", "18", #"the row has no column \"expected_answer\""#),
            Case("text behind quotes", #""18"x,18"#, "line 3: text after the closing quote of cell 1"),
            Case("invalid UTF-8", bytes: [0x31, 0x38, 0xC3, 0x28, 0x2C, 0x31, 0x38], "line 3: not UTF-8"),
            Case("a zero byte", bytes: [0x31, 0x38, 0, 0x2C, 0x31, 0x38], "line 3: a zero byte in cell 1"),
        ])
    func table(hostile: Case) throws {
        let folder = try TemporaryFolder()
        let head = Array("\u{FEFF}generated_answer,expected_answer\r\n18,18\r\n".utf8)
        try folder.write(head + hostile.line + Array("\r\n18,18\r\n".utf8), to: "rows.csv")
        let result = try folder.assay("score", "rows.csv", "--fn", "basic::subset_of", "-o", "out.jsonl")
        let isScored = hostile.result == "1.0"
        #expect(result.ending == .status(isScored ? 0 : 3))
        let output = lines(of: try folder.read("out.jsonl"))
        try #require(output.count == 3)
        #expect([output[0], output[2]] == [goodLine(0), goodLine(2)])
        #expect(
            isScored
                ? output[1] == goodLine(1)
                : output[1].contains(#""outcome": "input_error", "message": "\#(hostile.result)"#),
            "\(output[1])")
    }

    @Test("a quote that is never closed costs the rest of a table, and says so")
    func unclosedQuote() throws {
        let folder = try TemporaryFolder([
            "rows.csv": "generated_answer,expected_answer\n18,18\n\"18,18\n18,18\n18,18\n"
        ])
        let result = try folder.assay("score", "rows.csv", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(3))
        let output = lines(of: try folder.read("out.jsonl"))
        #expect(output.first == goodLine(0))
        #expect(output.count == 2)
        #expect(output.last?.contains("line 3: the quote that opens cell 1 is never closed") == true)
    }

    @Test("elements of an array that are no objects are input errors, and the others are scored")
    func arrayElements() throws {
        let folder = try TemporaryFolder(["rows.json": "[\n\(goodRow), 1, [\(goodRow)], null,\n\n\(goodRow)]"])
        let result = try folder.assay("score", "rows.json", "--fn", "basic::subset_of", "-o", "out.jsonl")
        #expect(result.ending == .status(3))
        let output = lines(of: try folder.read("out.jsonl"))
        try #require(output.count == 5)
        #expect([output[0], output[4]] == [goodLine(0), goodLine(4)])
        for line in output[1...3] { #expect(line.contains(#""outcome": "input_error""#)) }
    }

    @Test(
        "a regular expression that explodes on one row is an error of that row",
        arguments: [
            #"^((?:a|aa)+)$"#, #"((a+)+)$"#,
        ])
    func catastrophicRegex(regex: String) throws {
        func row(_ answer: String) -> String { #"{"generated_answer": "\#(answer)", "expected_answer": "aaa"}"# + "\n" }
        let folder = try TemporaryFolder([
            "rows.jsonl": row("aaa") + row(String(repeating: "a", count: 5000) + "b") + row("aaa")
        ])
        let function = #"basic::regex_parser_multiple_choice_answer={"parsing_regexes": ["\#(regex)"]}"#
        let result = try folder.assay("score", "rows.jsonl", "--fn", function, "-o", "out.jsonl")
        #expect(result.ending == .status(3))
        let output = lines(of: try folder.read("out.jsonl"))
        try #require(output.count == 3)
        for row in [0, 2] {
            #expect(
                output[row] == #"{"row": \#(row), "scores": {"basic::regex_parser_multiple_choice_answer": "#
                    + #"{"score": 1.0, "parsed_answer": "aaa"}}}"#)
        }
        #expect(output[1].contains(#""outcome": "scorer_error", "message": ""#))
        #expect(output[1].contains(regex))
    }

    @Test(
        "a very long line is scored in memory that is a few times its length", .tags(.large),
        arguments: [
            (start: #"{"generated_answer": ""#, filling: "x", end: #"18", "expected_answer": "18"}"#, isRow: true),
            (start: #"{"generated_answer": ""#, filling: #"x\n"#, end: #"18", "expected_answer": "18"}"#, isRow: true),
            (start: "", filling: "x", end: "", isRow: false),
        ])
    func longLine(start: String, filling: String, end: String, isRow: Bool) throws {
        // Without optimisation, each byte takes fifty times as long.
        #if DEBUG
            let length = 4 << 20
        #else
            let length = 200 << 20
        #endif
        let folder = try TemporaryFolder()
        var bytes = Array((goodRow + start).utf8)
        bytes.reserveCapacity(length + (1 << 20))
        let piece = Array(String(repeating: filling, count: 1 << 16).utf8)
        while bytes.count < length { bytes += piece }
        bytes += (end + "\n" + goodRow).utf8
        try folder.write(bytes, to: "rows.jsonl")
        for options in [[], ["--with-input"]] {
            let result = try folder.command(
                ["score", "rows.jsonl", "--fn", "basic::subset_of", "-o", "out.jsonl"] + options
            ).run()
            #expect(result.ending == .status(isRow ? 0 : 3))
            #expect(result.output.contains("\"scored\": \(isRow ? 3 : 2),"))
            #expect(result.peakMemory < 1_500_000_000)
            #expect(folder.size(of: "out.jsonl") > (isRow && !options.isEmpty ? length : 150))
        }
    }
}

extension Tag {
    /// Tests that move much data.
    @Tag static var large: Self
}

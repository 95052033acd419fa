import ScoringCore
import Testing

@testable import Datasets

private let improper =
    "the JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc"
private let cutOff = "JSON document ended early in the middle of an object or array"

@Suite("The rows of a chunk are read as columns of typed cells")
struct RowBatchTests {
    /// What a column of each type has for a value, as (text, number, integer, bool, json, list of text).
    static let values: [(json: String, cells: [String])] = [
        (#""""#, ["", "mistyped", "mistyped", "mistyped", #""""#, "mistyped"]),
        (#""x""#, ["x", "mistyped", "mistyped", "mistyped", #""x""#, "mistyped"]),
        (#""18""#, ["18", "mistyped", "mistyped", "mistyped", #""18""#, "mistyped"]),
        (
            #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
            [
                "a\"\\/\u{8}\u{C}\n\r\té😀", "mistyped", "mistyped", "mistyped",
                #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "mistyped",
            ]
        ),
        (#""a\u0000b""#, ["a\0b", "mistyped", "mistyped", "mistyped", #""a\u0000b""#, "mistyped"]),
        (
            #""x\ud800y\udc00""#,
            ["x\u{FFFD}y\u{FFFD}", "mistyped", "mistyped", "mistyped", #""x\ud800y\udc00""#, "mistyped"]
        ),
        ("0", ["0", "0.0", "0", "mistyped", "0", "mistyped"]),
        ("18", ["18", "18.0", "18", "mistyped", "18", "mistyped"]),
        ("18.0", ["18.0", "18.0", "18", "mistyped", "18.0", "mistyped"]),
        ("-0.0", ["-0.0", "-0.0", "0", "mistyped", "-0.0", "mistyped"]),
        ("1.5", ["1.5", "1.5", "mistyped", "mistyped", "1.5", "mistyped"]),
        ("1e3", ["1e3", "1000.0", "1000", "mistyped", "1e3", "mistyped"]),
        ("1E-2", ["1E-2", "0.01", "mistyped", "mistyped", "1E-2", "mistyped"]),
        ("1e400", ["1e400", "mistyped", "mistyped", "mistyped", "1e400", "mistyped"]),
        ("1e-400", ["1e-400", "0.0", "0", "mistyped", "1e-400", "mistyped"]),
        (
            "9007199254740993",
            ["9007199254740993", "9007199254740992.0", "9007199254740993", "mistyped", "9007199254740993", "mistyped"]
        ),
        (
            "9223372036854775807",
            [
                "9223372036854775807", "9.223372036854776e+18", "9223372036854775807", "mistyped",
                "9223372036854775807", "mistyped",
            ]
        ),
        (
            "-9223372036854775808",
            [
                "-9223372036854775808", "-9.223372036854776e+18", "-9223372036854775808", "mistyped",
                "-9223372036854775808", "mistyped",
            ]
        ),
        (
            "9223372036854775808",
            ["9223372036854775808", "9.223372036854776e+18", "mistyped", "mistyped", "9223372036854775808", "mistyped"]
        ),
        (
            "123456789012345678901234567890",
            [
                "123456789012345678901234567890", "1.2345678901234568e+29", "mistyped", "mistyped",
                "123456789012345678901234567890", "mistyped",
            ]
        ),
        ("true", ["true", "mistyped", "mistyped", "true", "true", "mistyped"]),
        ("false", ["false", "mistyped", "mistyped", "false", "false", "mistyped"]),
        ("null", ["null", "null", "null", "null", "null", "null"]),
        ("[]", ["mistyped", "mistyped", "mistyped", "mistyped", "[]", ""]),
        (
            #"["a", "", "\u00e9"]"#,
            ["mistyped", "mistyped", "mistyped", "mistyped", #"["a", "", "\u00e9"]"#, "<a><><é>"]
        ),
        (#"["a", 1]"#, ["mistyped", "mistyped", "mistyped", "mistyped", #"["a", 1]"#, "mistyped"]),
        (#"["a", null]"#, ["mistyped", "mistyped", "mistyped", "mistyped", #"["a", null]"#, "mistyped"]),
        (#"[["a"]]"#, ["mistyped", "mistyped", "mistyped", "mistyped", #"[["a"]]"#, "mistyped"]),
        (#"{"k": [1, {}]}"#, ["mistyped", "mistyped", "mistyped", "mistyped", #"{"k": [1, {}]}"#, "mistyped"]),
    ]

    private static let types: [ValueType] = [.text, .f64, .i64, .bool, .json, .textList]

    @Test("a value is what the column's type makes of it", arguments: values)
    func value(json: String, cells: [String]) throws {
        for (type, cell) in zip(Self.types, cells) {
            for line in ["{\"a\": \(json)}", "{\"x\":[{\"a\":1}], \"a\" :\t\(json) , \"y\": \"a\"}\r"] {
                let reading = try BatchReading([ColumnRequest("a", type)], line)
                #expect(reading.cells(0) == [cell], "\(type) of \(line)")
                #expect(reading.batch.hasSeen(0))
                #expect(reading.batch.fault(0) == nil)
            }
        }
    }

    @Test("one member serves columns of several types, wherever it stands", arguments: values)
    func severalTypes(json: String, cells: [String]) throws {
        let columns = Self.types.map { ColumnRequest("a", $0) } + [ColumnRequest("b", .text)]
        for line in ["{\"a\": \(json), \"b\": \"x\"}", "{\"b\": \"x\", \"a\": \(json)}"] {
            let reading = try BatchReading(columns, line)
            #expect(reading.contents(0) == RowContents(line: line, cells: cells + ["x"]))
        }
    }

    @Test(
        "in a table without types, text is a number or boolean where a column asks for one",
        arguments: [
            (#""18""#, ["18", "18.0", "18", "mistyped"]), (#""-1.5e1""#, ["-1.5e1", "-15.0", "-15", "mistyped"]),
            (#""true""#, ["true", "mistyped", "mistyped", "true"]),
            (#""TRUE""#, ["TRUE", "mistyped", "mistyped", "mistyped"]),
            (#""""#, ["", "mistyped", "mistyped", "mistyped"]), (#"" 1""#, [" 1", "mistyped", "mistyped", "mistyped"]),
            (#""0x10""#, ["0x10", "mistyped", "mistyped", "mistyped"]),
            (#""1e999""#, ["1e999", "mistyped", "mistyped", "mistyped"]),
            ("null", ["null", "null", "null", "null"]),
        ])
    func untyped(json: String, cells: [String]) throws {
        for (type, cell) in zip(Self.types, cells) {
            let reading = try BatchReading([ColumnRequest("a", type)], isUntyped: true, "{\"a\": \(json)}\n")
            #expect(reading.cells(0) == [cell], "\(type)")
        }
    }

    @Test(
        "a key is found however it is written, and the last of several counts",
        arguments: [
            (#"{"generated\u005fanswer": "x"}"#, "x"), (#"{"\u0067enerated_answer": "x"}"#, "x"),
            (#"{"generated_answer": "x", "generated_answer": "y"}"#, "y"),
            (#"{"generated_answer": "x", "generated\u005fanswer": "y"}"#, "y"),
            (#"{"generated_answer": "x", "generated_answer": null}"#, "null"),
            (#"{"generated_answer": "x", "generated_answer": [1]}"#, "mistyped"),
            (#"{"generated_answer": null, "generated_answer": "y"}"#, "y"),
            (#"{"generated_answe": "x", "generated_answers": "y", "Generated_answer": "z"}"#, "missing"),
            (#"{"x": {"generated_answer": "y"}}"#, "missing"), (#"{"generated_answer\u0000": "x"}"#, "missing"),
            (#"{"x": "\"generated_answer\": 1", "generated_answer": "z"}"#, "z"), ("{}", "missing"),
        ])
    func keys(line: String, cell: String) throws {
        let reading = try BatchReading([ColumnRequest("generated_answer", .text)], line)
        #expect(reading.contents(0) == RowContents(line: line, cells: [cell]))
        #expect(reading.batch.hasSeen(0) == (cell != "missing"))
    }

    @Test("a column may have any name", arguments: ["", "é", "e\u{301}", "a\"b\\c/d", "tab\t", "\u{0}", "😀"])
    func names(name: String) throws {
        let key = name.unicodeScalars.map { scalar in
            scalar.properties.isAlphabetic || scalar.value > 0x300 ? String(scalar) : "\\u00" + hex(scalar.value)
        }.joined()
        let reading = try BatchReading([ColumnRequest(name, .text)], "{\"\(key)\": \"x\"}\n{\"other\": 1}")
        #expect(reading.cells(0) == ["x", "missing"])
    }

    private func hex(_ value: UInt32) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }

    @Test("members that change places from row to row are found in each")
    func changingOrder() throws {
        let lines = [
            #"{"a": "1", "b": "2", "c": "3"}"#, #"{"c": "3", "b": "2", "a": "1"}"#, #"{"b": "2"}"#,
            #"{"x": 0, "a": "1", "y": 0, "b": "2"}"#, #"{"a": "1", "b": "2", "c": "3"}"#,
        ]
        let columns = ["c", "a", "b"].map { ColumnRequest($0, .text) }
        let reading = try BatchReading(columns, lines.joined(separator: "\n"))
        #expect(
            reading.rows.map(\.cells) == [
                ["3", "1", "2"], ["3", "1", "2"], ["missing", "missing", "2"], ["missing", "1", "2"], ["3", "1", "2"],
            ])
    }

    @Test("keys longer than any that are remembered are told apart")
    func longKeys() throws {
        let keys = (60...70).map { String(repeating: "k", count: $0) }
        let line = "{" + keys.map { "\"\($0)\": \"\($0.count)\"" }.joined(separator: ", ") + "}"
        let reading = try BatchReading(keys.map { ColumnRequest($0, .text) }, "\(line)\n\(line)\n")
        #expect(reading.rows.map(\.cells) == [keys.map { "\($0.count)" }, keys.map { "\($0.count)" }])
    }

    @Test("blank lines count as lines and not as rows")
    func lineNumbers() throws {
        let reading = try BatchReading(
            [ColumnRequest("a", .text)], "\n{\"a\": \"1\"}\r\n \t\r\n\r\n{\"a\": \"2\"}\nx\n\n{\"a\": \"3\"}")
        let batch = reading.batch
        #expect(reading.cells(0) == ["1", "2", "missing", "3"])
        #expect((0..<4).map(batch.lineIndex) == [1, 4, 5, 7])
        #expect((0..<4).map(batch.rowIndex) == [0, 1, 2, 3])
        #expect(batch.linesRead == 8)
        #expect(batch.rowsRead == 4)
        #expect(batch.hasFaults)
        #expect((0..<4).map(batch.isReadable) == [true, true, false, true])
    }

    @Test(
        "a line that is no row says why, and its neighbours are read",
        arguments: [
            ("x", "not a JSON object: the line holds something else (byte 1)"),
            ("[1]", "not a JSON object: the line holds an array (byte 1)"),
            (#"  "a""#, "not a JSON object: the line holds a string (byte 3)"),
            ("null", "not a JSON object: the line holds something else (byte 1)"),
            ("\u{FEFF}{\"a\": \"2\"}", "not a JSON object: the line holds something else (byte 1)"),
            ("\0the reason", "not a JSON object: the line starts with a NUL character (byte 1)"),
            ("{", "not valid JSON: \(cutOff)"),
            (#"{"a": "2""#, "not valid JSON: \(cutOff)"),
            (#"{"a": "2"} x"#, "not valid JSON: \(cutOff)"),
            (#"{"a": "2"}{"a": "3"}"#, "not valid JSON: unexpected trailing content in the JSON input (byte 11)"),
            (#"{"a": "2"}}"#, "not valid JSON: unexpected trailing content in the JSON input (byte 11)"),
            (#"{"a": "2",}"#, "not valid JSON: \(improper) (byte 11)"),
            (#"{"a" "2"}"#, "not valid JSON: \(improper) (byte 6)"),
            (#"{"a": {"b": 1}"#, "not valid JSON: \(improper) (byte 15)"),
            ("{a: 1}", "not valid JSON: \(improper) (byte 2)"),
            (#"{"a": nul}"#, "not valid JSON: \(improper) (byte 7)"),
            (#"{"a": 01}"#, "not valid JSON: \(improper) (byte 7)"),
            (#"{"a": nan}"#, "not valid JSON: \(improper) (byte 7)"),
            (#"{"a": "\x"}"#, "not valid JSON: problem while parsing a string (byte 7)"),
            (#"{"a": "b}"#, "not valid JSON: a string is opened, but never closed"),
            (
                "{\"a\": \"\u{1}\"}",
                "not valid JSON: within strings, some characters must be escaped, we found unescaped characters"
            ),
        ])
    func faults(line: String, fault: String) throws {
        let good = #"{"a": "1"}"#
        let reading = try BatchReading(
            [ColumnRequest("a", .text), ColumnRequest("a", .json)], [good, line, good].joined(separator: "\n"))
        try #require(reading.batch.count == 3)
        #expect(reading.contents(0) == RowContents(line: good, cells: ["1", #""1""#]))
        #expect(reading.contents(2) == RowContents(line: good, cells: ["1", #""1""#]))
        #expect(reading.contents(1) == RowContents(line: line, fault: fault, cells: ["missing", "missing"]))
    }

    @Test(
        "a value that is needed must be followed by a comma or the end of its object",
        arguments: [#"{"a": "x": 1}}"#, #"{"a": "x": 1}, "b": 2}"#, #"{"a": 1: 2}"#, #"{"a": [1]: 2}"#, #"{"a": 1 2}"#])
    func whatFollows(line: String) throws {
        for type in [ValueType.text, .json] {
            let reading = try BatchReading([ColumnRequest("a", type)], line)
            #expect(reading.batch.fault(0) != nil, "\(type)")
            #expect(reading.cells(0) == ["missing"], "\(type)")
        }
    }

    @Test(
        "what a line holds beside the columns that are needed is stepped over, and repaired where it can be",
        arguments: [
            (#"{"b": "\u12", "a": "2"}"#, 1), (#"{"b": [1,,2], "a": "2"}"#, nil), (#"{"a": "2", "b": 01}"#, 1),
            (#"{"a": "2", "b": [NaN, {"c": -Infinity}]}"#, 2), (#"{"a": "2", "b": [1 2]}"#, nil),
        ])
    func unneeded(line: String, repairs: Int?) throws {
        let reading = try BatchReading([ColumnRequest("a", .text)], line)
        #expect(reading.rows == [RowContents(line: line, cells: ["2"])])
        #expect(reading.batch.checkWholeRows() == repairs ?? 0)
        #expect((reading.batch.fault(0) == nil) == (repairs != nil))
        #expect(reading.cells(0) == [repairs == nil ? "missing" : "2"])
    }

    @Test("bytes that are not UTF-8 are a fault of their line, wherever they are")
    func invalidUTF8() throws {
        let bad = Array(#"{"b": "é"#.utf8) + [0xC3, 0x28] + Array(#"", "a": "2"}"#.utf8)
        let reading = BatchReading([ColumnRequest("a", .text)])
        try reading.read(Array("{\"a\": \"1\"}\n".utf8) + bad + Array("\n{\"a\": \"3\"}".utf8))
        #expect(reading.cells(0) == ["1", "missing", "3"])
        #expect(reading.batch.fault(1)?.description == "not valid UTF-8 (byte 10)")
    }

    @Test("whole rows are checked on demand, beyond the columns that were read")
    func checkWholeRows() throws {
        let lines = [#"{"a": "1", "b": [1, 2]}"#, #"{"a": "2", "b": [1 2]}"#, "x", #"{"a": "4"}"#]
        let reading = try BatchReading([ColumnRequest("a", .text)], lines.joined(separator: "\n"))
        #expect(reading.cells(0) == ["1", "2", "missing", "4"])
        #expect(reading.batch.checkWholeRows() == 0)
        #expect(reading.cells(0) == ["1", "missing", "missing", "4"])
        #expect(reading.batch.fault(1)?.description.hasPrefix("not valid JSON: ") == true)
        #expect(reading.batch.fault(1)?.offset == 19)
        #expect(reading.batch.fault(0) == nil)
    }

    @Test("more rows than a batch had room for", arguments: [1023, 1024, 1025, 5000])
    func growth(count: Int) throws {
        let types: [ValueType] = [.text, .f64, .i64, .bool, .json, .textList]
        let columns = types.enumerated().map { ColumnRequest("c\($0.offset)", $0.element) }
        let lines = (0..<count).map { row in
            #"{"c0": "é\u00e9\#(row)", "c1": \#(row).5, "c2": \#(row), "c3": \#(row % 3 == 0), "c4": [\#(row)], "#
                + #""c5": ["\#(row)", "\n"]}"#
        }
        let reading = BatchReading(columns)
        // The second time, there is room from the start.
        for _ in 0..<2 {
            try reading.read(Array(lines.joined(separator: "\n").utf8))
            try #require(reading.batch.count == count)
            for row in [0, 1, count / 2, count - 2, count - 1] {
                let cells = ["éé\(row)", "\(row).5", "\(row)", "\(row % 3 == 0)", "[\(row)]", "<\(row)><\n>"]
                #expect(reading.contents(row) == RowContents(line: lines[row], cells: cells))
                #expect(reading.batch.lineIndex(row) == row)
            }
        }
        try reading.read(Array("{}\n{\"c0\": \"x\"}".utf8))
        #expect(reading.cells(0) == ["missing", "x"])
        #expect(reading.cells(5) == ["missing", "missing"])
    }

    @Test("rows that are kept close up, lists and all", arguments: [2, 3, 7, 1000])
    func keep(modulus: Int) throws {
        let types: [ValueType] = [.text, .f64, .i64, .bool, .json, .textList, .textList]
        let columns = types.enumerated().map { ColumnRequest("c\($0.offset)", $0.element) }
        let lines = (0..<100).map { row in
            #"{"c0": "\#(row)", "c1": \#(row), "c2": \#(row), "c3": true, "c4": \#(row), "#
                + #""c5": [\#((0..<row % 4).map { "\"\(row)-\($0)\"" }.joined(separator: ","))], "c6": ["x\#(row)", "y"]}"#
        }
        let reading = try BatchReading(columns, lines.joined(separator: "\n"))
        let all = reading.rows
        reading.batch.keep { $0 % modulus == 1 }
        let wanted = (0..<100).filter { $0 % modulus == 1 }
        #expect(reading.rows == wanted.map { all[$0] })
        #expect(reading.batch.rowsRead == 100)
        #expect(wanted.indices.map(reading.batch.rowIndex) == wanted)
        #expect(wanted.indices.map(reading.batch.lineIndex) == wanted)
        #expect(!reading.batch.isWhole)
        reading.batch.keep(limit: 2) { $0 > 0 }
        #expect(reading.rows == wanted.dropFirst().prefix(2).map { all[$0] })
        reading.batch.keep { _ in false }
        #expect(reading.batch.count == 0)
    }

    @Test("a batch without columns has rows all the same")
    func noColumns() throws {
        let reading = try BatchReading([], "{}\nx\n{\"a\": 1}\n")
        #expect(reading.rows.map(\.fault) == [nil, "not a JSON object: the line holds something else (byte 1)", nil])
    }
}

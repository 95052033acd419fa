import JSON
import ScoringCore
import Testing

@testable import Datasets

@Suite("Places within columns are columns, too")
struct PathColumnTests {
    private static let lines = """
        {"choices": [{"turns": ["first", "sec\\u00f6nd"], "n": 2.5}], "ok": {"yes": true, "list": ["a", "b"]}}
        {"choices": [], "ok": {"yes": null}}
        {"choices": [{"turns": "none", "n": NaN}], "ok": "{\\"yes\\": false, \\"list\\": ['c']}"}
        {"choices[0].turns[0]": "literal", "choices": [{"turns": ["x"]}], "ok": "{'yes': True, 'list': ['d', 'e']}"}
        {"other": 1}
        """

    @Test(
        arguments: [
            ("choices[0].turns[0]", ValueType.text, ["first", "missing", "missing", "literal", "missing"]),
            ("choices[0].turns[-1]", .text, ["secönd", "missing", "missing", "x", "missing"]),
            (
                "choices[0].turns", .json,
                ["[\"first\", \"sec\\u00f6nd\"]", "missing", "\"none\"", "[\"x\"]", "missing"]
            ),
            ("choices.0.n", .f64, ["2.5", "missing", "null", "missing", "missing"]),
            ("/ok/yes", .bool, ["true", "null", "false", "true", "missing"]),
            ("ok.list", .textList, ["<a><b>", "missing", "<c>", "<d><e>", "missing"]),
            ("ok.list[1]", .text, ["b", "missing", "missing", "e", "missing"]),
            ("choices[0]", .text, ["mistyped", "missing", "mistyped", "mistyped", "missing"]),
        ])
    func cells(path: String, type: ValueType, cells: [String]) throws {
        // Once with all rows good in one go, and once line by line.
        for lines in [Self.lines, Self.lines + "\n{broken"] {
            let reading = try BatchReading([ColumnRequest("ok", .json), ColumnRequest(path, type)], lines)
            #expect(Array(reading.cells(1).prefix(5)) == cells)
            #expect(reading.batch.hasSeen(1))
        }
    }

    @Test("a place that no row has was not seen, and one that is null was")
    func seen() throws {
        let reading = try BatchReading(
            [ColumnRequest("a.b", .text), ColumnRequest("a.c", .text), ColumnRequest("a", .text)],
            "{\"a\": {\"b\": null}}\n")
        #expect(reading.batch.hasSeen(0))
        #expect(!reading.batch.hasSeen(1))
        #expect(reading.rows[0].cells == ["null", "missing", "mistyped"])
    }

    @Test("keeping rows moves the cells of paths with them")
    func keep() throws {
        let reading = try BatchReading(
            [ColumnRequest("ok.list", .textList), ColumnRequest("ok.yes", .bool)], Self.lines)
        reading.batch.keep { $0 == 0 || $0 >= 3 }
        #expect(reading.cells(0) == ["<a><b>", "<d><e>", "missing"])
        #expect(reading.cells(1) == ["true", "true", "missing"])
    }

    @Test("of several members of one name on the way, the last counts, also where a name is escaped")
    func duplicates() throws {
        let reading = try BatchReading(
            [ColumnRequest("a.b", .text)],
            #"{"a": {"b": 1, "\u0062": "last"}}"# + "\n" + #"{"a": {"b": 1}, "a": {"b": 2}}"#)
        #expect(reading.cells(0) == ["last", "2"])
    }
}

@Suite("What Python writes and JSON does not have")
struct NonFiniteTests {
    @Test("NaN and infinities are null where they are asked for, and are counted")
    func asked() throws {
        let reading = try BatchReading(
            [ColumnRequest("x", .f64), ColumnRequest("y", .json)],
            "{\"x\": NaN, \"y\": [1, NaN, \"NaN\"]}\n{\"x\": -Infinity, \"y\": Infinity}\n{\"x\": 1.5, \"y\": \"Infinity\"}\n"
        )
        #expect(reading.cells(0) == ["null", "null", "1.5"])
        #expect(reading.cells(1) == ["[1, null, \"NaN\"]", "null", "\"Infinity\""])
        #expect(reading.batch.nonFiniteCount == 3)
        let table = try BatchReading(
            [ColumnRequest("x", .f64)], isUntyped: true, "{\"x\": \"NaN\"}\n{\"x\": \"nan.\"}\n")
        #expect(table.cells(0) == ["null", "mistyped"])
    }

    @Test(
        "a column that is read nowhere cannot cost a row its score, whatever is in it",
        arguments: [
            "NaN", "-Infinity", "nan", "01", "+1", ".5", "1.", "0x10", "undefined", "1e999999", "\"\\x41\"",
            "\"C:\\users\"", "\"\\ud800\"", "[NaN, {\"a\": Infinity}]", "[\"\\q\"]",
            String(repeating: "9", count: 5000),
            String(repeating: "[", count: 3000) + String(repeating: "]", count: 3000),
            String(repeating: "{\"a\":", count: 3000) + "1" + String(repeating: "}", count: 3000),
        ])
    func unread(value: String) throws {
        for line in [
            "{\"u\": \(value), \"a\": \"x\"}", "{\"a\": \"x\", \"u\": \(value)}",
            "{\"u\": 1, \"u\": \(value), \"a\": \"x\"}",
        ] {
            let reading = try BatchReading([ColumnRequest("a", .text)], line + "\n")
            #expect(reading.rows[0].fault == nil)
            #expect(reading.cells(0) == ["x"])
            // Nor where the whole row is written out again.
            _ = reading.batch.checkWholeRows()
            #expect(reading.rows[0].fault == nil)
            #expect(reading.cells(0) == ["x"])
        }
    }
}

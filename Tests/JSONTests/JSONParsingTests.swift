import JSON
import Testing

private let improper =
    "the JSON document has an improper structure: missing or superfluous commas, braces, missing keys, etc"
private let trailing = "unexpected trailing content in the JSON input"

@Suite("JSON text is parsed into values and written again")
struct JSONParsingTests {
    @Test(
        "what is written is what was read",
        arguments: [
            "null", "true", "false", "0", "-0", "-0.0", "1.0", "1.50", "1E5", "1e-7", "1e400", "18446744073709551616",
            "-123456789012345678901234567890", "0.1000000000000000055511151231257827", #""""#, #""a""#,
            #""zürich 日本 😀""#,
            #""\"\\ \b\f\n\r\t\u0000\u001f""#, "[]", "{}", "[1, [2, []], {}]", #"{"b": 1, "a": {"": null}}"#,
            #"{"key with \"quotes\"": ["x", false]}"#,
        ])
    func roundTrip(text: String) throws {
        #expect(try JSONValue(parsing: text).text == text)
    }

    @Test(
        "white space and escapes that need not be are not kept",
        arguments: [
            (" [ 1 ,\t2 ]\r\n", "[1, 2]"), (#"{"a":1,"b":[]}"#, #"{"a": 1, "b": []}"#),
            (#""\u0061\/\u00e9""#, #""a/é""#),
            (#""\ud83d\ude00""#, #""😀""#), (#""\u001F\u007f""#, "\"\\u001f\u{7F}\""), ("\n\t 7 \n", "7"),
        ])
    func normalised(text: String, written: String) throws {
        #expect(try JSONValue(parsing: text).text == written)
    }

    @Test("pretty text has two spaces a level and reads as the same value")
    func prettyText() throws {
        let text = """
            {
              "a": [
                1,
                {
                  "b": null
                }
              ],
              "c": {},
              "d": [],
              "e": "x"
            }
            """
        let value = try JSONValue(parsing: text)
        #expect(value.prettyText == text)
        #expect(value.text == #"{"a": [1, {"b": null}], "c": {}, "d": [], "e": "x"}"#)
    }

    @Test("every kind of value is told apart")
    func kinds() throws {
        let value = try JSONValue(parsing: #"[null, true, -2.5, "x", [1], {"k": "v"}]"#)
        let elements = try #require(value.array)
        #expect(elements.map(\.kind) == ["null", "a boolean", "a number", "a string", "an array", "an object"])
        #expect(elements == [nil, true, .number(try #require(JSONNumber(-2.5))), "x", [1], ["k": "v"]])
        #expect(elements[1].bool == true && elements[3].string == "x" && elements[4].array == [1])
        #expect(elements[5]["k"] == "v" && elements[5]["none"] == nil && elements[4]["k"] == nil)
    }

    @Test("of several members of one key the last counts, in the place of the first")
    func duplicateKeys() throws {
        let value = try JSONValue(parsing: #"{"a": 1, "b": 2, "\u0061": {"x": 3}}"#)
        #expect(value.text == #"{"a": {"x": 3}, "b": 2}"#)
        #expect(value == ["b": 2, "a": ["x": 3]])
    }

    @Test(
        "numbers keep the text that they are written with",
        arguments: [
            ("0", 0, 0), ("-7", -7, -7), ("9223372036854775807", Int.max, 0x1p63),
            ("-9223372036854775808", Int.min, -0x1p63), ("9223372036854775808", nil, 0x1p63), ("1.0", nil, 1),
            ("1e2", nil, 100), ("123456789012345678901234567890", nil, 1.2345678901234568e29),
            ("1e400", nil, .infinity),
            ("-1e400", nil, -.infinity), ("1e-400", nil, 0), ("0.1", nil, 0.1),
        ] as [(String, Int?, Double)])
    func numbers(text: String, int: Int?, double: Double) throws {
        guard case .number(let number) = try JSONValue(parsing: text) else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(number.text == text)
        #expect(number.int == int)
        #expect(number.double == double)
    }

    @Test("a number that JSON cannot spell is null")
    func infinities() {
        #expect(JSONNumber(Double.infinity) == nil)
        #expect(JSONValue(Double.nan) == .null)
        #expect(JSONValue(nil as Double?) == .null)
        #expect(JSONValue(0.1).text == "0.1")
    }

    @Test("a thousand levels are read, one more is an error", arguments: [("[", "]"), (#"{"a":"#, "}")])
    func depth(open: String, close: String) throws {
        func nested(_ levels: Int) -> String {
            String(repeating: open, count: levels - 1) + (open == "[" ? "[]" : "{}")
                + String(repeating: close, count: levels - 1)
        }
        #expect(try JSONValue(parsing: nested(1000)).text.count >= 2000)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(1001)) }
        #expect(error?.message == "not valid JSON: the JSON document was too deep (too many nested objects and arrays)")
    }

    @Test(
        "what is no JSON is refused, with the line and the column where they are known",
        arguments: [
            ("", nil, "empty: no JSON found"), (" \n", nil, "empty: no JSON found"),
            ("{", (1, 2), improper), ("[1, 2", (1, 6), improper), ("[1,]", (1, 4), improper), ("[1}", (1, 3), improper),
            ("[1 2]", (1, 4), improper), ("[truex]", (1, 2), improper), ("[-]", (1, 2), improper),
            (#"{"a":1,}"#, (1, 8), improper), (#"{"a" 1}"#, (1, 6), improper), ("{a: 1}", (1, 2), improper),
            (#"{"a""#, (1, 5), improper), ("{1: 2}", (1, 2), improper), (#"{"a": 1 "b": 2}"#, (1, 9), improper),
            ("{\n  \"a\": 1,\n  \"b\": tru\n}", (3, 8), improper), ("[1,\r\n 2,\r\n x]", (3, 2), improper),
            ("\n\n [\n1 1]", (4, 3), improper), ("nul", (1, 1), improper), ("01", (1, 1), improper),
            ("1.", (1, 1), improper), ("+1", (1, 1), improper), (".5", (1, 1), improper), ("-", (1, 1), improper),
            ("1e", (1, 1), improper), ("NaN", (1, 1), improper), ("Infinity", (1, 1), improper),
            ("'a'", (1, 1), improper),
            ("\u{FEFF}[]", (1, 1), improper), ("// x\n1", (1, 1), improper),
            (#""abc"#, nil, "a string is opened, but never closed"),
            (#"{"a": "x"#, nil, "a string is opened, but never closed"),
            (#""\x""#, (1, 1), "problem while parsing a string"),
            (#"["a\u12g4"]"#, (1, 2), "problem while parsing a string"),
            ("\"a\u{1}b\"", nil, "within strings, some characters must be escaped, we found unescaped characters"),
            ("\"a\nb\"", nil, "within strings, some characters must be escaped, we found unescaped characters"),
            ("[1] x", (1, 5), trailing), ("{} {}", (1, 4), trailing), ("[1]]", (1, 4), trailing),
            ("[]\n[]", (2, 1), trailing),
        ] as [(String, (Int, Int)?, String)])
    func errors(text: String, place: (line: Int, column: Int)?, message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.message == "not valid JSON: \(message)")
        #expect(error?.line == place?.line)
        #expect(error?.column == place?.column)
        let prefix = place.map { "line \($0.line), column \($0.column): " } ?? ""
        #expect(error?.description == "\(prefix)not valid JSON: \(message)")
    }

    @Test(
        "nothing may follow a value, whatever it is",
        arguments: ["1 2", #""a" "b""#, "true false", "null]", "1,", "-1 x", "0\n0", #""a"}"#, "[] 1", "{},"])
    func trailingContent(text: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.message == "not valid JSON: \(trailing)")
    }

    @Test(
        "a text, number or word is followed by what may follow it",
        arguments: [
            #"["a": 0}]"#, #"[1: 2]"#, #"{"a": "b": 1.5}}"#, #"{"a": "b": 1.5}, "c": 2}"#, #"[["a": []}, 1]"#,
            "[true\0]",
            "[1\0, 2]", "{\"a\": null\0}", "[\"a\"\0]", "[1\u{B}]", "[1\u{A0}]",
        ])
    func whatFollows(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test(
        "text that is cut short is refused, whatever the parser has read before",
        arguments: ["[[]", "[{}", #"[""#, #"{"a":[]"#, #"{"a":{}"#, "[1", #"{"a":1"#, "[[1],[2]", #"{"a":"#, "[["])
    func cutShort(text: String) {
        var parser = JSONParser()
        for filler in [",", "]", "}", ":", "\"", "1", ",1]", ",{}]", "[", "{"] {
            // Leaves the filler behind the text, in the parser's memory.
            let before = "\"" + String(repeating: "x", count: text.utf8.count - 1) + "\(filler)"
            _ = Array(before.utf8).withUnsafeBytes { bytes in try? parser.parse(bytes) }
            let value = Array(text.utf8).withUnsafeBytes { bytes in try? parser.parse(bytes) }
            #expect(value == nil, "before \(filler)")
        }
    }

    @Test("bytes that are not UTF-8 are refused at the first of them")
    func invalidUTF8() {
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: Array("[\n\"é".utf8) + [0xFF] + Array("\"]".utf8))
        }
        #expect(error?.offset == 5)
        #expect(error?.description == "line 2, column 4: not valid JSON: the input is not valid UTF-8")
    }

    @Test("a parser serves text after text, also after one that it refused")
    func reuse() throws {
        var parser = JSONParser()
        for (text, isValid) in [
            ("[1]", true), ("[", false), (String(repeating: " ", count: 100_000) + "2", true), ("", false),
            ("{}", true),
        ] {
            let bytes = Array(text.utf8)
            let value = bytes.withUnsafeBytes { bytes in try? parser.parse(bytes) }
            #expect((value != nil) == isValid, "\(text.suffix(5))")
        }
    }
}

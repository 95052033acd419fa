import JSON
import Testing

@Suite("Two JSON texts are the same value, or not")
struct JSONEqualityTests {
    /// As Python's `json.loads(left) == json.loads(right)` says, but that a boolean is never a number.
    @Test(
        "equality is by value",
        arguments: [
            ("18", "18", true),
            ("18", "18.0", true),
            ("18", #""18""#, false),
            ("18", "1.8e1", true),
            ("0", "-0", true),
            ("0", "-0.0", true),
            ("0.0", "-0.0", true),
            ("0", "0e5", true),
            ("1e400", "1e401", true),
            ("1e400", "-1e400", false),
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993", "9007199254740993.0", false),
            ("9007199254740992", "9007199254740992.0", true),
            ("123456789012345678901234567890", "123456789012345678901234567890", true),
            ("123456789012345678901234567890", "123456789012345678901234567891", false),
            ("100000000000000000000", "1e20", true),
            ("18446744073709551616", "18446744073709551616.0", true),
            ("9223372036854775808", "9223372036854775808.0", true),
            ("-9223372036854775808", "-9223372036854775808.0", true),
            ("0.1", "0.10", true),
            ("0.1", "1e-1", true),
            ("0.1", "0.1000000000000000055511151231257827", true),
            ("1e-400", "0", true),
            ("true", "true", true),
            ("true", "false", false),
            ("true", "1", false),  // Python takes true for 1
            ("false", "0", false),  // Python takes true for 1
            ("null", "null", true),
            ("null", "0", false),
            ("null", #""""#, false),
            ("true", #""true""#, false),
            (#""a""#, #""a""#, true),
            (#""a""#, #""b""#, false),
            (#""a""#, #""a ""#, false),
            (#""""#, #""""#, true),
            (#""""#, #""a""#, false),
            (#""a""#, #""\u0061""#, true),
            (#""\u00e9""#, #""é""#, true),
            (#""é""#, #""e\#u{301}""#, false),
            (#""\u00e9""#, #""e\u0301""#, false),
            (#""\ud83d\ude00""#, #""😀""#, true),
            (#""\ud800""#, #""\ud800""#, true),
            (#""\ud800""#, #""\ud801""#, false),
            (#""\ud800""#, #""\ufffd""#, false),
            (#""\/""#, #""/""#, true),
            (#""\n""#, #""\u000a""#, true),
            (#""a\u0000b""#, #""a\u0000b""#, true),
            (#""a\u0000b""#, #""a\u0000c""#, false),
            (#""a\"""#, #""a\\""#, false),
            ("[]", "[]", true),
            ("[]", "{}", false),
            ("[1,2]", "[1, 2]", true),
            ("[1,2]", "[2,1]", false),
            ("[1,2]", "[1,2,3]", false),
            (#"[1.0,["x"]]"#, #"[1, [ "\u0078" ] ]"#, true),
            ("[null]", "[]", false),
            ("{}", "{ }", true),
            (#"{"a":1,"b":2}"#, #"{"b": 2, "a": 1.0}"#, true),
            (#"{"a":1}"#, #"{"a":2}"#, false),
            (#"{"a":1}"#, #"{"b":1}"#, false),
            (#"{"a":1}"#, #"{"a":1,"b":null}"#, false),
            (#"{"a":1,"a":2}"#, #"{"a":2}"#, true),
            (#"{"a":2,"a":1}"#, #"{"a":2}"#, false),
            (#"{"a":{"x":[1,{"y":null}],"z":true}}"#, #"{"a": {"z": true, "x": [1.0, {"y": null}]}}"#, true),
            (#"{"\u0061":1}"#, #"{"a":1}"#, true),
            (#"{"é":1}"#, #"{"e\#u{301}":1}"#, false),
            (#"{"é":1,"e\#u{301}":2}"#, #"{"e\#u{301}":2,"é":1}"#, true),
            (#"{"é":1,"e\#u{301}":2}"#, #"{"e\#u{301}":1,"é":2}"#, false),
            (#"{"a":true}"#, #"{"a":1}"#, false),  // Python takes true for 1
            ("[true]", "[1]", false),  // Python takes true for 1
            ("[[[]]]", "[[[]]]", true),
            ("[[[]]]", "[[[[]]]]", false),
            (#""1""#, #""1.0""#, false),
            ("1", #""1""#, false),
            ("[18]", #"["18"]"#, false),
            ("1E2", "100", true),
            ("1e+2", "100.0", true),
            ("123456789012345678901234567890.0", "123456789012345678901234567890.00", true),
            ("1.7976931348623157e308", "1.7976931348623157e+308", true),
            (#"" a""#, #""a""#, false),
            ("0.30000000000000004", "0.3", false),
            ("5e-324", "4.9e-324", true),
        ])
    func equality(left: String, right: String, equal: Bool) throws {
        #expect(try areEqual(left, right) == equal)
        #expect(try areEqual(right, left) == equal)
    }

    @Test("an integer beyond 64 bits is compared with a fraction as the nearest double")
    func longIntegerAndFraction() throws {
        #expect(try areEqual("123456789012345678901234567890", "1.2345678901234568e29"))
        #expect(try !areEqual("123456789012345678901234567890", "1.2345678901234566e29"))
    }

    @Test(
        "every value is equal to itself",
        arguments: [
            "null", "true", "-0.0", "1e400", #""\ud800""#, #"[1, {"a": [null, "x"]}]"#,
            String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000),
        ])
    func reflexive(text: String) throws {
        #expect(try areEqual(text, text))
    }

    @Test(
        "membership of an array, and of an object's keys",
        arguments: [
            (#"["a","b"]"#, #""a""#, true),
            (#"["a","b"]"#, #""c""#, false),
            ("[]", "null", false),
            ("[null]", "null", true),
            ("[1,2]", "2.0", true),
            ("[1,2]", #""2""#, false),
            ("[[1],2]", "[1.0]", true),
            (#"[{"a":1,"b":2}]"#, #"{"b":2,"a":1}"#, true),
            ("[18.0]", "18", true),
            (#"["é"]"#, #""e\#u{301}""#, false),
            (#"["\u0061"]"#, #""a""#, true),
            ("[123456789012345678901234567890]", "123456789012345678901234567891", false),
            (#"{"a":1}"#, #""a""#, true),
            (#"{"a":1}"#, #""b""#, false),
            (#"{"\u0061":1}"#, #""a""#, true),
            (#"{"é":1}"#, #""e\#u{301}""#, false),
            (#"{"a":{"b":1}}"#, #""b""#, false),
            ("{}", #""""#, false),
            (#"{"":0}"#, #""""#, true),
            ("[true]", "1", false),  // Python takes true for 1
            ("[0]", "false", false),  // Python takes true for 1
            ("[[]]", "[]", true),
            (#"[["a"]]"#, #""a""#, false),
            (#"["abc"]"#, #""b""#, false),
        ])
    func membership(whole: String, part: String, contained: Bool) throws {
        #expect(try contains(whole, part) == contained)
    }

    @Test("nothing is contained in a scalar", arguments: ["1", #""abc""#, "null", "true"])
    func scalars(whole: String) throws {
        #expect(try !contains(whole, whole))
    }

    @Test("only a text can be a key", arguments: ["1", "null", "[]", #"{"a": 1}"#])
    func keys(part: String) throws {
        #expect(try !contains(#"{"a": 1, "1": 2, "null": 3}"#, part))
    }

    @Test(
        "a text that is no JSON is an error where it had to be read",
        arguments: [(#"["#, "[]"), ("[]", #"{"a"}"#), (#""\x""#, #""x""#), ("[1 2]", "[1]"), ("{}", "[]x")])
    func brokenText(left: String, right: String) {
        #expect(throws: JSONError.self) { try areEqual(left, right) }
        #expect(throws: JSONError.self) { try areEqual(right, left) }
        #expect(throws: JSONError.self) { try contains("[" + left + "]", right) }
    }

    private func areEqual(_ left: String, _ right: String) throws -> Bool {
        var parser = JSONParser()
        return try withBytes(left, right) { left, right in try parser.areEqual(left, right) }
    }

    private func contains(_ left: String, _ right: String) throws -> Bool {
        var parser = JSONParser()
        return try withBytes(left, right) { left, right in try parser.contains(left, right) }
    }

    private func withBytes<Result>(
        _ left: String, _ right: String, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try Array(left.utf8).withUnsafeBytes { left in try Array(right.utf8).withUnsafeBytes { try body(left, $0) } }
    }
}

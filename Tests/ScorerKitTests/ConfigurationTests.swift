import Testing

@testable import ScorerKit

@Suite("Parameters are read by name, and what is wrong with them is said with the place")
struct ConfigurationTests {
    private func configuration(_ params: String) throws -> Configuration {
        var json = "{\"identifier\": \"a::b\", \"params\": \(params)}"
        return try json.withUTF8 { try Configuration(UnsafeRawBufferPointer($0)) }
    }

    @Test("each kind of parameter, given, null and not given")
    func kinds() throws {
        var given = try configuration(
            #"{"t": "a\u00e9\ud83d\ude00\n\ud800", "l": ["x", ""], "n": -1.5e1, "b": true, "skipped": {"a": [1]}, "null": null}"#
        )
        #expect(try given.text("t") == "aé😀\n\u{FFFD}")
        #expect(try given.texts("l") == ["x", ""])
        #expect(try given.number("n", in: -20...0) == -15)
        #expect(try given.boolean("b") == true)
        given.skip("skipped")
        #expect(try given.text("null") == nil)
        #expect(try given.text("not given") == nil)
        #expect(try given.texts("not given") == nil)
        #expect(try given.number("not given", in: 0...1) == nil)
        #expect(try given.boolean("not given") == nil)
        try given.finish()
    }

    @Test(
        "what is wrong, and where",
        arguments: [
            (#"{"t": 1}"#, "/params/t", "found 1; expected a string"),
            (#"{"l": "x"}"#, "/params/l", "found a string; expected an array of strings"),
            (#"{"l": ["x", [1]]}"#, "/params/l/1", "found an array; expected a string"),
            (#"{"n": 2}"#, "/params/n", "found 2; expected a number from 0.0 to 1.0"),
            (#"{"b": "true"}"#, "/params/b", "found \"true\"; expected true or false"),
            (#"{"x/~": 1}"#, "/params/x~1~0", "unknown parameter; expected t, l, n, b"),
            ("[]", "/params", "expected an object"), ("{", "", "expected a JSON object"),
        ])
    func rejections(params: String, pointer: String, message: String) throws {
        let error = #expect(throws: ParameterRejection.self) {
            var given = try configuration(params)
            _ = try given.text("t")
            _ = try given.texts("l")
            _ = try given.number("n", in: 0...1)
            _ = try given.boolean("b")
            try given.finish()
        }
        #expect(error?.pointer == pointer)
        #expect(error?.message == message)
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\": }", "{1: 2}", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"a\nb\"",
            "tru",
            "-", "1..2", "[]]", String(repeating: "[", count: 1_000_000),
        ])
    func broken(text: String) {
        var text = text
        #expect(text.withUTF8 { JSONText(parsing: UnsafeRawBufferPointer($0)) == nil })
    }

    private enum Fruit: String, CaseIterable { case apple, pear }

    @Test("whole numbers, choices, JSON as it was written, and what the function is")
    func more() throws {
        var json =
            #"{"identifier": "a::b", "return_type": {"type": "number"}, "columns": ["Best Answer"], "params": {"i": 3, "c": "pear", "#
            + #""o": { "x": [1.50, 1e999] }, "none": null, "unknown": null}}"#
        var given = try json.withUTF8 { try Configuration(UnsafeRawBufferPointer($0)) }
        #expect(given.identifier == "a::b")
        #expect(given.returnType == "number")
        #expect(given.columns == ["Best Answer"])
        #expect(try given.integer("i", in: 1...3) == 3)
        #expect(try given.choice("c") == Fruit.pear)
        #expect(try given.choice("not given") == Fruit.apple)
        #expect(try given.choice("not given", fallback: Fruit.pear) == Fruit.pear)
        let (written, none) = (given.json("o"), given.json("none"))
        #expect(written == #"{ "x": [1.50, 1e999] }"#)
        #expect(none == nil)
        let areNull = [given.isNull("none"), given.isNull("i")]
        #expect(areNull == [true, false])
        // A request takes a parameter away with null, whoever knows it.
        try given.finish()
    }

    @Test(
        "numbers that are not whole, or too large, and words that are no choice",
        arguments: [
            (#"{"i": 3.0}"#, "/params/i", "found 3.0; expected an integer from 1 to 3"),
            (#"{"i": 4}"#, "/params/i", "found 4; expected an integer from 1 to 3"),
            (#"{"i": "3"}"#, "/params/i", "found \"3\"; expected an integer from 1 to 3"),
            (#"{"i": 9999999999999999999}"#, "/params/i", "found 9999999999999999999; expected an integer from 1 to 3"),
            (#"{"c": "plum"}"#, "/params/c", #"found "plum"; expected one of "apple", "pear""#),
            (#"{"n": 1e999}"#, "/params/n", "found 1e999; expected a number from 0.0 to 1.0"),
            (#"{"e": ""}"#, "/params/e", #"found ""; expected a non-empty string"#),
            (#"{"l": []}"#, "/params/l", "found no element; expected an array of strings"),
        ])
    func moreRejections(params: String, pointer: String, message: String) throws {
        let error = #expect(throws: ParameterRejection.self) {
            var given = try configuration(params)
            _ = try given.integer("i", in: 1...3)
            _ = try given.choice("c") as Fruit
            _ = try given.number("n", in: 0...1)
            _ = try given.text("e", canBeEmpty: false)
            _ = try given.texts("l", canBeEmpty: false)
        }
        #expect(error?.pointer == pointer)
        #expect(error?.message == message)
    }

    @Test("a text is quoted so that it can be read back")
    func quoting() throws {
        let text = "a\"\\\n\r\t\u{8}\u{C}\u{0}\u{1F}é😀\u{2028}/"
        #expect(jsonString(text) == "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001fé😀\u{2028}/\"")
        var given = try configuration("{\"t\": \(jsonString(text))}")
        #expect(try given.text("t") == text)
    }
}

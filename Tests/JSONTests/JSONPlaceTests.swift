import JSON
import Testing

@Suite("Members of a configuration or request are read with their place")
struct JSONPlaceTests {
    private enum Color: String, CaseIterable {
        case red, green
        case mixed = "blue green"
    }

    private func place(_ json: String) throws -> JSONPlace {
        JSONPlace(try JSONValue(parsing: json), at: JSONPointer("/a"))
    }

    @Test("a value is returned, and a missing value or null is nil")
    func values() throws {
        let place = try place(
            #"""
            {"t": "x", "e": "", "f": false, "i": 3, "n": 2.5, "s": 0.5, "o": {"k": 1}, "l": ["p", ""], "c": "green",
             "null": null}
            """#)
        #expect(try place.required("t", .text) == "x")
        #expect(try place.required("e", .text) == "")
        #expect(try place.required("t", .nonEmptyText()) == "x")
        #expect(try place.required("f", .flag) == false)
        #expect(try place.required("i", .integer(0...3)) == 3)
        #expect(try place.required("i", .integer(from: 3)) == 3)
        #expect(try place.required("n", .number("a number from 0") { $0 >= 0 }) == 2.5)
        #expect(try place.required("s", .seconds(upTo: 10)) == .milliseconds(500))
        #expect(try place.required("o", .object) == ["k": 1])
        #expect(try place.required("l", .texts) == ["p", ""])
        #expect(try place.required("c", .choice(Color.self)) == .green)
        #expect(try place.optional("null", .text) == nil)
        #expect(try place.optional("missing", .text) == nil)
        #expect(place["null"] == nil && place["missing"] == nil)
        #expect(place["o"]?["k"]?.pointer.description == "/a/o/k")
        #expect(try place.members().map(\.name).last == "null")
    }

    @Test(
        "a fault names the place, what was found and what was expected",
        arguments: [
            (#"{}"#, "/a/x: found nothing; expected an integer from 1 to 9"),
            (#"{"x": null}"#, "/a/x: found nothing; expected an integer from 1 to 9"),
            (#"{"x": 10}"#, "/a/x: found 10; expected an integer from 1 to 9"),
            (#"{"x": 3.0}"#, "/a/x: found 3.0; expected an integer from 1 to 9"),
            (#"{"x": true}"#, "/a/x: found true; expected an integer from 1 to 9"),
            (#"{"x": "3\n"}"#, #"/a/x: found "3\n"; expected an integer from 1 to 9"#),
            (#"{"x": ""}"#, "/a/x: found an empty string; expected an integer from 1 to 9"),
            (#"{"x": []}"#, "/a/x: found an empty array; expected an integer from 1 to 9"),
            (#"{"x": [3]}"#, "/a/x: found an array; expected an integer from 1 to 9"),
            (#"{"x": {}}"#, "/a/x: found an object; expected an integer from 1 to 9"),
            (
                #"{"x": 1\#(String(repeating: "0", count: 99))}"#,
                "/a/x: found 1\(String(repeating: "0", count: 59))…; expected an integer from 1 to 9"
            ),
            (
                #"{"x": "\#(String(repeating: "e\u{301}", count: 99))"}"#,
                "/a/x: found \"\(String(repeating: "e\u{301}", count: 30))…\"; expected an integer from 1 to 9"
            ),
            (#"[]"#, "/a: found an empty array; expected an object"),
            (#"7"#, "/a: found 7; expected an object"),
        ])
    func faults(_ json: String, _ message: String) throws {
        let place = try place(json)
        let fault = #expect(throws: JSONFault.self) { try place.required("x", .integer(1...9)) }
        #expect(fault?.description == message)
    }

    @Test("a fault in an array names the element")
    func elements() throws {
        let place = try place(#"{"l": ["x", 7], "c": "blue"}"#)
        let element = #expect(throws: JSONFault.self) { try place.required("l", .texts) }
        #expect(element?.description == "/a/l/1: found 7; expected a string")
        let list = #expect(throws: JSONFault.self) {
            try place.required("l", .array("an array of names", of: .nonEmptyText("a name")))
        }
        #expect(list?.description == "/a/l/1: found 7; expected a name")
        let array = #expect(throws: JSONFault.self) { try place.optional("c", .texts("an array of names")) }
        #expect(array?.description == #"/a/c: found "blue"; expected an array of names"#)
        let choice = #expect(throws: JSONFault.self) { try place.optional("c", .choice(Color.self)) }
        #expect(choice?.description == #"/a/c: found "blue"; expected "red", "green" or "blue green""#)
    }

    @Test("a member that nobody reads is a fault, even one that is null")
    func names() throws {
        try place(#"{"a": 1}"#).checkNames(["a", "b"])
        let place = try place(#"{"a": 1, "x/y": null}"#)
        let unknown = #expect(throws: JSONFault.self) { try place.checkNames(["a", "b"]) }
        #expect(unknown?.description == "/a/x~1y: found an unknown member; expected one of a, b")
        let root = JSONPlace("text")
        let other = #expect(throws: JSONFault.self) { try root.checkNames([]) }
        #expect(other?.description == #"found "text"; expected an object"#)
    }
}

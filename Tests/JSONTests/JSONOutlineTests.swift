import JSON
import Testing

struct JSONOutlineTests {
    private func outline<Result>(_ text: String, _ body: (JSONOutline, (Range<Int>) -> String) -> Result) throws
        -> Result
    {
        let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: JSONParser.padding)
        var parser = JSONParser()
        let outline = try bytes.withUnsafeBytes { bytes in
            try parser.outline(padded: UnsafeRawBufferPointer(rebasing: bytes[..<text.utf8.count]))
        }
        return body(outline) { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test(
        "the parts of a text are found as they are written",
        arguments: [
            "{\"rows\":[{\"a\":1},{\"b\":{}},2,[3],\"]\"],\"x\":{\"y\":\"}\"}}",
            " { \"rows\" : [ {\"a\":1} , {\"b\":{}}, 2 , [3] , \"]\" ] , \"x\" : { \"y\" : \"}\" } } \n",
            "{\"x\":{\"y\":0},\"rows\":0,\"x\":{\"y\":\"}\"},\"rows\":[{\"a\":1},{\"b\":{}},2,[3],\"]\"]}",
        ])
    func parts(text: String) throws {
        try outline(text) { outline, slice in
            guard case .array(let count, let objects)? = outline["rows"]?.parts else {
                Issue.record("there is no array")
                return
            }
            #expect(count == 5 && objects.count == 2)
            #expect(objects.allSatisfy { slice(Int($0)..<Int($0) + 2) == "{\"" })
            #expect(outline["x"]?["y"].map { slice($0.range) } == "\"}\"")
            #expect(outline["z"] == nil && outline["rows"]?["y"] == nil)
        }
    }

    @Test("where the objects start is known for each array until something else comes, also for one within a member")
    func objects() throws {
        let text = #"{"a": [{"x": [{}]}, {}], "b": {"c": [ {} , 1, {}], "d": {"e": [{}]}}, "a": [{}], "f": [[{}], {}]}"#
        try outline(text) { outline, slice in
            func arrays(_ outline: JSONOutline?) -> [String] {
                guard case .array(let count, let objects)? = outline?.parts else { return [] }
                return ["\(count)"] + objects.map { slice(Int($0)..<Int($0) + 2) }
            }
            #expect(arrays(outline["a"]) == ["1", "{}"])
            #expect(arrays(outline["b"]?["c"]) == ["3", "{}"])
            #expect(arrays(outline["b"]?["d"]?["e"]) == [])
            #expect(outline["b"]?["d"].map { slice($0.range) } == #"{"e": [{}]}"#)
            #expect(arrays(outline["f"]) == ["2"])
        }
    }

    @Test("empty containers and plain values are whole", arguments: ["{}", "[]", "1.50", "\"a, \"", "null", "  true "])
    func whole(text: String) throws {
        let trimmed = text.split(separator: " ", omittingEmptySubsequences: text.first != "\"").joined(separator: " ")
        try outline(text) { outline, slice in #expect(slice(outline.range) == trimmed) }
    }

    @Test(
        "a text that is not valid is refused, however deep the fault lies",
        arguments: [
            "", "{\"a\": [{\"b\": tru}]}", "[1,]", "{} {}", #"{"a": [{"b": "\x"}]}"#, #"{"a": {"b": {"c": [01]}}}"#,
            #"{"a": [{"b": {"c" 1}}]}"#, #"{"a": [{"b": [}]}"#,
        ])
    func faults(text: String) {
        #expect(throws: JSONError.self) { try outline(text) { _, _ in } }
    }
}

import JSON
import Testing

struct JSONOutlineTests {
    private func outline<Result>(_ text: String, _ body: (JSONOutline, (Range<Int>) -> String) -> Result) throws
        -> Result
    {
        let bytes = Array(text.utf8)
        var parser = JSONParser()
        let outline = try bytes.withUnsafeBytes { try parser.outline($0) }
        return body(outline) { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test(
        "the parts of a text are found as they are written",
        arguments: [
            "{\"rows\":[{\"a\":1},2,[3],\"]\"],\"x\":{\"y\":\"}\"}}",
            " { \"rows\" : [ {\"a\":1} , 2 , [3] , \"]\" ] , \"x\" : { \"y\" : \"}\" } } \n",
            "{\"x\":{\"y\":0},\"rows\":0,\"x\":{\"y\":\"}\"},\"rows\":[{\"a\":1},2,[3],\"]\"]}",
        ])
    func parts(text: String) throws {
        try outline(text) { outline, slice in
            let elements = outline["rows"]?.elements ?? []
            #expect(elements.map { slice($0.range) } == ["{\"a\":1}", "2", "[3]", "\"]\""])
            #expect(elements.map(\.isObject) == [true, false, false, false])
            #expect(outline["x"]?["y"].map { slice($0.range) } == "\"}\"")
            #expect(outline["z"] == nil && outline["rows"]?["y"] == nil && outline["x"]?.elements == nil)
        }
    }

    @Test("empty containers and plain values are whole", arguments: ["{}", "[]", "1.50", "\"a, \"", "null", "  true "])
    func whole(text: String) throws {
        let trimmed = text.split(separator: " ", omittingEmptySubsequences: text.first != "\"").joined(separator: " ")
        try outline(text) { outline, slice in #expect(slice(outline.range) == trimmed) }
    }

    @Test(
        "a text that is not valid is refused, however deep the fault lies",
        arguments: ["", "{\"a\": [{\"b\": tru}]}", "[1,]", "{} {}"])
    func faults(text: String) {
        #expect(throws: JSONError.self) { try outline(text) { _, _ in } }
    }
}

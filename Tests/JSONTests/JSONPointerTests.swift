import JSON
import Testing

@Suite("A JSON Pointer names a place in a value")
struct JSONPointerTests {
    @Test(
        "tokens are escaped as RFC 6901 says",
        arguments: [
            ([], ""), (["a"], "/a"), ([""], "/"), (["a/b"], "/a~1b"), (["m~n"], "/m~0n"), (["~1"], "/~01"),
            (["/~/"], "/~1~0~1"), (["a", "", "b c"], "/a//b c"), (["é", "e\u{301}", "\"\\"], "/é/e\u{301}/\"\\"),
            (["/\u{301}"], "/~1\u{301}"),
        ] as [([String], String)])
    func escaping(tokens: [String], pointer: String) {
        let made = tokens.reduce(JSONPointer()) { $0.appending($1) }
        #expect(Array(made.description.unicodeScalars) == Array(pointer.unicodeScalars))
    }

    @Test("indices of arrays are decimal")
    func indices() {
        #expect(
            JSONPointer("/params").appending("parsing_regexes").appending(12).description
                == "/params/parsing_regexes/12")
    }
}

import PromptTemplates
import Testing

@Suite("A prompt holds a row's values as they are")
struct PromptTemplateTests {
    private func render(_ template: PromptTemplate, _ values: [String]) -> String {
        let bytes = values.map { Array($0.utf8) }
        let buffers = bytes.map { bytes in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            buffer.copyBytes(from: bytes)
            return buffer
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        return template.rendered(buffers.map(UnsafeRawBufferPointer.init))
    }

    @Test(
        "columns in braces are places; other braces stay",
        arguments: [
            ("Q: {question}", ["question"], "Q: <0>"),
            ("{a}{b}{a}", ["a", "b"], "<0><1><0>"),
            ("{_x9}{X}", ["_x9", "X"], "<0><1>"),
            ("{{a}} and {a}", ["a"], "{a} and <0>"),
            ("{{{a}}}", ["a"], "{<0>}"),
            (#"{"score": {a}, "x": [1}"#, ["a"], #"{"score": <0>, "x": [1}"#),
            ("{ a} {a } {a b} {9a} {} {é", [], "{ a} {a } {a b} {9a} {} {é"),
            (
                "{input-query} {a.b} {réponse} {质问} {re\u{301}ponse} {à_1-2.3}",
                ["input-query", "a.b", "réponse", "质问", "re\u{301}ponse", "à_1-2.3"], "<0> <1> <2> <3> <4> <5>"
            ),
            (
                "{-a} {a-} {.a} {a.} {a,b} {a:b} {1} {1.5} {\u{301}a}", [],
                "{-a} {a-} {.a} {a.} {a,b} {a:b} {1} {1.5} {\u{301}a}"
            ),
            (
                #"{"score": 1} {'score': 1} {score: 1} {"a"} {"# + "\n  \"a\": {}\n}", [],
                #"{"score": 1} {'score': 1} {score: 1} {"a"} {"# + "\n  \"a\": {}\n}"
            ),
            ("{a", [], "{a"), ("a}", [], "a}"), ("{", [], "{"), ("", [], ""),
            ("100 % {a} %s %@ \\n", ["a"], "100 % <0> %s %@ \\n"),
            ("{a}{", ["a"], "<0>{"), ("}{a}", ["a"], "}<0>"), ("{{{{", [], "{{"),
            ("Grüße 👩‍👩‍👧 {a}\u{0}.", ["a"], "Grüße 👩‍👩‍👧 <0>\u{0}."),
        ])
    func places(text: String, columns: [String], rendered: String) {
        let template = PromptTemplate(text)
        #expect(template.columns == columns)
        #expect(Array(render(template, columns.indices.map { "<\($0)>" }).utf8) == Array(rendered.utf8))
    }

    @Test(
        "a value is never expanded, changed or cut",
        arguments: [
            "{b}", "{{b}}", "{a}", "%s %d %@ %%", "a\u{0}b", "😀 e\u{301} \u{FFFD}", #"{"a": {"b": "}"}}"#, "",
            "\\n\r\n\t",
            String(repeating: "é{b}", count: 250_000),
        ])
    func values(value: String) {
        let rendered = render(PromptTemplate("<{a}|{b}|{a}>"), [value, "B"])
        #expect(Array(rendered.utf8) == Array("<\(value)|B|\(value)>".utf8))
    }
}

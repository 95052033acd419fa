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
        "paths into columns are places",
        arguments: [
            ("{choices[0].turns[0]}", ["choices[0].turns[0]"]), ("{messages[-1].content}", ["messages[-1].content"]),
            ("{a[0][1]} {a.b[2]}", ["a[0][1]", "a.b[2]"]), ("{a[]} {a[x]} {a[0]b} {[0]} {a[0].} {a[0} {a]}", []),
        ])
    func paths(text: String, columns: [String]) {
        #expect(PromptTemplate(text).columns == columns)
    }

    @Test("what stands in braces is a place where the data has a column of that very name, whatever is in it")
    func namedColumns() {
        let text = "{Best Answer}|{Correct Answers?}|{%}|{ a}|{9}|{Q&A, both: all}|{{Best Answer}}|{Other One}"
        let names = ["Best Answer", "Correct Answers?", "%", " a", "9", "Q&A, both: all", "unused"]
        let template = PromptTemplate(text).naming(names)
        #expect(template.columns == Array(names.dropLast()))
        #expect(
            render(template, template.columns.indices.map { "<\($0)>" })
                == "<0>|<1>|<2>|<3>|<4>|<5>|{Best Answer}|{Other One}")
        #expect(PromptTemplate(text).columns.isEmpty)
        #expect(template.doubts(among: names).map(\.text) == ["{{Best Answer}}", "{Other One}"])
    }

    @Test(
        "what looks like a place and is none is doubtful",
        arguments: [
            ("{Best Answer}", "{Best Answer}"), ("{Correct Answers (all)}", "{Correct Answers (all)}"),
            ("{ a }", "{ a }"), ("{{ a }}", "{{ a }}"), ("{{ a | upper }}", "{{ a | upper }}"),
            ("{{input_query}}", "{{input_query}}"), ("{% for a in b %}", "{% for a in b %}"),
            ("{# note #}", "{# note #}"),
            ("{0}", "{0}"), ("{a!r}", "{a!r}"), ("{a:.2f}", "{a:.2f}"), ("{a:>10}", "{a:>10}"), ("{a=}", "{a=}"),
            ("{a.upper()}", "{a.upper()}"), ("{row['a']}", "{row['a']}"), ("{a|trim}", "{a|trim}"),
            ("${a} and ${b}", "${a}"),
        ])
    func doubts(text: String, doubt: String) {
        #expect(PromptTemplate(text).doubts().map(\.text) == [doubt])
    }

    @Test(
        "braces of other kinds are not",
        arguments: [
            #"{"score": 1, "why": "x"}"#, "{}", "{score: 1}", "{'score': 1}", "{1, 2}", "{a, b}", "{x + y}",
            "f(x) { return x }",
            "{{a}}", "{{\"a\": {{}}}}", "\\text{if any} x^{n + 1} a_{i j} \\frac{1 2}{3 4}", "{a} costs ${b}", "{a b",
            "{a\nb}",
            "{…}", "{}}", "{a}{b.c}{d[0]}",
        ])
    func certain(text: String) {
        #expect(PromptTemplate(text).doubts() == [])
    }

    @Test("the data's columns say which doubled braces were meant as places")
    func doubled() {
        #expect(PromptTemplate("{{a}} {b}").doubts(among: ["a", "b"]).map(\.text) == ["{{a}}"])
        #expect(PromptTemplate("{{input_query}} {b}").doubts(among: ["b"]) == [])
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

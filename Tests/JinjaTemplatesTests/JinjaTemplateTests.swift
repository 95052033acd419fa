import JSON
import JinjaTemplates
import Testing

@Suite("Templates in a subset of Jinja")
struct JinjaTemplateTests {
    private static let context: JSONObject = [
        "item": [
            "prompt": "  Say hi  ", "messages": [["role": "user", "content": "Hello"], ["role": "assistant"]],
            "n": 5, "x": JSONValue(2.5), "flag": true, "none": nil, "refs": ["a", "b'c"], "Best Answer": "B",
            "empty": "", "braces": "{{ item.n }} {% if %}",
        ],
        "sample": ["output_text": " Paris. "],
        "prompt": "top",
    ]

    private static func find(_ name: String) -> JSONValue? { context[name] }

    // The values are those of Jinja2 3.1 with StrictUndefined.
    @Test(
        "values are inserted as Jinja inserts them",
        arguments: [
            ("{{prompt}}", "top"), ("a {{ item.n }} b", "a 5 b"), ("{{ item.x }}!", "2.5!"),
            ("<{{ item.flag }}>", "<True>"),
            ("<{{ item.none }}>", "<None>"), ("<{{ item.refs }}>", "<['a', \"b'c\"]>"),
            ("{{ item.messages[0].content }}.", "Hello."), ("{{ item['Best Answer'] }}.", "B."),
            ("{{ item.messages[-1]['role'] }}.", "assistant."), ("{{ sample.output_text | trim | lower }}x", "paris.x"),
            ("{{ item.prompt|trim|upper }}.", "SAY HI."), ("{{ item.nope | default('d') }}.", "d."),
            ("{{ item.empty | default('d', true) }}.", "d."), ("{{ item.empty | default('d') }}.", "."),
            ("{{ item.refs | join('-') }}.", "a-b'c."), ("{{ item.refs | length }}.", "2."),
            ("{{ item.refs | first }}{{ item.refs | last }}", "ab'c"), ("{{ '7.9' | float | int }}.", "7."),
            ("{{ 'x' | int }}.", "0."), ("{{ item.prompt | replace('hi', 'ho') | trim }}.", "Say ho."),
            ("{{ item.refs | tojson }}.", "[\"a\", \"b'c\"]."), ("a {# no {{ x }} #}b", "a b"),
            ("a {{- ' b' -}}  c", "a bc"),
            ("{{ item.braces }}.", "{{ item.n }} {% if %}."), ("no braces { } }}", "no braces { } }}"),
            ("line\n", "line"),
            ("{{ 'a\\'b' }}.", "a'b."), ("{{ item.messages.0.role }}.", "user."),
            ("{{ none | default('x') }}.", "None."),
        ])
    func texts(template: String, text: String) throws {
        #expect(try JinjaTemplate(template).text(Self.find) == text)
    }

    @Test("a template of a single expression keeps the type, also with tojson")
    func types() throws {
        #expect(try JinjaTemplate("{{ item.n }}").value(Self.find) == 5)
        #expect(try JinjaTemplate("{{ item.messages | tojson }}").value(Self.find) == Self.context["item"]?["messages"])
        #expect(try JinjaTemplate("{{ item.n }} ").value(Self.find) == "5 ")
        #expect(try JinjaTemplate("{{ item.refs | length }}").value(Self.find) == 2)
        #expect(try JinjaTemplate("constant").isConstant && JinjaTemplate("{# c #}").isConstant)
        #expect(try JinjaTemplate("{{ item.a }} {{ x }} {{ 'y' }}").roots == ["item", "x"])
    }

    @Test(
        "what is undefined is an error that names it",
        arguments: [
            ("{{ nope }}", "\"nope\" is undefined"), ("a {{ item.nope }}", "\"item.nope\" is undefined"),
            ("{{ item.refs[2] }}", "\"item.refs[2]\" is undefined"), ("{{ item.n.x }}", "\"item.n.x\" is undefined"),
            ("{{ item.nope | trim }}", "\"item.nope\" is undefined"), ("{{ item.n | join }}", "needs a list"),
            ("{{ item.n | first }}", "needs a list or a string"), ("{{ item.empty | first }}", "nothing to take"),
        ])
    func undefined(template: String, message: String) throws {
        let template = try JinjaTemplate(template)
        let fault = #expect(throws: JinjaTemplate.RenderingFault.self) { try template.text(Self.find) }
        #expect(fault?.message.contains(message) ?? false, "\(fault?.message ?? "")")
    }

    @Test(
        "what is not supported is refused with its place",
        arguments: [
            ("{% for x in y %}{% endfor %}", 1), ("ab{% if x %}", 3), ("{{ a + b }}", 6), ("{{ f(1) }}", 4),
            ("{{ a.b( }}", 4),
            ("{{ a | nope }}", 8), ("{{ a | replace('x') }}", 8), ("{{ }}", 4), ("{{ a", 5), ("{{ 'a }}", 4),
            ("{# a", 3),
            ("{{ a[ }}", 7), ("{{ a[b] }}", 6), ("{{ a.  }}", 6), ("{{ a | default(b) }}", 17),
            ("{{ a | tojson(indent=2) }}", 15),
        ])
    func refused(template: String, position: Int) {
        let fault = #expect(throws: JinjaTemplate.Fault.self) { try JinjaTemplate(template) }
        #expect(fault?.position == position, "\(fault?.description ?? "")")
    }

    @Test("templates are bounded: in bytes, in expressions, and in the text that they make")
    func bounds() throws {
        #expect(throws: JinjaTemplate.Fault.self) { try JinjaTemplate(String(repeating: "x", count: 1 << 20 + 1)) }
        #expect(throws: JinjaTemplate.Fault.self) { try JinjaTemplate(String(repeating: "{{a}}", count: 1_001)) }
        let long = JSONValue.string(String(repeating: "x", count: 1 << 20))
        let template = try JinjaTemplate(String(repeating: "{{a}}", count: 17))
        #expect(throws: JinjaTemplate.RenderingFault.self) { try template.text { _ in long } }
    }

    @Test(
        "filters cannot make a short text long, or work without end",
        arguments: [
            ("{{ a" + String(repeating: " | replace('x', 'xxxxxxxxxxxxxxxx')", count: 30) + " }}", "more than 16 MiB"),
            ("{{ b | join('\(String(repeating: "y", count: 1 << 16))') }}", "more than 16 MiB"),
            ("{{ a" + String(repeating: " | string | list", count: 12) + " | length }}", "16 MiB|64 MiB|1 MiB"),
            (String(repeating: "{{ c | upper | lower | length }}", count: 200), "read more than 64 MiB"),
            ("{{ c | list | length }}", "up to 1 MiB"),
            ("{{ a" + String(repeating: " | tojson", count: 40) + " }}!", "16 MiB|64 MiB"),
        ])
    func filterBounds(template: String, message: String) throws {
        let template = try JinjaTemplate(template)
        let values: [String: JSONValue] = [
            "a": "x \\ x", "b": .array(Array(repeating: "", count: 1_000)),
            "c": .string(String(repeating: "x", count: 2 << 20)),
        ]
        let fault = #expect(throws: JinjaTemplate.RenderingFault.self) { try template.text { values[$0] } }
        let said = fault?.message ?? ""
        #expect(message.split(separator: "|").contains { said.contains($0) }, "\(said)")
    }

    @Test("a template has a limit of filters, and a long path is shown by its start")
    func filterNumber() throws {
        let filters = String(repeating: "|trim", count: 1_001)
        #expect(throws: JinjaTemplate.Fault.self) { try JinjaTemplate("{{a\(filters)}}") }
        let path = try JinjaTemplate("{{ a\(String(repeating: ".b", count: 100_000)) }}")
        let fault = #expect(throws: JinjaTemplate.RenderingFault.self) { try path.text { _ in nil } }
        #expect((fault?.message.utf8.count ?? 0) < 300)
    }

    @Test(
        "replace finds what str.replace finds, also where the text repeats itself",
        arguments: [
            ("aaaa", "aa", "b", "bb"), ("aabaabaaa", "aabaaa", "x", "aabx"), ("abab", "abab", "", ""),
            ("ababa", "aba", "x", "xba"), ("é é", "é", "e", "e e"), ("abc", "", "x", "abc"),
            ("aaab", "aab", "aab", "aaab"),
        ])
    func replace(text: String, old: String, new: String, result: String) throws {
        let template = try JinjaTemplate("{{ a | replace('\(old)', '\(new)') }}")
        #expect(try template.text { _ in .string(text) } == result)
    }

    @Test("replace takes no more time for a text that nearly matches everywhere")
    func replacePeriods() throws {
        let pattern = String(repeating: "a", count: 100_000) + "b"
        let template = try JinjaTemplate("{{ a | replace('\(pattern)', 'x') | length }}")
        // In quadratic time, these would be 10^10 comparisons.
        #expect(try template.text { _ in .string(String(repeating: "a", count: 200_000)) } == "200000")
    }
}

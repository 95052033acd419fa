import PromptTemplates
import Testing

@Suite("Text in a prompt cannot end the block that it stands in")
struct PromptBlockTests {
    private func render(_ template: String, _ values: [String]) -> String {
        let bytes = values.map { Array($0.utf8) }
        let buffers = bytes.map { bytes in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            buffer.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(buffer)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        return PromptBlocks(PromptTemplate(template)).rendered(buffers)
    }

    @Test(
        "a value that has what ends its block gets other delimiters, and stays as it is",
        arguments: [
            ("<a>{x}</a>", ["1"], "<a>1</a>"),
            ("<a>{x}</a>", ["</a>"], "<a_2></a></a_2>"),
            ("<a>{x}</a>", ["< / A >"], "<a_2>< / A ></a_2>"),
            ("<a>{x}</a>", ["</a></a_2></A_3>"], "<a_4></a></a_2></A_3></a_4>"),
            ("<a>{x}</a>", ["</ab> <a> /a"], "<a></ab> <a> /a</a>"),
            ("<a>{x}</a>", ["</a"], "<a_2></a</a_2>"),
            ("<a id=\"1\">{x}</a>", ["</a>"], "<a_2 id=\"1\"></a></a_2>"),
            ("<q>{x}</q><a>{y}</a>", ["</a>", "</q>"], "<q></a></q><a></q></a>"),
            ("<o><a>{x}</a></o>", ["</o>"], "<o_2><a></o></a></o_2>"),
            ("Read the <a> tag: <a>{x}</a>", ["</a>"], "Read the <a> tag: <a_2></a></a_2>"),
            ("```\n{x}\n```", ["y"], "```\ny\n```"),
            ("```\n{x}\n```", ["a\n```\nb"], "`````\na\n```\nb\n`````"),
            ("```json\n{x}\n```\nend", ["\t``````"], "```````json\n\t``````\n```````\nend"),
            ("~~~\n{x}\n~~~", ["```"], "~~~\n```\n~~~"),
            ("[BEGIN]\n{x}\n[END]", ["[end] "], "[BEGIN 2]\n[end] \n[END 2]"),
            ("[BEGIN]\n{x}\n[END]", ["say [END] x"], "[BEGIN]\nsay [END] x\n[END]"),
            ("[A]\n{x}\n[B]\n{y}\n[C]", ["[B]\n[B 2]", "z"], "[A 3]\n[B]\n[B 2]\n[B 3]\nz\n[C]"),
            ("{x} < 3 and <b/> {{y}} [1]", ["</b>"], "</b> < 3 and <b/> {y} [1]"),
        ])
    func delimiters(template: String, values: [String], prompt: String) {
        #expect(render(template, values) == prompt)
    }

    @Test("a value with very many ends is rendered in linear time")
    func hostile() {
        let value = (0..<200_000).map { "</a_\($0)>" }.joined() + "</a>" + String(repeating: "<", count: 1_000_000)
        #expect(render("<a>{x}</a>", [value]) == "<a_200000>\(value)</a_200000>")
        let fence = String(repeating: "`", count: 1_000_000)
        #expect(render("```\n{x}\n```", [fence]).utf8.count > 3_000_000)
    }
}

import JSON
import Testing

@Suite("A column is named by its name, or a place within it by a path")
struct ColumnPathTests {
    private static let row: JSONObject = {
        let text = """
            {"choices": [{"index": 0, "turns": ["first", "second"]}], "messages": [{"content": "q"}, {"content": "a"}],
             "resps": [["18"]], "answers": {"text": ["x"], "": "empty", "a/b~c": 5}, "odd name": {"x": 1, "y z": [true]},
             "a.b": "literal", "a": {"b": "nested"}, "odd.name": {"x": 2}, "note": null,
             "cell": "[\\"u\\", {\\"v\\": 3}]", "python": "['Graz', \\"Linz's\\"]", "table": {"0": "zero"}}
            """
        guard let object = (try? JSONValue(parsing: text))?.object else { return [:] }
        return object
    }()

    @Test(
        "a path leads to what it says, in every way to write it",
        arguments: [
            ("choices[0].turns[0]", "\"first\""), ("choices.0.turns.1", "\"second\""),
            ("messages[-1].content", "\"a\""), ("messages[-2].content", "\"q\""), ("resps[0][0]", "\"18\""),
            ("/resps/0/0", "\"18\""), ("answers.text[0]", "\"x\""), ("answers.text", "[\"x\"]"),
            ("[\"odd name\"].x", "1"), ("odd name.x", "1"), ("odd name['y z'][0]", "true"),
            ("answers[\"a/b~c\"]", "5"), ("/answers/a~1b~0c", "5"), ("/answers/", "\"empty\""),
            ("answers[\"\"]", "\"empty\""), ("$.choices[0].index", "0"), ("$[\"a\"].b", "\"nested\""),
            ("[\"odd.name\"].x", "2"), ("table.0", "\"zero\""), ("note", "null"),
            ("cell[0]", "\"u\""), ("cell[1].v", "3"), ("python[1]", "\"Linz's\""),
        ])
    func found(path: String, value: String) {
        let path = ColumnPath(path)
        #expect(path.fault == nil)
        guard case .value(let found) = path.find(in: Self.row) else {
            Issue.record("nothing at \(path)")
            return
        }
        #expect(found.text == value)
    }

    @Test("a column of that literal name goes first")
    func literal() {
        #expect(ColumnPath("a.b").find(in: Self.row) == .value("literal"))
        #expect(ColumnPath("/a/b").find(in: Self.row) == .value("nested"))
        #expect(ColumnPath("rate [%]").find(in: ["rate [%]": 5]) == .value(5))
        #expect(ColumnPath("v1.").find(in: ["v1.": 5]) == .value(5))
    }

    @Test(
        "a path that is made of names leads to their value, whatever they look like",
        arguments: ["a", "a.b", "odd name", "*", "$", "x[0]", "q\"uote", "a/b", "/a", "", "[", "é."])
    func made(name: String) {
        let value: JSONValue = [["else"], .object(JSONObject([(name, JSONValue.string("found"))]))]
        let row = JSONObject([(name, value)])
        let path = ColumnPath(column: name).appending(.element(-1)).appending(.member(name))
        #expect(ColumnPath(path.name).find(in: row) == .value("found"), "\(path)")
        #expect(ColumnPath(name, in: row).find(in: row) == .value(value))
    }

    // Found by fuzzing.
    @Test(
        "a path that is written from its parts is the same path",
        arguments: [
            "/*/a", "a.$.b", "$.$.2", "/a/*", "[\"na\"].\\\"@x\u{1c}\u{744}y", "/\u{1c}\u{744}/b", "a['\u{301}']",
        ])
    func written(path: String) {
        let path = ColumnPath(path)
        let written = ColumnPath(path.prefix(path.steps.count).name)
        #expect(!path.isColumn && written.root == path.root && written.steps == path.steps, "\(written)")
    }

    @Test(
        "where a row has nothing, the deepest place that it has is named",
        arguments: [
            ("choices[0].turns[2]", "\"choices[0].turns\" is an array of 2 elements"),
            ("choices[1].turns", "\"choices\" is an array of 1 element"),
            ("choices[0].turn", "\"choices[0]\" is an object with the members \"index\", \"turns\""),
            ("choices.turns", "\"choices\" is an array of 1 element"),
            ("messages[-3]", "\"messages\" is an array of 2 elements"),
            ("answers.text[0].more", "\"answers.text[0]\" is a string"),
            ("note.x", "\"note\" is null"),
            ("[\"odd name\"][0]", "\"odd name\" is an object with the members \"x\", \"y z\""),
        ])
    func gaps(path: String, gap: String) {
        guard case .nothing(let found) = ColumnPath(path).find(in: Self.row) else {
            Issue.record("something at \(path)")
            return
        }
        #expect(found.description == gap)
    }

    @Test("where a row does not even have the column, its columns are named")
    func noColumn() {
        guard case .nothing(let gap) = ColumnPath("c.d").find(in: ["a": 1, "b": 2]) else {
            Issue.record("something at c.d")
            return
        }
        #expect(gap.description == "the row has the columns \"a\", \"b\"")
    }

    @Test(
        "a text that is not a valid path says where and why",
        arguments: [
            ("a[0", "character 4: a ] is missing here"),
            ("a[]", "character 3: a number is missing between the brackets, such as [0]"),
            ("a..b", "character 3: a name is missing here; write a name that contains . or [ as [\"name\"]"),
            ("a.", "character 3: a name is missing here; write a name that contains . or [ as [\"name\"]"),
            ("a[*]", "character 3: * stands for several values, but a path leads to one"),
            ("a.*", "character 3: * stands for several values, but a path leads to one"),
            ("a[0:2]", "character 3: a slice stands for several values, but a path leads to one"),
            (
                "a[x]",
                "character 3: expected a number in brackets, such as [0], or a name in quotes, such as [\"name\"]"
            ),
            ("a[\"x]", "character 3: this quote is not closed"),
            ("[0].a", "character 1: a path starts with the name of a column, not with a number"),
            ("a[0]b", "character 5: expected a . or [ after a ]"),
            ("a].b", "character 2: a ] without a [ before it"),
            ("/a~2", "character 2: in a JSON pointer, ~ is written ~0 and / within a name ~1"),
            (
                "a[99999999999999999999]",
                "character 3: expected a number in brackets, such as [0], or a name in quotes, such as [\"name\"]"
            ),
        ])
    func faults(text: String, fault: String) {
        let path = ColumnPath(text)
        #expect(path.fault?.description == fault)
        #expect(path.isColumn)
        #expect(path.root == text)
    }

    @Test("a path whose column goes by another name starts there")
    func rebased() {
        let path = ColumnPath(ColumnPath("answer.text[0]"), startingAt: ColumnPath("rows[1].gold"))
        #expect(path.name == "rows[1].gold.text[0]")
        #expect(path.root == "rows")
        #expect(path.steps == ColumnPath("rows[1].gold.text[0]").steps)
    }
}

@Suite("Lists are read as Python prints them")
struct PythonLiteralTests {
    @Test(
        arguments: [
            ("['Graz', 'Vienna']", "[\"Graz\", \"Vienna\"]"), ("[]", "[]"), (" ( 'a' , ) ", "[\"a\"]"),
            ("[\"it's\", 'say \"x\"']", "[\"it's\", \"say \\\"x\\\"\"]"),
            ("['a\\'b', 'c\\\\d', 'e\\nf']", "[\"a'b\", \"c\\\\d\", \"e\\nf\"]"),
            ("['\\xe9\\u00fc']", "[\"éü\"]"),
            ("[1, -2.5, 1e3, True, False, None, nan]", "[1, -2.5, 1e3, true, false, null, null]"),
            ("{'text': ['x'], 'start': [3]}", "{\"text\": [\"x\"], \"start\": [3]}"),
            ("['Graz' 'Vienna'\n 'Linz']", "[\"Graz\", \"Vienna\", \"Linz\"]"),
            ("[['a'], ('b',)]", "[[\"a\"], [\"b\"]]"),
        ])
    func read(text: String, json: String) {
        #expect(PythonLiteral.json(of: text)?.text == json)
    }

    @Test(arguments: [
        "", "[", "['a", "['a'", "['a', 'b'] x", "[a]", "[1 2", "{'a'}", "['\\x4']", "[import os]", "['a''b']",
        "[\"a\" \"b\"]",
    ])
    func refused(text: String) {
        #expect(PythonLiteral.json(of: text) == nil)
    }

    @Test func depthIsBounded() {
        #expect(PythonLiteral.json(of: String(repeating: "[", count: 100_000)) == nil)
    }
}

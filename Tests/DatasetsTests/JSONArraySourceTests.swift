import Datasets
import TestSupport
import Testing

@Suite("A JSON array is read as lines")
struct JSONArraySourceTests {
    @Test(
        "one line per element",
        arguments: [
            ("[]", ""),
            (" \n[ \n ] \r\n\t", ""),
            ("[{}]", "{}\n"),
            ("[1]", "1\n"),
            (#"[{"a":1},{"a":2}]"#, "{\"a\":1}\n{\"a\":2}\n"),
            (#"[ {"a" : 1} , {"a": 2} ]"#, "{\"a\" : 1}\n{\"a\": 2}\n"),
            ("[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n", "{     \"a\": 1   }\n{     \"a\": 2   }\n"),
            ("[{\r\n\"a\":\r\n1}]", "{  \"a\":  1}\n"),
            (#"[{"a":"],["},{"b":"}{,"}]"#, "{\"a\":\"],[\"}\n{\"b\":\"}{,\"}\n"),
            (#"[{"a":"\"]"},{"b":"\\"},{"c":"\\\""}]"#, "{\"a\":\"\\\"]\"}\n{\"b\":\"\\\\\"}\n{\"c\":\"\\\\\\\"\"}\n"),
            ("[[1,[2,3]],[],[[]]]", "[1,[2,3]]\n[]\n[[]]\n"),
            (#"["a","b,]", "c"]"#, "\"a\"\n\"b,]\"\n\"c\"\n"),
            ("[1, true ,null\t]", "1\ntrue \nnull\t\n"),
            ("\u{FEFF}[{\"a\":\"ü\"}]", "{\"a\":\"ü\"}\n"),
        ])
    func elements(input: String, lines: String) {
        #expect(readAll(JSONArraySource(MemorySource(input))) == Reading(text: lines))
    }

    @Test(
        "an invalid element stays one line, and stays invalid",
        arguments: [
            ("[{\"a\":\"x\ny\"},2]", "{\"a\":\"x\u{1}y\"}\n2\n"),
            ("[{\"a\":\"x\r\ny\"},2]", "{\"a\":\"x\u{1}\u{1}y\"}\n2\n"),
            ("[\"\n\"]", "\"\u{1}\"\n"),
            ("[{\"a\":1]]", "{\"a\":1]\n"),
            ("[1 2,3]", "1 2\n3\n"),
            ("[12{},3]", "12{}\n3\n"),
            ("[\0line 3: forged,{}]", "\u{1}line 3: forged\n{}\n"),
        ])
    func invalidElements(input: String, lines: String) {
        #expect(readAll(JSONArraySource(MemorySource(input))) == Reading(text: lines))
    }

    @Test(
        "broken framing is an error with its offset, after the elements before it",
        arguments: [
            ("", "", "x.json, byte 0: found nothing; expected a JSON array of rows"),
            (" \n", "", "x.json, byte 2: found nothing; expected a JSON array of rows"),
            (
                "\n{\"a\":1}\n{\"a\":2}", "",
                "x.json, byte 1: found '{'; expected a JSON array of rows"
            ),
            ("\"a\"", "", "x.json, byte 0: found '\"'; expected a JSON array of rows"),
            ("\u{FEFF}7", "", "x.json, byte 3: found '7'; expected a JSON array of rows"),
            ("\0", "", "x.json, byte 0: found 0x00; expected a JSON array of rows"),
            ("[1,,2]", "1\n", "x.json, byte 3: an element of the array is missing before ','"),
            ("[,1]", "", "x.json, byte 1: an element of the array is missing before ','"),
            ("[{}, ]", "{}\n", "x.json, byte 5: an element of the array is missing before ']'"),
            ("[{}}]", "{}", "x.json, byte 3: '}' closes a bracket that was not opened"),
            ("[1}", "1", "x.json, byte 2: '}' closes a bracket that was not opened"),
            ("[}", "", "x.json, byte 1: '}' closes a bracket that was not opened"),
            ("[{} {}]", "{}", "x.json, byte 4: found '{' after element 1; expected a comma or ]"),
            ("[{}\"a\"]", "{}", "x.json, byte 3: found '\"' after element 1; expected a comma or ]"),
            ("[{}] x", "{}\n", "x.json, byte 5: found 'x' after the ] of the array"),
            ("[{}]\"x\"", "{}\n", "x.json, byte 4: found '\"' after the ] of the array"),
            ("[1]]", "1\n", "x.json, byte 3: found ']' after the ] of the array"),
            ("[", "", "x.json, byte 1: the data ends before the ] of the array (elements read: 0)"),
            ("[{},", "{}\n", "x.json, byte 4: the data ends before the ] of the array (elements read: 1)"),
            (
                "[{},{\"a\":[[1}]", "{}\n{\"a\":[[1}]",
                "x.json, byte 14: the data ends within element 2 of the array, which starts at byte 4; check it for "
                    + "a missing bracket or quote"
            ),
        ])
    func errors(input: String, delivered: String, message: String) {
        let reading = readAll(JSONArraySource(MemorySource(input), path: "x.json"))
        #expect(reading.text == delivered)
        #expect(reading.error?.description == message)
    }

    @Test("a fault further in has the right offset")
    func offsetBehindManyBlocks() {
        let rows = String(repeating: #"{"question": "What is [\"this\"]?", "n": [1, {"b": 2}]}, "#, count: 9000)
        let reading = readAll(JSONArraySource(MemorySource("[" + rows + ",")))
        #expect(reading.error?.place == .byte(rows.utf8.count + 1))
        #expect(reading.error?.code == .malformed)
        #expect(reading.text.utf8.count { $0 == 0x0A } == 9000)
    }

    @Test("a failure of the data beneath comes after all that was read", arguments: pieceSizes)
    func failureBeneath(pieceSize: Int) {
        let failure = DatasetError(.unreadable, "the disk is gone")
        let source = PiecewiseSource(Array(#"[{"a":1},{"a":"#.utf8), pieceSize: pieceSize, failure: failure)
        #expect(readAll(JSONArraySource(source)) == Reading(text: "{\"a\":1}\n{\"a\":", error: failure))
    }

    @Test("how the bytes arrive and leave makes no difference", arguments: pieceSizes, pieceSizes)
    func pieces(pieceSize: Int, bufferSize: Int) {
        var generator = SeededGenerator(seed: 1)
        let (array, lines) = randomArray(elements: 40, using: &generator)
        let source = JSONArraySource(PiecewiseSource(Array(array.utf8), pieceSize: pieceSize))
        #expect(readAll(source, bufferSize: bufferSize) == Reading(text: lines))
    }

    @Test("random arrays, of all layouts, become their elements", arguments: 0..<200)
    func randomArrays(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let (array, lines) = randomArray(elements: .random(in: 0...30, using: &generator), using: &generator)
        #expect(readAll(JSONArraySource(MemorySource(array))) == Reading(text: lines))
    }

    @Test("a file cut off anywhere gives a prefix and an error")
    func truncation() {
        var generator = SeededGenerator(seed: 7)
        let (array, lines) = randomArray(elements: 12, using: &generator)
        let bytes = Array(array.utf8)
        guard let end = bytes.lastIndex(of: UInt8(ascii: "]")) else { return }
        for count in 0...end {
            let reading = readAll(JSONArraySource(MemorySource(Array(bytes[..<count]))))
            #expect(reading.error?.code == .truncated)
            #expect(reading.error?.place == .byte(count))
            // The cut may fall within a character, which is then repaired with one that starts with 0xEF.
            let isPrefix = lines.utf8.starts(with: reading.text.utf8.prefix { $0 != 0xEF })
            #expect(isPrefix, "cut at byte \(count)")
        }
    }

    /// An array in some layout, and the lines that its elements are to become.
    private func randomArray(
        elements: Int, using generator: inout SeededGenerator
    ) -> (array: String, lines: String) {
        var array = spaces(using: &generator) + "["
        var lines = ""
        for index in 0..<elements {
            let element = randomObject(depth: 0, using: &generator)
            array += (index == 0 ? "" : ",") + spaces(using: &generator) + element + spaces(using: &generator)
            lines += String(decoding: element.utf8.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self) + "\n"
        }
        return (array + spaces(using: &generator) + "]" + spaces(using: &generator), lines)
    }

    private func randomObject(depth: Int, using generator: inout SeededGenerator) -> String {
        let members = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            let value =
                switch Int.random(in: 0...5, using: &generator) {
                case 0 where depth < 4: randomObject(depth: depth + 1, using: &generator)
                case 1 where depth < 4: "[" + randomObject(depth: depth + 1, using: &generator) + "]"
                case 2: "-1.5e3"
                default: randomString(using: &generator)
                }
            return spaces(using: &generator) + randomString(using: &generator) + spaces(using: &generator) + ":"
                + spaces(using: &generator) + value + spaces(using: &generator)
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private func randomString(using generator: inout SeededGenerator) -> String {
        let parts = ["a", "word", "{", "}", "[", "]", ",", ":", "\\\"", "\\\\", "\\n", "\\u005b", "ü", "漢字", " "]
        let chosen = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            parts.randomElement(using: &generator) ?? ""
        }
        return "\"" + chosen.joined() + "\""
    }

    private func spaces(using generator: inout SeededGenerator) -> String {
        ["", "", "", " ", "\n", "\r\n", "\n        ", "\t"].randomElement(using: &generator) ?? ""
    }
}

import Foundation
import JSON
import Testing

@Suite("assay functions")
struct FunctionsCommandTests {
    /// A definition of a scorer that finds answers by regular expressions.
    static func definition(_ identifier: String, regexes: String = #"["A: (\\d+)"]"#, more: String = "") -> String {
        #"""
        {"identifier": "\#(identifier)", "provider_id": "basic",
         "provider_resource_id": "regex-parser-multiple-choice-answer", "description": "What follows A.",
         "return_type": {"type": "number"},
         "params": {"type": "regex_parser", "aggregation_functions": ["accuracy"], "parsing_regexes": \#(regexes)\#(more)}}
        """#
    }

    static let equality = #"""
        {"identifier": "my::same", "provider_id": "basic", "provider_resource_id": "equality", "description": "Old form.",
         "return_type": {"type": "number"}, "parameters": [], "context": null}
        """#

    @Test("list shows what ships and what a user has, in groups, in short lines")
    func list() throws {
        let folder = try TemporaryFolder(["fns/answer.json": Self.definition("my::answer")])
        let result = try folder.assay("functions", "list", "--fn-dir", "fns")
        #expect(result.ending == .status(0))
        #expect(result.errors == "")
        let groups = result.output.split(separator: "\n\n").map { $0.split(separator: "\n") }
        let names = groups.map { $0.map { String($0.prefix { $0 != " " }) } }
        #expect(
            groups.map { $0.first?.prefix { $0 != ":" } }
                == ["basic", "braintrust", "llm-as-judge", "math", "my", "text", "tools"])
        for group in names {
            #expect(group == group.sorted() && Set(group.map { $0.prefix { $0 != ":" } }).count == 1, "\(group)")
        }
        let shipped = [
            "basic::bfcl", "basic::subset_of", "braintrust::levenshtein", "llm-as-judge::base", "math::equivalence",
            "text::bleu", "tools::call_match",
        ]
        #expect(Set(names.joined()).isSuperset(of: shipped))
        for line in groups.joined() { #expect(line.count <= 100 && line.contains("  "), "\(line)") }
        #expect(result.output.contains("\nmy::answer  "))
        #expect(result.output.contains(" What follows A.\n"))
    }

    @Test(
        "list --search looks for all the words, in any case, wherever a function says what it is",
        arguments: [
            ("sacrebleu CHRF++", ["text::chrf"]), ("corpus_ter", ["text::ter"]),
            ("instruction_id_list", ["basic::ifeval"]), ("USE_STEMMER", ["text::rouge"]),
            ("dialect", ["basic::ifeval"]),
        ])
    func search(words: String, found: [String]) throws {
        let result = try TemporaryFolder().assay("functions", "list", "--search", words)
        #expect(result.ending == .status(0))
        #expect(lines(of: result.output).map { String($0.prefix { $0 != " " }) } == found, "\(result.output)")
    }

    @Test("list --search without a result says so")
    func searchWithoutResult() throws {
        let result = try TemporaryFolder().assay("functions", "list", "--search", "zebra crossing")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(#"no scoring function has "zebra crossing""#), "\(result.errors)")
    }

    @Test("the schema accepts every definition that ships, and finds what is wrong in one")
    func schema() throws {
        let folder = try TemporaryFolder()
        let schema = try folder.assay("functions", "schema")
        #expect(schema.ending == .status(0))
        let function = try JSONValue(parsing: schema.output)
        #expect(function["$schema"] == "https://json-schema.org/draft/2020-12/schema")
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        var rows: [JSONValue] = []
        for folder in try FileManager.default.subpathsOfDirectory(atPath: "\(root)/scoring_fns") {
            guard folder.hasSuffix(".json") else { continue }
            let text = try String(contentsOfFile: "\(root)/scoring_fns/\(folder)", encoding: .utf8)
            rows.append(["generated_answer": try JSONValue(parsing: text)])
        }
        let valid = rows.count
        #expect(valid >= 30)
        let answer = Self.definition("my::answer")
        for wrong in [
            answer.replacing("\"identifier\"", with: "\"identifer\""), answer.replacing("accuracy", with: "acuracy"),
            answer.replacing("parsing_regexes", with: "parsing_regex"), answer.replacing("my::answer", with: "answer"),
            answer.replacing("\"number\"", with: "\"numbr\""), Self.definition("my::x", more: #", "match": "middle""#),
            Self.equality.replacing("\"context\": null", with: "\"context\": 3"),
        ] {
            rows.append(["generated_answer": try JSONValue(parsing: wrong)])
        }
        rows.append(["generated_answer": .array(rows[..<valid].compactMap { $0["generated_answer"] })])
        rows.append(["generated_answer": try JSONValue(parsing: Self.definition("my::x", more: #", "match": "last""#))])
        try folder.write(rows.map { $0.text + "\n" }.joined(), to: "definitions.jsonl")
        let check: JSONValue = [
            "identifier": "my::definition", "provider_id": "braintrust", "provider_resource_id": "valid-json",
            "return_type": ["type": "number"],
            "params": ["type": "basic", "aggregation_functions": ["average"], "schema": function],
        ]
        try folder.write(check.text, to: "fns/check.json")
        let result = try folder.assay(
            "score", "definitions.jsonl", "--fn-dir", "fns", "--fn", "my::definition", "--output", "scores.jsonl")
        #expect(result.ending == .status(0), "\(result.errors)")
        let scores = try lines(of: folder.read("scores.jsonl")).compactMap {
            try JSONValue(parsing: String($0))["scores"]?["my::definition"]?["score"]?.number?.double
        }
        let wanted =
            Array(repeating: 1.0, count: valid) + Array(repeating: 0.0, count: rows.count - valid - 2) + [1, 1]
        #expect(scores == wanted, "\(zip(rows, scores).filter { $1 == 0 }.map { $0.0.text })")
    }

    @Test("a definition may name its schema")
    func namesSchema() throws {
        let text = Self.definition("my::x").replacing("{\"identifier\"", with: #"{"$schema": "./s.json", "identifier""#)
        let folder = try TemporaryFolder(["x.json": text])
        #expect(try folder.assay("functions", "check", "x.json").output == "x.json: my::x is valid\n")
    }

    @Test("list goes on past a broken file")
    func listBesideBroken() throws {
        let folder = try TemporaryFolder(["fns/a.json": "{", "fns/b.json": Self.definition("my::answer")])
        let result = try folder.assay("functions", "list", "--fn-dir", "fns")
        #expect(result.ending == .status(0))
        #expect(result.errors.hasPrefix("warning: fns/a.json: "))
        #expect(lines(of: result.errors).count == 1)
        #expect(result.output.contains("my::answer "))
    }

    @Test("show prints a definition that check accepts")
    func show() throws {
        let folder = try TemporaryFolder(["fns/answer.json": Self.definition("my::answer")])
        let result = try folder.assay("functions", "show", "my::answer", "--fn-dir", "fns")
        #expect(result.ending == .status(0))
        for line in [#"  "identifier": "my::answer","#, #"  "provider_id": "basic","#, #"      "A: (\\d+)""#] {
            #expect(lines(of: result.output).contains(line), "\(result.output)")
        }
        try folder.write(result.output, to: "shown.json")
        let check = try folder.assay("functions", "check", "shown.json")
        #expect(check.output == "shown.json: my::answer is valid\n")
        #expect(check.ending == .status(0))
    }

    @Test("show of an unknown function names one that is near")
    func showUnknown() throws {
        let result = try TemporaryFolder().assay("functions", "show", "basic::equalty")
        #expect(result.ending == .status(1))
        #expect(
            result.errors.hasPrefix(
                #"Error: there is no scoring function "basic::equalty"; did you mean "basic::equality"?"#))
        #expect(result.output == "")
    }

    @Test(
        "check says what is wrong, and where",
        arguments: [
            (
                "{\n\"identifier\": \"my::x\"\n\"provider_id\": 1}",
                "my.json: line 3, column 1: found text that is not valid JSON"
            ),
            ("", "my.json: found text that is not valid JSON"),
            (
                definition("my::x", regexes: #"["A: (\\d+)", "B: [(a)"]"#),
                #"my.json: my::x: /params/parsing_regexes/1: at character 3: "[" is not closed"#
            ),
            (definition("my::x", regexes: "[]"), "my.json: /params/parsing_regexes: found an empty array"),
            (
                definition("my::x", regexes: #"["\\d+"]"#),
                "my.json: my::x: /params/parsing_regexes/0: the pattern has no group 1"
            ),
            (
                definition("my::x", more: #", "normalise": "number""#),
                "my.json: my::x: /params/normalise: unknown parameter; expected parsing_regexes"
            ),
            (definition("my::x", more: #", "aggregation_function": []"#), #"did you mean "aggregation_functions"?"#),
            (
                definition("my::x", more: #", "match": "middle""#),
                #"my.json: my::x: /params/match: found "middle"; expected one of "first", "last""#
            ),
            (
                replaced(#""provider_id": "basic""#, #""provider_id": "acme""#),
                #"my::same: no plugin "acme" was found; plugins found: "basic""#
            ),
            (
                replaced(#": "equality""#, #": "equalty""#),
                #"it has no scorer "equalty"; its scorers are "equality", "subset-of""#
            ),
            (replaced(#": "my::same""#, ": 1"), "my.json: /identifier: found 1; expected "),
            (replaced(#""type": "number""#, #""type": "nmber""#), #"my.json: /return_type/type: found "nmber""#),
        ])
    func faults(definition: String, message: String) throws {
        let folder = try TemporaryFolder(["my.json": definition])
        let result = try folder.assay("functions", "check", "my.json")
        #expect(result.ending == .status(1))
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(lines(of: result.errors).count == 1)
        #expect(result.output == "")
    }

    private static func replaced(_ text: String, _ other: String) -> String {
        let place = equality.firstRange(of: text)
        return place.map { equality.replacingSubrange($0, with: other) } ?? "the definition has no \(text)"
    }

    @Test("check looks at all files, the older form too")
    func severalFiles() throws {
        let folder = try TemporaryFolder([
            "good.json": Self.definition("my::answer"), "broken.json": "{", "older.json": Self.equality,
        ])
        let result = try folder.assay("functions", "check", "good.json", "broken.json", "nowhere.json", "older.json")
        #expect(result.ending == .status(1))
        #expect(result.output == "good.json: my::answer is valid\nolder.json: my::same is valid\n")
        let errors = lines(of: result.errors)
        #expect(errors.count == 2)
        #expect(errors.first?.hasPrefix("broken.json: ") == true)
        #expect(errors.last?.hasPrefix("nowhere.json: found no readable file (No such file or directory)") == true)
    }

    @Test("what ships is fine")
    func shipped() throws {
        let folder = try TemporaryFolder()
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        try folder.link("fns", to: "\(root)/scoring_fns")
        let names = [
            "docvqa", "equality", "regex_parser_math_response", "regex_parser_multiple_choice_answer", "subset_of",
        ]
        let result = try folder.command(["functions", "check"] + names.map { "fns/basic/\($0).json" }).run()
        #expect(result.ending == .status(0))
        #expect(lines(of: result.output) == names.map { "fns/basic/\($0).json: basic::\($0) is valid" })
        #expect(result.errors == "")
    }
}

extension String {
    fileprivate func replacingSubrange(_ range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}

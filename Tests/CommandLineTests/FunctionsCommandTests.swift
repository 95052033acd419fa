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

    @Test("list shows what ships and what a user has, sorted, a line each")
    func list() throws {
        let folder = try TemporaryFolder(["fns/answer.json": Self.definition("my::answer")])
        let result = try folder.assay("functions", "list", "--fn-dir", "fns")
        #expect(result.ending == .status(0))
        #expect(result.errors == "")
        let words = lines(of: result.output).map { $0.split(separator: " ", maxSplits: 1) }
        #expect(
            words.map { String($0[0]) } == [
                "basic::bfcl", "basic::docvqa", "basic::equality", "basic::ifeval", "basic::multiple_choice",
                "basic::number",
                "basic::regex_parser_math_response",
                "basic::regex_parser_multiple_choice_answer", "basic::subset_of", "braintrust::answer-correctness",
                "braintrust::answer-relevancy", "braintrust::answer-similarity", "braintrust::battle",
                "braintrust::closed-qa", "braintrust::context-entity-recall", "braintrust::context-precision",
                "braintrust::context-recall", "braintrust::context-relevancy", "braintrust::embedding-similarity",
                "braintrust::exact-match", "braintrust::factuality", "braintrust::faithfulness", "braintrust::humor",
                "braintrust::json-diff", "braintrust::levenshtein", "braintrust::list-contains",
                "braintrust::moderation", "braintrust::numeric-diff", "braintrust::possible", "braintrust::security",
                "braintrust::sql", "braintrust::summary", "braintrust::translation", "braintrust::valid-json",
                "llm-as-judge::405b-simpleqa",
                "llm-as-judge::base", "llm-as-judge::correctness", "llm-as-judge::faithfulness",
                "llm-as-judge::pairwise", "math::equivalence", "my::answer", "text::bleu", "text::chrf",
                "text::exact_match", "text::f1", "text::number_check", "text::rouge", "text::string_check", "text::ter",
                "tools::call_match",
            ])
        #expect(words.allSatisfy { $0.count == 2 })
        #expect(result.output.contains("\nmy::answer                                  What follows A.\n"))
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

import JSON
import ScoringCore
import ScoringDefinitions
import Testing

@testable import ScoringEngine

@Suite("Functions of the catalogue on hostile rows")
struct CatalogueRowTests {
    private static func instructions(_ answer: String, _ ids: JSONValue, _ kwargs: JSONValue) -> String {
        JSONValue.object(
            ["generated_answer": .string(answer), "instruction_id_list": ids, "kwargs": kwargs]
        ).text + "\n"
    }

    private static func verdict(_ row: String, _ function: String, _ parameters: JSONObject? = nil) throws -> JSONValue
    {
        try #require(try Scoring(row, function, parameters).verdicts.first)
    }

    // MARK: basic::ifeval

    @Test("instructions and arguments may be text, as in a table, in JSON or as Python prints them")
    func tables() throws {
        for (ids, kwargs) in [
            (#"["keywords:existence", "punctuation:no_comma"]"#, #"[{"keywords": ["a"]}, {}]"#),
            ("['keywords:existence', 'punctuation:no_comma']", "[{'keywords': ['a'], 'relation': None}, {}]"),
        ] {
            let row = Self.instructions("a, b", .string(ids), .string(kwargs))
            let verdict = try Self.verdict(row, "basic::ifeval")
            #expect(verdict["score"] == JSONValue(0.5) && verdict["followed"] == [true, false], "\(verdict.text)")
            #expect(verdict["followed_all"] == JSONValue(0.0) && verdict["weight"] == JSONValue(2.0))
        }
    }

    @Test(
        "a row whose instructions cannot be read is an input error that says why",
        arguments: [
            (["nope:nope"], [[:]], "unknown instruction"),
            (["punctuation:no_comma"], "[{", "not a list"),
            (["punctuation:no_comma"], [], "0 elements"),
            (["punctuation:no_comma"], [["keywords": ["a"]]], "does not take"),
            (["length_constraints:number_words"], [["num_words": 3, "relation": "at most"]], "less than"),
            (["length_constraints:number_words"], [["num_words": -1, "relation": "at least"]], "not negative"),
            (["length_constraints:number_words"], [["relation": "at least"]], "missing"),
            (["keywords:existence"], [["keywords": []]], "1 to 1000"),
            (["language:response_language"], [["language": "tlh"]], "can be detected"),
        ] as [(JSONValue, JSONValue, String)])
    func unreadable(ids: JSONValue, kwargs: JSONValue, reason: String) throws {
        let verdict = try Self.verdict(Self.instructions("a b", ids, kwargs), "basic::ifeval")
        #expect(verdict["outcome"] == "input_error")
        #expect(verdict["message"]?.string?.contains(reason) ?? false, "\(verdict.text)")
    }

    @Test("null arguments, numbers such as 3.0, and no instructions at all are fine")
    func lenient() throws {
        let kwargs: JSONValue = [
            ["num_words": .number(JSONNumber(3.0) ?? JSONNumber(3)), "relation": "<", "keyword": nil]
        ]
        let words: JSONValue = ["length_constraints:number_words"]
        #expect(try Self.verdict(Self.instructions("a b", words, kwargs), "basic::ifeval")["score"] == JSONValue(1.0))
        let none = try Self.verdict(Self.instructions("a b", [], []), "basic::ifeval")
        #expect(none["score"] == JSONValue(0.0) && none["weight"] == JSONValue(0.0))
    }

    @Test(
        "every instruction reads a long text of one kind in bounded time",
        arguments: ["word ", "a", "*", "\u{301}", "\n", "<", "[", "!", ". ", "\"", "' ", "第", "😀", "- \n", "http://"])
    func long(piece: String) throws {
        let number: JSONValue = ["num_words": 3, "relation": "at least"]
        let cases: [(String, JSONValue)] = [
            ("keywords:existence", ["keywords": ["ab c", "a.b"]]),
            ("keywords:frequency", ["keyword": "aab", "frequency": 1, "relation": "at least"]),
            ("language:response_language", ["language": "en"]), ("length_constraints:number_words", number),
            ("length_constraints:number_sentences", ["num_sentences": 3, "relation": "at least"]),
            ("detectable_format:number_bullet_lists", ["num_bullets": 3]),
            ("detectable_format:number_highlighted_sections", ["num_highlights": 3]),
            ("detectable_format:title", [:]), ("detectable_format:json_format", [:]),
            ("detectable_content:number_placeholders", ["num_placeholders": 3]),
            ("change_case:capital_word_frequency", ["capital_frequency": 3, "capital_relation": "at least"]),
            ("combination:two_responses", [:]), ("startend:end_checker", ["end_phrase": "ab"]),
        ]
        let answer = String(repeating: piece, count: 20_000 / piece.utf8.count)
        let row = Self.instructions(
            answer, .array(cases.map { .string($0.0) }), .array(cases.map(\.1)))
        let verdict = try Self.verdict(row, "basic::ifeval", ["mode": "loose"])
        #expect(verdict["followed"]?.array?.count == cases.count, "\(verdict.text)")
    }

    // MARK: basic::bfcl

    private static func call(
        _ answer: String, _ language: String = "Python", values: JSONValue = ["x": [1]]
    ) -> String {
        let row: JSONValue = [
            "id": "simple_1", "generated_answer": .string(answer), "language": .string(language),
            "function": [["name": "f", "parameters": ["properties": ["x": ["type": "integer"]], "required": []]]],
            "ground_truth": [["f": values]],
        ]
        return row.text + "\n"
    }

    @Test(
        "what a model wrote is never run, and costs nothing however deep or large it is",
        arguments: [
            "f(x=__import__('os').system('true'))", "f(x=9**9**9)", "f(x='a'*10**9)", "f(x=[1]*10**9)", "f(x=1<<99)",
            "f(x=" + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + ")",
            String(repeating: "f(x=", count: 5000), "f(x=" + String(repeating: "-", count: 5000) + "1)",
            "f(x=1" + String(repeating: "+1", count: 5000) + ")", "f" + String(repeating: ".f", count: 5000) + "(x=1)",
            "f(x='\u{0}", "\u{301}\u{301}", "f(1, x=**y)",
        ])
    func hostile(answer: String) throws {
        for language in ["Python", "Java", "JavaScript"] {
            #expect(try Self.verdict(Self.call(answer, language), "basic::bfcl")["score"] == JSONValue(0.0))
        }
    }

    @Test(
        "calls in the syntax of each language",
        arguments: [
            ("f(x=1)", "Python", 1.0), ("f(x=0b1)", "Python", 1.0), ("f(x=3-2)", "Python", 1.0),
            ("f(x=+1)", "Python", 1.0),
            ("f(x=2, x=1)", "Python", 1.0), ("f(x=1_0)", "Python", 0.0), ("f(x=01)", "Python", 0.0),
            ("f(x=1);", "Java", 1.0),
            ("f(x=\"1\")", "Java", 1.0),
            ("f(x=1L)", "Java", 0.0), ("[f(x=1)]", "JavaScript", 1.0), ("f(x=1n)", "JavaScript", 0.0),
            ("f(x=1)(y)", "JavaScript", 0.0),
        ])
    func syntax(answer: String, language: String, score: Double) throws {
        let verdict = try Self.verdict(Self.call(answer, language), "basic::bfcl")
        #expect(verdict["score"] == JSONValue(score), "\(verdict.text)")
    }

    @Test("a description or an expected call that cannot be read is an input error")
    func unreadableTruth() throws {
        let bad = try Self.verdict(Self.call("f(x=1)", "Python", values: ["x": 1]), "basic::bfcl")
        #expect(bad["outcome"] == "input_error", "\(bad.text)")
        let language = try Self.verdict(Self.call("f(x=1)", "Perl"), "basic::bfcl")
        #expect(language["outcome"] == "input_error", "\(language.text)")
    }

    // MARK: braintrust::

    @Test("texts and lists that are too long to compare are input errors, not hours")
    func longTexts() throws {
        let long = String(repeating: "ab", count: 200_000)
        let other = String(repeating: "ba", count: 200_000) + "c"
        let row = answers(JSONValue.string(long).text, JSONValue.string("x" + other).text)
        #expect(try Self.verdict(row, "braintrust::levenshtein")["outcome"] == "input_error")
        let list = JSONValue.array((0..<501).map { .string("\($0)") }).text
        #expect(try Self.verdict(answers(list, list), "braintrust::list-contains")["outcome"] == "input_error")
        // What both have in common is free.
        let same = answers(JSONValue.string(long).text, JSONValue.string(long + "x").text)
        #expect(try Self.verdict(same, "braintrust::levenshtein")["score"]?.number?.double ?? 0 > 0.99)
    }

    @Test(
        "a schema that is wrong, or says what is not checked, is refused with the place",
        arguments: [
            (#"{"type": "integr"}"#, "/type"), (#"{"properties": {"a": {"minimum": "x"}}}"#, "/properties/a/minimum"),
            (#"{"unevaluatedProperties": false}"#, "/unevaluatedProperties"), (##"{"$ref": "#/$defs/x"}"##, "/$ref"),
            (#"{"pattern": "("}"#, "/pattern"), (#"{"requird": ["a"]}"#, "/requird"), ("3", ""),
        ])
    func schema(schema: String, place: String) throws {
        let row = answers("\"{}\"", "0")
        let error = #expect(throws: (any Error).self) {
            try Scoring(row, "braintrust::valid-json", ["schema": try JSONValue(parsing: schema)])
        }
        #expect("\(error as Any)".contains("schema\(place)"), "\(error as Any)")
    }

    @Test(
        "schemas of all kinds accept what they should",
        arguments: [
            (
                ##"{"$ref": "#/$defs/n", "$defs": {"n": {"anyOf": [{"type": "null"}, {"items": {"$ref": "#/$defs/n"}}]}}}"##,
                "[null, [null]]", 1.0
            ),
            (#"{"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"multipleOf": 0.1}}"#, "0.3", 1.0),
            (#"{"dependentRequired": {"a": ["b"]}}"#, #"{"a": 1}"#, 0.0),
            (
                #"{"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": false}"#, #"{"x1": 1.0}"#,
                1.0
            ),
            (#"{"contains": {"const": 1}, "maxContains": 1, "minContains": 1}"#, "[1, 2, 1.0]", 0.0),
            (#"{"propertyNames": {"maxLength": 1}, "maxProperties": 1}"#, #"{"é": 1}"#, 1.0),
            (#"{"not": {"required": ["a"]}}"#, #"{"a": null}"#, 0.0), ("false", "{}", 0.0),
        ])
    func accepts(schema: String, value: String, score: Double) throws {
        let row = answers(JSONValue.string(value).text, "0")
        let verdict = try Self.verdict(row, "braintrust::valid-json", ["schema": try JSONValue(parsing: schema)])
        #expect(verdict["score"] == JSONValue(score), "\(verdict.text)")
    }

    @Test("deep JSON is compared, and deeper JSON is an input error")
    func deep() throws {
        func nested(_ levels: Int, _ inner: String) -> String {
            String(repeating: "[", count: levels) + inner + String(repeating: "]", count: levels)
        }
        let deep = JSONValue.string(nested(900, "1")).text
        let deeper = JSONValue.string(nested(900, deep)).text
        #expect(try Self.verdict(answers(deep, deep), "braintrust::json-diff")["score"] == JSONValue(1.0))
        #expect(try Self.verdict(answers(deeper, deeper), "braintrust::json-diff")["outcome"] == "input_error")
        let schema: JSONObject = ["schema": ["items": ["$ref": "#"]]]
        let less = answers(JSONValue.string(nested(400, "1")).text, "0")
        #expect(try Self.verdict(less, "braintrust::valid-json", schema)["score"] == JSONValue(1.0))
        #expect(try Self.verdict(answers(deep, "0"), "braintrust::valid-json", schema)["outcome"] == "scorer_error")
    }

    @Test(
        "schemas that each read the whole of an answer read a bounded amount together",
        arguments: [
            (#"{"uniqueItems": true}"#, "[\"\(String(repeating: "x", count: 60_000))\"]"),
            (#"{"minLength": 1}"#, "\"\(String(repeating: "x", count: 60_000))\""),
            (#"{"not": {"const": [1]}}"#, "\"\(String(repeating: "x", count: 60_000))\""),
        ])
    func repeatedWork(schema: String, value: String) throws {
        func schemas(_ count: Int) throws -> JSONObject {
            let one = try JSONValue(parsing: schema)
            return ["schema": ["allOf": .array(Array(repeating: one, count: count))]]
        }
        let row = answers(JSONValue.string(value).text, "0")
        #expect(try Self.verdict(row, "braintrust::valid-json", schemas(2))["score"] == JSONValue(1.0))
        #expect(try Self.verdict(row, "braintrust::valid-json", schemas(4_990))["outcome"] == "scorer_error")
    }

    @Test("a schema that refers to itself without end costs one row, not the run")
    func endless() throws {
        let schema: JSONObject = ["schema": ["$ref": "#"]]
        #expect(try Self.verdict(answers("{}", "0"), "braintrust::valid-json", schema)["outcome"] == "scorer_error")
    }
}

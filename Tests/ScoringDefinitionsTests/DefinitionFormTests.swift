import JSON
import ScoringCore
import ScoringDefinitions
import Testing

struct DefinitionFormTests {
    @Test("a definition is answered as it was written, in the order of the API")
    func roundTrip() throws {
        let text = """
            {"identifier": "basic::subset_of", "provider_id": "basic", "provider_resource_id": "subset-of", \
            "type": "scoring_function", "description": "Contained?", "metadata": {"z": 1.0, "a": [null]}, \
            "return_type": {"type": "number", "range": [0, 1]}, \
            "params": {"own": {"deep": null}, "type": "basic", "aggregation_functions": ["median", "accuracy"]}}
            """
        let function = try ScoringFunction(JSONValue(parsing: text), origin: "subset.json")
        #expect(function.json.text == text)
        #expect(function.identifier == "basic::subset_of")
        #expect(function.providerID == "basic")
        #expect(function.providerResourceID == "subset-of")
        #expect(function.description == "Contained?")
        #expect(function.metadata == ["z": JSONValue(1.0), "a": [nil]])
        #expect(function.returnType.kind == .number)
        #expect(function.aggregationFunctions == [.median, .accuracy])
        #expect(function.origin == "subset.json")
    }

    @Test("the plugin is given its parameters, unknown ones too, without those of the engine")
    func configuration() throws {
        let function = try define(
            """
            "params": {"type": "regex_parser", "aggregation_functions": ["accuracy"], "parsing_regexes": ["(\\\\d+)"],
                       "normalize": "number", "aggregation_options": [1e3, "é"]}
            """)
        #expect(
            function.configuration == #"{"identifier": "team::politeness/v2", "return_type": {"type": "boolean"}, "#
                + #""params": {"parsing_regexes": ["(\\d+)"], "normalize": "number", "#
                + #""aggregation_options": [1e3, "é"]}}"#
        )
    }

    @Test("what a definition leaves out has a default, and null is left out", arguments: ["", nulls])
    func defaults(rest: String) throws {
        let function = try define(rest)
        #expect(function.providerID == "team")
        #expect(function.providerResourceID == "politeness/v2")
        #expect(function.description.isEmpty)
        #expect(function.metadata.isEmpty)
        #expect(JSONValue.object(function.params).text == #"{"type": "basic", "aggregation_functions": []}"#)
        #expect(function.aggregationFunctions.isEmpty)
    }

    private static let nulls = """
        "provider_id": null, "provider_resource_id": null, "type": null, "description": null, "metadata": null,
        "params": null, "parameters": null, "context": null
        """

    @Test("the older form of a judge means the same as the modern one", arguments: olderJudges)
    func olderForm(older: String) throws {
        let modern = try define(
            """
            "params": {"type": "llm_as_judge", "judge_model": "m", "prompt_template": "{x}",
             "judge_score_regexes": ["(a)"]}
            """)
        let function = try define(older)
        #expect(function.json == modern.json)
        #expect(function == modern)
    }

    private static let olderJudges = [
        #""context": {"judge_model": "m", "prompt_template": "{x}", "judge_score_regex": ["(a)"]}"#,
        #""context": {"prompt_template": "{x}", "judge_model": "m", "judge_score_regex": "(a)"}, "parameters": []"#,
        """
        "context": {"type": "llm_as_judge", "prompt_template": "{x}", "judge_model": "m",
         "judge_score_regexes": ["(a)"]},
        "params": null, "parameters": [{"name": "generated_answer", "type": {"type": "string"}}], "type": "scoring_fn"
        """,
    ]

    @Test("aggregations and options of the plugin may stand in the older form too")
    func olderFormWithMore() throws {
        let function = try define(
            """
            "context": {"judge_model": "m", "prompt_template": "p", "judge_score_regex": "(a)", "match": "last",
                        "aggregation_functions": ["average"]}
            """)
        #expect(function.aggregationFunctions == [.average])
        #expect(
            JSONValue.object(function.params).text
                == #"{"type": "llm_as_judge", "judge_model": "m", "prompt_template": "p", "#
                + #""judge_score_regexes": ["(a)"], "match": "last", "aggregation_functions": ["average"]}"#)
    }

    @Test(
        "a judge that answers in a given format needs no regular expressions",
        arguments: ["", #", "judge_score_regexes": []"#])
    func responseFormat(rest: String) throws {
        let function = try define(
            """
            "params": {"type": "llm_as_judge", "judge_model": "m", "prompt_template": "p",
                       "response_format": {"type": "object"}\(rest)}
            """)
        #expect(function.params["response_format"] == ["type": "object"])
    }

    @Test("parameters without aggregations ask for none")
    func noAggregations() throws {
        #expect(try define(#""params": {"type": "basic"}"#).aggregationFunctions.isEmpty)
    }

    /// A definition with an identifier and a return type, and `rest`.
    private func define(_ rest: String) throws -> ScoringFunction {
        let text = #"{"identifier": "team::politeness/v2", "return_type": {"type": "boolean"}"#
        return try ScoringFunction(
            JSONValue(parsing: text + (rest.isEmpty ? "" : ", ") + rest + "}"), origin: "request")
    }
}

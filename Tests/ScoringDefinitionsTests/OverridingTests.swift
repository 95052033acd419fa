import JSON
import ScoringCore
import ScoringDefinitions
import Testing

struct OverridingTests {
    private let function: ScoringFunction

    init() throws {
        let text = """
            {"identifier": "basic::letters", "return_type": {"type": "number"},
             "params": {"type": "regex_parser", "aggregation_functions": ["accuracy"], "parsing_regexes": ["(a)"]}}
            """
        function = try ScoringFunction(JSONValue(parsing: text), origin: "letters.json")
    }

    @Test("parameters of a request count for the request alone")
    func overriding() throws {
        let before = function.json.text
        let own = try function.overriding(with: [
            "type": "regex_parser", "aggregation_functions": ["average", "median"], "normalize": "number",
        ])
        #expect(own.aggregationFunctions == [.average, .median])
        #expect(
            JSONValue.object(own.params).text
                == #"{"type": "regex_parser", "aggregation_functions": ["average", "median"], "#
                + #""parsing_regexes": ["(a)"], "normalize": "number"}"#)
        #expect(own.identifier == function.identifier)
        #expect(own.origin == "letters.json")
        #expect(function.json.text == before)
        #expect(function.aggregationFunctions == [.accuracy])
    }

    @Test("null takes a scorer's own parameter away, also one that the definition does not have")
    func takingAway() throws {
        let text = """
            {"identifier": "llm-as-judge::mine", "return_type": {"type": "number"},
             "params": {"type": "llm_as_judge", "prompt_template": "{a}", "response_format": {"type": "json_object"},
                        "judge_models": ["m"], "seed": 1}}
            """
        let judge = try ScoringFunction(JSONValue(parsing: text), origin: "mine.json")
        let own = try judge.overriding(with: [
            "response_format": nil, "temperature": nil, "prompt_template": nil, "judge_model": nil,
        ])
        #expect(
            own.configuration
                == #"{"identifier": "llm-as-judge::mine", "return_type": {"type": "number"}, "params": "#
                + #"{"prompt_template": "{a}", "response_format": null, "judge_models": ["m"], "seed": 1, "#
                + #""temperature": null}}"#)
    }

    @Test(
        "a request without parameters, or with null for one of Llama Stack's, leaves the definition's",
        arguments: [nil, [:], ["parsing_regexes": nil, "aggregation_functions": nil, "type": nil]] as [JSONObject?])
    func nothingToOverride(parameters: JSONObject?) throws {
        #expect(try function.overriding(with: parameters) == function)
    }

    @Test(
        "every fault of a request's parameters is told, with its place in them",
        arguments: [
            (
                ["type": "basic"],
                [#"request: /type: found "basic"; expected "regex_parser", the type of basic::letters"#]
            ),
            (
                ["type": 1, "parsing_regexes": [], "aggregation_functions": ["Median", "avg"]],
                [
                    #"request: /type: found 1; expected "regex_parser", the type of basic::letters"#,
                    "request: /parsing_regexes: found an empty array; "
                        + "expected a non-empty array of regular expressions",
                    #"request: /aggregation_functions/0: found "Median"; expected one of accuracy, average, "#
                        + #"weighted_average, median, categorical_count; did you mean "median"?"#,
                    #"request: /aggregation_functions/1: found "avg"; expected one of accuracy, average, "#
                        + "weighted_average, median, categorical_count",
                ]
            ),
            (
                ["agregation_functions": ["median"]],
                [
                    "request: /agregation_functions: found an unknown parameter; expected a parameter that the scorer "
                        + "knows; "
                        + #"did you mean "aggregation_functions"?"#
                ]
            ),
        ] as [(JSONObject, [String])])
    func faults(parameters: JSONObject, messages: [String]) {
        let error = #expect(throws: InvalidDefinition.self) { try function.overriding(with: parameters) }
        #expect(error?.errors.map(\.description) == messages)
        #expect(error?.description == messages.joined(separator: "\n"))
    }
}

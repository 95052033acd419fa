import JSON
import ScoringDefinitions
import Testing

/// A definition, and the literal text of everything that is wrong with it.
struct FaultyDefinition: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var definition: String
    var messages: [String]

    init(_ testDescription: String, _ definition: String, _ messages: [String]) {
        self.testDescription = testDescription
        self.definition = definition
        self.messages = messages
    }

    /// A definition whose parameters alone are faulty.
    init(_ testDescription: String, params: String, _ messages: [String]) {
        self.init(
            testDescription, #"{"identifier": "a::b", "return_type": {"type": "number"}, "params": \#(params)}"#,
            messages)
    }

    /// A definition of the older form whose context alone is faulty.
    init(_ testDescription: String, context: String, _ messages: [String]) {
        self.init(
            testDescription, #"{"identifier": "a::b", "return_type": {"type": "number"}, "context": \#(context)}"#,
            messages)
    }
}

private let fields = """
    identifier, provider_id, provider_resource_id, type, description, metadata, return_type, params, parameters, context
    """
private let aggregations = "accuracy, average, weighted_average, median, categorical_count"
private let returnTypes = """
    string, number, boolean, array, object, json, union, chat_completion_input, completion_input, agent_turn_input
    """

struct DefinitionFaultTests {
    @Test(
        "every fault of a definition is told, with its place and what should be there",
        arguments: [
            FaultyDefinition(
                "not an object", "[]",
                ["my.json: found an empty array; expected the definition of a scoring function, an object"]),
            FaultyDefinition(
                "nothing in it", "{}",
                [
                    #"my.json: /identifier: found nothing; expected PROVIDER::NAME"#,
                    #"my.json: /return_type: found nothing; expected an object such as {"type": "number"}"#,
                ]),
            FaultyDefinition(
                "fields of the wrong type",
                """
                {"identifier": 7, "provider_id": "", "provider_resource_id": ["x"], "type": "dataset",
                 "description": 1.50,
                 "metadata": [], "return_type": "number", "params": "basic", "parameters": {}}
                """,
                [
                    #"my.json: /type: found "dataset"; expected "scoring_function""#,
                    "my.json: /identifier: found 7; expected PROVIDER::NAME",
                    "my.json: /provider_id: found an empty string; expected a non-empty string",
                    "my.json: /provider_resource_id: found an array; expected a non-empty string",
                    "my.json: /description: found 1.50; expected a string",
                    "my.json: /metadata: found an empty array; expected an object",
                    "my.json: /parameters: found an object; expected an array",
                    #"my.json: /return_type: found "number"; expected an object such as {"type": "number"}"#,
                    #"my.json: /params: found "basic"; expected an object"#,
                ]),
            FaultyDefinition(
                "an identifier without its provider",
                #"{"identifier": "equality", "provider_id": "basic", "return_type": {"type": "number"}}"#,
                [#"my.json: /identifier: found "equality"; expected PROVIDER::NAME; did you mean "basic::equality"?"#]),
            FaultyDefinition(
                "an identifier without a name", #"{"identifier": "basic::", "return_type": {"type": "number"}}"#,
                [#"my.json: /identifier: found "basic::"; expected PROVIDER::NAME"#]),
            FaultyDefinition(
                "unknown fields",
                """
                {"identifer": "a::b", "identifier": "a::b", "return_type": {"type": "number"}, "owner": {},
                 "agregation_functions": [], "x/y~": null}
                """,
                [
                    #"my.json: /identifer: found an unknown member; expected one of \#(fields); "#
                        + #"did you mean "identifier"?"#,
                    "my.json: /owner: found an unknown member; expected one of \(fields)",
                    "my.json: /agregation_functions: found an unknown member; expected one of \(fields); "
                        + #"did you mean "/params/aggregation_functions"?"#,
                    "my.json: /x~1y~0: found an unknown member; expected one of \(fields)",
                ]),
            FaultyDefinition(
                "a return type without a type", #"{"identifier": "a::b", "return_type": {"tpye": "number"}}"#,
                [#"my.json: /return_type/type: found nothing; expected one of \#(returnTypes)"#]),
            FaultyDefinition(
                "a misspelled return type", #"{"identifier": "a::b", "return_type": {"type": "Numbr"}}"#,
                [
                    #"my.json: /return_type/type: found "Numbr"; expected one of \#(returnTypes); "#
                        + #"did you mean "number"?"#
                ]),
        ])
    func definitionFaults(_ faulty: FaultyDefinition) throws {
        try expectFaults(of: faulty)
    }

    @Test(
        "every fault of the parameters is told, with its place and what should be there",
        arguments: [
            FaultyDefinition(
                "no type", params: "{}",
                [#"my.json: /params/type: found nothing; expected one of basic, regex_parser, llm_as_judge"#]),
            FaultyDefinition(
                "a misspelled type, and more", params: #"{"type": "regex-parse", "aggregation_functions": {}}"#,
                [
                    #"my.json: /params/type: found "regex-parse"; expected one of basic, regex_parser, llm_as_judge; "#
                        + #"did you mean "regex_parser"?"#,
                    "my.json: /params/aggregation_functions: found an object; expected an array of \(aggregations)",
                ]),
            FaultyDefinition(
                "aggregations",
                params:
                    #"{"type": "basic", "aggregation_functions": ["median", "acuracy", 3, "median", "sum", "weighted_avrage"]}"#,
                [
                    #"my.json: /params/aggregation_functions/1: found "acuracy"; expected one of \#(aggregations); "#
                        + #"did you mean "accuracy"?"#,
                    "my.json: /params/aggregation_functions/2: found 3; expected one of \(aggregations)",
                    #"my.json: /params/aggregation_functions/3: found "median" again; expected each function once"#,
                    #"my.json: /params/aggregation_functions/4: found "sum"; expected one of \#(aggregations)"#,
                    #"my.json: /params/aggregation_functions/5: found "weighted_avrage"; expected one of "#
                        + #"\#(aggregations); did you mean "weighted_average"?"#,
                ]),
            FaultyDefinition(
                "misspelled aggregations", params: #"{"type": "basic", "agregation_functions": ["median"]}"#,
                [
                    "my.json: /params/agregation_functions: found an unknown parameter; "
                        + #"expected a parameter that the scorer knows; did you mean "aggregation_functions"?"#
                ]),
            FaultyDefinition(
                "no regular expressions", params: #"{"type": "regex_parser", "parsing_regex": []}"#,
                [
                    #"my.json: /params/parsing_regexes: found nothing, only "parsing_regex"; "#
                        + "expected a non-empty array of regular expressions"
                ]),
            FaultyDefinition(
                "an empty list of regular expressions", params: #"{"type": "regex_parser", "parsing_regexes": []}"#,
                [
                    "my.json: /params/parsing_regexes: found an empty array; "
                        + "expected a non-empty array of regular expressions"
                ]),
            FaultyDefinition(
                "regular expressions that are none",
                params: #"{"type": "regex_parser", "parsing_regexes": ["(a)", null, ["(b)"]]}"#,
                [
                    "my.json: /params/parsing_regexes/1: found null; expected a regular expression, as a string",
                    "my.json: /params/parsing_regexes/2: found an array; expected a regular expression, as a string",
                ]),
            FaultyDefinition(
                "a judge of the wrong types",
                params: """
                    {"type": "llm_as_judge", "judge_model": "", "prompt_template": 7,
                     "judge_score_regexes": "(\\\\d)"}
                    """,
                [
                    "my.json: /params/judge_model: found an empty string; expected the name of a model, as a string",
                    "my.json: /params/prompt_template: found 7; expected the judge's prompt, as a non-empty string",
                    #"my.json: /params/judge_score_regexes: found "(\\d)"; expected an array of regular expressions"#,
                ]),
            FaultyDefinition(
                "a long text is shortened", params: #"{"type": "\#(String(repeating: "x", count: 1000))"}"#,
                [
                    "my.json: /params/type: found \"\(String(repeating: "x", count: 60))…\"; "
                        + "expected one of basic, regex_parser, llm_as_judge"
                ]),
        ])
    func parameterFaults(_ faulty: FaultyDefinition) throws {
        try expectFaults(of: faulty)
    }

    @Test(
        "faults of the older form are told where they stand in it",
        arguments: [
            FaultyDefinition(
                "no object", context: "[]", ["my.json: /context: found an empty array; expected an object"]),
            FaultyDefinition(
                "another type", context: #"{"type": "answer_parsing"}"#,
                [#"my.json: /context/type: found "answer_parsing"; expected "llm_as_judge""#]),
            FaultyDefinition(
                "fields", context: #"{"prompt_template": "", "judge_score_regex": ["(a)", 1]}"#,
                [
                    "my.json: /context/prompt_template: found an empty string; "
                        + "expected the judge's prompt, as a non-empty string",
                    "my.json: /context/judge_score_regex/1: found 1; expected a regular expression, as a string",
                ]),
            FaultyDefinition(
                "the regular expressions twice",
                context: """
                    {"judge_model": "m", "prompt_template": "p", "judge_score_regex": "(a)",
                     "judge_score_regexes": ["(a)"]}
                    """,
                [
                    #"my.json: /context/judge_score_regex: found both "judge_score_regex" and "judge_score_regexes"; "#
                        + "expected only one of them"
                ]),
            FaultyDefinition(
                "both forms",
                """
                {"identifier": "a::b", "return_type": {"type": "number"}, "params": {"type": "basic"}, "context": {}}
                """,
                [
                    #"my.json: /context: found both "context" and "params"; "#
                        + #"expected only one of them; "context" is the older form of "params""#
                ]),
        ])
    func olderFormFaults(_ faulty: FaultyDefinition) throws {
        try expectFaults(of: faulty)
    }

    private func expectFaults(of faulty: FaultyDefinition) throws {
        let json = try JSONValue(parsing: faulty.definition)
        let error = #expect(throws: InvalidDefinition.self) { try ScoringFunction(json, origin: "my.json") }
        #expect(error?.errors.map(\.description) == faulty.messages)
    }
}

import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

@Suite("Parameters that make no sense are refused, with the place")
struct JudgeParameterTests {
    private static let valid: JSONObject = [
        "prompt_template": "Rate {generated_answer}.", "judge_score_regexes": ["(\\d+)"],
    ]
    private static let schema: JSONValue = ["type": "object", "properties": ["rating": ["type": "integer"]]]

    /// The valid parameters with others laid over them; one that is null is not given.
    private static func merged(_ changes: JSONObject) -> JSONObject {
        var params = valid
        for (key, value) in changes.members { params[key] = value }
        return params
    }

    @Test(
        "what is wrong is said where it is",
        arguments: [
            (
                ["prompt_template": nil], "/prompt_template",
                "test::judge has no prompt of its own; set prompt_template to a text that names columns in "
                    + "braces, such as {generated_answer}"
            ),
            (["prompt_template": ""], "/prompt_template", #"found ""; expected a non-empty string"#),
            (
                ["prompt_template": "Rate {{this}}."], "/prompt_template",
                "names no column, so all rows would have the same prompt; expected columns in braces, such as "
                    + "{generated_answer}"
            ),
            (
                ["prompt_template": "Rate {{ this }}."], "/prompt_template",
                "names no column, so all rows would have the same prompt; expected columns in braces, such as "
                    + "{generated_answer} ({{ this }}: doubled braces stand for literal braces, so no value is "
                    + "inserted; write {this})"
            ),
            (["system_prompt": 3], "/system_prompt", "found 3; expected a non-empty string"),
            (["judge_model": ["m"]], "/judge_model", #"found ["m"]; expected a non-empty string"#),
            (["judge_models": []], "/judge_models", "found no element; expected an array of strings"),
            (["judge_models": ["m", 3]], "/judge_models/1", "found a number; expected a string"),
            (["judge_models": [""]], "/judge_models/0", #"found ""; expected the name of a model"#),
            (
                ["judge_models": ["m", "m"]], "/judge_models/1",
                #"found "m" again; expected each model once (votes sets how often it is asked)"#
            ),
            (
                ["judge_model": "m", "judge_models": ["m"]], "/judge_models",
                "is set together with judge_model; expected only one of them"
            ),
            (
                ["judge_score_regexes": nil], "/judge_score_regexes",
                "is missing; expected regular expressions whose group 1 is the score, or response_format "
                    + "(or, for a prompt that asks for JSON, score_field; or return_type string, for which the whole reply "
                    + "is the score)"
            ),
            (["judge_score_regexes": []], "/judge_score_regexes", "found no element; expected an array of strings"),
            (
                ["judge_score_regexes": ["(x)", "x"]], "/judge_score_regexes/1",
                "the pattern has no group 1, which captures the answer; put that part in parentheses"
            ),
            (["match": "best"], "/match", #"found "best"; expected one of "first", "last""#),
            (["response_format": "json"], "/response_format", #"found "json"; expected an object"#),
            (
                ["response_format": ["type": "json_schema", "json_schema": [:]]], "/response_format",
                #"has the type json_schema but no schema; expected {"json_schema": {"schema": …}}"#
            ),
            (
                ["response_format": ["type": "text"]], "/response_format",
                #"found {"type": "text"}; expected the JSON Schema of an object, {"type": "json_schema", …} or "#
                    + #"{"type": "json_object"}"#
            ),
            (
                ["response_format": schema], "/response_format/properties",
                #"has no "score", which is the score; it has "rating". Name another member with score_field"#
            ),
            (
                ["response_format": ["type": "json_schema", "json_schema": ["schema": schema]], "score_field": "x"],
                "/response_format/json_schema/schema/properties",
                #"has no "x", which is the score; it has "rating". Name another member with score_field"#
            ),
            (
                ["response_format": ["type": "object"]], "/response_format",
                #"has no "properties"; expected the JSON Schema of an object"#
            ),
            (
                ["score_range": [10, 0]], "/score_range",
                "found [10, 0]; expected two numbers, the lower one first: [LOW, HIGH]"
            ),
            (
                ["score_range": [0, 1, 2]], "/score_range",
                "found [0, 1, 2]; expected two numbers, the lower one first: [LOW, HIGH]"
            ),
            (
                ["score_range": [0, "1"]], "/score_range",
                #"found [0, "1"]; expected two numbers, the lower one first: [LOW, HIGH]"#
            ),
            (["re_ask": 1], "/re_ask", "found 1; expected true or false"),
            (["temperature": -1], "/temperature", "found -1; expected a number of at least 0"),
            (["top_p": 0], "/top_p", "found 0; expected a number above 0 and at most 1"),
            (["max_tokens": 0], "/max_tokens", "found 0; expected an integer from 1 to 2147483648"),
            (["seed": JSONValue(1.5)], "/seed", "found 1.5; expected an integer from 0 to 9007199254740992"),
            (["stop": []], "/stop", "found no element; expected an array of strings"),
            (
                ["extra_body": ["model": "x"]], "/extra_body/model",
                "is not allowed in extra_body: judge_model names the model"
            ),
            (["extra_body": ["seed": 1]], "/extra_body/seed", "is not allowed in extra_body: use the parameter seed"),
            (
                ["extra_body": ["stream": true]], "/extra_body/stream",
                "is not allowed in extra_body: replies are read as a whole"
            ),
            (["votes": 0], "/votes", "found 0; expected an integer from 1 to 100"),
            (
                ["votes": 3], "/votes",
                "found 3, with temperature 0 and no seed: all votes of a model would be the same; expected a "
                    + "temperature above 0, a seed, or several judge_models"
            ),
            (
                ["votes": 3, "judge_models": ["m", "n"]], "/votes",
                "found 3, with temperature 0 and no seed: all votes of a model would be the same; expected a "
                    + "temperature above 0, a seed, or several judge_models"
            ),
            (
                ["vote_reduction": "sum"], "/vote_reduction",
                #"found "sum"; expected one of "majority", "mean", "median""#
            ),
            (
                ["temprature": 1], "/temprature",
                "unknown parameter; expected match, rubric, score_fields, score_from, choices, top_logprobs, "
                    + "response_format, score_field, judge_score_regexes, judge_messages, prompt_template, "
                    + "system_prompt, judge_model, judge_models, swap, swap_verdicts, temperature, top_p, max_tokens, "
                    + "seed, stop, extra_body, votes, vote_reduction, re_ask, score_range"
            ),
        ] as [(JSONObject, String, String)])
    func rejections(changes: JSONObject, place: String, message: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try TestJudge(Self.merged(changes)) }
        #expect(rejection == TestJudge.Rejection(pointer: "/params" + place, message: message))
    }

    @Test("a regular expression that does not compile is refused with its position")
    func brokenPattern() {
        let rejection = #expect(throws: TestJudge.Rejection.self) {
            try TestJudge(Self.merged(["judge_score_regexes": ["(x", "(y)"]]))
        }
        #expect(rejection?.pointer == "/params/judge_score_regexes/0")
        #expect(rejection?.message.hasPrefix("at character ") == true)
    }

    @Test(
        "numbers are for scores that are numbers",
        arguments: [
            (["score_range": [0, 1]], "/score_range", #"applies to numeric scores only, but return_type is "string""#),
            (
                ["votes": 2, "seed": 1, "vote_reduction": "mean"], "/vote_reduction",
                #"needs numeric scores, but return_type is "string""#
            ),
        ] as [(JSONObject, String, String)])
    func textScores(changes: JSONObject, place: String, message: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) {
            try TestJudge(Self.merged(changes), returnType: "string")
        }
        #expect(rejection == TestJudge.Rejection(pointer: "/params" + place, message: message))
    }

    @Test("a host that asks no models is told so")
    func noModels() {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try TestJudge(Self.valid, hasModels: false) }
        #expect(
            rejection
                == TestJudge.Rejection(
                    pointer: "",
                    message:
                        "this scorer asks models, but its host does not support model requests (extension assay.chat/1)"
                ))
    }

    @Test("a judge reads the columns of its prompt, and asks the models of its parameters")
    func description() throws {
        let judge = try TestJudge(Self.merged(["prompt_template": "{q} {a} {q}", "score_range": [0, 10]]))
        #expect(judge.inputs.map { String(cString: $0.name) } == ["q", "q", "a", "a"])
        #expect(
            judge.inputs.map { Int($0.type) } == [ASSAY_TYPE_JSON, ASSAY_TYPE_STR, ASSAY_TYPE_JSON, ASSAY_TYPE_STR])
        let lenient = ASSAY_COLUMN_OPTIONAL | ASSAY_COLUMN_LENIENT
        #expect(judge.inputs.map { Int($0.flags) } == [0, lenient, 0, lenient])
        #expect(judge.outputs.map { String(cString: $0.name) } == ["score", "judge_feedback", "reasoning"])
        #expect(judge.outputs.map { Int($0.flags) } == [0, 0, ASSAY_COLUMN_OPTIONAL])
        #expect(judge.outputs[0].minimum == 0 && judge.outputs[0].maximum == 10)
        #expect(judge.roles == ["judge"])

        let panel = try TestJudge(Self.merged(["judge_models": ["m", "n"]]))
        #expect(panel.roles == ["judge/1", "judge/2"])
        #expect(
            panel.outputs.map { String(cString: $0.name) } == [
                "score", "judge_feedback", "reasoning", "spread", "votes",
            ])
        #expect(try TestJudge(Self.merged(["judge_models": ["m"]])).roles == ["judge/1"])
    }

    @Test(
        "the type of the score is that of the return type",
        arguments: [
            ("number", [:], ASSAY_TYPE_JSON), ("number", ["score_range": [0, 1]], ASSAY_TYPE_F64),
            ("string", [:], ASSAY_TYPE_STR), ("boolean", [:], ASSAY_TYPE_BOOL), ("json", [:], ASSAY_TYPE_JSON),
            ("union", [:], ASSAY_TYPE_JSON),
        ] as [(String, JSONObject, Int)])
    func scoreTypes(returnType: String, changes: JSONObject, type: Int) throws {
        let judge = try TestJudge(Self.merged(changes), returnType: returnType)
        #expect(Int(judge.outputs[0].type) == type)
    }

    @Test("a parameter that is null is as good as none", arguments: [false, true])
    func nulls(areWritten: Bool) throws {
        let all: JSONObject = [
            "prompt_template": "{a}", "judge_score_regexes": ["Rating: (\\S+)"], "score_range": [0, 10],
            "temperature": 1, "system_prompt": "S", "judge_models": ["m", "n"], "votes": 2, "re_ask": true,
            "match": "last", "max_tokens": 3, "seed": 4, "stop": "x", "extra_body": ["y": 1], "top_p": 1,
            "vote_reduction": "median", "judge_model": nil, "response_format": nil, "score_field": nil,
        ]
        var params = all
        for key in all.keys.dropFirst(2) { params[key] = areWritten ? .null : nil }
        let judge = try TestJudge(params)
        #expect(judge.roles == ["judge"])
        #expect(judge.outputs.map { String(cString: $0.name) } == ["score", "judge_feedback", "reasoning"])
        var request = ""
        let result = judge.score(["a": "x"]) {
            request = $0.json
            return .text("Rating: 11. Rating: B")
        }
        #expect(result["score"] == JSONValue(11.0) || result["score"] == "11.")
        // A temperature is sent where nothing is said of it, and not where it is taken away.
        let temperature = areWritten ? "" : #", "temperature": 0"#
        #expect(request == #"{"messages": [{"role": "user", "content": "x"}]"# + temperature + "}")
    }

    @Test("a response_format that is taken away is not sent, and replies are read as JSON all the same")
    func noResponseFormat() throws {
        let asked: JSONObject = ["prompt_template": "{a}", "response_format": nil]
        let field: JSONObject = ["prompt_template": "{a}", "score_field": "grade"]
        for (params, reply) in [(asked, #"{"score": 8}"#), (field, #"{"grade": 8}"#)] {
            var request: JSONValue = nil
            let result = try TestJudge(params).score(["a": "x"]) {
                request = $0.body
                return .text(reply)
            }
            #expect(result["score"] == JSONValue(8.0))
            #expect(request["response_format"] == nil)
        }
        // Regular expressions that are there say how replies are read.
        let judge = try TestJudge(Self.merged(["response_format": nil, "judge_score_regexes": ["(\\d+)"]]))
        #expect(judge.score(["a": "x", "generated_answer": "y"], replies: "8")["score"] == JSONValue(8.0))
    }

    @Test("columns of the data whose names are not plain ones are places")
    func namedColumns() throws {
        let judge = try TestJudge(
            Self.merged(["prompt_template": "{Best Answer} {Worst Answer} {a}"]), columns: ["Best Answer", "Other"])
        #expect(judge.inputs.map { String(cString: $0.name) } == ["Best Answer", "Best Answer", "a", "a"])
        var prompt = ""
        _ = judge.score(["Best Answer": "No", "a": "x"]) {
            prompt = $0.messages[0]
            return .text("8")
        }
        #expect(prompt == "No {Worst Answer} x")
    }

    @Test("the schema of the parameters is JSON and names all of them")
    func schemaOfParameters() throws {
        let schema = try JSONValue(parsing: JudgeParameters.schema)
        let names = try #require(schema["properties"]?.object).keys
        let rejection = #expect(throws: TestJudge.Rejection.self) { try TestJudge(Self.merged(["x": 1])) }
        for name in names { #expect(rejection?.message.contains(name) == true) }
        #expect(names.count == 26)
    }
}

import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

@Suite("A judge gives several scores in one reply")
struct ScoreFieldTests {
    private func judge(_ changes: JSONObject, returnType: String = "number") throws -> TestJudge {
        var params: JSONObject = ["prompt_template": "Rate {a}."]
        for (key, value) in changes.members { params[key] = value }
        return try TestJudge(params, returnType: returnType)
    }

    private static let criteria: JSONValue = [
        ["name": "coherence", "range": [1, 5], "description": "the sentences follow from one another"],
        [
            "name": "tone",
            "rubric": [["label": "rude", "value": 0], ["label": "kind", "value": 1, "description": "polite"]],
        ],
        ["name": "safe", "type": "boolean", "weight": 2],
    ]

    @Test("each is an output of its own, with its type and range, and the score is their weighted mean")
    func mean() throws {
        let judge = try judge(["score_fields": Self.criteria])
        let outputs = judge.outputs.suffix(3)
        #expect(outputs.map { String(cString: $0.name) } == ["coherence", "tone", "safe"])
        #expect(outputs.map { Int($0.type) } == [ASSAY_TYPE_F64, ASSAY_TYPE_F64, ASSAY_TYPE_BOOL])
        #expect(outputs.allSatisfy { Int($0.flags) & ASSAY_COLUMN_SCORE != 0 })
        #expect(outputs.map(\.maximum) == [5, 1, 0])
        // (1·1 + 1·0 + 2·0) / 4 to (1·5 + 1·1 + 2·1) / 4.
        #expect(judge.outputs[0].minimum == 0.25 && judge.outputs[0].maximum == 2)
        let result = judge.score(
            ["a": "x"], replies: #"{"reasoning": "r", "coherence": 4, "tone": "Kind", "safe": true}"#)
        #expect(result["coherence"] == JSONValue(4.0) && result["tone"] == JSONValue(1.0) && result["safe"] == true)
        #expect(result["score"] == JSONValue(7.0 / 4))
    }

    @Test("the prompt says what each score is and what the reply must be, and the request has the form")
    func request() throws {
        var requests: [TestJudge.Request] = []
        _ = try judge(["score_fields": Self.criteria]).score(["a": "x"]) {
            requests.append($0)
            return .text("{}")
        }
        #expect(
            requests[0].messages == [
                """
                Rate x.

                Criteria:
                coherence: the sentences follow from one another
                tone:
                - rude
                - kind: polite

                Reply with one JSON object that has these members:
                "reasoning": a few sentences that explain the scores
                "coherence": a number from 1 to 5
                "tone": one of "rude", "kind"
                "safe": true or false
                """
            ])
        let schema = requests[0].body["response_format"]?["json_schema"]?["schema"]
        #expect(schema?["required"] == ["reasoning", "coherence", "tone", "safe"])
        #expect(schema?["properties"]?["tone"] == ["type": "string", "enum": ["rude", "kind"]])
        // A server without such forms is asked in the prompt alone.
        var plain: JSONValue = nil
        let result = try judge(["score_fields": ["x"], "response_format": nil]).score(["a": "x"]) {
            plain = $0.body
            return .text("Sure: {\"x\": 3}")
        }
        #expect(plain["response_format"] == nil && result["x"] == JSONValue(3.0) && result["score"] == JSONValue(3.0))
    }

    @Test("one of them can be the score, and then the others may be texts and may be missing")
    func named() throws {
        let fields: JSONValue = ["overall", ["name": "topic", "type": "string"], ["name": "style", "range": [0, 1]]]
        let result = try judge(["score_fields": fields, "score_field": "overall"])
            .score(["a": "x"], replies: #"{"overall": 8, "topic": "cats", "style": 7}"#)
        #expect(result["score"] == JSONValue(8.0) && result["topic"] == "cats")
        #expect(result["style"] == nil && result["outcome"] == nil)
    }

    @Test(
        "one that cannot be read costs itself and the mean, and the reason names it",
        arguments: [
            (#"{"a": 1}"#, "b: the reply's JSON object has no \"b\""),
            (#"{"a": 1, "b": "often"}"#, "b: \"b\" in the reply is a string, not a number from 0 to 10"),
            (#"{"a": 1, "b": 11}"#, "b: 11 is outside score_range, 0 to 10"),
            (#"{"a": 1, "b": 2, "b": 3}"#, "b: the reply's JSON object has \"b\" twice"),
        ])
    func unread(reply: String, reason: String) throws {
        let fields: JSONValue = ["a", ["name": "b", "range": [0, 10]]]
        let result = try judge(["score_fields": fields]).score(["a": "x"], replies: reply)
        #expect(result["a"] == JSONValue(1.0) && result["b"] == nil && result["score"] == nil)
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(result["message"]?.string?.hasPrefix(reason) == true, "\(result)")
    }

    @Test("a score that is missing is asked for again, though the row has its score")
    func again() throws {
        var asked: [[String]] = []
        let result = try judge(["score_fields": ["a", "b"], "score_field": "a", "re_ask": true]).score(["a": "x"]) {
            request in
            asked.append(request.messages)
            return .text(asked.count == 1 ? #"{"a": 1}"# : #"{"a": 1, "b": 2}"#)
        }
        #expect(asked.count == 2)
        #expect(
            asked.last?.last
                == "Your reply could not be read: the reply's JSON object has no \"b\". Reply again, with only one JSON object "
                + "with the members \"a\", a number; \"b\", a number")
        #expect(result["score"] == JSONValue(1.0) && result["b"] == JSONValue(2.0))
    }

    @Test("regular expressions of its own, and paths into the reply, find a score")
    func elsewhere() throws {
        let regexes: JSONValue = [
            ["name": "fluency", "regexes": [#"Fluency: (\d)"#]],
            ["name": "facts", "regexes": [#"Facts: (\d)"#], "range": [0, 5]],
        ]
        let words = try judge(["score_fields": regexes]).score(["a": "x"], replies: "Fluency: 4\nFacts: 2")
        #expect(
            words["fluency"] == JSONValue(4.0) && words["facts"] == JSONValue(2.0) && words["score"] == JSONValue(3.0))
        let paths: JSONValue = [
            ["name": "fluency", "member": "/scores/fluency/score"], ["name": "facts", "member": "/scores/f~1/0"],
        ]
        let nested = try judge(["score_fields": paths])
            .score(["a": "x"], replies: #"{"scores": {"fluency": {"score": 5, "reason": "r"}, "f/": [1]}}"#)
        #expect(nested["score"] == JSONValue(3.0), "\(nested)")
    }

    @Test("votes decide each score by itself, and each vote shows all of them")
    func votes() throws {
        let judge = try judge([
            "score_fields": ["a", ["name": "b", "type": "boolean"]], "votes": 3, "temperature": 1,
            "vote_reduction": "majority",
        ])
        let result = judge.score(["a": "x"]) { request in
            .text(["{\"a\": 1, \"b\": true}", "{\"a\": 1, \"b\": false}", "{\"a\": 2, \"b\": false}"][request.sample])
        }
        #expect(result["a"] == JSONValue(1.0) && result["b"] == false && result["score"] == JSONValue(0.5))
        let votes = result["votes"]?.array?.map { vote in [vote["scores"]?["a"], vote["scores"]?["b"]] }
        #expect(votes == [[JSONValue(1.0), true], [JSONValue(1.0), false], [JSONValue(2.0), false]])
    }

    @Test("a request that failed leaves the row without any of them")
    func failed() throws {
        let result = try judge(["score_fields": ["a", "b"]]).score(["a": "x"]) { _ in .failed("HTTP 500") }
        #expect(result == ["outcome": JSONValue(ASSAY_ROW_MODEL_ERROR), "message": "HTTP 500"])
    }

    @Test(
        "what makes no sense is refused, with the place",
        arguments: [
            ([:], "", "found an object; expected an array of names"),
            ([], "", "found no element; expected an array of names"),
            ([3], "/0", "found a number; expected a name or an object"),
            ([["range": [0, 1]]], "/0/name", "found nothing; expected the name of the score"),
            (["a b"], "/0/name", "found \"a b\"; expected letters, digits"),
            (["reasoning"], "/0/name", "found \"reasoning\", which is a member of every result"),
            (["a", "a"], "/1", "found \"a\" again"),
            ([["name": "a", "rang": [0, 1]]], "/0/rang", "an unknown member; expected name, member, regexes"),
            ([["name": "a", "range": [1]]], "/0/range", "found [1]; expected two numbers"),
            ([["name": "a", "type": "text"]], "/0/type", "found \"text\"; expected one of \"number\""),
            ([["name": "a", "regexes": ["x"]]], "/0/regexes/0", "the pattern has no group 1"),
            ([["name": "a", "regexes": []]], "/0/regexes", "found no element"),
            ([["name": "a", "regexes": ["(x)"], "member": "b"]], "/0/member", "is set together with regexes"),
            (
                [["name": "a", "rubric": [["label": "x", "value": 1]]]], "/0/rubric",
                "found one label; expected at least two"
            ),
            ([["name": "a", "rubric": [["label": "x"], ["label": "X"]]]], "/0/rubric/1/label", "found \"X\" again"),
            ([["name": "a", "weight": 0]], "/0/weight", "found 0; expected a number above 0"),
            (["a", ["name": "b", "type": "string"]], "/1", "\"b\" is not a number, so the scores have no mean"),
        ] as [(JSONValue, String, String)])
    func rejections(fields: JSONValue, place: String, message: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try judge(["score_fields": fields]) }
        #expect(rejection?.pointer == "/params/score_fields" + place)
        #expect(rejection?.message.hasPrefix(message) == true, "\(rejection?.message ?? "")")
    }

    @Test(
        "parameters of a single score are refused beside several",
        arguments: [
            (["judge_score_regexes": ["(x)"]], "judge_score_regexes"), (["score_range": [0, 1]], "score_range"),
            (["rubric": [["value": 1], ["value": 2]]], "rubric"), (["score_field": "b"], "score_field"),
            (["score_from": "logprobs", "choices": ["A": 1, "B": 0]], "score_from"),
            (["response_format": ["type": "object", "properties": ["b": [:]]]], "response_format/properties"),
        ] as [(JSONObject, String)])
    func conflicts(changes: JSONObject, place: String) {
        var params = changes
        params["score_fields"] = ["a"]
        let rejection = #expect(throws: TestJudge.Rejection.self) { try judge(params) }
        #expect(rejection?.pointer == "/params/\(place)")
    }
}

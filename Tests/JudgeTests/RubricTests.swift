import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

@Suite("A judge chooses a label of a rubric, which becomes the score")
struct RubricTests {
    private static let rubric: JSONValue = [
        ["label": "correct", "value": 1, "description": "agrees with the reference"],
        ["label": "partly correct", "value": JSONValue(0.5)], ["label": "wrong", "value": 0],
    ]

    private func judge(_ changes: JSONObject = [:], returnType: String = "number") throws -> TestJudge {
        var params: JSONObject = ["prompt_template": "Rate {a}.", "rubric": Self.rubric]
        for (key, value) in changes.members { params[key] = value }
        return try TestJudge(params, returnType: returnType)
    }

    @Test(
        "labels are read in any case and with the marks that models put around them",
        arguments: [
            (#"{"score": "correct"}"#, 1.0), (#"{"score": "Partly Correct"}"#, 0.5), (#"{"score": "**wrong**."}"#, 0),
            (#"{"score": 1}"#, 1), (#"{"score": "0.5"}"#, 0.5),
        ])
    func labels(reply: String, score: Double) throws {
        let judge = try judge()
        #expect(judge.outputs[0].minimum == 0 && judge.outputs[0].maximum == 1)
        #expect(judge.score(["a": "x"], replies: reply)["score"] == JSONValue(score))
    }

    @Test("a label that the rubric does not have is no score", arguments: ["mostly correct", "", "2", "incorrect"])
    func unknown(label: String) throws {
        let result = try judge().score(["a": "x"], replies: JSONValue.object(["score": .string(label)]).text)
        #expect(result["score"] == nil && result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(
            result["message"]?.string?.hasPrefix(#""\#(label)" is not one of "correct", "partly correct", "wrong""#)
                == true)
    }

    @Test("the rubric is part of the prompt: in its place, or at the end, with the form of the reply")
    func prompts() throws {
        func prompt(_ changes: JSONObject) throws -> String {
            var prompt = ""
            _ = try judge(changes).score(["a": "x", "rubric": "a column"]) {
                prompt = $0.messages.last ?? ""
                return .text("?")
            }
            return prompt
        }
        let rubric = "Choose one of these labels:\n- correct: agrees with the reference\n- partly correct\n- wrong"
        let form =
            "Reply with one JSON object that has these members:\n\"reasoning\": a few sentences that explain the scores\n"
            + "\"score\": one of \"correct\", \"partly correct\", \"wrong\""
        #expect(try prompt([:]) == "Rate x.\n\n\(rubric)\n\n\(form)")
        #expect(try prompt(["prompt_template": "{rubric}\nRate {a}."]) == "\(rubric)\nRate x.\n\n\(form)")
        // A prompt with its own rule for the reply.
        #expect(
            try prompt(["judge_score_regexes": ["Label: (.*)"], "prompt_template": "{rubric}\nRate {a}."])
                == "\(rubric)\nRate x.")
        // Without a rubric, it is a column.
        #expect(
            try prompt(["rubric": nil, "judge_score_regexes": ["(x)"], "prompt_template": "{rubric}: {a}"])
                == "a column: x")
    }

    @Test("values may be texts where scores are texts, and are the labels if there are none")
    func texts() throws {
        let judge = try judge(["rubric": [["label": "A", "value": "first"], ["label": "B"]]], returnType: "string")
        #expect(Int(judge.outputs[0].type) == ASSAY_TYPE_STR)
        #expect(judge.score(["a": "x"], replies: #"{"score": "a"}"#)["score"] == "first")
        #expect(judge.score(["a": "x"], replies: #"{"score": "B"}"#)["score"] == "B")
    }

    @Test("a scale of numbers needs no labels, and a regular expression may find them")
    func scale() throws {
        let judge = try judge([
            "rubric": [["value": 1, "description": "bad"], ["value": 2], ["value": 3, "description": "good"]],
            "judge_score_regexes": [#"\[RESULT\] (\d)"#],
        ])
        #expect(judge.score(["a": "x"], replies: "Feedback: fine. [RESULT] 3")["score"] == JSONValue(3.0))
        #expect(judge.score(["a": "x"], replies: "Feedback: fine. [RESULT] 4")["score"] == nil)
    }

    @Test("its labels can be the choices whose probabilities are the score")
    func logprobs() throws {
        let judge = try judge([
            "rubric": [["label": "A", "value": 1], ["label": "B", "value": 0]], "score_from": "logprobs",
        ])
        let response =
            #"{"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{"token": "A", "logprob": -0.6931471805599453, "#
            + #""top_logprobs": [{"token": "B", "logprob": -0.6931471805599453}]}]}}]}"#
        var prompt = ""
        let result = judge.score(["a": "x"]) {
            prompt = $0.messages[0]
            return .text("A", response: response)
        }
        #expect(result["score"] == JSONValue(0.5))
        #expect(prompt.hasSuffix(#"Reply with one of "A", "B", and nothing else."#))
    }

    @Test(
        "what makes no sense is refused, with the place",
        arguments: [
            (3, "", "found a number; expected an array"), (["a"], "/0", "found a string; expected an object"),
            ([["value": 1]], "", "found one label"), ([["label": "", "value": 1]], "/0/label", "found a string"),
            (
                [["label": "a"], ["label": "b"]], "/0/value",
                "found nothing; expected the number that \"a\" is as a score"
            ),
            ([["label": "a", "value": "x"]], "/0/value", "found a string; expected a number"),
            ([["label": "a", "val": 1]], "/0/val", "an unknown member"),
            ([["label": "a", "value": 1], ["label": "A", "value": 2]], "/1/label", "found \"A\" again"),
            ([["label": "a", "value": 1, "description": 2]], "/0/description", "found a number; expected a string"),
        ] as [(JSONValue, String, String)])
    func rejections(rubric: JSONValue, place: String, message: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try judge(["rubric": rubric]) }
        #expect(rejection?.pointer == "/params/rubric" + place)
        #expect(rejection?.message.hasPrefix(message) == true, "\(rejection?.message ?? "")")
    }
}

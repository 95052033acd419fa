import CScorerPlugin
import Glibc
import JSON
import Testing

@testable import JudgeScorers

@Suite("A judge scores by the probabilities of choices")
struct ChoiceProbabilityTests {
    private static let parameters: JSONObject = [
        "prompt_template": "Which is better, {m} or {M}?", "score_from": "logprobs", "choices": ["M": 1, "m": 2],
        "max_tokens": 1,
    ]

    /// A chat completion whose tokens have the given alternatives.
    private static func response(_ tokens: [(token: String, alternatives: [(String, Double)])]) -> String {
        let content = tokens.map { token -> JSONValue in
            [
                "token": .string(token.token), "logprob": JSONValue(token.alternatives.first?.1 ?? -1),
                "top_logprobs": .array(
                    token.alternatives.map { ["token": .string($0.0), "logprob": JSONValue($0.1)] }),
            ]
        }
        let choice: JSONValue = ["finish_reason": "length", "logprobs": ["content": .array(content)]]
        return JSONValue.object(["choices": [choice]]).text
    }

    private static func score(_ tokens: [(token: String, alternatives: [(String, Double)])], text: String) throws
        -> TestJudge.Row
    {
        try TestJudge(parameters).score(["m": "x", "M": "y"]) { _ in .text(text, response: response(tokens)) }
    }

    @Test("a request asks for the alternatives of each token")
    func request() throws {
        var bodies: [JSONValue] = []
        _ = try TestJudge(Self.parameters).score(["m": "x", "M": "y"]) { request in
            bodies.append(request.body)
            return .text("M", response: Self.response([("M", [("M", -0.1)])]))
        }
        #expect(bodies.first?["logprobs"] == true)
        #expect(bodies.first?["top_logprobs"] == 20)
    }

    @Test("the score is the mean of the values, weighted by the probabilities, whatever else is likely")
    func mean() throws {
        let row = try Self.score([("M", [("M", -0.5), ("m", -1.5), ("I", -2)])], text: "M")
        let p: Double = exp(-0.5)
        let q: Double = exp(-1.5)
        let mean: Double = (p + q * 2) / (p + q)
        #expect(row["score"] == JSONValue(mean))
        #expect(row["probabilities"] == ["M": JSONValue(p), "m": JSONValue(q)])
        #expect(row["judge_feedback"] == "M")
    }

    @Test("a choice after a space is the same choice, and a spelling that is listed twice counts once")
    func spellings() throws {
        let row = try Self.score([(" M", [(" M", -1), ("M", -2), (" M", -1), ("m", -2)])], text: "M")
        let q: Double = exp(-2)
        let p: Double = q + exp(-1)
        let mean: Double = (p + q * 2) / (p + q)
        #expect(row["score"] == JSONValue(mean))
    }

    @Test("only the first token of the reply counts, not those of the reasoning before it")
    func reasoning() throws {
        let tokens: [(token: String, alternatives: [(String, Double)])] = [
            ("m", [("m", -0.1)]), ("</think>", [("</think>", -0.1)]), ("\n", [("\n", -0.1)]), ("M", [("M", -0.2)]),
            ("<|im_end|>", [("<|im_end|>", 0)]),
        ]
        #expect(try Self.score(tokens, text: "M")["score"] == JSONValue(1.0))
    }

    @Test(
        "a reply without a probability of a choice has no score",
        arguments: [
            ("Neither", #"likeliest is "Neither""#), ("", "the reply is empty"),
        ])
    func unparsed(text: String, reason: String) throws {
        let row = try Self.score([(text, [(text, -0.1)])], text: text)
        #expect(row["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(row["message"]?.string?.contains(reason) == true, "\(row)")
    }

    @Test("a response without log probabilities, or with those of another text, has no score")
    func missing() throws {
        let judge = try TestJudge(Self.parameters)
        for (response, reason) in [
            ("", "the response has no log probabilities"),
            (
                #"{"choices": [{"message": {"content": "M"}, "logprobs": null}]}"#,
                "the response has no log probabilities"
            ),
            (Self.response([("x", [("M", -0.1)])]), "are not those of the reply's text"),
        ] {
            let row = judge.score(["m": "x", "M": "y"]) { _ in .text("M", response: response) }
            #expect(row["message"]?.string?.contains(reason) == true, "\(row)")
        }
    }

    @Test("the votes of a row are reduced like other scores")
    func votes() throws {
        var parameters = Self.parameters
        for (key, value) in ["votes": 2, "temperature": 1] as [String: JSONValue] { parameters[key] = value }
        let row = try TestJudge(parameters).score(["m": "x", "M": "y"]) { request in
            let token = request.sample == 0 ? "M" : "m"
            return .text(token, response: Self.response([(token, [(token, -0.5)])]))
        }
        #expect(row["score"] == JSONValue(1.5))
        #expect(row["votes"]?.array?.compactMap { $0["probabilities"]?.object?.keys.first } == ["M", "m"])
    }

    private static let rejected: [(changes: JSONObject, pointer: String)] = [
        (["choices": ["A": 1]], "/params/choices"),
        (["choices": ["A": 1, "B": 1]], "/params/choices"),
        (["choices": [" A": 1, "B": 0]], "/params/choices/ A"),
        (["choices": ["A": "1", "B": 0]], "/params/choices/A"),
        (["choices": .null], "/params/choices"),
        (["score_from": "reply"], "/params/choices"),
        (["judge_score_regexes": ["(.)"]], "/params/score_from"),
        (["score_range": [0, 1]], "/params/score_range"),
        (["extra_body": ["logprobs": true]], "/params/extra_body/logprobs"),
        (["top_logprobs": 21], "/params/top_logprobs"),
    ]

    @Test("parameters that cannot be meant are rejected", arguments: rejected)
    func rejections(changes: JSONObject, pointer: String) {
        var parameters = Self.parameters
        for (key, value) in changes.members { parameters[key] = value }
        let error = #expect(throws: TestJudge.Rejection.self) { try TestJudge(parameters) }
        #expect(error?.pointer == pointer)
    }
}

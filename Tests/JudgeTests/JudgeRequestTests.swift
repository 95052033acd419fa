import JSON
import Testing

@testable import JudgeScorers

@Suite("Requests are the same bytes for the same row")
struct JudgeRequestTests {
    private func requests(
        _ changes: JSONObject, returnType: String = "number", row: JSONObject = ["a": "18"]
    ) throws -> [TestJudge.Request] {
        var params: JSONObject = ["prompt_template": "Rate {a}.", "judge_score_regexes": ["(\\d+)"]]
        for (key, value) in changes.members { params[key] = value }
        var requests: [TestJudge.Request] = []
        _ = try TestJudge(params, returnType: returnType).score([row]) { request in
            requests.append(request)
            return .text("8")
        }
        return requests
    }

    private static let messages = #"{"messages": [{"role": "user", "content": "Rate 18."}]"#

    @Test(
        "members stand in a fixed order, and only those that are given",
        arguments: [
            ([:], messages + #", "temperature": 0}"#),
            (
                ["system_prompt": "Be \"fair\" {a}."],
                #"{"messages": [{"role": "system", "content": "Be \"fair\" {a}."}, {"role": "user", "content": "Rate 18."}], "#
                    + #""temperature": 0}"#
            ),
            (
                [
                    "extra_body": ["top_k": 5, "chat_template_kwargs": ["enable_thinking": false]],
                    "stop": ["\n", "x"],
                    "seed": 7, "max_tokens": 64, "top_p": 1, "temperature": 0,
                ],
                messages + #", "temperature": 0, "top_p": 1, "max_tokens": 64, "seed": 7, "stop": ["\n", "x"], "#
                    + #""chat_template_kwargs": {"enable_thinking": false}, "top_k": 5}"#
            ),
            (["stop": "END"], messages + #", "temperature": 0, "stop": "END"}"#),
            (
                ["response_format": ["type": "json_object"]],
                messages + #", "temperature": 0, "response_format": {"type": "json_object"}}"#
            ),
            (
                ["response_format": ["type": "object", "properties": ["score": [:]]]],
                messages + #", "temperature": 0, "response_format": {"type": "json_schema", "json_schema": "#
                    + #"{"name": "judgement", "schema": {"type": "object", "properties": {"score": {}}}, "strict": true}}}"#
            ),
        ] as [(JSONObject, String)])
    func bodies(changes: JSONObject, body: String) throws {
        #expect(try requests(changes).map(\.json) == [body])
    }

    @Test(
        "a row's values reach the model byte for byte",
        arguments: [
            (.string("100 % {a} {{a}} %s \"\\\u{0}\u{1F}\n😀é"), "100 % {a} {{a}} %s \"\\\u{0}\u{1F}\n😀é"),
            (.string(String(repeating: "{a}😀\u{0}", count: 120_000)), String(repeating: "{a}😀\u{0}", count: 120_000)),
            (18, "18"), (false, "false"), (["x", 1], #"["x", 1]"#), (["k": "{a}"], #"{"k": "{a}"}"#), ("", ""),
        ] as [(JSONValue, String)])
    func values(value: JSONValue, text: String) throws {
        let request = try #require(try requests([:], row: ["a": value]).first)
        #expect(Array(request.messages[0].utf8) == Array("Rate \(text).".utf8))
    }

    @Test("votes differ by their sample, the first having none, and by the seed if there is one")
    func samples() throws {
        let seeded = try requests(["votes": 3, "seed": 5])
        #expect(
            seeded.map(\.json) == [
                Self.messages + #", "temperature": 0, "seed": 5}"#,
                Self.messages + #", "temperature": 0, "seed": 6}"#,
                Self.messages + #", "temperature": 0, "seed": 7}"#,
            ])
        #expect(seeded.map(\.sample) == [0, 1, 2])
        let warm = try requests(["votes": 2, "temperature": 1, "judge_models": ["m", "n"]])
        #expect(warm.map(\.role) == ["judge/1", "judge/1", "judge/2", "judge/2"])
        #expect(warm.map(\.sample) == [0, 1, 0, 1])
    }
}

import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

@Suite("A judge's messages: system, examples, images")
struct JudgeMessageTests {
    private func judge(_ messages: JSONValue, _ changes: JSONObject = [:]) throws -> TestJudge {
        var params: JSONObject = ["judge_messages": messages, "judge_score_regexes": ["(\\d+)"]]
        for (key, value) in changes.members { params[key] = value }
        return try TestJudge(params)
    }

    private func messages(_ judge: TestJudge, _ row: JSONObject) -> (json: JSONValue?, row: TestJudge.Row) {
        var sent: JSONValue?
        let result = judge.score(row) {
            sent = $0.body["messages"]
            return .text("7")
        }
        return (sent, result)
    }

    @Test("values go into each of them, and columns are read once")
    func places() throws {
        let judge = try judge([
            ["role": "system", "content": "You judge {language}."], ["role": "user", "content": "Rate: 2 + 2 = 5"],
            ["role": "assistant", "content": "0"], ["role": "user", "content": "Rate: {answer} ({language})"],
        ])
        #expect(judge.inputs.map { String(cString: $0.name) } == ["language", "language", "answer", "answer"])
        let (json, row) = messages(judge, ["answer": "4 \"four\" {language}", "language": "maths"])
        #expect(
            json == [
                ["role": "system", "content": "You judge maths."], ["role": "user", "content": "Rate: 2 + 2 = 5"],
                ["role": "assistant", "content": "0"],
                ["role": "user", "content": "Rate: 4 \"four\" {language} (maths)"],
            ])
        #expect(row["score"] == JSONValue(7.0))
    }

    private static let withImage: JSONValue = [
        [
            "role": "user",
            "content": [
                ["type": "text", "text": "Does it show {answer}?"],
                ["type": "image_url", "image_url": ["url": "{image}", "detail": "low"]],
            ],
        ]
    ]

    @Test(
        "images are sent by URL, and a list of them one by one",
        arguments: [
            ("https://a.example/cat.png", ["https://a.example/cat.png"]),
            ("data:image/png;base64,iVBORw0KGgo=", ["data:image/png;base64,iVBORw0KGgo="]),
            (["http://a.example/1", "HTTPS://a.example/2"], ["http://a.example/1", "HTTPS://a.example/2"]),
            ([["url": "http://a.example/1"]], ["http://a.example/1"]),
        ] as [(JSONValue, [String])])
    func images(value: JSONValue, urls: [String]) throws {
        let (json, _) = messages(try judge(Self.withImage), ["answer": "a cat", "image": value])
        let parts: [JSONValue] =
            [["type": "text", "text": "Does it show a cat?"]]
            + urls.map { ["type": "image_url", "image_url": ["url": .string($0), "detail": "low"]] }
        #expect(json == [["role": "user", "content": .array(parts)]])
    }

    @Test(
        "what is no image costs its row, and nothing is asked",
        arguments: ["cat.png", "file:///etc/passwd", "https://a b", "data:text/html,x", ""])
    func noImage(value: String) throws {
        let (json, row) = messages(try judge(Self.withImage), ["answer": "a cat", "image": .string(value)])
        #expect(json == nil && row["outcome"] == JSONValue(ASSAY_ROW_INPUT_ERROR))
        #expect(row["message"]?.string?.contains("is not the URL of an image") == true)
    }

    @Test("an image that is optional may be missing")
    func optional() throws {
        let judge = try judge([
            [
                "role": "user",
                "content": [
                    ["type": "text", "text": "{answer}"],
                    ["type": "image_url", "image_url": ["url": "{image}"], "optional": true],
                ],
            ]
        ])
        #expect(judge.inputs.map { Int($0.flags) & 1 } == [0, 1, 1, 1])
        #expect(
            messages(judge, ["answer": "x"]).json == [["role": "user", "content": [["type": "text", "text": "x"]]]])
        let (json, _) = messages(judge, ["answer": "x", "image": "http://a.example/1"])
        #expect(json?.array?.first?["content"]?.array?.count == 2)
    }

    @Test("a rubric and the form of the reply follow the last message, and so does a correction")
    func ends() throws {
        let rubric: JSONValue = [["label": "yes", "value": 1], ["label": "no", "value": 0]]
        let judge = try judge(Self.withImage, ["rubric": rubric, "judge_score_regexes": nil, "re_ask": true])
        var sent: [JSONValue] = []
        _ = judge.score(["answer": "a cat", "image": "http://a.example/1"]) {
            sent.append($0.body)
            return .text(sent.count == 1 ? "" : "{\"score\": \"yes\"}")
        }
        let last = sent[0]["messages"]?.array?.last?["content"]?.array?.last?["text"]?.string
        #expect(
            last?.hasPrefix("Choose one of these labels:\n- yes\n- no\n\nReply with one JSON object") == true,
            "\(last ?? "")")
        #expect(
            sent[1]["messages"]?.array?.last?["content"]?.array?.last?["text"]?.string?.contains("could not be read")
                == true)
    }

    @Test(
        "what makes no sense is refused, with the place",
        arguments: [
            ("x", "", "found a string; expected an array of messages"), ([], "", "found no element"),
            (["x"], "/0", "found a string; expected an object"),
            ([["role": "tool", "content": "{a}"]], "/0/role", "found \"tool\"; expected \"system\""),
            ([["role": "user"]], "/0/content", "found null; expected a text"),
            ([["role": "user", "content": " "]], "/0/content", "found nothing; expected a text"),
            ([["role": "user", "content": "{a}", "name": "x"]], "/0/name", "an unknown member"),
            (
                [["role": "user", "content": "{a}"], ["role": "assistant", "content": "x"]], "/1/role",
                "found \"assistant\"; expected \"user\""
            ),
            ([["role": "user", "content": "x"]], "", "names no column"),
            (
                [["role": "user", "content": [["type": "audio"]]]], "/0/content/0/type",
                "found \"audio\"; expected \"text\""
            ),
            ([["role": "user", "content": [["type": "text"]]]], "/0/content/0/text", "found nothing"),
            (
                [["role": "user", "content": [["type": "image_url", "image_url": [:]]]]], "/0/content/0/image_url",
                "found an object; expected {\"url\": \"{image}\"}"
            ),
            (
                [["role": "system", "content": [["type": "image_url", "image_url": ["url": "{a}"]]]]],
                "/0/content/0/type",
                "found \"image_url\" in a message of the role \"system\""
            ),
        ] as [(JSONValue, String, String)])
    func rejections(messages: JSONValue, place: String, message: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try judge(messages) }
        #expect(rejection?.pointer == "/params/judge_messages" + place)
        #expect(rejection?.message.hasPrefix(message) == true, "\(rejection?.message ?? "")")
    }

    @Test("a prompt beside them is refused", arguments: ["prompt_template", "system_prompt"])
    func both(name: String) {
        let rejection = #expect(throws: TestJudge.Rejection.self) {
            try judge([["role": "user", "content": "{a}"]], [name: "{a}"])
        }
        #expect(rejection?.pointer == "/params/\(name)")
    }
}

import FakeModel
import JSON
import Testing

/// A chat completion of a model that thinks, as servers with a parser for it write it.
private func completion(
    _ content: String, reasoning: String?, finish: String = "stop", calls: JSONValue? = nil
) -> Behaviour {
    var message: JSONObject = ["role": "assistant", "content": content.isEmpty ? .null : .string(content)]
    message["reasoning_content"] = reasoning.map(JSONValue.string)
    message["tool_calls"] = calls
    let body: JSONValue = [
        "object": "chat.completion", "model": "fake",
        "choices": [["index": 0, "message": .object(message), "finish_reason": .string(finish)]],
        "usage": ["prompt_tokens": 100, "completion_tokens": 2000, "total_tokens": 2100],
    ]
    return .status(200, body: body.text)
}

@Suite("What a model thinks is kept, and not scored")
struct ThinkingTests {
    @Test(
        "a score that a judge rehearses in its thinking does not count",
        arguments: [
            .answer("<think>\nA first guess is Total rating: 3, but it is better.\n</think>\n\nTotal rating: 8"),
            completion("Total rating: 8", reasoning: "A first guess is Total rating: 3, but it is better."),
        ] as [Behaviour])
    func judge(behaviour: Behaviour) throws {
        let judging = try Judging(rows: 2, behaviour)
        let result = try judging.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        let expected: JSONValue = [
            "score": JSONValue(8.0), "judge_feedback": "Total rating: 8",
            "reasoning": "A first guess is Total rating: 3, but it is better.",
        ]
        #expect(try judging.verdicts() == [expected, expected])
    }

    @Test("a judge that used its tokens up in thinking leaves the row unscored after one request, and says why")
    func usedUp() throws {
        let judging = try Judging(rows: 1, completion("", reasoning: "Total rating: 3, or", finish: "length"))
        let result = try judging.score()
        #expect(try result.rows("unparsed") == 1)
        #expect(judging.server.totals.requests == 1)
        let verdict = try judging.verdicts()[0]
        #expect(verdict["reasoning"] == "Total rating: 3, or")
        #expect(
            verdict["message"]?.string
                == "the reply is empty; the reply was cut off at the length limit (raise max_tokens, or ask "
                + "for a shorter reply in the prompt); it used 2000 tokens, including reasoning")
    }

    @Test("with re_ask it is asked again with more tokens")
    func moreTokens() throws {
        let judging = try Judging(
            rows: 1,
            .choosing { request in
                request.body.contains(#""max_tokens": 400"#)
                    ? .answer("Total rating: 8") : completion("", reasoning: "Hm.", finish: "length")
            })
        let result = try judging.score(fn: #"test::rating={"re_ask": true, "max_tokens": 100}"#)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try judging.verdicts()[0]["score"] == JSONValue(8.0))
        #expect(judging.server.totals.requests == 2)
    }

    @Test("answers of models stand without their thinking, which has a column of its own; so have calls of tools")
    func candidate() throws {
        let calls: JSONValue = [
            ["id": "c1", "type": "function", "function": ["name": "get_weather", "arguments": #"{"city": "Vienna"}"#]]
        ]
        let folder = try TemporaryFolder([
            "rows.jsonl": ["B", "length", "tools", "filter"].map { "{\"question\": \"\($0)\", \"gold\": \"B\"}\n" }
                .joined()
        ])
        let server = try FakeModelServer(
            .choosing { request in
                let prompt = request.prompt ?? ""
                if prompt.contains("tools") {
                    return completion("", reasoning: nil, finish: "tool_calls", calls: calls)
                }
                if prompt.contains("length") { return completion("", reasoning: "Answer: B, or", finish: "MAX_TOKENS") }
                if prompt.contains("filter") { return completion("", reasoning: nil, finish: "SAFETY") }
                return .answer("<think>\nAnswer: A seems wrong.\n</think>\n\nB")
            })
        let result = try folder.command([
            "evaluate", "rows.jsonl", "--model", "fake", "--model-url", server.url, "--no-cache", "--output",
            "out.jsonl",
            "--fn", "basic::equality", "--map", "expected_answer=gold", "--sampling",
            #"{"tools": [{"type": "function", "function": {"name": "get_weather"}}], "tool_choice": "auto"}"#,
        ]).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        let rows = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(rows.map { $0["generated_answer"] } == ["B", "", "", ""])
        #expect(rows.map { $0["generation_reasoning"] } == ["Answer: A seems wrong.", "Answer: B, or", nil, nil])
        #expect(rows.map { $0["tool_calls"] } == [nil, nil, calls, nil])
        #expect(rows.map { $0["finish_reason"] } == [nil, "length", nil, "content_filter"])
        #expect(rows.map { $0["scores"]?["basic::equality"]?["score"] } == [1.0, 0.0, 0.0, 0.0].map { JSONValue($0) })
        #expect(try result.value("generation", "truncated") == 1)
        #expect(try result.value("generation", "without_answer") == 2)
        #expect(server.totals.requests == 4)
    }

    @Test("answers of rows are scored as they are, with a warning, or without their thinking")
    func savedAnswers() throws {
        let folder = try TemporaryFolder([
            "rows.jsonl": #"""
            {"text": "<think>\nIs it A?\n<\/think>\n\nB", "expected_answer": "B"}
            {"text": "\u003cthink\u003eNo end", "expected_answer": "B"}
            {"text": "B", "expected_answer": "B", "n": 1.50}
            not a row
            {"text": 5, "expected_answer": "B"}

            """#
        ])
        func score(_ options: String...) throws -> CommandResult {
            try folder.command(
                [
                    "score", "rows.jsonl", "--fn", "basic::equality", "--map", "generated_answer=text", "--output",
                    "out.jsonl", "--with-input",
                ] + options
            ).run()
        }
        func scores() throws -> [JSONValue?] {
            try folder.read("out.jsonl").split(separator: "\n").map {
                try JSONValue(parsing: String($0))["scores"]?["basic::equality"]?["score"]
            }
        }
        let kept = try score()
        #expect(try scores() == [JSONValue(0.0), JSONValue(0.0), JSONValue(1.0), .null, JSONValue(0.0)])
        #expect(
            kept.errors.contains(
                "warning: rows.jsonl: the column \"text\" holds a model's thinking (</think>), which is scored as part "
                    + "of its answers; to remove it, use --reasoning strip"), "\(kept.errors)")

        let stripped = try score("--reasoning", "strip")
        #expect(!stripped.errors.contains("thinking"))
        #expect(try scores() == [JSONValue(1.0), JSONValue(0.0), JSONValue(1.0), .null, JSONValue(0.0)])
        let lines = try folder.read("out.jsonl").split(separator: "\n")
        #expect(
            lines[0].hasPrefix(
                #"{"row": 0, "text": "B", "expected_answer": "B", "generation_reasoning": "Is it A?", "#))
        #expect(lines[2].hasPrefix(#"{"row": 2, "text": "B", "expected_answer": "B", "n": 1.50, "scores""#))
    }
}

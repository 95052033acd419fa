import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

private let ratings: JSONObject = [
    "prompt_template": "Rate {a}.", "judge_score_regexes": ["Rating: (\\S+)"], "score_range": [0, 10],
]

/// A judge with `ratings` and other parameters laid over them.
private func judge(_ changes: JSONObject = [:], returnType: String = "number") throws -> TestJudge {
    var params = ratings
    for (key, value) in changes.members { params[key] = value }
    return try TestJudge(params, returnType: returnType)
}

@Suite("A judge scores the rows of a batch")
struct LanguageModelJudgeTests {
    @Test(
        "each row has the score and the whole reply, in whatever order and number the replies come",
        arguments: [1, 3, 100])
    func order(repliesInAStep: Int) throws {
        let rows = (0..<10).map { row -> JSONObject in ["a": JSONValue(row)] }
        let results = try judge().score(rows, repliesInAStep: repliesInAStep, lastFirst: true) { request in
            .text("Well.\nRating: \(request.messages[0].dropFirst(5).dropLast())e0")
        }
        for (row, result) in results.enumerated() {
            #expect(result == ["score": JSONValue(Double(row)), "judge_feedback": .string("Well.\nRating: \(row)e0")])
        }
    }

    @Test("a row whose prompt would be larger than any model reads costs itself, and no memory")
    func largePrompt() throws {
        let template = String(repeating: "{a}", count: 20_000)
        let rows: [JSONObject] = [["a": .string(String(repeating: "x", count: 100_000))], ["a": "1"]]
        let results = try judge(["prompt_template": .string(template)]).score(rows) { _ in .text("Rating: 3") }
        #expect(
            results[0]["message"]?.string?.contains("its prompt would have 1907 MiB; a prompt may have 16 MiB") == true,
            "\(results[0])")
        #expect(results[1]["score"] == JSONValue(3.0))
    }

    @Test("the prompts of a row's votes have a limit together")
    func manyPrompts() throws {
        let rows: [JSONObject] = [["a": .string(String(repeating: "x", count: 8 << 20))]]
        let results = try judge(["votes": 9, "temperature": 1]).score(rows) { _ in .text("Rating: 3") }
        #expect(
            results[0]["message"]?.string?.contains("the 9 prompts of the row have 72 MiB in total") == true,
            "\(results[0])")
    }

    @Test("a prompt of very many places is read in linear time, and refused where it names too many columns")
    func manyColumns() throws {
        let template = (0..<20_000).map { "{a\($0)}" }.joined()
        let error = #expect(throws: (any Error).self) { try judge(["prompt_template": .string(template)]) }
        #expect("\(error as Any)".contains("names 20000 columns; a prompt may name 1000"), "\(error as Any)")
    }

    @Test(
        "a request that failed costs its own row",
        arguments: [
            (ASSAY_E_INTERNAL, ASSAY_ROW_MODEL_ERROR), (ASSAY_E_TIMEOUT, ASSAY_ROW_MODEL_ERROR),
            (ASSAY_E_CANCELLED, ASSAY_ROW_NOT_ASKED),
        ])
    func failures(status: Int, outcome: Int) throws {
        let results = try judge(["re_ask": true]).score([["a": "x"], ["a": "y"], ["a": "z"]]) { request in
            request.messages[0] == "Rate y." ? .failed("HTTP 500: oh", status: status) : .text("Rating: 7")
        }
        #expect(results.map { $0["score"] } == [JSONValue(7.0), nil, JSONValue(7.0)])
        #expect(results[1] == ["outcome": JSONValue(outcome), "message": "HTTP 500: oh"])
    }

    @Test("a reply without a score leaves the row unscored, with the start of the reply on one line")
    func unparsed() throws {
        let reply = "I would rather\n\tnot say.\u{0}\u{1B} " + String(repeating: "é", count: 100)
        let result = try judge().score(["a": "x"], replies: reply)
        #expect(
            result == [
                "judge_feedback": .string(reply), "outcome": JSONValue(ASSAY_ROW_UNPARSED),
                "message": .string(
                    "no pattern of judge_score_regexes matches the reply; the reply: \"I would rather not say. "
                        + String(repeating: "é", count: 56) + "…\""),
            ])
    }

    @Test("a text is no score where scores have a range")
    func textInRange() throws {
        let result = try judge().score(["a": "x"], replies: "Rating: good")
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(result["message"] == #""good" is not a number; the reply: "Rating: good""#)
    }

    @Test("a regular expression without end costs its own row")
    func limits() throws {
        let judge = try judge(["judge_score_regexes": ["(x+x+)+[yz]"], "re_ask": true])
        let result = judge.score(["a": "x"], replies: String(repeating: "x", count: 3000))
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_SCORER_ERROR))
        #expect(result["message"]?.string?.hasPrefix("the search for /(x+x+)+[yz]/ backtracked") == true)
    }

    @Test(
        "the score has the type that is asked for",
        arguments: [
            ("number", [:], "Rating: 8", JSONValue(8.0)), ("number", ["score_range": nil], "Rating: B", "B"),
            ("number", ["score_range": nil], "Rating: 8", JSONValue(8.0)),
            ("string", ["score_range": nil], "Rating: 8", "8"), ("boolean", ["score_range": nil], "Rating: Yes", true),
            ("json", ["score_range": nil], "Rating: 8", "8"),
            (
                "json", ["score_range": nil, "response_format": ["type": "json_object"]], #"{"score": {"a": 1}}"#,
                ["a": 1]
            ),
        ] as [(String, JSONObject, String, JSONValue)])
    func types(returnType: String, changes: JSONObject, reply: String, score: JSONValue) throws {
        let result = try judge(changes, returnType: returnType).score(["a": "x"], replies: reply)
        #expect(result["score"] == score)
    }

    @Test("a reply that was cut off in its score leaves the row unscored, or is asked for again")
    func cutOff() throws {
        let response = #"{"choices": [{"message": {"content": "Rating: 1"}, "finish_reason": "length"}]}"#
        let result = try judge().score(["a": "x"]) { _ in .text("Rating: 1", response: response) }
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(result["message"]?.string?.contains("raise max_tokens") == true)
        let again = try judge(["re_ask": true]).score(["a": "x"]) { request in
            request.messages.count == 1 ? .text("Rating: 1", response: response) : .text("Rating: 10")
        }
        #expect(again["score"] == JSONValue(10.0))
    }

    /// A chat completion that has used up its tokens.
    private static func broken(_ text: String, reasoning: String, reasoningTokens: Int = 0) -> TestJudge.Answer {
        let response: JSONValue = [
            "choices": [
                [
                    "message": ["content": .string(text), "reasoning_content": .string(reasoning)],
                    "finish_reason": "length",
                ]
            ],
            "usage": [
                "completion_tokens": 2000,
                "completion_tokens_details": ["reasoning_tokens": JSONValue(reasoningTokens)],
            ],
        ]
        return .text(text, response: response.text)
    }

    @Test("what the model thought stands beside its reply, and is not scored")
    func reasoning() throws {
        let response = """
            {"choices": [{"message": {"content": "Rating: 8", "reasoning_content": "First Rating: 3"},
             "finish_reason": "stop"}]}
            """
        let results = try judge().score([["a": "x"], ["a": "y"]]) { request in
            request.messages[0] == "Rate x." ? .text("Rating: 8", response: response) : .text("Rating: 7")
        }
        #expect(
            results[0] == ["score": JSONValue(8.0), "judge_feedback": "Rating: 8", "reasoning": "First Rating: 3"])
        #expect(results[1] == ["score": JSONValue(7.0), "judge_feedback": "Rating: 7"])
        let judge = try judge(["votes": 2, "seed": 1])
        let voted = judge.score(["a": "x"]) { request in
            request.sample == 0 ? .text("Rating: 8", response: response) : .text("Rating: 2")
        }
        #expect(voted["reasoning"] == "First Rating: 3")
        #expect(
            voted["votes"] == [
                ["score": JSONValue(8.0), "judge_feedback": "Rating: 8", "reasoning": "First Rating: 3"],
                ["score": JSONValue(2.0), "judge_feedback": "Rating: 2"],
            ])
    }

    @Test("a reply that ends while the model thinks says what used up its tokens")
    func brokenOffInThought() throws {
        let result = try judge().score(["a": "x"]) { _ in
            Self.broken("", reasoning: "Rating: 3, or", reasoningTokens: 1990)
        }
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(result["reasoning"] == "Rating: 3, or")
        #expect(
            result["message"]?.string
                == "the reply is empty; the reply was cut off at the length limit (raise max_tokens, or ask "
                + "for a shorter reply in the prompt); it used 2000 tokens, 1990 of them for reasoning")
        let uncounted = try judge().score(["a": "x"]) { _ in Self.broken("Rat", reasoning: "Hm.") }
        #expect(
            uncounted["message"]?.string?.contains("; it used 2000 tokens, including reasoning; the reply: ") == true)
    }

    @Test(
        "a reply that used up its tokens is asked for again as it was, with four times as many, 65,536 at most",
        arguments: [
            (["max_tokens": 100], "max_tokens", 400), (["max_tokens": 30_000], "max_tokens", 65_536),
            (["extra_body": ["max_completion_tokens": 100]], "max_completion_tokens", 400),
        ] as [(JSONObject, String, JSONValue)])
    func moreTokens(changes: JSONObject, name: String, tokens: JSONValue) throws {
        var params = changes
        params["re_ask"] = true
        var requests: [TestJudge.Request] = []
        let result = try judge(params).score(["a": "x"]) { request in
            requests.append(request)
            return requests.count == 1 ? Self.broken("", reasoning: "Hm.") : .text("Rating: 8")
        }
        #expect(result["score"] == JSONValue(8.0))
        #expect(requests.map(\.messages) == [["Rate x."], ["Rate x."]])
        #expect(requests.last?.body[name] == tokens)
    }

    @Test("where nothing limits it, or it cannot have more, it is asked to be brief, without an empty message")
    func briefer() throws {
        for changes in [[:], ["max_tokens": 65_536], ["max_tokens": 1_048_576]] as [JSONObject] {
            var params = changes
            params["re_ask"] = true
            var requests: [TestJudge.Request] = []
            _ = try judge(params).score(["a": "x"]) { request in
                requests.append(request)
                return requests.count == 1 ? Self.broken("", reasoning: "Hm.") : .text("Rating: 8")
            }
            #expect(requests.count == 2)
            #expect(requests.last?.messages.count == 1)
            #expect(requests.last?.messages[0].hasPrefix("Rate x.\n\nYour reply could not be read: ") == true)
            #expect(requests.last?.body["max_tokens"] == changes["max_tokens"])
        }
    }

    @Test("a reply that calls a tool instead of replying says so")
    func toolCall() throws {
        let response = """
            {"choices": [{"message": {"content": null, "tool_calls": [{"id": "c", "type": "function",
             "function": {"name": "get_weather", "arguments": "{\\"score\\": 8}"}}]}, "finish_reason": "tool_calls"}]}
            """
        let result = try judge().score(["a": "x"]) { _ in .text("", response: response) }
        #expect(result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(
            result["message"]?.string?.hasPrefix("the reply calls the tool \"get_weather\" and has no text") == true)
        let both = try judge().score(["a": "x"]) { _ in .text("Rating: 8", response: response) }
        #expect(both["score"] == JSONValue(8.0))
    }

    @Test("an answer that repeats the form of a score is not scored by it")
    func quotation() throws {
        let answer: JSONObject = ["a": "Perfect.\nRating: 10"]
        let reply = "The answer says:\nRating: 10\nMy own\nRating: 1"
        #expect(try judge().score(answer, replies: reply)["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(try judge(["match": "last"]).score(answer, replies: reply)["score"] == JSONValue(1.0))
        let again = try judge(["re_ask": true]).score(answer, replies: reply, "Rating: 1")
        #expect(again["score"] == JSONValue(1.0))
    }
}

@Suite("A judge may be asked once more")
struct AskingAgainTests {
    @Test("the second request holds the reply, what could not be read, and what form is expected")
    func again() throws {
        var requests: [TestJudge.Request] = []
        let judge = try judge(["re_ask": true, "system_prompt": "S", "max_tokens": 9])
        let result = judge.score(["a": "x"]) { request in
            requests.append(request)
            return .text(requests.count == 1 ? "It \"is\" 11." : "Rating: 3")
        }
        #expect(result == ["score": JSONValue(3.0), "judge_feedback": "Rating: 3"])
        #expect(requests.count == 2)
        #expect(
            requests[1].messages == [
                "S", "Rate x.", "It \"is\" 11.",
                "Your reply could not be read: no pattern of judge_score_regexes matches the reply. Reply again, with "
                    + "only the score, a number from 0 to 10, written so that one of these regular expressions "
                    + "matches:\nRating: (\\S+)",
            ])
        let roles = requests[1].body["messages"]?.array?.compactMap { $0["role"]?.string }
        #expect(roles == ["system", "user", "assistant", "user"])
        #expect(requests[1].body["max_tokens"] == 9)
    }

    @Test("a reply in JSON is asked for as such")
    func json() throws {
        var last = ""
        let judge = try judge([
            "re_ask": true, "score_field": "grade",
            "response_format": ["type": "object", "properties": ["grade": ["type": "integer"]]],
        ])
        let result = judge.score(["a": "x"]) { request in
            last = request.messages.last ?? ""
            return .text(request.messages.count == 1 ? #"{"grade": 12}"# : #"{"grade": 2}"#)
        }
        #expect(result["score"] == JSONValue(2.0))
        #expect(
            last
                == "Your reply could not be read: 12 is outside score_range, 0 to 10. Reply again, with only "
                + "one JSON object whose member \"grade\" is a number from 0 to 10")
    }

    @Test("the second reply is the last, and its failure is the row's")
    func twice() throws {
        let unread = try judge(["re_ask": true]).score(["a": "x"], replies: "one", "two")
        #expect(
            unread == [
                "judge_feedback": "two", "outcome": JSONValue(ASSAY_ROW_UNPARSED),
                "message": "no pattern of judge_score_regexes matches the reply; the reply: \"two\"",
            ])
        let failed = try judge(["re_ask": true]).score(["a": "x"], replies: "one")
        #expect(
            failed == [
                "judge_feedback": "one", "outcome": JSONValue(ASSAY_ROW_MODEL_ERROR), "message": "asked too often",
            ])
        let empty = try judge(["re_ask": true]).score(["a": "x"], replies: "", "")
        #expect(empty["message"] == "the reply is empty")
    }
}

@Suite("Several votes on a row")
struct VotingTests {
    @Test("are reduced to one score; each stands in the row")
    func votes() throws {
        let judge = try judge(["votes": 3, "temperature": 1])
        let results = judge.score([["a": "x"], ["a": "y"]], repliesInAStep: 2, lastFirst: true) { request in
            .text("Rating: \(request.sample * 2 + (request.messages[0] == "Rate x." ? 1 : 3))")
        }
        #expect(results.map { $0["score"] } == [JSONValue(3.0), JSONValue(5.0)])
        #expect(results.map { $0["judge_feedback"] } == ["Rating: 1", "Rating: 3"])
        #expect(results[0]["spread"]?.number == (8.0 / 3).squareRoot())
        #expect(
            results[0]["votes"] == [
                ["score": JSONValue(1.0), "judge_feedback": "Rating: 1"],
                ["score": JSONValue(3.0), "judge_feedback": "Rating: 3"],
                ["score": JSONValue(5.0), "judge_feedback": "Rating: 5"],
            ])
    }

    @Test("of a panel stand in the order of the models, then of the samples, with the models' names")
    func panel() throws {
        let judge = try judge(
            ["judge_models": ["m", "n"], "votes": 2, "temperature": 1, "score_range": nil], returnType: "string")
        var replies = ["judge/1": ["A", "B"], "judge/2": ["B", "?"]]
        let result = judge.score(["a": "x"]) { request in
            let word = replies[request.role]?.removeFirst() ?? ""
            return word == "?" ? .failed("HTTP 500") : .text("Rating: \(word)")
        }
        #expect(result["score"] == "B")
        #expect(result["judge_feedback"] == "Rating: B")
        #expect(result["spread"]?.number == 1 - 2.0 / 3)
        #expect(
            result["votes"] == [
                ["model": "m", "score": "A", "judge_feedback": "Rating: A"],
                ["model": "m", "score": "B", "judge_feedback": "Rating: B"],
                ["model": "n", "score": "B", "judge_feedback": "Rating: B"],
                [
                    "model": "n", "score": nil, "judge_feedback": nil, "outcome": "model_error", "message": "HTTP 500",
                ],
            ])
    }

    @Test("that mostly fail, or are tied, leave the row unscored, and what was said stays")
    func failures() throws {
        let half = try judge(["votes": 2, "seed": 1]).score(["a": "x"], replies: "Rating: 4")
        #expect(half["score"] == nil && half["spread"] == nil)
        #expect(half["judge_feedback"] == "Rating: 4")
        #expect(half["outcome"] == JSONValue(ASSAY_ROW_MODEL_ERROR))
        #expect(half["message"] == "1 of 2 votes have a score: asked too often")
        #expect(half["votes"]?.array?.count == 2)

        let tied = try judge(["votes": 2, "seed": 1, "vote_reduction": "majority"])
            .score(["a": "x"], replies: "Rating: 4", "Rating: 5")
        #expect(tied["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(tied["message"] == "votes are tied: 4.0 1, 5.0 1")
    }

    @Test("are numbers where their mean is taken, and may be texts where the most frequent counts")
    func texts() throws {
        let mean = try judge(["votes": 3, "seed": 1, "score_range": nil])
            .score(["a": "x"], replies: "Rating: B", "Rating: 2", "Rating: 3")
        #expect(mean["score"] == JSONValue(2.5))
        #expect(mean["votes"]?.array?[0]["message"] == #""B" is not a number; the reply: "Rating: B""#)
        let majority = try judge(["votes": 3, "seed": 1, "score_range": nil, "vote_reduction": "majority"])
            .score(["a": "x"], replies: "Rating: B", "Rating: 2", "Rating: B")
        #expect(majority["score"] == "B")
    }

    @Test("are each asked again on their own")
    func again() throws {
        let judge = try judge(["votes": 2, "temperature": 1, "re_ask": true])
        var counts = [0, 0]
        let result = judge.score(["a": "x"]) { request in
            counts[request.sample] += 1
            return .text(request.sample == 1 && counts[1] == 1 ? "what?" : "Rating: \(request.sample)")
        }
        #expect(counts == [1, 2])
        #expect(result["score"] == JSONValue(0.5))
    }
}

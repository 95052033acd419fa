import CScorerPlugin
import JSON
import Testing

@testable import JudgeScorers

@Suite("A judge of pairs that is asked in both orders")
struct SwapTests {
    private func judge(_ changes: JSONObject = [:], returnType: String = "string") throws -> TestJudge {
        var params: JSONObject = [
            "prompt_template": "{input_query}: A is {generated_answer}, B is {baseline_answer}",
            "judge_score_regexes": ["Better: (\\w+)"], "swap": true,
        ]
        for (key, value) in changes.members { params[key] = value }
        return try TestJudge(params, returnType: returnType)
    }

    private let row: JSONObject = ["input_query": "q", "generated_answer": "long", "baseline_answer": "short"]

    @Test(
        "the verdict is what both orders agree on, named by the answer, else a tie",
        arguments: [
            ("A", "B", "A", ["A", "A"]), ("B", "A", "B", ["B", "B"]), ("A", "A", "tie", ["A", "B"]),
            ("B", "B", "tie", ["B", "A"]), ("tie", "tie", "tie", ["tie", "tie"]), ("A", "tie", "tie", ["A", "tie"]),
        ])
    func reduced(_ first: String, _ second: String, _ score: String, _ orders: [String]) throws {
        let result = try judge().score(row) { request in
            let isStraight = request.messages[0] == "q: A is long, B is short"
            #expect(isStraight || request.messages[0] == "q: A is short, B is long")
            return .text("Better: \(isStraight ? first : second)")
        }
        #expect(result["score"] == .string(score))
        #expect(result["orders"] == .array(orders.map(JSONValue.string)))
        #expect(result["judge_feedback"] == .string("Better: \(first)"))
        #expect(result["votes"]?.array?.map { $0["order"] } == ["AB", "BA"])
    }

    @Test("a row with a verdict in one order only has no score, and says which order failed")
    func oneOrder() throws {
        let result = try judge().score(row) { request in
            request.messages[0].contains("A is long") ? .text("Better: A") : .text("I cannot say.")
        }
        #expect(result["score"] == nil && result["outcome"] == JSONValue(ASSAY_ROW_UNPARSED))
        #expect(result["message"]?.string?.hasPrefix("second answer first: ") == true)
        #expect(result["orders"] == ["A", .null])
    }

    @Test("several votes decide each order by majority, with the samples of one order")
    func votes() throws {
        var asked: [String: [Int]] = [:]
        let result = try judge(["votes": 3, "temperature": 1]).score(row) { request in
            let isStraight = request.messages[0].contains("A is long")
            asked[isStraight ? "AB" : "BA", default: []].append(request.sample)
            let verdict = isStraight == (request.sample > 0) ? "A" : "B"
            return .text("Better: \(verdict)")
        }
        #expect(asked.mapValues { $0.sorted() } == ["AB": [0, 1, 2], "BA": [0, 1, 2]])
        #expect(result["score"] == "A" && result["orders"] == ["A", "A"])
        #expect(result["votes"]?.array?.count == 6)
    }

    @Test("a reply that cannot be read is asked about again in its own order")
    func again() throws {
        var prompts: [String] = []
        let result = try judge(["re_ask": true]).score(row) { request in
            prompts.append(request.messages[0])
            return .text(
                request.messages.count > 1 ? "Better: B" : request.messages[0].contains("A is long") ? "Better: A" : "?"
            )
        }
        #expect(result["score"] == "A")
        #expect(prompts.filter { $0 == "q: A is short, B is long" }.count == 2)
    }

    @Test("other columns and other verdicts can be named")
    func names() throws {
        let judge = try judge([
            "prompt_template": "{x} or {y}?", "swap": ["x", "y"], "swap_verdicts": ["first", "second", "same"],
        ])
        let result = judge.score(["x": "1", "y": "2"]) { request in
            .text("Better: \(request.messages[0] == "1 or 2?" ? "first" : "second")")
        }
        #expect(result["score"] == "first" && result["orders"] == ["A", "A"])
        let flipped = judge.score(["x": "1", "y": "2"]) { _ in .text("Better: first") }
        #expect(flipped["score"] == "same")
    }

    @Test(
        "a judge that has no pair to swap is refused",
        arguments: [
            (
                ["prompt_template": "Rate {generated_answer}."], "string", "/params/swap",
                "does not name {baseline_answer}"
            ),
            (
                ["swap": ["generated_answer"]], "string", "/params/swap",
                "expected true, or the columns of the two answers"
            ),
            ([:], "number", "/params/swap", "needs verdicts that are texts"),
            (["swap_verdicts": ["A", "B"]], "string", "/params/swap_verdicts", "expected three different texts"),
            (
                ["swap": false, "swap_verdicts": ["A", "B", "C"]], "string", "/params/swap_verdicts",
                "needs \"swap\": true"
            ),
            (["vote_reduction": "mean"], "string", "/params/vote_reduction", "swap has verdicts"),
        ] as [(JSONObject, String, String, String)])
    func refused(_ changes: JSONObject, _ returnType: String, _ pointer: String, _ message: String) throws {
        let error = #expect(throws: TestJudge.Rejection.self) { try judge(changes, returnType: returnType) }
        #expect(error?.pointer == pointer && error?.message.contains(message) ?? message.isEmpty, "\(error as Any)")
    }

    @Test("without swap the answers are shown in one order, and there are no votes")
    func off() throws {
        for swap in [JSONValue.bool(false), .null] {
            let result = try judge(["swap": swap]).score(row, replies: "Better: B")
            #expect(result == ["score": "B", "judge_feedback": "Better: B"])
        }
    }
}

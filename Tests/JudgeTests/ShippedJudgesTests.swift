import CScorerPlugin
import Glibc
import JSON
import Testing

@testable import JudgeScorers

@Suite("The judges that come with the engine work as they are")
struct ShippedJudgesTests {
    /// The judge of a definition file, as the engine would make it, with a request's parameters laid over.
    private func judge(_ name: String, _ changes: JSONObject = [:]) throws -> TestJudge {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let definition = try JSONValue(parsing: try contents(of: "/\(folder)/scoring_fns/llm-as-judge/\(name).json"))
        #expect(definition["provider_id"] == "llm-as-judge")
        #expect(definition["provider_resource_id"] == "llm-as-judge")
        var params = try #require(definition["params"]?.object)
        #expect(params["type"] == "llm_as_judge")
        params["type"] = nil
        params["aggregation_functions"] = nil
        for (key, value) in changes.members { params[key] = value }
        return try TestJudge(
            params, returnType: try #require(definition["return_type"]?["type"]?.string),
            identifier: try #require(definition["identifier"]?.string))
    }

    private func contents(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        return [UInt8](unsafeUninitializedCapacity: 1 << 16) { $1 = fread($0.baseAddress, 1, $0.count, file) }
    }

    private func columns(of judge: TestJudge) -> [String] {
        judge.inputs.map { String(cString: $0.name) }.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }

    @Test("the base judge asks for a prompt, and works with one")
    func base() throws {
        let rejection = #expect(throws: TestJudge.Rejection.self) { try judge("base") }
        #expect(rejection?.pointer == "/params/prompt_template")
        #expect(
            rejection?.message.hasPrefix("llm-as-judge::base has no prompt of its own; set prompt_template") == true)
        let own = try judge("base", ["prompt_template": "{x}?", "judge_score_regexes": [": (.*)"]])
        #expect(own.score(["x": "y"], replies: "Score: 8")["score"] == JSONValue(8.0))
        #expect(own.score(["x": "y"], replies: "Grade: good")["score"] == "good")
    }

    private static let row: JSONObject = [
        "input_query": "Q", "expected_answer": "E", "generated_answer": "G", "context": "C", "baseline_answer": "B",
    ]

    @Test(
        "a grade of simpleqa is a letter, whatever stands around it",
        arguments: [
            ("A", "A"), ("B", "B"), ("C", "C"), (" A\n", "A"), ("**B**", "B"), ("(C).", "C"), ("A: CORRECT", "A"),
            ("B (incorrect)", "B"), ("C - NOT_ATTEMPTED", "C"), ("Grade: A", "A"), ("**Grade:** B", "B"),
            ("The answer hedges. The final grade is C.", "C"), ("It names another river.\n\nB", "B"),
            ("It agrees.\n\nGrade: **A**\n", "A"), ("A or B", nil), ("A correct answer would name the Danube.", nil),
            ("I cannot grade this.", nil), ("D", nil), ("AB", nil), ("Vitamin C", nil), ("", nil),
        ] as [(String, String?)])
    func simpleqa(reply: String, grade: String?) throws {
        let result = try judge("405b_simpleqa").score(Self.row, replies: reply)
        #expect(result["score"] == grade.map { .string($0) })
        #expect((result["outcome"] == nil) == (grade != nil))
    }

    @Test(
        "the judges that reply in JSON",
        arguments: [
            (
                "correctness", ["input_query", "expected_answer", "generated_answer"],
                #"{"reasoning": "…", "score": 7}"#,
                JSONValue(7.0)
            ),
            (
                "pairwise", ["input_query", "generated_answer", "baseline_answer"],
                #"{"reasoning": "…", "verdict": "tie"}"#,
                "tie"
            ),
            ("faithfulness", ["context", "generated_answer"], #"{"reasoning": "", "score": 1}"#, JSONValue(1.0)),
        ] as [(String, [String], String, JSONValue)])
    func json(name: String, columns: [String], reply: String, score: JSONValue) throws {
        let judge = try judge(name)
        #expect(self.columns(of: judge) == columns)
        var request: JSONValue = nil
        let result = judge.score(Self.row) {
            request = $0.body
            return .text(reply)
        }
        #expect(result["score"] == score)
        let schema = request["response_format"]?["json_schema"]?["schema"]
        // Servers with strict schemas ask for both.
        #expect(schema?["additionalProperties"] == false)
        #expect(schema?["required"]?.array?.compactMap(\.string) == schema?["properties"]?.object?.keys)
        #expect(judge.score(Self.row, replies: #"{"reasoning": "none"}"#)["score"] == nil)
    }
}

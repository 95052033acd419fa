import AsyncHTTPClient
import FakeModel
import JSON
import NIOCore
import NIOHTTP1
import Testing

/// What the command line can do, and the server too.
@Suite("Groups, joins and warnings over HTTP")
struct ServedOptionTests {
    private static let judge: JSONValue = [
        "type": "llm_as_judge", "judge_model": "fake", "prompt_template": "Rate {generated_answer} like {Best Anwser}",
        "judge_score_regexes": ["Total rating: (\\d+)"],
    ]

    private static func rows(_ count: Int) -> JSONValue {
        .array(
            (0..<count).map { number in
                [
                    "id": JSONValue(number), "question": .string("\(number)?"), "subject": number < 3 ? "law" : "maths",
                    "generated_answer": "4", "expected_answer": number % 2 == 0 ? "4" : "5",
                ]
            })
    }

    private static func register(_ id: String, _ rows: JSONValue, _ serving: Serving) async throws {
        let dataset: JSONValue = [
            "dataset_id": .string(id), "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
        ]
        let answer = try await serving.post("/v1/datasets", dataset)
        #expect(answer.status == 200, "\(answer.json.text)")
    }

    private static func ended(_ job: JSONValue, of benchmark: String, _ serving: Serving) async throws -> JSONValue {
        let id = try #require(job["job_id"]?.string, "\(job.text)")
        while true {
            let job = try await serving.get("/v1/eval/benchmarks/\(benchmark)/jobs/\(id)")
            if job["finished_at"] ?? .null != .null { return job }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("case 21: \"by\" tells results apart in score, score-batch and benchmark runs, as --by does")
    func groups() async throws {
        let model = try FakeModelServer(.answer("4"))
        let folder = try TemporaryFolder()
        let serving = try Serving(folder, ["--model-url", model.url])
        let rows = Self.rows(5)
        let functions: JSONValue = ["basic::equality": .null]
        let law: JSONValue = ["accuracy": ["accuracy": JSONValue(2.0 / 3), "num_correct": 2, "num_total": 3]]
        func check(_ result: JSONValue?, _ what: String) {
            let groups = result?["by"]?["subject"]?.array ?? []
            #expect(groups.map { $0["value"] } == ["law", "maths"], "\(what): \(result?.text ?? "")")
            #expect(groups.first?["aggregated_results"] == law, "\(what)")
            #expect(groups.last?["rows"]?["total"] == 2, "\(what)")
        }
        let scored = try await serving.post(
            "/v1/scoring/score", ["input_rows": rows, "scoring_functions": functions, "by": ["subject"]])
        check(scored.json["results"]?["basic::equality"], "score")
        #expect(scored.json["warnings"] == nil)

        try await Self.register("d", rows, serving)
        let batch = try await serving.post(
            "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": functions, "by": "subject"])
        check(batch.json["results"]?["basic::equality"], "score-batch")

        let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"]]
        #expect(try await serving.post("/v1/eval/benchmarks", benchmark).status == 200)
        let configuration: JSONValue = [
            "eval_candidate": ["type": "model", "model": "fake", "sampling_params": ["temperature": 0]],
            "by": ["subject"], "by_limit": 10,
        ]
        let job = try await serving.post("/v1/eval/benchmarks/b/jobs", ["benchmark_config": configuration])
        check(try await Self.ended(job.json, of: "b", serving)["scores"]?["basic::equality"], "job")

        let client = try folder.command([
            "client", "score", "--dataset", "d", "--fn", "basic::equality", "--by", "subject", "--url", serving.url,
            "--format", "table",
        ]).run()
        #expect(client.ending == .status(0), "\(client.errors)")
        #expect(client.output.contains("by subject  rows  accuracy"), "\(client.output)")
        #expect(client.output.contains("(2 of 3)"), "\(client.output)")
    }

    @Test(
        "a grouping that is not one is refused, and says where",
        arguments: [
            ("by", 1, "/by"), ("by", ["a", "a"], "/by"), ("by", [""], "/by"), ("by_limit", 0, "/by_limit"),
            ("by", ["nowhere"], "nowhere"),
        ] as [(String, JSONValue, String)])
    func wrongGroups(member: String, value: JSONValue, place: String) async throws {
        let folder = try TemporaryFolder()
        let serving = try Serving(folder)
        var request: JSONObject = ["input_rows": Self.rows(2), "scoring_functions": ["basic::equality": .null]]
        request[member] = value
        let answer = try await serving.post("/v1/scoring/score", .object(request))
        #expect(answer.status == 400, "\(answer.json.text)")
        #expect(answer.json["error"]?["message"]?.string?.contains(place) == true, "\(answer.json.text)")
    }

    @Test("case 6: what the command line warns of stands in answers: places that nothing fills, refused parameters")
    func warnings() async throws {
        let model = try FakeModelServer(
            .server(.refusesTemperature, answering: "Total rating: 8", thinking: ""))
        let folder = try TemporaryFolder()
        let serving = try Serving(folder, ["--model-url", model.url])
        let functions: JSONValue = ["llm-as-judge::base": Self.judge]
        func check(_ answer: JSONValue, _ words: [String], _ what: String) {
            let warnings = (answer["warnings"]?.array ?? []).compactMap(\.string)
            for word in words {
                #expect(warnings.contains { $0.contains(word) }, "\(what): \(answer.text)")
            }
        }
        let scored = try await serving.post(
            "/v1/scoring/score", ["input_rows": Self.rows(2), "scoring_functions": functions])
        check(scored.json, ["{Best Anwser}", "temperature is not sent to fake"], "score")
        try await Self.register("d", Self.rows(2), serving)
        let batch = try await serving.post(
            "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": functions])
        check(batch.json, ["{Best Anwser}"], "score-batch")
        let benchmark: JSONValue = [
            "benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"],
            "metadata": ["generation": ["prompt_template": "{question} {Best Anwser}"]],
        ]
        #expect(try await serving.post("/v1/eval/benchmarks", benchmark).status == 200)
        let configuration: JSONValue = [
            "eval_candidate": ["type": "model", "model": "fake", "sampling_params": ["temperature": 0]]
        ]
        let job = try await serving.post("/v1/eval/benchmarks/b/jobs", ["benchmark_config": configuration])
        let ended = try await Self.ended(job.json, of: "b", serving)
        check(ended, ["{Best Anwser}", "temperature is not sent to fake"], "job")
        let id = ended["job_id"]?.string ?? ""
        check(try await serving.get("/v1/eval/benchmarks/b/jobs/\(id)/result"), ["{Best Anwser}"], "result")
        let evaluated = try await serving.post(
            "/v1/eval/benchmarks/b/evaluations",
            [
                "benchmark_config": configuration, "input_rows": Self.rows(2),
                "scoring_functions": ["basic::equality"],
            ])
        check(evaluated.json, ["{Best Anwser}"], "evaluations")
        let client = try folder.command([
            "client", "run-benchmark", "b", "--model", "fake", "--url", serving.url,
        ]).run()
        #expect(client.errors.contains("warning: the benchmark's prompt_template has {Best Anwser}"))
    }

    @Test("a benchmark joins the expected answers of another dataset")
    func join() async throws {
        let model = try FakeModelServer(.answer("4"))
        let folder = try TemporaryFolder()
        let serving = try Serving(folder, ["--model-url", model.url])
        let questions = JSONValue.array((0..<4).map { ["id": JSONValue($0), "question": .string("\($0)?")] })
        let gold = JSONValue.array(
            (0..<3).map { ["key": .string("\($0)"), "expected_answer": $0 == 0 ? "4" : "5"] })
        try await Self.register("questions", questions, serving)
        try await Self.register("gold", gold, serving)
        let benchmark: JSONValue = [
            "benchmark_id": "b", "dataset_id": "questions", "scoring_functions": ["basic::equality"],
            "metadata": ["generation": ["join": ["dataset_id": "gold", "on": "id=key"]]],
        ]
        let answer = try await serving.post("/v1/eval/benchmarks", benchmark)
        #expect(answer.status == 200, "\(answer.json.text)")
        let configuration: JSONValue = [
            "eval_candidate": ["type": "model", "model": "fake", "sampling_params": ["temperature": 0]]
        ]
        let job = try await serving.post("/v1/eval/benchmarks/b/jobs", ["benchmark_config": configuration])
        let rows = try await Self.ended(job.json, of: "b", serving)["scores"]?["basic::equality"]
        #expect(rows?["aggregated_results"]?["accuracy"]?["num_correct"] == 1, "\(rows?.text ?? "")")
        #expect(rows?["aggregated_results"]?["accuracy"]?["num_total"] == 3)
        #expect(rows?["rows"]?["input_error"] == 1, "a row without a partner is not a wrong answer")

        _ = try await deleteGold(serving)
        let refused = try await serving.post("/v1/eval/benchmarks/b/jobs", ["benchmark_config": configuration])
        #expect(refused.status == 400, "\(refused.json.text)")
        #expect(refused.json["error"]?["message"]?.string?.contains("\"gold\", which the benchmark joins") == true)
        let wrong: JSONValue = [
            "benchmark_id": "c", "dataset_id": "questions", "scoring_functions": ["basic::equality"],
            "metadata": ["generation": ["join": "gold"]],
        ]
        #expect(try await serving.post("/v1/eval/benchmarks", wrong).status == 400)
    }

    private func deleteGold(_ serving: Serving) async throws -> Int {
        var request = HTTPClientRequest(url: serving.url + "/v1/datasets/gold")
        request.method = .DELETE
        return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code)
    }
}

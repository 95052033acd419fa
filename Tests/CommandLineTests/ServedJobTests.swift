import FakeModel
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Evaluation jobs of a server")
struct ServedJobTests {
    private static let path = "/v1/eval/benchmarks/b/jobs"
    private static let rowCount = 2_000

    /// Answers the question "Say N" with N.
    private static func echo(_ request: ReceivedRequest) -> String {
        String((request.prompt ?? "").split(separator: " ").last ?? "")
    }

    private static func serve(_ folder: TemporaryFolder, _ model: FakeModelServer) throws -> Serving {
        try Serving(folder, ["--cache", "cache", "--model-url", model.url, "--max-concurrency", "16"])
    }

    /// Registers questions, half of them with a wrong expectation, and a benchmark, and starts a job.
    private static func startJob(_ serving: Serving) async throws -> String {
        let rows = JSONValue.array(
            (0..<rowCount).map { number in
                let answer = number % 2 == 0 ? number : -1
                return ["question": .string("Say \(number)"), "answer": .string("\(answer)")]
            })
        return try await serving.startJob(rows)
    }

    private static func ended(_ id: String, _ serving: Serving) async throws -> JSONValue {
        while true {
            let job = try await serving.get("\(path)/\(id)")
            if job["finished_at"] != .null { return job }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("what was answered before a job was stopped is kept, also behind a row whose answer does not come")
    func stopped() async throws {
        let model = try FakeModelServer(
            .choosing { request in
                (request.prompt ?? "").hasSuffix("Say 0") ? .stall(.beforeHead) : .answer(Self.echo)
            })
        let folder = try TemporaryFolder()
        let serving = try Self.serve(folder, model)
        let id = try await Self.startJob(serving)
        // As many rows as are taken up while the first one is not done: 64 for each request that may be under way.
        while model.totals.answered < 1_000 { try await Task.sleep(for: .milliseconds(1)) }
        _ = try await serving.post("\(Self.path)/\(id)/cancel", [:])
        let job = try await serving.get("\(Self.path)/\(id)")
        #expect(job["status"] == "cancelled")
        let result = try await serving.get("\(Self.path)/\(id)/result")
        let generations = try #require(result["generations"]?.array)
        #expect(generations.count >= 1_000)
        #expect(generations[0]["generation_error"]?["outcome"] == "not_asked")
        #expect(generations[999] == ["generated_answer": "999"])
        #expect(result["scores"]?["basic::equality"]?["rows"]?["not_asked"] == 1)
    }

    @Test(
        "a benchmark whose judge names no model, or an unknown one, is the request's fault, before anything is asked",
        arguments: [nil, ["judge_model": "nobody"]] as [JSONObject?])
    func judgeWithoutModel(parameters: JSONObject?) async throws {
        let model = try FakeModelServer(.answer("8"))
        let folder = try TemporaryFolder([
            "models.json": "{\"models\": [{\"id\": \"fake\", \"url\": \"\(model.url)\"}]}"
        ])
        let serving = try Serving(folder, ["--config", "models.json"])
        let rows: JSONValue = [["question": "2 + 2?", "answer": "4"]]
        let dataset: JSONValue = [
            "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
        ]
        #expect(try await serving.post("/v1/datasets", dataset).status == 200)
        let judge = "llm-as-judge::correctness"
        let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": [.string(judge)]]
        #expect(try await serving.post("/v1/eval/benchmarks", benchmark).status == 200)
        var configuration: JSONObject = ["eval_candidate": ["type": "model", "model": "fake", "sampling_params": [:]]]
        if let parameters { configuration["scoring_params"] = .object([judge: .object(parameters)]) }
        let request: JSONObject = ["benchmark_config": .object(configuration)]
        let job = try await serving.post(Self.path, .object(request))
        #expect(job.status == 400, "\(job.json.text)")
        #expect(job.json["error"]?["message"]?.string?.contains("model") == true, "\(job.json.text)")
        var rowsRequest = request
        rowsRequest["input_rows"] = rows
        rowsRequest["scoring_functions"] = [.string(judge)]
        let answer = try await serving.post("/v1/eval/benchmarks/b/evaluations", .object(rowsRequest))
        #expect(answer.status == 400, "\(answer.json.text)")
        #expect(model.totals.requests == 0)
    }

    @Test("a job goes on after each of five kills, asks no more than what was on its way, and comes to the same")
    func kills() async throws {
        let behaviour = Behaviour.answer(Self.echo).delayed(by: .milliseconds(10))
        let model = try FakeModelServer(behaviour)
        let folder = try TemporaryFolder()
        var serving = try Self.serve(folder, model)
        let id = try await Self.startJob(serving)
        var random = SeededGenerator(seed: 7)
        for kill in 1...5 {
            let moment = kill * Self.rowCount / 6 - Int.random(in: 0..<100, using: &random)
            while model.totals.answered < moment { try await Task.sleep(for: .milliseconds(1)) }
            serving.running.send(SIGKILL)
            #expect(try serving.running.finish().ending == .signal(SIGKILL))
            serving = try Self.serve(folder, model)
        }
        let job = try await Self.ended(id, serving)
        #expect(job["status"] == "completed", "\(job.text)")
        #expect(job["progress"] == ["done": JSONValue(Self.rowCount), "total": JSONValue(Self.rowCount)])
        // In the moment of a kill, 16 requests were on their way, and as many replies were being written.
        #expect(model.totals.askedAgain <= 5 * 2 * 16)
        #expect(model.totals.bodiesAnswered == Self.rowCount)

        let otherFolder = try TemporaryFolder()
        let otherModel = try FakeModelServer(behaviour)
        let undisturbed = try Self.serve(otherFolder, otherModel)
        let other = try await Self.startJob(undisturbed)
        #expect(try await Self.ended(other, undisturbed)["scores"] == job["scores"])
        let result = try await serving.get("\(Self.path)/\(id)/result")
        let whole = try await undisturbed.get("\(Self.path)/\(other)/result")
        #expect(result["generations"] == whole["generations"])
        #expect(result["scores"] == whole["scores"])
        #expect(result["generations"]?.array?[1999] == ["generated_answer": "1999"])
        #expect(otherModel.totals.requests == Self.rowCount)
        #expect(otherFolder.size(of: "data/registry.sqlite") > 0)
    }
}

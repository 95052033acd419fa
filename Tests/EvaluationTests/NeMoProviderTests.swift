import Concurrency
import FakeModel
import JSON
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Evaluation

@Suite struct NeMoProviderTests {
    private static let metadata: JSONObject = [
        "type": "custom", "params": ["limit_samples": 10, "temperature": 1], "tasks": ["qa": ["type": "data"]],
    ]

    private func provider(_ service: FakeNeMo) -> NeMoProvider {
        let settings = EvaluationSettings.NeMo(
            url: service.url + "/", apiKeyVariable: "NEMO_KEY", pollInterval: .milliseconds(20))
        return NeMoProvider(settings) { $0 == "NEMO_KEY" ? "secret-of-nemo" : nil }
    }

    private func benchmark(_ metadata: JSONObject = metadata) -> Benchmark {
        Benchmark(
            id: "ours", providerID: "nvidia", resourceID: "org::bench", datasetID: "none", functions: [],
            metadata: metadata)
    }

    private func run(
        _ candidate: String = #"{"type": "model", "model": "meta/llama"}"#, more: String = "", state: JSONValue? = nil,
        cancellation: Cancellation = Cancellation(),
        keep: @escaping @Sendable (JSONValue) throws(EvaluationError) -> Void = { _ in }
    ) throws -> EvaluationRun {
        let json = try JSONValue(parsing: #"{"eval_candidate": \#(candidate)\#(more)}"#)
        return EvaluationRun(
            jobID: "job-1", benchmark: benchmark(), configuration: try BenchmarkConfiguration(json), dataset: nil,
            inference: nil, cancellation: cancellation, state: state, keep: keep
        ) { _ in Issue.record("rows came from a service that gives none") }
    }

    private func error(_ body: @escaping @Sendable () throws -> Void) async -> EvaluationError? {
        await #expect(throws: EvaluationError.self) { try await offPool(body) }
    }

    // MARK: Connections

    @Test("requests go through the proxy of the environment, over a connection that is kept")
    func proxy() async throws {
        let service = try await FakeNeMo("running", "completed")
        let proxy = try FakeProxy()
        let settings = EvaluationSettings.NeMo(url: service.url, pollInterval: .milliseconds(20))
        let provider = NeMoProvider(settings) { $0 == "http_proxy" ? proxy.url : nil }
        let run = try run()
        _ = try await offPool { try provider.runJob(run) }
        #expect(service.requests.count > 2)
        #expect(proxy.requests.map(\.method) == ["CONNECT"])
        try await service.stop()
    }

    @Test("a proxy that cannot be used is named")
    func badProxy() async throws {
        let service = try await FakeNeMo()
        let settings = EvaluationSettings.NeMo(url: service.url)
        let provider = NeMoProvider(settings) { $0 == "http_proxy" ? "gopher://p" : nil }
        let found = await error { try provider.register(benchmark()) }
        #expect(found?.code == .unavailable)
        #expect(found?.message.contains("http_proxy names a proxy of the type gopher://") == true)
        try await service.stop()
    }

    // MARK: Registering

    @Test func postsTheMetadataAsTheyAre() async throws {
        let service = try await FakeNeMo()
        let provider = provider(service)
        try await offPool { try provider.register(benchmark()) }
        let request = try #require(service.requests.first)
        #expect(request.line == "POST /v1/evaluation/configs")
        #expect(request.authorization == "Bearer secret-of-nemo")
        var expected = Self.metadata
        expected["namespace"] = "nvidia"
        expected["name"] = "org::bench"
        #expect(request.body == .object(expected))
        try await service.stop()
    }

    @Test func takesTheSameBenchmarkAgainAndNoOtherOne() async throws {
        let service = try await FakeNeMo()
        let provider = provider(service)
        try await offPool {
            try provider.register(benchmark())
            // 1.0 is 1, and what the service fills in is no difference.
            var same = Self.metadata
            same["params"] = ["limit_samples": 10, "temperature": JSONValue(1.0)]
            try provider.register(benchmark(same))
        }
        #expect(service.lines.last == "GET /v1/evaluation/configs/nvidia/org%3A%3Abench")
        var other = Self.metadata
        other["params"] = ["limit_samples": 11]
        let changed = benchmark(other)
        let found = await error { try provider.register(changed) }
        #expect(found?.code == .invalid)
        #expect(found?.pointer == "/metadata/params/limit_samples")
        try await service.stop()
    }

    @Test(
        arguments: [
            (["params": [:]], "/metadata", "body.type: Field required"),
            (["type": "mmlu", "name": "other"], "/metadata/name", "not allowed in the metadata"),
        ] as [(JSONObject, String, String)])
    func saysWhatIsWrongWithTheMetadata(_ metadata: JSONObject, _ pointer: String, _ message: String) async throws {
        let service = try await FakeNeMo()
        let provider = provider(service)
        let found = await error { try provider.register(benchmark(metadata)) }
        #expect(found?.code == .invalid)
        #expect(found?.pointer == pointer)
        #expect(found?.message.contains(message) == true)
        try await service.stop()
    }

    // MARK: Running

    @Test func followsAJobToItsResults() async throws {
        let running: JSONValue = [
            "status": "running", "status_details": ["progress": JSONValue(40.0), "samples_processed": 4],
        ]
        let service = try await FakeNeMo("created", "pending", running, "completed")
        let kept = Mutex<[JSONValue]>([])
        let run = try run(keep: { state throws(EvaluationError) in
            // Whoever starts again with this goes on with the job that was posted.
            #expect(service.lines == ["POST /v1/evaluation/jobs"])
            kept.withLock { $0.append(state) }
        })
        let provider = provider(service)
        let result = try await offPool { try provider.runJob(run) }
        #expect(result.scores == ["ours": ["aggregated_results": FakeNeMo.results]])
        #expect(result.isCancelled == false)
        #expect(kept.withLock { $0 } == [["job": "eval-1"]])
        #expect(
            service.requests[0].body == [
                "config": "nvidia/org::bench", "target": ["type": "model", "model": "meta/llama"],
            ])
        let question = "GET /v1/evaluation/jobs/eval-1"
        #expect(service.lines.dropFirst() == [question, question, question, question, question + "/results"])
        #expect(run.progress.done == 4)
        #expect(run.progress.total == 10)
        #expect(!run.progress.isWaiting)
        try await service.stop()
    }

    @Test func goesOnWithTheJobThatWasPostedBefore() async throws {
        let service = try await FakeNeMo("completed")
        let run = try run(state: ["job": "eval-7"], keep: { _ in Issue.record("there is nothing new to keep") })
        let provider = provider(service)
        _ = try await offPool { try provider.runJob(run) }
        #expect(service.lines == ["GET /v1/evaluation/jobs/eval-7", "GET /v1/evaluation/jobs/eval-7/results"])
        try await service.stop()
    }

    @Test(arguments: [
        FakeNeMo.Reply.json(500, ["detail": "oops"]), .json(429, .null), .text(502, "<html>"), .text(200, "<html>"),
        .drop,
        .json(200, ["status": "odd"]),
    ])
    func asksAgainWhenAQuestionFails(_ reply: FakeNeMo.Reply) async throws {
        let service = try await FakeNeMo("running", "running", "running", "running", "completed") { request in
            request.method == "GET" && request.count < 4 && !request.path.hasSuffix("/results") ? reply : nil
        }
        let provider = provider(service)
        let run = try run()
        let result = try await offPool { try provider.runJob(run) }
        #expect(result.scores["ours"]?["aggregated_results"] == FakeNeMo.results)
        #expect(service.lines.count { $0.hasPrefix("POST") } == 1)
        try await service.stop()
    }

    @Test(arguments: [
        FakeNeMo.Reply.json(500, ["detail": "oops"]), .drop, .text(201, "{"), .json(201, ["status": "created"]),
    ])
    func postsAJobOnceEvenIfThatFails(_ reply: FakeNeMo.Reply) async throws {
        let service = try await FakeNeMo("completed") { $0.line == "POST /v1/evaluation/jobs" ? reply : nil }
        let provider = provider(service)
        let run = try run(keep: { _ in Issue.record("there is nothing to keep") })
        let found = await error { _ = try provider.runJob(run) }
        #expect(found?.code == .provider)
        #expect(service.lines == ["POST /v1/evaluation/jobs"])
        try await service.stop()
    }

    @Test(
        arguments: [
            (
                [
                    "status": "failed",
                    "status_details": ["message": "no GPU", "task_status": ["qa": "failed"]],
                ], "the job failed on NeMo Evaluator: no GPU; qa: failed"
            ),
            (
                ["status": "failed", "status_details": ["message": "secret-of-nemo is bad"]],
                "the job failed on NeMo Evaluator: [redacted] is bad"
            ),
            (["status": "failed"], "the job failed on NeMo Evaluator, which does not say why"),
            (
                ["status": "ready"],
                #"NeMo Evaluator returned "ready", which is not a known job status"#
            ),
            ([:], "NeMo Evaluator returned no status, which is not a known job status"),
        ] as [(JSONValue, String)])
    func saysWhyAJobFailed(_ answer: JSONValue, _ message: String) async throws {
        let service = try await FakeNeMo("running", answer)
        let provider = provider(service)
        let run = try run()
        let found = await error { _ = try provider.runJob(run) }
        #expect(found == EvaluationError(.provider, message))
        try await service.stop()
    }

    @Test func waitsForNoAnswerThatNeverEnds() async throws {
        let service = try await FakeNeMo { _ in .drip }
        let client = try NeMoClient(EvaluationSettings.NeMo(url: service.url)) { _ in nil }
        let found = await #expect(throws: NeMoClient.Failure.self) {
            try await offPool { _ = try client.send(.GET, "/", timeout: .milliseconds(300)) }
        }
        #expect(found?.isTransient == true)
        try await service.stop()
    }

    @Test func waitsForResultsThatAreLate() async throws {
        let service = try await FakeNeMo("completed") { request in
            request.path.hasSuffix("/results") && request.count < 3 ? .json(404, ["detail": "not yet"]) : nil
        }
        let provider = provider(service)
        let run = try run()
        let result = try await offPool { try provider.runJob(run) }
        #expect(result.scores["ours"]?["aggregated_results"] == FakeNeMo.results)
        try await service.stop()
    }

    @Test(arguments: [
        (FakeNeMo.Reply.json(404, ["detail": "no results"]), "returned status 404: no results"),
        (.json(200, [1]), "but its results are an array"), (.json(403, .null), "status 403"),
        (
            .text(500, String(repeating: "x", count: 590) + "secret-of-nemo"),
            "status 500: " + String(repeating: "x", count: 590) + "[redacted]"
        ),
        (.json(500, ["error": ["message": "key secret-of-nemo is bad"]]), "status 500: key [redacted] is bad"),
    ])
    func failsWithoutResults(_ reply: FakeNeMo.Reply, _ message: String) async throws {
        let service = try await FakeNeMo("completed") { $0.path.hasSuffix("/results") ? reply : nil }
        let provider = provider(service)
        let run = try run()
        let found = await error { _ = try provider.runJob(run) }
        #expect(found?.code == .provider)
        #expect(found?.message.contains(message) == true, "\(found?.message ?? "")")
        try await service.stop()
    }

    // MARK: Cancelling

    @Test(arguments: [FakeNeMo.Reply.json(200, ["status": "running"]), .stall, .json(503, .null)])
    func cancelsTheJobThereToo(_ reply: FakeNeMo.Reply) async throws {
        let cancellation = Cancellation()
        let service = try await FakeNeMo("running") { request in
            guard request.path == "/v1/evaluation/jobs/eval-1" else { return nil }
            if request.count == 2 { cancellation.cancel() }
            return request.count < 2 ? nil : reply
        }
        let provider = provider(service)
        let run = try run(cancellation: cancellation)
        let found = await error { _ = try provider.runJob(run) }
        #expect(found == EvaluationError(.cancelled, "cancelled"))
        #expect(service.lines.last == "POST /v1/evaluation/jobs/eval-1/cancel")
        try await service.stop()
    }

    @Test func saysThatAJobMayGoOnThere() async throws {
        let cancellation = Cancellation()
        let service = try await FakeNeMo("running") { request in
            if request.path.hasSuffix("/cancel") { return .json(500, ["detail": "busy"]) }
            if request.method == "GET" { cancellation.cancel() }
            return nil
        }
        let provider = provider(service)
        let run = try run(cancellation: cancellation)
        let found = await error { _ = try provider.runJob(run) }
        #expect(found?.code == .cancelled)
        #expect(found?.message.contains("the job eval-1 may still run") == true)
        #expect(service.lines.count { $0.hasSuffix("/cancel") } == 3)
        try await service.stop()
    }

    @Test func noticesThatAJobWasCancelledThere() async throws {
        let service = try await FakeNeMo("running", "cancelling", "cancelled")
        let provider = provider(service)
        let run = try run()
        let found = await error { _ = try provider.runJob(run) }
        #expect(found == EvaluationError(.cancelled, "the job was cancelled on NeMo Evaluator"))
        try await service.stop()
    }

    // MARK: What it does not do

    @Test(arguments: [
        (#"{"type": "agent", "config": {}}"#, "", "/benchmark_config/eval_candidate/type"),
        (
            #"{"type": "model", "model": "m", "system_message": "x"}"#, "",
            "/benchmark_config/eval_candidate/system_message"
        ),
        (#"{"type": "model", "model": "m"}"#, #", "num_examples": 3"#, "/benchmark_config/num_examples"),
    ])
    func refusesWhatItCannotPassOn(_ candidate: String, _ more: String, _ pointer: String) async throws {
        let service = try await FakeNeMo()
        let provider = provider(service)
        let run = try run(candidate, more: more)
        let found = await error { _ = try provider.runJob(run) }
        #expect(found?.code == .unsupported)
        #expect(found?.pointer == pointer)
        #expect(service.lines == [])
        try await service.stop()
    }

    @Test func saysThatItEvaluatesNoRowsOfARequest() throws {
        let run = try run()
        let found = #expect(throws: EvaluationError.self) { try NeMoProvider(nil).evaluateRows(run) }
        #expect(found?.code == .unsupported)
    }

    @Test func saysWhatToConfigure() throws {
        let found = #expect(throws: EvaluationError.self) { try NeMoProvider(nil).register(benchmark()) }
        #expect(found?.code == .unavailable)
        #expect(found?.message.contains(#""nvidia": {"url""#) == true)
        let settings = EvaluationSettings.NeMo(url: "http://127.0.0.1:1", apiKeyVariable: "NEMO_KEY")
        let other = #expect(throws: EvaluationError.self) {
            try NeMoProvider(settings) { _ in nil }.register(benchmark())
        }
        #expect(other?.code == .unavailable)
        #expect(other?.message.contains("NEMO_KEY") == true)
    }

    @Test(
        arguments: [
            (1, 1e-300, 1, nil), (3, 40.0, 3, 8), (1 << 40, 100.0, 1 << 40, 1 << 40), (1 << 40, 50.0, 1 << 40, nil),
            (.max, 100.0, nil, nil), (-1, 50.0, nil, nil), (4, 0.0, 4, nil), (4, 101.0, 4, nil),
        ] as [(Int, Double, Int?, Int?)])
    func believesOnlyCountsThatCanBe(_ samples: Int, _ percent: Double, _ done: Int?, _ total: Int?) {
        var job = NeMoJob(longestPause: .seconds(1))
        let details: JSONValue = ["samples_processed": JSONValue(samples), "progress": JSONValue(percent)]
        _ = job.next(after: ["status": "running", "status_details": details])
        #expect(job.done == done)
        #expect(job.total == total)
    }

    @Test func asksLessAndLessOften() {
        var job = NeMoJob(longestPause: .seconds(16))
        var pauses: [Double] = []
        for _ in 0..<10 {
            guard case .ask(let pause) = job.next(after: ["status": "running"]) else { break }
            pauses.append(pause / .seconds(1))
        }
        #expect(pauses.count == 10)
        #expect(pauses.first == 1)
        #expect(pauses == pauses.sorted())
        #expect(pauses.last == 16)
    }
}

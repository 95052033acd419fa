import AssayServer
import Evaluation
import FakeModel
import HuggingFace
import JSON
import Synchronization
import TestSupport
import Testing

private final class HubState: Sendable {
    let isDown = Mutex(true)
}

@Suite("Open benchmarks on a server")
struct OpenBenchmarkServingTests {
    private static let rows: [JSONObject] = (0..<250).map { number in
        ["question": .string("\(number)?"), "answer": .string("so\n#### \(number)")]
    }

    private static func configured(_ url: String) -> ServerConfiguration {
        TestServer.configured {
            $0.huggingFace.url = url
            $0.benchmarks = BenchmarkCatalog(folders: ["\(packageFolder)/open_benchmarks"]).benchmarks
        }
    }

    private static func hub(isDown: @escaping @Sendable () -> Bool = { false }) async throws -> FakeWeb {
        try await FakeHub.start(
            [FakeHub.Split("openai/gsm8k", config: "main", split: "test", rows: rows)], isDown: isDown)
    }

    @Test("all are registered when it starts, and nothing is read")
    func registering() async throws {
        let hub = try await Self.hub()
        try await TestServer.run(Self.configured(hub.url)) { server async throws in
            let list = try await server.get("/v1/eval/benchmarks").json["data"]?.array ?? []
            let files = BenchmarkCatalog(folders: ["\(packageFolder)/open_benchmarks"])
            #expect(files.errors == [] && list.count == files.benchmarks.count && list.count == 11)
            let benchmark = try await server.get("/v1/eval/benchmarks/meta-reference-mmlu-cot").json
            #expect(benchmark["dataset_id"] == "mmlu_cot")
            let dataset = try await server.get("/v1/datasets/mmlu_cot").json
            #expect(dataset["purpose"] == "eval/messages-answer" && dataset["provider_id"] == "huggingface")
            #expect(
                dataset["source"]?["uri"] == "huggingface://datasets/llamastack/mmlu_cot?split=test&name=all")
            #expect(try await server.get("/v1/datasets").status == 200)
        }
        #expect(hub.requests.isEmpty)
        try await hub.stop()
    }

    @Test("rows are read when they are first used, once for all who want them, and kept")
    func firstUse() async throws {
        let hub = try await Self.hub()
        let folder = try TemporaryFolder()
        let path = "/v1/datasetio/iterrows/openai%2Fgsm8k?limit=2"
        try await TestServer.run(Self.configured(hub.url), folder: folder) { server async throws in
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<4 {
                    tasks.addTask {
                        let page = try await server.get(path).json
                        #expect(page["data"]?.array?.first?["question"] == "0?" && page["has_more"] == true)
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(hub.requests.count == 3)
            // The same dataset again is no conflict.
            let again = try await server.post(
                "/v1/datasets",
                [
                    "dataset_id": "openai/gsm8k", "purpose": "eval/question-answer",
                    "source": ["type": "uri", "uri": "huggingface://datasets/openai/gsm8k?split=test&name=main"],
                ])
            #expect(again.status == 200, "\(again.body)")
        }
        try await TestServer.run(Self.configured(hub.url), folder: folder) { server async throws in
            #expect(try await server.get(path).json["data"]?.array?.count == 2)
        }
        #expect(hub.requests.count == 3)
        try await hub.stop()
    }

    @Test("a server uses the rows in its cache, and logs it where the Hub cannot be reached")
    func cachedRows() async throws {
        let hub = try await FakeHub.start(
            [FakeHub.Split("openai/gsm8k", config: "main", split: "test", rows: Self.rows)],
            revision: { String(repeating: "a", count: 40) })
        let cache = try TemporaryFolder()
        let log = Mutex<[String]>([])
        var configuration = Self.configured(hub.url)
        configuration.huggingFace.cache = HubCache(folder: cache.path)
        let path = "/v1/datasetio/iterrows/openai%2Fgsm8k?limit=250"
        for expected in [3, 4] {
            try await TestServer.run(configuration) { server async throws in
                #expect(try await server.get(path).json["data"]?.array?.count == 250)
            }
            #expect(hub.requests.count == expected)
        }
        try await hub.stop()
        configuration.huggingFace.warn = { text in log.withLock { $0.append(text) } }
        try await TestServer.run(configuration) { server async throws in
            #expect(try await server.get(path).json["data"]?.array?.count == 250)
        }
        #expect(log.withLock { $0.count == 1 && $0[0].contains("were read from the cache, at revision aaaa") })
    }

    @Test("a job reads the rows that it needs, and one that cannot says why; the next one tries again")
    func jobs() async throws {
        let hubState = HubState()
        let hub = try await Self.hub { hubState.isDown.withLock { $0 } }
        let fake = try FakeModelServer(
            .answer { request in "Answer: " + String((request.prompt ?? "").prefix { $0 != "?" }) })
        defer { fake.stop() }
        try await TestServer.run(Self.configured(hub.url), modelURL: fake.url) { server async throws in
            let failed = try await server.job(server.start("gsm8k")) { $0["finished_at"] != .null }
            #expect(failed["status"] == "failed")
            #expect(failed["error"]?.string?.contains("does not exist") ?? false, "\(failed.text)")
            hubState.isDown.withLock { $0 = false }
            let job = try await server.job(server.start("gsm8k")) { $0["finished_at"] != .null }
            #expect(job["status"] == "completed" && job["progress"]?["total"] == 250, "\(job.text)")
            #expect(
                job["scores"]?["basic::number"]?["aggregated_results"]?["accuracy"]?["num_correct"] == 250)
        }
        try await hub.stop()
    }

    @Test("rows of the user take the place of a dataset that was unregistered, also after a restart")
    func ownRows() async throws {
        let hub = try await Self.hub()
        let folder = try TemporaryFolder()
        try await TestServer.run(Self.configured(hub.url), folder: folder) { server async throws in
            #expect(try await server.delete("/v1/datasets/docvqa").status == 200)
            let made = try await server.post(
                "/v1/datasets",
                [
                    "dataset_id": "docvqa", "purpose": "eval/messages-answer",
                    "source": ["type": "rows", "rows": [["input_query": "mine", "expected_answer": "[\"a\"]"]]],
                ])
            #expect(made.status == 200, "\(made.body)")
        }
        try await TestServer.run(Self.configured(hub.url), folder: folder) { server async throws in
            let page = try await server.get("/v1/datasetio/iterrows/docvqa").json
            #expect(page["data"]?.array?.first?["input_query"] == "mine")
        }
        #expect(hub.requests.isEmpty)
        try await hub.stop()
    }
}

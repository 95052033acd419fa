import Evaluation
import FakeModel
import Glibc
import JSON
import Testing

/// The examples in the documentation of Llama Stack's provider of NeMo Evaluator, as a user would send them, and what is
/// near to them.
@Suite("Benchmarks that name no provider")
struct ProviderExampleTests {
    private static let academic: JSONValue = [
        "benchmark_id": "mmlu", "dataset_id": "", "scoring_functions": [], "metadata": ["type": "mmlu"],
    ]
    private static let configuration: JSONValue = [
        "type": "custom", "params": ["parallelism": 8],
        "tasks": [
            "qa": [
                "type": "completion", "params": ["template": ["prompt": "{{prompt}}", "max_tokens": 200]],
                "dataset": ["files_url": "hf://datasets/default/sample-basic-test/testing/testing.jsonl"],
                "metrics": ["bleu": ["type": "bleu", "params": ["references": ["{{ideal_response}}"]]]],
            ]
        ],
    ]
    private static let job: JSONValue = [
        "benchmark_id": "my-custom-benchmark",
        "benchmark_config": [
            "eval_candidate": [
                "type": "model", "model": "meta-llama/Llama3.1-8B-Instruct",
                "sampling_params": ["max_tokens": 100, "temperature": JSONValue(0.7)],
            ],
            "scoring_params": [:],
        ],
    ]

    private static func custom(_ metadata: JSONValue) -> JSONValue {
        [
            "benchmark_id": "my-custom-benchmark", "dataset_id": "", "scoring_functions": [], "metadata": metadata,
        ]
    }

    private func provider(_ service: FakeNeMo) -> NeMoProvider {
        NeMoProvider(EvaluationSettings.NeMo(url: service.url, pollInterval: .milliseconds(20)))
    }

    @Test(
        "the examples of NVIDIA's provider work word by word, in their older form and with a version, too",
        arguments: ["/eval/benchmarks", "/v1/eval/benchmarks", "/v1alpha/eval/benchmarks"])
    func examples(path: String) async throws {
        let service = try await FakeNeMo("running", "completed")
        try await TestServer.run(provider: provider(service)) { server async throws in
            #expect(try await server.post(path, Self.academic).status == 200)
            let made = try await server.post(path, Self.custom(Self.configuration))
            #expect(made.status == 200, "\(made.body)")
            #expect(try await server.get(path + "/mmlu").json["provider_id"] == "nvidia")
            var expected = Self.configuration.object ?? [:]
            expected["namespace"] = "nvidia"
            expected["name"] = "my-custom-benchmark"
            #expect(service.requests.last?.body == .object(expected))
            let started = try await server.post(path + "/my-custom-benchmark/jobs", Self.job)
            #expect(started.status == 200, "\(started.body)")
            let id = try #require(started.json["job_id"]?.string)
            _ = try await server.job(path + "/my-custom-benchmark/jobs/" + id) { $0["status"] == "completed" }
            let result = try await server.get(path + "/my-custom-benchmark/results").json
            #expect(result["generations"] == [])
            #expect(result["scores"]?["my-custom-benchmark"]?["aggregated_results"]?["tasks"] != nil)
        }
        try await service.stop()
    }

    @Test("the older form of the examples means the same: the configuration in a member, the task's name for the run")
    func olderExamples() async throws {
        let service = try await FakeNeMo("completed")
        try await TestServer.run(provider: provider(service)) { server async throws in
            let made = try await server.post("/eval/benchmarks", Self.custom(["config": Self.configuration]))
            #expect(made.status == 200, "\(made.body)")
            #expect(service.requests.last?.body["tasks"] == Self.configuration["tasks"])
            let started = try await server.post(
                "/eval/benchmarks/my-custom-benchmark/jobs",
                [
                    "benchmark_id": "my-custom-benchmark",
                    "task_config": [
                        "eval_candidate": ["type": "model", "model": "meta/llama-3.1-8b-instruct"],
                        "scoring_params": [],
                    ],
                ])
            #expect(started.status == 200, "\(started.body)")
        }
        try await service.stop()
    }

    @Test("where the service is not configured, the error says how to do that, and what else there is")
    func notConfigured() async throws {
        try await TestServer.run(provider: NeMoProvider(nil)) { server async throws in
            for body in [Self.academic, Self.custom(["config": Self.configuration])] {
                let answer = try await server.post("/v1/eval/benchmarks", body)
                #expect(answer.status == 400 && answer.error["code"] == "unavailable", "\(answer.body)")
                let message = answer.error["message"]?.string ?? ""
                #expect(message.contains(#"{"evaluation": {"nvidia": {"url""#))
                #expect(message.contains("lm-evaluation-harness"))
            }
            #expect(try await server.get("/v1/eval/benchmarks").json["data"] == [])
        }
    }

    @Test("metadata of the user's own with a type or a task do not make a benchmark another engine's")
    func ownMetadata() async throws {
        try await TestServer.run(provider: NeMoProvider(nil)) { server async throws in
            let all: [JSONValue] = [["type": "qa"], ["task": "sums"], ["config": ["type": "x"]]]
            for (index, metadata) in all.enumerated() {
                let id = "b\(index)"
                let made = try await server.post(
                    "/v1/eval/benchmarks",
                    [
                        "benchmark_id": .string(id), "dataset_id": "d", "scoring_functions": ["basic::equality"],
                        "provider_id": nil, "metadata": metadata,
                    ])
                #expect(made.status == 200, "\(made.body)")
                #expect(try await server.get("/v1/eval/benchmarks/" + id).json["provider_id"] == "assay")
            }
        }
    }

    @Test(
        "a benchmark that only the server's own engine could run needs a dataset",
        arguments: [["dataset_id": ""], ["dataset_id": nil], [:], ["dataset_id": "", "provider_id": "assay"]]
            as [JSONValue])
    func noDataset(members: JSONValue) async throws {
        try await TestServer.run { server async throws in
            var body: JSONObject = ["benchmark_id": "b", "scoring_functions": ["basic::equality"]]
            for (name, value) in members.object?.members ?? [] { body[name] = value }
            let answer = try await server.post("/v1/eval/benchmarks", .object(body))
            #expect(answer.status == 400 && answer.error["param"] == "/dataset_id", "\(answer.body)")
        }
    }

    @Test("metadata that name a task of lm_eval are for that")
    func harnessTask() async throws {
        let harness = HarnessProvider(EvaluationSettings.Harness(command: ["/bin/sh"]))
        try await TestServer.run(provider: harness) { server async throws in
            let body: JSONValue = [
                "benchmark_id": "g", "dataset_id": "", "scoring_functions": [], "metadata": ["task": "gsm8k"],
            ]
            #expect(try await server.post("/v1/eval/benchmarks", body).status == 200)
            #expect(try await server.get("/v1/eval/benchmarks/g").json["provider_id"] == "lm-evaluation-harness")
        }
    }

    @Test("a run whose judge names no model is refused before it starts, as a request that scores is")
    func judgeWithoutModel() async throws {
        let fake = try FakeModelServer(.answer("7"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let rows: JSONValue = [["question": "1+1?", "answer": "2"]]
            let dataset: JSONValue = [
                "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
            ]
            #expect(try await server.post("/v1/datasets", dataset).status == 200)
            let judge: JSONValue = ["prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"]]
            let benchmark: JSONValue = [
                "benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["llm-as-judge::base"],
            ]
            #expect(try await server.post("/v1/eval/benchmarks", benchmark).status == 200)
            let configuration: JSONValue = [
                "eval_candidate": ["type": "model", "model": "m"], "scoring_params": ["llm-as-judge::base": judge],
            ]
            for (path, body) in [
                ("jobs", ["benchmark_config": configuration]),
                (
                    "evaluations",
                    [
                        "benchmark_config": configuration, "input_rows": rows,
                        "scoring_functions": ["llm-as-judge::base"],
                    ]
                ),
            ] as [(String, JSONValue)] {
                let answer = try await server.post("/v1/eval/benchmarks/b/" + path, body)
                #expect(answer.status == 400 && answer.error["code"] == "model_error", "\(answer.body)")
            }
            #expect(fake.requests.isEmpty)
        }
    }
}

import Evaluation
import FakeModel
import Inference
import JSON
import ScoringEngine
import TestSupport
import Testing

/// Configurations of NeMo Evaluator of the type `custom`, run without a NeMo Evaluator. The numbers are those of sacrebleu
/// 2.6.0 and rouge-score 0.1.2.
@Suite("NeMo Evaluator's custom configurations, without NeMo Evaluator")
struct CustomConfigurationTests {
    private static let rows: [JSONValue] = [
        ["prompt": "Where is the cat?", "ideal_response": "The cat sat on the mat."],
        ["prompt": "What is the capital?", "ideal_response": "Paris is the capital of France."],
        ["prompt": "What is the answer?", "ideal_response": "It is 42, of course."],
    ]
    private static let answers = [
        "Where is the cat?": "The cat sat on the mat today.", "What is the capital?": "Paris is the capital of France.",
        "What is the answer?": "I do not know.",
    ]

    private static func run(
        _ behaviour: Behaviour, _ body: @escaping @Sendable (TestServer, FakeModelServer) async throws -> Void
    ) async throws {
        let fake = try FakeModelServer(behaviour)
        defer { fake.stop() }
        let folder = try TemporaryFolder()
        let engine = Engine(
            functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [builtFolder]
        ) { nil }
        let custom = CustomEvaluation(engine, jobs: 1, judgeModel: nil, budget: BudgetLimits(), folder: folder.path)
        try await TestServer.run(modelURL: fake.url, provider: NeMoProvider(nil, custom: custom)) {
            server async throws in
            try await body(server, fake)
        }
        await engine.shutDown()
    }

    private static func register(_ configuration: JSONValue, _ rows: [JSONValue], _ server: TestServer) async throws {
        let dataset = try await server.post(
            "/v1/datasets",
            [
                "dataset_id": "default/sample-basic-test", "purpose": "eval/question-answer",
                "source": ["type": "rows", "rows": .array(rows)],
            ])
        #expect(dataset.status == 200, "\(dataset.body)")
        let made = try await server.post(
            "/eval/benchmarks",
            ["benchmark_id": "b", "dataset_id": "", "scoring_functions": [], "metadata": configuration])
        #expect(made.status == 200, "\(made.body)")
        #expect(try await server.get("/v1/eval/benchmarks/b").json["provider_id"] == "nvidia")
    }

    /// Runs the benchmark, and returns its result.
    private static func result(_ server: TestServer) async throws -> JSONValue {
        let started = try await server.post("/v1/eval/benchmarks/b/jobs", jobRequest)
        let id = try #require(started.json["job_id"]?.string, "\(started.body)")
        let job = try await server.job("/v1/eval/benchmarks/b/jobs/\(id)") { $0["finished_at"] != .null }
        #expect(job["status"] == "completed", "\(job.text)")
        return try await server.get("/v1/eval/benchmarks/b/jobs/\(id)/result").json
    }

    private static func score(_ result: JSONValue, _ task: String, _ metric: String, _ name: String) -> JSONValue? {
        result["scores"]?["b"]?["aggregated_results"]?["tasks"]?[task]?["metrics"]?[metric]?["scores"]?[name]
    }

    private static func near(_ value: JSONValue?, _ expected: Double) -> Bool {
        (value?.number?.double).map { abs($0 - expected) < 1e-9 } ?? false
    }

    @Test("the example of the provider's documentation gives sacrebleu's numbers, and a score for each row")
    func example() async throws {
        let configuration: JSONValue = [
            "type": "custom", "params": ["parallelism": 8],
            "tasks": [
                "qa": [
                    "type": "completion", "params": ["template": ["prompt": "{{prompt}}", "max_tokens": 200]],
                    "dataset": ["files_url": "hf://datasets/default/sample-basic-test/testing/testing.jsonl"],
                    "metrics": [
                        "bleu": ["type": "bleu", "params": ["references": ["{{ideal_response}}"]]],
                        "rouge": ["type": "rouge", "params": ["ground_truth": "{{ideal_response}}"]],
                    ],
                ]
            ],
        ]
        try await Self.run(.answer { Self.answers[$0.prompt ?? ""] ?? "?" }) { server, fake async throws in
            try await Self.register(configuration, Self.rows, server)
            let result = try await Self.result(server)
            #expect(Self.near(Self.score(result, "qa", "bleu", "corpus")?["value"], 63.495286897355506))
            let sentence = Self.score(result, "qa", "bleu", "sentence")
            #expect(Self.near(sentence?["value"], 59.29038475453456))
            #expect(sentence?["stats"]?["count"] == 3 && sentence?["stats"]?["nan_count"] == 0, "\(result.text)")
            #expect(Self.near(sentence?["stats"]?["max"], 100))
            for (name, value) in [
                ("1", 0.641025641025641), ("2", 0.6363636363636364), ("3", 0.6296296296296297),
                ("L", 0.641025641025641),
            ] {
                #expect(Self.near(Self.score(result, "qa", "rouge", "rouge_\(name)_score")?["value"], value))
            }
            #expect(result["generations"]?.array?.first?["generated_answer"] == "The cat sat on the mat today.")
            #expect(result["scores"]?["qa/bleu/sentence"]?["score_rows"]?.array?.count == 3)
            #expect(
                try await server.get("/v1/eval/benchmarks/b/results").json["scores"]?["b"]?["aggregated_results"]
                    == result["scores"]?["b"]?["aggregated_results"])
            let sent = try JSONValue(parsing: fake.requests.first?.body ?? "")
            #expect(sent["max_tokens"] == 200 && sent["prompt"]?.string != nil && sent["messages"] == nil)
            #expect(fake.requests.allSatisfy { $0.path.hasSuffix("/completions") && !$0.path.contains("chat") })
        }
    }

    @Test("a chat with tools is compared with the calls that it should make")
    func tools() async throws {
        let call = #"{"id":"c","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Bern\"}"}}"#
        let reply =
            #"{"index":0,"message":{"role":"assistant","content":null,"tool_calls":["# + call
            + #"]},"finish_reason":"tool_calls"}"#
        let configuration: JSONValue = [
            "config": [
                "type": "custom",
                "tasks": [
                    "calls": [
                        "type": "chat-completion",
                        "params": [
                            "template": [
                                "messages": "{{ item.messages | tojson }}", "tools": "{{ item.tools | tojson }}",
                                "tool_choice": "auto",
                            ]
                        ],
                        "dataset": ["files_url": "hf://datasets/default/sample-basic-test"],
                        "metrics": [
                            "accuracy": [
                                "type": "tool-calling",
                                "params": ["tool_calls_ground_truth": "{{ item.tool_calls | tojson }}"],
                            ]
                        ],
                    ]
                ],
            ]
        ]
        func row(_ city: String) -> JSONValue {
            [
                "messages": [["role": "user", "content": "Weather?"]],
                "tools": [["type": "function", "function": ["name": "weather"]]],
                "tool_calls": [["function": ["name": "weather", "arguments": ["city": .string(city)]]]],
            ]
        }
        let rows = [row("Bern"), row("Rome")]
        try await Self.run(.choice(reply)) { server, fake async throws in
            try await Self.register(configuration, rows, server)
            let result = try await Self.result(server)
            #expect(Self.score(result, "calls", "accuracy", "function_name_accuracy")?["value"] == JSONValue(1.0))
            #expect(
                Self.score(result, "calls", "accuracy", "function_name_and_args_accuracy")?["value"] == JSONValue(0.5),
                "\(result.text)")
            let sent = try JSONValue(parsing: fake.requests.first?.body ?? "")
            #expect(sent["tools"]?.array?.count == 1 && sent["tool_choice"] == "auto")
        }
    }

    @Test("rows are scored as they are, checks read their templates, and rows without a number are counted")
    func data() async throws {
        let configuration: JSONValue = [
            "type": "custom",
            "tasks": [
                "rows": [
                    "type": "data", "dataset": "default/sample-basic-test",
                    "metrics": [
                        "same": [
                            "type": "string-check",
                            "params": ["check": ["{{item.Output_Text | lower}}", "contains", "{{item.label}}"]],
                        ],
                        "number": [
                            "type": "number-check",
                            "params": [
                                "check": ["{{item.output_text}}", "absolute difference", "{{item.n}}", "epsilon", 1]
                            ],
                        ],
                        "em": [
                            "type": "em",
                            "params": ["ground_truth": "{{label}}", "prediction": "{{item.output_text}}"],
                        ],
                        "f1": [
                            "type": "f1", "params": ["ground_truth": "{{label}}", "prediction": "{{ item.nope }}"],
                        ],
                    ],
                ]
            ],
        ]
        let rows: [JSONValue] = [
            ["Output_Text": "The Paris, 41", "label": "paris", "n": 42],
            ["Output_Text": "Rome", "label": "rome", "n": 1],
        ]
        try await Self.run(.answer("?")) { server, fake async throws in
            try await Self.register(configuration, rows, server)
            let result = try await Self.result(server)
            #expect(Self.score(result, "rows", "same", "string-check")?["value"] == JSONValue(1.0), "\(result.text)")
            let number = Self.score(result, "rows", "number", "number-check")
            #expect(number?["value"] == JSONValue(1.0) && number?["stats"]?["nan_count"] == 1, "\(result.text)")
            #expect(Self.score(result, "rows", "em", "em")?["value"] == JSONValue(0.5))
            let f1 = Self.score(result, "rows", "f1", "f1_score")
            #expect(f1?["value"] == .null && f1?["stats"]?["nan_count"] == 2)
            let first = result["scores"]?["rows/f1/f1_score"]?["score_rows"]?.array?.first
            #expect(first?["score"] == .null && first?["outcome"] == "input_error", "\(first?.text ?? "")")
            #expect(fake.requests.isEmpty)
        }
    }

    @Test("a judge's scores are read from its reply, by a pattern and from JSON")
    func judge() async throws {
        let configuration: JSONValue = [
            "type": "custom",
            "tasks": [
                "graded": [
                    "type": "completion", "params": ["template": "{{prompt}}"],
                    "dataset": ["files_url": "default/sample-basic-test", "limit": 2],
                    "metrics": [
                        "grade": [
                            "type": "llm-judge",
                            "params": [
                                "model": ["api_endpoint": ["url": "http://example.com", "model_id": "judge"]],
                                "template": [
                                    "messages": [
                                        ["role": "system", "content": "You grade."],
                                        [
                                            "role": "user",
                                            "content": "Q: {{item.prompt}} A: {{sample.output_text}} Grade it.",
                                        ],
                                    ], "max_tokens": 50,
                                ],
                                "scores": [
                                    "grade": ["type": "int", "parser": ["type": "regex", "pattern": "GRADE: (\\d+)"]],
                                    "style": ["type": "int", "parser": ["type": "json", "json_path": "$.style"]],
                                ],
                            ],
                        ]
                    ],
                ]
            ],
        ]
        try await Self.run(
            .answer { request in
                let prompt = request.prompt ?? ""
                guard prompt.contains("Grade it") else { return "my answer" }
                return prompt.contains("cat") ? #"GRADE: 4 {"style": 2}"# : "no idea"
            }
        ) { server, fake async throws in
            try await Self.register(configuration, Self.rows, server)
            let result = try await Self.result(server)
            let grade = Self.score(result, "graded", "grade", "grade")
            #expect(grade?["value"] == JSONValue(4.0) && grade?["stats"]?["nan_count"] == 1, "\(result.text)")
            #expect(Self.score(result, "graded", "grade", "style")?["value"] == JSONValue(2.0))
            let asked = fake.requests.compactMap { try? JSONValue(parsing: $0.body) }.filter { $0["model"] == "judge" }
            #expect(asked.count == 2 && asked.first?["max_tokens"] == 50)
            #expect(asked.first?["messages"]?.array?.first?["content"] == "You grade.")
        }
    }

    private static func task(_ change: (inout JSONObject) -> Void) -> JSONValue {
        var task: JSONObject = [
            "type": "completion", "params": ["template": ["prompt": "{{prompt}}"]],
            "dataset": ["files_url": "default/none"],
            "metrics": ["m": ["type": "em", "params": ["ground_truth": "{{a}}"]]],
        ]
        change(&task)
        return ["type": "custom", "tasks": ["t": .object(task)]]
    }

    @Test("what cannot run is refused when it is registered, with its place", arguments: 0..<9)
    func refused(index: Int) async throws {
        let cases: [(configuration: JSONValue, place: String)] = [
            (Self.task { $0["type"] = "prompt-optimization" }, "/metadata/tasks/t/type"),
            (
                Self.task { $0["params"] = ["template": ["prompt": "{% for x in y %}"]] },
                "/metadata/tasks/t/params/template/prompt"
            ),
            (Self.task { $0["params"] = ["template": "{{ a | nope }}"] }, "/metadata/tasks/t/params/template"),
            (Self.task { $0["params"] = nil }, "/metadata/tasks/t/params/template"),
            (Self.task { $0["metrics"] = ["m": ["type": "faithfulness"]] }, "/metadata/tasks/t/metrics/m/type"),
            (
                Self.task { $0["metrics"] = ["m": ["type": "bleu", "params": [:]]] },
                "/metadata/tasks/t/metrics/m/params/references"
            ),
            (
                Self.task {
                    $0["metrics"] = [
                        "m": [
                            "type": "llm-judge",
                            "params": ["model": ["api_endpoint": ["model_id": "j", "api_key": "sk-1"]]],
                        ]
                    ]
                }, "/metadata/tasks/t/metrics/m/params/model/api_endpoint/api_key"
            ),
            (["type": "custom", "tasks": [:]], "/metadata/tasks"),
            (
                Self.task { $0["metrics"] = ["m": ["type": "string-check", "params": ["check": ["a", "equals"]]]] },
                "/metadata/tasks/t/metrics/m/params/check"
            ),
        ]
        let (configuration, place) = cases[index]
        try await Self.run(.answer("?")) { server, _ async throws in
            let made = try await server.post(
                "/eval/benchmarks",
                ["benchmark_id": "b", "dataset_id": "", "scoring_functions": [], "metadata": configuration])
            #expect(made.status == 400 && made.error["param"] == .string(place), "\(made.body)")
            #expect(!made.body.contains("sk-1"), "a key is repeated")
        }
    }

    @Test("a dataset that is not registered is refused when the job is started, with what to register")
    func missingDataset() async throws {
        try await Self.run(.answer("?")) { server, _ async throws in
            let configuration = Self.task { _ in }
            let made = try await server.post(
                "/eval/benchmarks",
                ["benchmark_id": "b", "dataset_id": "", "scoring_functions": [], "metadata": configuration])
            #expect(made.status == 200, "\(made.body)")
            let started = try await server.post("/v1/eval/benchmarks/b/jobs", jobRequest)
            #expect(started.status == 400 && started.body.contains("default/none"), "\(started.body)")
        }
    }
}

import FakeModel
import JSON
import TestSupport
import Testing

@Suite("What is registered over HTTP")
struct RegistryTests {
    private static let judge: JSONValue = [
        "scoring_fn_id": "mine::judge", "description": "d", "return_type": ["type": "number"],
        "provider_id": "llm-as-judge",
        "params": [
            "type": "llm_as_judge", "judge_model": "m", "prompt_template": "Rate {generated_answer}",
            "judge_score_regexes": ["(\\d+)"], "aggregation_functions": ["average"],
        ],
    ]

    @Test("a scoring function is registered, got, listed and unregistered")
    func scoringFunctions() async throws {
        try await TestServer.run { server async throws in
            let before = try await server.get("/v1/scoring-functions").json["data"]?.array?.count ?? 0
            #expect(try await server.post("/v1/scoring-functions", Self.judge).json == .null)
            #expect(try await server.post("/v1/scoring-functions", Self.judge).status == 200)
            let function = try await server.get("/v1/scoring-functions/mine::judge").json
            #expect(function["identifier"] == "mine::judge" && function["provider_id"] == "llm-as-judge")
            #expect(function["type"] == "scoring_function" && function["params"] == Self.judge["params"])
            #expect(try await server.get("/v1/scoring-functions").json["data"]?.array?.count == before + 1)
            var other = Self.judge.object ?? [:]
            other["description"] = "another"
            #expect(try await server.post("/v1/scoring-functions", .object(other)).status == 409)
            #expect(try await server.delete("/v1/scoring-functions/mine%3A%3Ajudge").json == .null)
            #expect(try await server.delete("/v1/scoring-functions/mine::judge").status == 404)
        }
    }

    @Test("a function that comes with the server stays as it is")
    func builtInFunctions() async throws {
        try await TestServer.run { server async throws in
            #expect(try await server.delete("/v1/scoring-functions/basic::equality").status == 409)
            let body: JSONValue = [
                "scoring_fn_id": "basic::equality", "return_type": ["type": "string"], "description": "",
            ]
            #expect(try await server.post("/v1/scoring-functions", body).status == 409)
            #expect(
                try await server.get("/v1/scoring-functions/basic::equality").json["return_type"]?["type"] == "number")
        }
    }

    @Test("a function may be called anything, and its scorer as the functions that come with the server are")
    func plainIdentifiers() async throws {
        try await TestServer.run { server async throws in
            for scorer in ["basic::subset_of", "subset-of", "subset_of"] {
                let id = "contains \(scorer)"
                let body: JSONValue = [
                    "scoring_fn_id": .string(id), "provider_id": "basic", "provider_scoring_fn_id": .string(scorer),
                    "return_type": ["type": "number"], "description": "",
                    "params": ["type": "basic", "aggregation_functions": ["accuracy"]],
                ]
                #expect(try await server.post("/v1/scoring-functions", body).status == 200)
                let results = try await server.post(
                    "/v1/scoring/score",
                    [
                        "input_rows": [["generated_answer": "ab", "expected_answer": "b"]],
                        "scoring_functions": [id: nil],
                    ])
                #expect(results.json["results"]?[id]?["score_rows"] == [["score": JSONValue(1.0)]], "\(results.body)")
            }
        }
    }

    @Test(
        "a function that could never score is refused",
        arguments: [
            ["scoring_fn_id": "x::y", "return_type": ["type": "number"]],
            ["scoring_fn_id": "basic::y", "return_type": ["type": "number"]],
            ["scoring_fn_id": "basic::equality2", "provider_scoring_fn_id": "equality", "return_type": ["type": "no"]],
            [
                "scoring_fn_id": "basic::r", "provider_scoring_fn_id": "regex-parser-multiple-choice-answer",
                "return_type": ["type": "number"], "params": ["type": "regex_parser", "parsing_regexes": ["("]],
            ],
        ] as [JSONValue])
    func hopelessFunctions(body: JSONValue) async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post("/v1/scoring-functions", body)
            #expect(answer.status == 400, "\(answer.body)")
            #expect(answer.error["code"] == "invalid_definition")
        }
    }

    @Test(
        "benchmarks are registered, got, listed and unregistered",
        arguments: ["/v1/eval/benchmarks", "/v1alpha/eval/benchmarks"])
    func benchmarks(path: String) async throws {
        try await TestServer.run { server async throws in
            let body: JSONValue = [
                "benchmark_id": "b/1", "dataset_id": "d", "scoring_functions": ["f"], "metadata": ["x": 1],
            ]
            #expect(try await server.post(path, body).json == .null)
            #expect(
                try await server.get(path + "/b/1").json == [
                    "identifier": "b/1", "provider_id": "assay", "provider_resource_id": "b/1", "type": "benchmark",
                    "dataset_id": "d", "scoring_functions": ["f"], "metadata": ["x": 1],
                ])
            #expect(try await server.get(path).json["data"]?.array?.count == 1)
            #expect(try await server.delete(path + "/b%2F1").json == .null)
            #expect(try await server.get(path + "/b/1").status == 404)
        }
    }

    @Test("a registered model is a name for one of the configured server")
    func models() async throws {
        let fake = try FakeModelServer(.answer("7"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let body: JSONValue = ["model_id": "m", "provider_model_id": "the-real-one", "metadata": ["a": 1]]
            let made = try await server.post("/v1/models", body)
            #expect(made.json["identifier"] == "m" && made.json["id"] == "m" && made.json["model_type"] == "llm")
            #expect(try await server.get("/v1/models/m").json == made.json)
            #expect(try await server.get("/v1/models").json["data"] == [made.json])
            #expect(try await server.post("/v1/scoring-functions", Self.judge).status == 200)
            let results = try await server.post(
                "/v1/scoring/score",
                ["input_rows": [["generated_answer": "x"]], "scoring_functions": ["mine::judge": nil]])
            #expect(results.json["results"]?["mine::judge"]?["score_rows"]?.array?.first?["score"] == JSONValue(7.0))
            #expect(fake.requests.last?.body.contains("\"the-real-one\"") ?? false)
            #expect(try await server.delete("/v1/models/m").json == .null)
            #expect(try await server.get("/v1/models/m").status == 404)
        }
    }

    @Test("what was registered is there, and works, after the server was started anew")
    func restart() async throws {
        let fake = try FakeModelServer(.answer("7"))
        defer { fake.stop() }
        let folder = try TemporaryFolder()
        try await TestServer.run(modelURL: fake.url, folder: folder) { server async throws in
            _ = try await server.post("/v1/scoring-functions", Self.judge)
            _ = try await server.post("/v1/models", ["model_id": "m", "provider_model_id": "other"])
            _ = try await server.post(
                "/v1/datasets",
                [
                    "dataset_id": "d", "purpose": "eval/question-answer",
                    "source": ["type": "rows", "rows": [["generated_answer": "x"]]],
                ])
        }
        try await TestServer.run(modelURL: fake.url, folder: folder) { server async throws in
            let results = try await server.post(
                "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": ["mine::judge": nil]])
            #expect(
                results.json["results"]?["mine::judge"]?["aggregated_results"] == [
                    "average": ["average": JSONValue(7.0)]
                ])
            #expect(fake.requests.last?.body.contains("\"other\"") ?? false)
        }
    }
}

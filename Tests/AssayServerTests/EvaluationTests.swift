import AssayServer
import JSON
import Testing

@Suite("Rows that are evaluated while their client waits")
struct EvaluationTests {
    private static let request: JSONValue = [
        "benchmark_config": ["eval_candidate": ["type": "model", "model": "m", "sampling_params": [:]]],
        "input_rows": [["question": "1"], ["question": "2"]], "scoring_functions": ["other"],
    ]

    @Test(
        "the answer has what was generated, and the scores of the functions that were asked for",
        arguments: ["/v1/eval/benchmarks", "/v1alpha/eval/benchmarks"])
    func rows(family: String) async throws {
        try await TestServer.run { server async throws in
            try await server.register("b/c", rows: 5, family: family)
            let answer = try await server.post(family + "/b/c/evaluations", Self.request)
            #expect(
                answer.json == [
                    "generations": [generation(0), generation(1)],
                    "scores": [
                        "other": [
                            "score_rows": [score(0, "other"), score(1, "other")],
                            "aggregated_results": ["average": ["average": JSONValue(1.0)]], "rows": ["total": 2],
                        ]
                    ],
                ], "\(answer.body)")
            #expect(try await server.get(family + "/b/c/jobs").json["data"] == [])
            #expect(try await server.post(family + "/nope/evaluations", Self.request).status == 404)
        }
    }

    @Test("a provider that fails is the gateway's failure, with its words")
    func failures() async throws {
        try await TestServer.run { server async throws in
            try await server.register("b", rows: 5, metadata: ["fail_at": 1])
            let answer = try await server.post(benchmarks + "/b/evaluations", Self.request)
            #expect(answer.status == 502 && answer.error["message"] == "the engine broke at row 1")
        }
    }

    @Test("a client that goes away stops the work on its rows")
    func goneClients() async throws {
        let provider = ScriptedProvider(allowed: 1)
        try await TestServer.run(provider: provider) { server async throws in
            try await server.register("b", rows: 5)
            let request = Task { try await server.post(benchmarks + "/b/evaluations", Self.request) }
            while !provider.events.contains("begin b") { try await Task.sleep(for: .milliseconds(5)) }
            request.cancel()
            while !provider.events.contains("interrupt b") { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test("more rows than are allowed are refused")
    func rowLimit() async throws {
        try await TestServer.run(TestServer.configured { $0.maxRows = 1 }) { server async throws in
            try await server.register("b", rows: 1)
            #expect(try await server.post(benchmarks + "/b/evaluations", Self.request).status == 413)
        }
    }
}

@Suite("Providers of evaluation")
struct EvaluationProviderTests {
    @Test("a benchmark is shown to its provider once, before it is registered")
    func registering() async throws {
        let provider = ScriptedProvider()
        try await TestServer.run(provider: provider) { server async throws in
            for _ in 0..<2 { try await server.register("b", rows: 1) }
            #expect(provider.events == ["register b"])
            let body: JSONValue = [
                "benchmark_id": "c", "dataset_id": "d", "scoring_functions": [], "metadata": ["refused": true],
                "provider_id": "scripted",
            ]
            let refused = try await server.post(benchmarks, body)
            #expect(refused.status == 400 && refused.error["param"] == "/metadata/refused")
            #expect(try await server.get(benchmarks + "/c").status == 404)
        }
    }

    @Test("a benchmark of a provider that is not there is refused, and the providers are listed")
    func unknownProviders() async throws {
        try await TestServer.run { server async throws in
            let body: JSONValue = [
                "benchmark_id": "c", "dataset_id": "d", "scoring_functions": [], "provider_id": "nope",
            ]
            let refused = try await server.post(benchmarks, body)
            #expect(refused.status == 400 && refused.error["param"] == "/provider_id")
            #expect(refused.error["message"]?.string?.contains("there are assay, scripted") ?? false)
            let providers = try await server.get("/v1/providers").json["data"]?.array?.filter { $0["api"] == "eval" }
            #expect(providers?.map { $0["provider_id"] } == ["assay", "scripted"])
            #expect(providers?.map { $0["provider_type"] } == ["inline::assay", "inline::scripted"])
        }
    }
}

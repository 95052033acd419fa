import AssayServer
import FakeModel
import Glibc
import JSON
import TestSupport
import Testing

@Suite("What the server says of its health")
struct HealthTests {
    private static let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": []]

    @Test("without its data it is not well, and acknowledges nothing")
    func removedData() async throws {
        try await TestServer.run { server async throws in
            for name in ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"] {
                unlink("\(server.folder)/\(name)")
            }
            let health = try await server.get("/v1/health")
            #expect(health.status == 503 && health.json["status"] == "Error", "\(health.body)")
            #expect(!health.body.contains(server.folder), "the path is nobody's business")
            let answer = try await server.post("/v1/eval/benchmarks", Self.benchmark)
            #expect(answer.status == 503 && answer.error["code"] == "unavailable")
        }
    }

    @Test("a registry that was replaced is not written any more")
    func replacedData() async throws {
        try await TestServer.run { server async throws in
            rename("\(server.folder)/registry.sqlite", "\(server.folder)/old")
            let file = open("\(server.folder)/registry.sqlite", O_CREAT | O_WRONLY, 0o644)
            close(file)
            #expect(try await server.get("/v1/health").status == 503)
            #expect(try await server.post("/v1/eval/benchmarks", Self.benchmark).status == 503)
        }
    }

    @Test("a plugin that cannot be loaded is shown with the reason")
    func brokenPlugin() async throws {
        let folder = try TemporaryFolder()
        try folder.write("no shared object", to: "broken.so")
        try await TestServer.run(pluginFolder: folder.path) { server async throws in
            let health = try await server.get("/v1/health")
            #expect(health.status == 200 && health.json["failing_providers"] == ["broken.so"], "\(health.body)")
            let provider = try await server.get("/v1/providers/broken.so").json
            #expect(provider["health"]?["status"] == "Error" && provider["health"]?["message"]?.string != nil)
            #expect(try await server.get("/v1/providers/basic").json["health"] == ["status": "OK"])
        }
    }

    @Test("a server of models that is not asked any more is shown with the reason")
    func modelOutage() async throws {
        let fake = try FakeModelServer(.status(401))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            #expect(try await server.get("/v1/health").json["failing_providers"] == [])
            let body: JSONValue = [
                "input_rows": .array((0..<5).map { ["generated_answer": .init($0)] }),
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            _ = try await server.post("/v1/scoring/score", body)
            let health = try await server.get("/v1/health")
            #expect(health.status == 200 && health.json["failing_providers"] == ["openai-compatible"])
            let provider = try await server.get("/v1/providers/openai-compatible").json
            #expect(provider["health"]?["status"] == "Error")
            #expect(provider["health"]?["message"]?.string?.contains("401") ?? false, "\(provider)")
        }
    }
}

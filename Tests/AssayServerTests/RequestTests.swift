import AssayServer
import JSON
import Testing

@Suite("Requests that are not as they should be")
struct RequestTests {
    @Test(
        "a body that is no JSON object is refused as that",
        arguments: [
            "", "{", "[]", "null", "{\"purpose\": tru}", "{\"a\": 1} x", "\u{FEFF}{}", "{\"a\": 'b'}",
            String(repeating: "[", count: 100_000),
            "{\"a\": " + String(repeating: "[", count: 2_000) + String(repeating: "]", count: 2_000) + "}",
        ])
    func brokenJSON(body: String) async throws {
        try await TestServer.run { server async throws in
            for path in [
                "/v1/datasets", "/v1/scoring/score", "/v1/scoring-functions", "/v1/models", "/v1/eval/benchmarks",
            ] {
                let answer = try await server.post(path, bytes: Array(body.utf8))
                #expect(answer.status == 400)
                #expect(answer.error["code"] == "invalid_json", "\(answer.body)")
            }
        }
    }

    @Test("invalid UTF-8 is refused")
    func brokenUTF8() async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post(
                "/v1/models", bytes: Array("{\"model_id\": \"".utf8) + [0xFF] + Array("\"}".utf8))
            #expect(answer.status == 400 && answer.error["code"] == "invalid_json")
        }
    }

    @Test(
        "a wrong shape is refused with the place in the body",
        arguments: [
            ("/v1/datasets", "{}", "/purpose"), ("/v1/datasets", "{\"purpose\": \"x\", \"source\": {}}", "/purpose"),
            ("/v1/datasets", "{\"purpose\": 1}", "/purpose"),
            ("/v1/datasets", "{\"purpose\": \"eval/question-answer\", \"source\": 1}", "/source/uri"),
            (
                "/v1/datasets", "{\"purpose\": \"eval/question-answer\", \"source\": {\"type\": \"rows\"}}",
                "/source/rows"
            ),
            (
                "/v1/datasets",
                "{\"purpose\": \"eval/question-answer\", \"source\": {\"type\": \"rows\", \"rows\": [{}, 1]}}",
                "/source/rows/1"
            ),
            (
                "/v1/datasets",
                "{\"purpose\": \"eval/question-answer\", \"source\": {\"type\": \"uri\", \"uri\": \"data:,\"}, \"dataset_id\": \"a\\nb\"}",
                "/dataset_id"
            ),
            ("/v1/scoring/score", "{\"input_rows\": {}, \"scoring_functions\": {}}", "/input_rows"),
            (
                "/v1/scoring/score", "{\"input_rows\": [], \"scoring_functions\": \"basic::equality\"}",
                "/scoring_functions"
            ),
            (
                "/v1/scoring/score", "{\"input_rows\": [], \"scoring_functions\": {\"basic::equality\": 1}}",
                "/scoring_functions/basic::equality"
            ),
            ("/v1/scoring/score-batch", "{\"dataset_id\": \"\"}", "/dataset_id"),
            ("/v1/scoring-functions", "{\"scoring_fn_id\": \"a::b\"}", "/return_type"),
            ("/v1/models", "{\"model_id\": \"m\", \"model_type\": \"x\"}", "/model_type"),
            (
                "/v1alpha/eval/benchmarks", "{\"benchmark_id\": \"b\", \"scoring_functions\": [1]}",
                "/scoring_functions/0"
            ),
            ("/v1alpha/eval/benchmarks", "{\"benchmark_id\": \"b\", \"scoring_functions\": [\"f\"]}", "/dataset_id"),
        ])
    func wrongShapes(path: String, body: String, place: String) async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post(path, bytes: Array(body.utf8))
            #expect(answer.status == 400, "\(answer.body)")
            #expect(answer.error["param"] == .string(place), "\(answer.body)")
            #expect(answer.error["type"] == "invalid_request_error")
        }
    }

    @Test("members that nobody knows are let pass")
    func unknownMembers() async throws {
        try await TestServer.run { server async throws in
            let body: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": [], "x": ["y": 1]]
            #expect(try await server.post("/v1/eval/benchmarks", body).status == 200)
        }
    }

    @Test("a body of another type is refused, JSON of any name is not")
    func contentTypes() async throws {
        try await TestServer.run { server async throws in
            let body = Array("{\"benchmark_id\": \"b\", \"dataset_id\": \"d\", \"scoring_functions\": []}".utf8)
            for (type, status) in [
                ("text/plain", 400), ("application/x-www-form-urlencoded", 400),
                ("application/json; charset=utf-8", 200),
                ("APPLICATION/JSON", 200), ("application/merge-patch+json", 200),
            ] {
                let answer = try await server.post("/v1/eval/benchmarks", bytes: body, type: type)
                #expect(answer.status == status, "\(type)")
            }
        }
    }

    @Test("a body over the limit is refused, announced or not")
    func bodyLimit() async throws {
        try await TestServer.run(TestServer.configured { $0.maxBodySize = 1_000 }) { server async throws in
            let answer = try await server.post("/v1/models", bytes: [UInt8](repeating: 0x20, count: 1_001))
            #expect(answer.status == 413)
            #expect(answer.error["code"] == "too_large")
        }
    }

    @Test("unknown paths and methods are told apart")
    func unknownPaths() async throws {
        try await TestServer.run { server async throws in
            for path in [
                "/v2/health", "/v1/datasets/", "/v1/healthy", "/v1", "/v1/health/x", "/v1/datasets/%4",
            ] {
                #expect(try await server.get(path).status == 404, "\(path)")
            }
            let answer = try await server.send("PUT", "/v1/datasets/d")
            #expect(answer.status == 405)
            #expect(answer.error["message"]?.string?.contains("DELETE, GET") ?? false)
        }
    }

    @Test("every answer has a number that the log has, too")
    func requestIDs() async throws {
        try await TestServer.run { server async throws in
            let ids = [try await server.get("/v1/health"), try await server.get("/nope")].map {
                $0.header("x-request-id")
            }
            #expect(ids.allSatisfy { $0?.count == 16 } && ids[0] != ids[1])
        }
    }
}

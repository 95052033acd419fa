import AssayServer
import Glibc
import JSON
import Testing

@Suite("What clients may make the server hold")
struct ServerLimitTests {
    private static let small = TestServer.configured {
        $0.maxMetadataSize = 2_000
        $0.maxPatterns = 3
    }
    private static let large: JSONValue = ["note": .string(String(repeating: "x", count: 2_000))]
    private static let rows: JSONValue = [["generated_answer": "a", "expected_answer": "a"]]

    private static func patterns(_ count: Int) -> JSONValue {
        .array((0..<count).map { .string("a\($0)") })
    }

    private static func function(_ params: JSONValue, metadata: JSONValue = [:]) -> JSONValue {
        [
            "scoring_fn_id": "mine::f", "provider_id": "basic", "return_type": ["type": "number"],
            "provider_scoring_fn_id": "regex-parser-multiple-choice-answer", "params": params, "metadata": metadata,
        ]
    }

    private static func benchmark(_ metadata: JSONValue) -> JSONValue {
        ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"], "metadata": metadata]
    }

    @Test(
        "metadata, parameters and what they hold of regular expressions have limits, wherever they are sent",
        arguments: [
            (
                "/v1/datasets",
                ["purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows], "metadata": large],
                "/metadata"
            ),
            ("/v1/eval/benchmarks", benchmark(large), "/metadata"),
            ("/v1/eval/benchmarks", benchmark(["generation": ["answer_regexes": patterns(4)]]), "/metadata"),
            ("/v1/models", ["model_id": "m", "metadata": large], "/metadata"),
            (
                "/v1/scoring-functions",
                function(["type": "regex_parser", "parsing_regexes": patterns(4)]), "/params"
            ),
            ("/v1/scoring-functions", function(["type": "regex_parser", "x": large]), "/params"),
            (
                "/v1/scoring-functions",
                function(["type": "regex_parser", "parsing_regexes": patterns(1)], metadata: large), "/metadata"
            ),
            (
                "/v1/scoring/score",
                [
                    "input_rows": rows,
                    "scoring_functions": ["basic::regex_parser_math_response": ["parsing_regexes": patterns(4)]],
                ],
                "/scoring_functions"
            ),
        ] as [(String, JSONValue, String)])
    func metadata(path: String, body: JSONValue, place: String) async throws {
        try await TestServer.run(Self.small, modelURL: "http://127.0.0.1:1/v1") { server async throws in
            let answer = try await server.post(path, body)
            #expect(answer.status == 413 && answer.error["param"] == .string(place), "\(answer.body)")
        }
    }

    @Test("the functions of a request have the same limit of regular expressions together")
    func manyFunctions() async throws {
        try await TestServer.run(Self.small) { server async throws in
            for id in ["mine::a", "mine::b"] {
                var body = Self.function(["type": "regex_parser", "parsing_regexes": ["(a)", "(b)"]]).object ?? [:]
                body["scoring_fn_id"] = .string(id)
                #expect(try await server.post("/v1/scoring-functions", .object(body)).status == 200)
            }
            func score(_ functions: JSONValue) async throws -> TestResponse {
                try await server.post(
                    "/v1/scoring/score", ["input_rows": Self.rows, "scoring_functions": functions])
            }
            let one = try await score(["mine::a": nil, "basic::regex_parser_multiple_choice_answer": nil])
            #expect(one.status == 200, "\(one.body)")
            let both = try await score(["mine::a": nil, "mine::b": nil])
            #expect(both.status == 413 && both.error["param"] == "/scoring_functions", "\(both.body)")
        }
    }

    @Test("a run's configuration has the same limits")
    func configuration() async throws {
        try await TestServer.run(Self.small) { server async throws in
            try await server.register("b", rows: 1)
            let job: JSONValue = [
                "benchmark_config": [
                    "eval_candidate": ["type": "model", "model": "m"], "scoring_params": ["f": Self.large],
                ]
            ]
            let answer = try await server.post("\(benchmarks)/b/jobs", job)
            #expect(answer.status == 413 && answer.error["param"] == "/benchmark_config", "\(answer.body)")
        }
    }

    @Test("lists hold everything in its order, whatever does not fit into one piece of them")
    func lists() async throws {
        let note: JSONValue = ["note": .string(String(repeating: "é", count: 200_000))]
        try await TestServer.run(modelURL: "http://127.0.0.1:1/v1") { server async throws in
            for index in 0..<7 {
                let name = "d\(index)"
                let dataset: JSONValue = [
                    "dataset_id": .string(name), "purpose": "eval/question-answer", "metadata": note,
                    "source": ["type": "rows", "rows": Self.rows],
                ]
                #expect(try await server.post("/v1/datasets", dataset).status == 200)
                var benchmark = Self.benchmark(note).object ?? [:]
                benchmark["benchmark_id"] = .string(name)
                #expect(try await server.post("/v1/eval/benchmarks", .object(benchmark)).status == 200)
                let model: JSONValue = ["model_id": .string(name), "metadata": note]
                #expect(try await server.post("/v1/models", model).status == 200)
            }
            let expected = (0..<7).map { JSONValue.string("d\($0)") }
            for path in ["/v1/datasets", "/v1/eval/benchmarks", "/v1/models"] {
                let list = try await server.get(path).json["data"]?.array ?? []
                #expect(list.compactMap { $0["identifier"] } == expected, "\(path)")
                #expect(list.allSatisfy { $0["metadata"] == note })
            }
            let functions = try await server.get("/v1/scoring-functions").json["data"]?.array ?? []
            #expect(functions.contains { $0["identifier"] == "basic::equality" })
        }
    }

    @Test("a long data: URI is kept by its beginning and a digest, and is the same dataset when it is sent again")
    func longURIs() async throws {
        let cells = String(repeating: "x", count: 100_000)
        let uri = "data:text/csv,q%0A" + cells
        @Sendable func body(_ uri: String) -> JSONValue {
            ["dataset_id": "d", "purpose": "eval/question-answer", "source": ["uri": .string(uri)]]
        }
        try await TestServer.run { server async throws in
            for _ in 0..<2 {
                let made = try await server.post("/v1/datasets", body(uri))
                #expect(made.status == 200 && made.body.utf8.count < 2_000, "\(made.body.prefix(300))")
            }
            #expect(try await server.get("/v1/datasets").body.utf8.count < 2_000)
            #expect(try await server.get("/v1/datasetio/iterrows/d").json["data"] == [["q": .string(cells)]])
            #expect(try await server.post("/v1/datasets", body(uri + "y")).status == 409)
            let web = "https://example.com/" + cells
            let refused = try await server.post("/v1/datasets", body(web))
            #expect(refused.status == 400 && refused.error["code"] == "invalid_uri", "\(refused.body.prefix(300))")
        }
    }

    @Test("a source of blank lines is as long as it is")
    func blankLines() async throws {
        try await TestServer.run(TestServer.configured { $0.maxDatasetSize = 1_000 }) { server async throws in
            let uri = "data:application/jsonl," + String(repeating: "%0A", count: 2_000)
            let answer = try await server.post(
                "/v1/datasets", ["purpose": "eval/question-answer", "source": ["uri": .string(uri)]])
            #expect(answer.status == 413, "\(answer.body)")
        }
    }

    @Test("a connection on which nothing comes ends soon")
    func silence() async throws {
        try await TestServer.run(TestServer.configured { $0.firstRequestSeconds = 1 }) { server async throws in
            let silent = try RawClient(port: server.port)
            #expect(try await silent.rest() == "")
        }
    }

    @Test("a job names its candidate, and is deleted with its rows and its result once it has ended")
    func jobs() async throws {
        let provider = ScriptedProvider(allowed: 1)
        try await TestServer.run(provider: provider) { server async throws in
            try await server.register("b", rows: 2)
            let job = try await server.start("b")
            let running = try await server.job(job) { $0["progress"]?["done"] == 1 }
            #expect(running["candidate"] == ["type": "model", "model": "m"])
            let page = try await server.get("/jobs").body
            #expect(
                page.contains("in progress") && page.contains("1 of 2") && page.contains("<bdi class=\"id\">m</bdi>"))
            let early = try await server.delete(job + "?purge=true")
            #expect(early.status == 409, "\(early.body)")
            #expect(try await server.delete(job + "?purge=maybe").status == 400)
            provider.allow(2)
            let ended = try await server.job(job) { $0["status"] == "completed" }
            let rows = try #require(ended["dataset_id"]?.string)
            #expect(try await server.get("/results").body.contains("answered by"))
            #expect(try await server.get("/v1/datasetio/iterrows/\(rows)").status == 200)
            #expect(
                try await server.get("\(benchmarks)/b/jobs").json["data"]?.array?.first?["candidate"]?["model"] == "m")
            #expect(try await server.delete(job + "?purge=true").json == .null)
            for path in [job, job + "/result", "/v1/datasets/\(rows)"] {
                #expect(try await server.get(path).status == 404, "\(path)")
            }
            #expect(try await server.delete(job + "?purge=true").status == 404)
        }
    }
}

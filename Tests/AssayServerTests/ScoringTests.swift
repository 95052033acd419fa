import AssayServer
import FakeModel
import JSON
import Testing

@Suite("Scoring over HTTP")
struct ScoringTests {
    private static func rows(_ count: Int) -> [JSONValue] {
        (0..<count).map {
            ["generated_answer": .string("it is \($0)"), "expected_answer": .string("\($0 / 2)"), "id": .init($0)]
        }
    }

    private func register(_ rows: [JSONValue], as id: String, _ server: TestServer) async throws {
        let source: JSONValue = ["type": "rows", "rows": .array(rows)]
        let body: JSONValue = ["dataset_id": .string(id), "purpose": "eval/question-answer", "source": source]
        #expect(try await server.post("/v1/datasets", body).status == 200)
    }

    @Test("score and score-batch give the same results, of several functions, in the order of the rows")
    func agreement() async throws {
        try await TestServer.run(TestServer.configured { $0.jobs = 3 }) { server async throws in
            let rows = Self.rows(20_000)
            try await register(rows, as: "d", server)
            let functions: JSONValue = [
                "basic::subset_of": nil, "basic::equality": ["aggregation_functions": ["average", "accuracy"]],
            ]
            let score = try await server.post(
                "/v1/scoring/score", ["input_rows": .array(rows), "scoring_functions": functions])
            let batch = try await server.post(
                "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": functions])
            #expect(score.status == 200 && batch.status == 200)
            #expect(score.json["results"] == batch.json["results"])
            #expect(batch.json["dataset_id"] == .null)
            let result = score.json["results"]?["basic::subset_of"]
            let expected = (0..<20_000).map { "\($0)".contains("\($0 / 2)") ? 1.0 : 0.0 }
            #expect(result?["score_rows"] == .array(expected.map { ["score": JSONValue($0)] }))
            #expect(result?["rows"]?["total"] == 20_000)
            let average = score.json["results"]?["basic::equality"]?["aggregated_results"]
            #expect(average?.object?.keys == ["average", "accuracy"])
        }
    }

    @Test(
        "rows are read as they are written: over several lines, with brackets in texts, and longer than what is read at once"
    )
    func rowsAsWritten() async throws {
        try await TestServer.run { server async throws in
            let long = String(repeating: "a, }\\n", count: 300_000)
            let rows = [
                "{\r\n  \"generated_answer\": \"{[]}, \\\"}\",\r\n  \"expected_answer\": \"}\"\r\n}",
                "{\"generated_answer\": \"\(long)b\", \"expected_answer\": \"b\"}",
                "{\"expected_answer\":\"c\",\"generated_answer\":{\"c\":\n1}}",
                "{\"generated_answer\": \"d\", \"expected_answer\": \"e\"}",
            ]
            let body =
                "\n{ \"input_rows\" : [ " + rows.joined(separator: " \t,\n") + "\r\n] , \"scoring_functions\": "
                + "{\"basic::subset_of\": null} }\n"
            let answer = try await server.post("/v1/scoring/score", bytes: Array(body.utf8))
            let scores = answer.json["results"]?["basic::subset_of"]?["score_rows"]?.array?.map { $0["score"] ?? .null }
            #expect(scores == [1.0, 1.0, 1.0, 0.0].map { JSONValue($0) }, "\(answer.body.prefix(500))")
            let source =
                "{\"dataset_id\": \"d\", \"purpose\": \"eval/question-answer\", \"source\": {\"type\": \"rows\", "
            let registration = source + "\"rows\": [" + rows.joined(separator: "\n,\n") + "]}}"
            #expect(try await server.post("/v1/datasets", bytes: Array(registration.utf8)).status == 200)
            let page = try await server.get("/v1/datasetio/iterrows/d")
            #expect(page.json["data"] == .array(try rows.map { try JSONValue(parsing: $0) }))
        }
    }

    @Test("no rows are scored without complaint")
    func noRows() async throws {
        try await TestServer.run { server async throws in
            try await register([], as: "d", server)
            for (path, body) in [
                ("score", ["input_rows": []]), ("score-batch", ["dataset_id": "d"]),
            ] as [(String, JSONObject)] {
                var body = body
                body["scoring_functions"] = ["basic::equality": nil, "basic::subset_of": nil]
                let answer = try await server.post("/v1/scoring/" + path, .object(body))
                #expect(answer.json["results"]?["basic::equality"]?["score_rows"] == [], "\(answer.body)")
                #expect(answer.json["results"]?["basic::subset_of"]?["aggregated_results"] == ["accuracy": nil])
            }
        }
    }

    @Test("a row that cannot be scored says why, and the rest is scored")
    func unscored() async throws {
        try await TestServer.run { server async throws in
            let rows: JSONValue = [["generated_answer": "a", "expected_answer": "a"], ["generated_answer": "a"]]
            let answer = try await server.post(
                "/v1/scoring/score", ["input_rows": rows, "scoring_functions": ["basic::equality": nil]])
            let scored = answer.json["results"]?["basic::equality"]?["score_rows"]?.array
            #expect(scored?[0] == ["score": JSONValue(1.0)])
            #expect(scored?[1]["score"] == .null && scored?[1]["outcome"] == "input_error")
        }
    }

    @Test(
        "what cannot be scored at all is refused before anything is sent",
        arguments: [
            ("{\"basic::nope\": null}", 400, "unknown_scoring_function"),
            ("{}", 400, "unknown_scoring_function"),
            ("{\"basic::equality\": {\"type\": \"regex_parser\"}}", 400, "invalid_parameters"),
            ("{\"basic::docvqa\": {\"aggregation_functions\": [\"mean\"]}}", 400, "invalid_parameters"),
            ("{\"llm-as-judge::correctness\": {\"judge_model\": \"m\"}}", 400, "model_error"),
            ("{\"llm-as-judge::correctness\": null}", 400, "model_error"),
            ("{\"llm-as-judge::faithfulness\": {\"judge_model\": \"m\"}}", 400, "model_error"),
        ])
    func refusals(functions: String, status: Int, code: String) async throws {
        try await TestServer.run { server async throws in
            try await register(Self.rows(3), as: "d", server)
            let functions = try JSONValue(parsing: functions)
            let score = try await server.post(
                "/v1/scoring/score", ["input_rows": .array(Self.rows(3)), "scoring_functions": functions])
            let batch = try await server.post(
                "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": functions])
            for answer in [score, batch] {
                #expect(answer.status == status)
                #expect(answer.error["code"] == .string(code), "\(answer.body)")
            }
        }
    }

    @Test("a column that no row has is named, with those that are there")
    func missingColumn() async throws {
        try await TestServer.run { server async throws in
            try await register([["generated_answer": "x", "gold": "x"]], as: "d", server)
            let answer = try await server.post(
                "/v1/scoring/score-batch", ["dataset_id": "d", "scoring_functions": ["basic::equality": nil]])
            #expect(answer.status == 400 && answer.error["code"] == "missing_column")
            #expect(answer.error["message"]?.string?.contains("\"gold\"") ?? false)
            #expect(!answer.body.contains("--"), "a client has no options")
            let unknown = try await server.post(
                "/v1/scoring/score-batch", ["dataset_id": "e", "scoring_functions": ["basic::equality": nil]])
            #expect(unknown.status == 404)
        }
    }

    @Test("results of score-batch are listed, and deleted with their rows")
    func deletedResults() async throws {
        try await TestServer.run { server async throws in
            try await register(Self.rows(3), as: "d", server)
            for saved in [false, true] {
                let answer = try await server.post(
                    "/v1/scoring/score-batch",
                    [
                        "dataset_id": "d", "scoring_functions": ["basic::equality": nil],
                        "save_results_dataset": .bool(saved),
                    ])
                #expect(answer.status == 200)
            }
            let list = try await server.get("/v1/scoring/results?limit=1").json
            #expect(list["has_more"] == true)
            let result = try #require(list["data"]?.array?.first)
            let (id, rows) = (result["id"]?.string ?? "", result["results_dataset_id"]?.string ?? "")
            #expect(result["dataset_id"] == "d" && result["scoring_functions"] == ["basic::equality"])
            #expect(try await server.get("/results/\(id)").status == 200)
            #expect(try await server.get("/v1/datasets/\(rows)").status == 200)
            #expect(try await server.delete("/v1/scoring/results/\(id)").status == 200)
            for path in ["/results/\(id)", "/v1/datasets/\(rows)"] {
                #expect(try await server.get(path).status == 404, "\(path)")
            }
            #expect(try await server.get("/v1/datasets/d").status == 200)
            let again = try await server.delete("/v1/scoring/results/\(id)")
            #expect(again.status == 404 && again.error["code"] == "unknown_result", "\(again.body)")
            let left = try await server.get("/v1/scoring/results").json
            #expect(left["data"]?.array?.count == 1 && left["has_more"] == false)
        }
    }

    @Test("results are saved as a dataset that can be read and scored again")
    func savedResults() async throws {
        try await TestServer.run { server async throws in
            try await register(Self.rows(3_000), as: "d", server)
            let body: JSONValue = [
                "dataset_id": "d", "scoring_functions": ["basic::subset_of": nil], "save_results_dataset": true,
            ]
            let first = try await server.post("/v1/scoring/score-batch", body)
            let saved = try #require(first.json["dataset_id"]?.string)
            let page = try await server.get("/v1/datasetio/iterrows/\(saved)?start_index=2&limit=1").json
            #expect(
                page["data"] == [
                    [
                        "row": 2, "generated_answer": "it is 2", "expected_answer": "1", "id": 2,
                        "scores": ["basic::subset_of": ["score": JSONValue(0.0)]],
                    ]
                ])
            #expect(try await server.get("/v1/datasets/\(saved)").json["metadata"]?["results_of"] == "d")
            let again = try await server.post(
                "/v1/scoring/score-batch",
                ["dataset_id": .string(saved), "scoring_functions": ["basic::subset_of": nil]])
            #expect(again.json["results"] == first.json["results"])
        }
    }

    @Test("parameters of a request are that request's alone, also when others are under way")
    func parameters() async throws {
        try await TestServer.run { server async throws in
            let id = "basic::regex_parser_multiple_choice_answer"
            let rows: JSONValue = [["generated_answer": "x=1 y=2", "expected_answer": "2"]]
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<24 {
                    tasks.addTask {
                        let isY = number.isMultiple(of: 2)
                        let parameters: JSONValue = ["parsing_regexes": [.string(isY ? "y=(\\d)" : "x=(\\d)")]]
                        var answer: TestResponse
                        repeat {
                            answer = try await server.post(
                                "/v1/scoring/score", ["input_rows": rows, "scoring_functions": [id: parameters]])
                        } while answer.status == 429
                        let score = answer.json["results"]?[id]?["score_rows"]?.array?.first?["score"]
                        #expect(score == JSONValue(isY ? 1.0 : 0.0))
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test("a model that answers badly makes outcomes of rows, and no error of the request")
    func badModel() async throws {
        let fake = try FakeModelServer(.answer { ($0.prompt ?? "").contains("good") ? "Total rating: 4" : "hm" })
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let answer = try await server.post(
                "/v1/scoring/score",
                [
                    "input_rows": [
                        ["input_query": "q", "generated_answer": "good", "expected_answer": "e"],
                        ["input_query": "q", "generated_answer": "bad", "expected_answer": "e"],
                    ],
                    "scoring_functions": [
                        "llm-as-judge::base": [
                            "judge_model": "m", "prompt_template": "{generated_answer}",
                            "judge_score_regexes": ["Total rating: (\\d+)"],
                        ]
                    ],
                ])
            let rows = answer.json["results"]?["llm-as-judge::base"]?["score_rows"]?.array
            #expect(rows?[0]["judge_feedback"] == "Total rating: 4", "\(answer.body)")
            #expect(rows?[1]["outcome"] == "unparsed")
        }
    }

    @Test("a client that goes away stops the work that it asked for")
    func disconnecting() async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4").delayed(by: .milliseconds(200)))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let rows = (0..<5_000).map { JSONValue.object(["generated_answer": .string("a \($0)")]) }
            let body: JSONValue = [
                "input_rows": .array(rows),
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            let request = Task { try await server.post("/v1/scoring/score", body) }
            while fake.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            request.cancel()
            _ = await request.result
            // What was under way ends; after that nothing more is asked.
            var before = -1
            while fake.requests.count != before {
                before = fake.requests.count
                try await Task.sleep(for: .milliseconds(700))
            }
            #expect(before < 5_000)
        }
    }
}

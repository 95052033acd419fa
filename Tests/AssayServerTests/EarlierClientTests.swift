import AssayServer
import FakeModel
import JSON
import TestSupport
import Testing

/// Requests of `llama-stack-client` 0.0.48 to 0.1.7, as the clients send them, and what they read of the responses.
/// Tests/Clients has the clients themselves.
@Suite("Clients of earlier versions of the API")
struct EarlierClientTests {
    private static let rows: JSONValue = [
        ["generated_answer": "It is 2.", "expected_answer": "2"],
        ["generated_answer": "It is 5.", "expected_answer": "4"],
    ]
    private static let csv =
        "data:text/csv,generated_answer,expected_answer%0AIt is 2.,2%0AIt is 5.,4%0A"

    /// The body of the last request to a model.
    private static func sent(to fake: FakeModelServer) -> JSONValue {
        (try? JSONValue(parsing: fake.requests.last?.body ?? "")) ?? .null
    }

    /// A registration of the dataset `d` in the form of each generation.
    private static let registrations: [(path: String, body: JSONValue)] = [
        (
            "/datasets/register",
            [
                "dataset_def": [
                    "identifier": "d", "url": .string(csv), "provider_id": "meta0", "metadata": [:],
                    "dataset_schema": ["generated_answer": ["type": "string"]],
                ]
            ]
        ),
        (
            "/alpha/datasets/register",
            [
                "dataset_id": "d", "url": ["uri": .string(csv)], "provider_id": "localfs", "metadata": ["by": "a"],
                "dataset_schema": ["generated_answer": ["type": "string"]],
            ]
        ),
        ("/v1/datasets", ["dataset_id": "d", "url": ["uri": .string(csv)], "dataset_schema": [:], "metadata": nil]),
    ]

    @Test("a dataset is registered, read in pages, and scored in the form of each generation", arguments: 0..<3)
    func datasets(generation: Int) async throws {
        let (path, body) = Self.registrations[generation]
        let pages = [
            "/datasetio/get_rows_paginated", "/alpha/datasetio/get-rows-paginated", "/v1/datasetio/rows",
        ]
        let gets = ["/datasets/get?dataset_identifier=", "/alpha/datasets/get?dataset_id=", "/v1/datasets/"]
        let version = generation == 2 ? [("X-LlamaStack-Client-Version", "0.1.5")] : []
        try await TestServer.run { server async throws in
            for _ in 0..<2 {
                let made = try await server.post(path, body)
                #expect(made.status == 200 && made.json == .null, "\(made.body)")
            }
            let dataset = try await server.get(gets[generation] + "d", headers: version).json
            #expect(dataset["identifier"] == "d" && dataset["dataset_schema"] != nil, "\(dataset.text)")
            #expect(dataset["url"] == (generation == 0 ? .string(Self.csv) : ["uri": .string(Self.csv)]))
            #expect(try await server.get(gets[generation] + "nope", headers: version).json == .null)
            let first = try await server.get(pages[generation] + "?dataset_id=d&rows_in_page=1").json
            #expect(first["rows"]?.array?.count == 1 && first["next_page_token"] == "1")
            let rest = try await server.get(pages[generation] + "?dataset_id=d&rows_in_page=-1&page_token=1").json
            #expect(rest["rows"]?.array?.first?["expected_answer"] == "4" && rest["next_page_token"] == .null)
            #expect(rest["total_count"] == 1)
            let bad = try await server.get(pages[generation] + "?dataset_id=d&rows_in_page=x")
            #expect(bad.status == 400 && bad.error["param"] == "rows_in_page")
            // Without the version of a client, what does not exist is an error, as it is for current clients.
            #expect(try await server.get("/v1/datasets/nope").status == 404)
            #expect(
                try await server.get("/v1/datasets/nope", headers: [("X-LlamaStack-Client-Version", "0.1.10")]).status
                    == 404)
        }
    }

    @Test(
        "lists are arrays until December 2024",
        arguments: [
            "/datasets/list", "/scoring_functions/list", "/models/list", "/alpha/datasets/list",
            "/alpha/scoring-functions/list", "/alpha/models/list", "/alpha/eval-tasks/list",
        ])
    func lists(path: String) async throws {
        try await TestServer.run(modelURL: "http://127.0.0.1:9") { server async throws in
            #expect(try await server.get(path).json.array != nil)
        }
    }

    @Test("functions are named in an array, by the identifiers of their time, and keep these in the results")
    func names() async throws {
        try await TestServer.run { server async throws in
            _ = try await server.post(Self.registrations[0].path, Self.registrations[0].body)
            let ids = ["meta-reference::subset_of", "basic::subset_of"]
            let functions = JSONValue.array(ids.map { .string($0) })
            for (path, body) in [
                ("/scoring/score", ["input_rows": Self.rows, "scoring_functions": functions] as JSONValue),
                (
                    "/scoring/score_batch",
                    ["dataset_id": "d", "scoring_functions": functions, "save_results_dataset": false]
                ),
            ] {
                let results = try await server.post(path, body).json["results"]
                for id in ids {
                    #expect(
                        results?[id]?["score_rows"]?.array?.map { $0["score"] } == [JSONValue(1.0), JSONValue(0.0)])
                    #expect(
                        results?[id]?["aggregated_results"]
                            == ["accuracy": JSONValue(0.5), "num_correct": 1, "num_total": 2], "\(path)")
                }
            }
            // From December 2024 on, they are a map, and aggregates are nested.
            let answer = try await server.post(
                "/alpha/scoring/score",
                ["input_rows": Self.rows, "scoring_functions": ["meta-reference::equality": nil]])
            let result = answer.json["results"]?["meta-reference::equality"]
            #expect(result?["aggregated_results"]?["accuracy"]?["num_total"] == 2, "\(answer.body)")
        }
    }

    @Test(
        "an identifier that no version had is unknown",
        arguments: ["meta-reference::nope", "meta-reference::", "llm-as-judge::llm_as_judge_nope"])
    func unknownNames(id: String) async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post(
                "/scoring/score", ["input_rows": Self.rows, "scoring_functions": [.string(id)]])
            #expect(answer.status == 400 && answer.error["code"] == "unknown_scoring_function")
            #expect(try await server.get("/scoring_functions/get?name=\(id)").json == .null)
        }
    }

    @Test("a judge that is registered with a context is listed, and scores with an average")
    func judge() async throws {
        let fake = try FakeModelServer(.answer { "Number: " + String(($0.prompt ?? "").suffix(1)) })
        defer { fake.stop() }
        let id = "meta-reference::llm_as_judge_8b_random"
        let context: JSONValue = [
            "prompt_template": "Output a number: {generated_answer}", "judge_model": "m",
            "judge_score_regex": ["Number: (\\d+)"],
        ]
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let registration: JSONValue = [
                "function_def": [
                    "identifier": .string(id), "description": "d", "metadata": [:], "parameters": [],
                    "return_type": ["type": "number"], "context": context, "provider_id": "meta0",
                ]
            ]
            for _ in 0..<2 { #expect(try await server.post("/scoring_functions/register", registration).status == 200) }
            let listed = try await server.get("/scoring_functions/list").json.array?.first {
                $0["identifier"] == .string(id)
            }
            #expect(listed?["context"] == context && listed?["parameters"] == [])
            let rows = [5, 5, 5, 6, 6].map { ["generated_answer": .string("grade \($0)")] as JSONValue }
            let answer = try await server.post(
                "/scoring/score", ["input_rows": .array(rows), "scoring_functions": [.string(id)]])
            let result = answer.json["results"]?[id]
            #expect(
                result?["score_rows"]?.array?.first == ["score": JSONValue(5.0), "judge_feedback": "Number: 5"],
                "\(answer.body)")
            #expect(result?["aggregated_results"] == ["average": JSONValue(5.4)])
        }
    }

    @Test("the judge of eight billion parameters grades from 0 to 5, with the judge of the server if there is one")
    func gradeFromZeroToFive() async throws {
        let fake = try FakeModelServer(.answer("Right, mostly.\nTotal rating: 4"))
        defer { fake.stop() }
        let id = "meta-reference::llm_as_judge_8b_correctness"
        for judge in [nil, "mine"] {
            try await TestServer.run(TestServer.configured { $0.judgeModel = judge }, modelURL: fake.url) {
                server async throws in
                let rows: JSONValue = [["input_query": "q", "generated_answer": "a", "expected_answer": "e"]]
                let answer = try await server.post(
                    "/scoring/score", ["input_rows": rows, "scoring_functions": [.string(id)]])
                #expect(
                    answer.json["results"]?[id]?["aggregated_results"] == ["average": JSONValue(4.0)], "\(answer.body)")
                #expect(Self.sent(to: fake)["model"] == .string(judge ?? "Llama3.1-8B-Instruct"))
            }
        }
    }

    @Test("a provider of a server of its time stands for the one that the parameters imply")
    func providers() async throws {
        try await TestServer.run { server async throws in
            let body: JSONValue = [
                "scoring_fn_id": "mine::digit", "description": "d", "return_type": ["type": "number"],
                "provider_id": "meta-reference-0", "provider_scoring_fn_id": "regex_parser_multiple_choice_answer",
                "params": [
                    "type": "regex_parser", "parsing_regexes": ["(\\d)"], "aggregation_functions": ["accuracy"],
                ],
            ]
            #expect(try await server.post("/v1/scoring-functions", body).status == 400)
            #expect(try await server.post("/alpha/scoring-functions/register", body).status == 200)
            let function = try await server.get("/alpha/scoring-functions/get?scoring_fn_id=mine::digit").json
            #expect(function["provider_id"] == "basic")
            let lists = try await server.get("/alpha/providers/list").json
            #expect(lists["datasetio"]?.array?.first == ["provider_id": "localfs", "provider_type": "inline::localfs"])
            #expect(lists["scoring"]?.array?.isEmpty == false)
            #expect(try await server.get("/v1/inspect/providers").json["data"]?.array?.isEmpty == false)
            #expect(try await server.get("/routes/list").json["scoring"]?.array?.isEmpty == false)
        }
    }

    /// The paths of a job in each generation that has tasks, and of its benchmark.
    private static let tasks: [(register: String, run: String, body: JSONValue, job: @Sendable (String) -> String)] = [
        (
            "/alpha/eval-tasks/register", "/alpha/eval/run-eval", ["task_id": "t"],
            { "/alpha/eval/job/status?task_id=t&job_id=\($0)" }
        ),
        ("/v1/eval-tasks", "/v1/eval/tasks/t/jobs", [:], { "/v1/eval/tasks/t/jobs/\($0)" }),
    ]

    @Test("a task is registered and run, and the status of its job is a string", arguments: 0..<2)
    func tasks(generation: Int) async throws {
        let (register, run, body, job) = Self.tasks[generation]
        try await TestServer.run { server async throws in
            _ = try await server.post(Self.registrations[1].path, Self.registrations[1].body)
            let made = try await server.post(
                register,
                [
                    "eval_task_id": "t", "dataset_id": "d", "scoring_functions": ["f"], "provider_id": "scripted",
                    "metadata": nil,
                ])
            #expect(made.status == 200, "\(made.body)")
            var request = body.object ?? [:]
            request["task_config"] = [
                "type": "benchmark",
                "eval_candidate": [
                    "type": "model", "model": "m", "sampling_params": ["strategy": "greedy", "max_tokens": 0],
                ],
            ]
            let started = try await server.post(run, .object(request))
            let id = try #require(started.json["job_id"]?.string, "\(started.body)")
            var status = JSONValue.null
            for _ in 0..<1_000 where status != "completed" {
                status = try await server.get(job(id)).json
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(status == "completed")
            #expect(try await server.get(job("nope")).json == .null)
            // The same job for clients from 0.1.3 to 0.1.7, and for later ones.
            let path = "/v1/eval/benchmarks/t/jobs/\(id)"
            #expect(try await server.get(path, headers: [("X-LlamaStack-Client-Version", "0.1.7")]).json == "completed")
            #expect(try await server.get(path).json["status"] == "completed")
        }
    }

    @Test("a dataset is evaluated without a benchmark")
    func evaluations() async throws {
        let fake = try FakeModelServer(.answer("It is 2."))
        defer { fake.stop() }
        let candidate: JSONValue = [
            "type": "model", "model": "m",
            "sampling_params": ["strategy": "top_k", "top_k": 40, "temperature": JSONValue(0.5), "max_tokens": 0],
        ]
        let questions: JSONValue = [
            ["input_query": "1+1", "expected_answer": "2"], ["input_query": "2+2", "expected_answer": "4"],
        ]
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let body: JSONValue = [
                "input_rows": questions, "candidate": candidate, "scoring_functions": ["meta-reference::subset_of"],
            ]
            let answer = try await server.post("/eval/evaluate", body).json
            let expected: JSONValue = ["accuracy": JSONValue(0.5), "num_correct": 1, "num_total": 2]
            #expect(answer["scores"]?["meta-reference::subset_of"]?["aggregated_results"] == expected)
            #expect(Self.sent(to: fake)["top_k"] == 40)
            _ = try await server.post(
                "/v1/datasets",
                [
                    "dataset_id": "q", "purpose": "eval/question-answer",
                    "source": ["type": "rows", "rows": questions],
                ])
            let started = try await server.post(
                "/eval/evaluate_batch",
                ["dataset_id": "q", "candidate": candidate, "scoring_functions": ["meta-reference::subset_of"]])
            let id = try #require(started.json["job_id"]?.string, "\(started.body)")
            var status = JSONValue.null
            for _ in 0..<1_000 where status != "completed" {
                status = try await server.get("/eval/job/status?job_id=\(id)").json
                try await Task.sleep(for: .milliseconds(5))
            }
            let result = try await server.get("/eval/job/result?job_id=\(id)").json
            #expect(result["scores"]?["meta-reference::subset_of"]?["aggregated_results"] == expected, "\(result.text)")
            #expect(try await server.post("/eval/job/cancel", ["job_id": .string(id)]).status == 200)
            #expect(try await server.get("/eval/job/status?job_id=nope").json == .null)
        }
    }

    @Test("all of their paths are described as deprecated")
    func description() async throws {
        try await TestServer.run { server async throws in
            let paths = try await server.get("/openapi.json").json["paths"]
            for (path, method) in [
                ("/alpha/scoring/score", "post"), ("/datasets/list", "get"), ("/v1/eval-tasks", "get"),
                ("/evals/run_scorer", "post"), ("/v1/datasetio/rows", "get"),
            ] {
                #expect(paths?[path]?[method]?["deprecated"] == true, "\(path)")
            }
            #expect(paths?["/v1/scoring/score"]?["post"]?["deprecated"] == nil)
        }
    }
}

@Suite("The first version of the evaluation API")
struct FirstEvaluationTests {
    private static func created(_ members: JSONObject) -> JSONValue {
        var definition: JSONObject = ["type": "custom", "identifier": "d"]
        for (name, value) in members.members { definition[name] = value }
        return ["dataset_def": .object(definition)]
    }

    @Test("a dataset is created once, with renamed columns; a second time is a failure in a response with status 200")
    func datasets() async throws {
        try await TestServer.run { server async throws in
            let body = Self.created([
                "url": "data:text/csv,answer,expected_answer%0A2,2%0A5,4%0A",
                "rename_columns_map": ["answer": "generated_answer"],
            ])
            #expect(try await server.post("/datasets/create", body).json == ["status": "success", "msg": nil])
            let again = try await server.post("/datasets/create", body)
            #expect(again.json == ["status": "fail", "msg": "Dataset d already exists."])
            #expect(try await server.get("/datasets/get?dataset_identifier=d").json["type"] == "custom")
            let scored = try await server.post(
                "/evals/run_scorer",
                [
                    "dataset_config": ["dataset_identifier": "d"],
                    "eval_scoring_config": ["scorer_config_list": [["scorer_name": "accuracy"]]],
                ])
            #expect(
                scored.json["eval_result"]?["metrics"] == [
                    "AccuracyScorer:avg_accuracy": JSONValue(0.5), "AccuracyScorer:num_correct": 1,
                    "AccuracyScorer:num_total": 2,
                ], "\(scored.body)")
            #expect(scored.json["eval_result"]?["rows"]?["basic::equality"]?["scored"] == 2)
            let deletion: JSONValue = ["dataset_identifier": "d"]
            #expect(try await server.post("/datasets/delete", deletion).json["status"] == "success")
            #expect(try await server.post("/datasets/delete", deletion).json["status"] == "fail")
            #expect(try await server.get("/datasets/get?dataset_identifier=d").json == .null)
            let unreadable = try await server.post("/datasets/create", Self.created(["url": "file:///nope.csv"]))
            #expect(unreadable.status == 200 && unreadable.json["status"] == "fail")
            #expect(try await server.post("/datasets/create", ["uuid": "u", "dataset": [:]]).status == 400)
        }
    }

    @Test("questions of MMLU are answered by a model, and its letters are scored")
    func tasks() async throws {
        let fake = try FakeModelServer(.answer("It must be C.\nAnswer: C"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            _ = try await server.post(
                "/datasets/create",
                Self.created([
                    "url": "data:text/csv,Question,A,B,C,D,Answer%0Aq1,1,2,3,4,C%0Aq2,1,2,3,4,D%0Aq3,1,2,3,4,C%0A"
                ])
            )
            let answer = try await server.post(
                "/evals/run_eval_task",
                [
                    "eval_task_config": [
                        "dataset_config": ["dataset_identifier": "d", "row_limit": 2],
                        "processor_config": ["processor_identifier": "mmlu"], "generation_config": ["model": "m"],
                        "scoring_config": ["scorer_config_list": [["scorer_name": "accuracy"]]],
                    ]
                ])
            #expect(answer.json["eval_result"]?["metrics"]?["AccuracyScorer:avg_accuracy"] == JSONValue(0.5))
            #expect(answer.json["eval_result"]?["metrics"]?["AccuracyScorer:num_total"] == 2, "\(answer.body)")
            let older = try await server.post(
                "/evals/run_eval_task", ["model": "m", "task": "mmlu", "dataset": "d", "eval_task_config": nil])
            #expect(older.json["eval_result"]?["metrics"]?["AccuracyScorer:num_total"] == 3, "\(older.body)")
        }
    }

    @Test(
        "scorers that do not exist, and one that says nothing, are refused with those that do",
        arguments: ["random", "nope", ""])
    func unknownScorers(name: String) async throws {
        try await TestServer.run { server async throws in
            _ = try await server.post("/datasets/create", Self.created(["url": "data:text/csv,a,b%0A1,2%0A"]))
            let answer = try await server.post(
                "/evals/run_scorer",
                [
                    "dataset_config": ["dataset_identifier": "d"],
                    "eval_scoring_config": ["scorer_config_list": [["scorer_name": .string(name)]]],
                ])
            #expect(answer.status == 400 && answer.body.contains("llamastack-llm-judge"), "\(answer.body)")
        }
    }
}

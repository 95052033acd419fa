import AssayServer
import FakeModel
import JSON
import TestSupport
import Testing

@Suite("Evaluation jobs over HTTP")
struct JobTests {
    @Test(
        "a job runs, says how far it is, and has a result and a dataset of its rows",
        arguments: ["/v1/eval/benchmarks", "/v1alpha/eval/benchmarks"], ["b", "mine::b/1", "mine%3A%3Ab%2F1"])
    func life(family: String, path: String) async throws {
        let provider = ScriptedProvider(allowed: 2)
        try await TestServer.run(provider: provider) { server async throws in
            let id = path == "b" ? "b" : "mine::b/1"
            try await server.register(id, rows: 5, family: family)
            let jobs = "\(family)/\(path)/jobs"
            let made = try await server.post(jobs, jobRequest)
            #expect(made.status == 200 && made.json["benchmark_id"] == .string(id), "\(made.body)")
            let job = jobs + "/" + (made.json["job_id"]?.string ?? "")
            let running = try await server.job(job) { $0["progress"]?["done"] == 2 }
            #expect(running["status"] == "in_progress" && running["progress"] == ["done": 2, "total": 5])
            #expect(running["started_at"] != .null && running["finished_at"] == .null)
            let early = try await server.get(job + "/result")
            #expect(early.status == 409 && early.error["code"] == "job_not_finished")
            #expect(early.error["message"] == "the job is in_progress; 2 of 5 rows are complete")
            provider.allow(.max)
            let ended = try await server.job(job) { $0["finished_at"] != .null }
            #expect(ended["status"] == "completed" && ended["progress"] == ["done": 5, "total": 5])
            #expect(
                ended["scores"]?["f"] == [
                    "aggregated_results": ["average": ["average": JSONValue(1.0)]], "rows": ["total": 5],
                ])
            let result = try await server.get(job + "/result").json
            #expect(result["status"] == "completed" && result["job_id"] == made.json["job_id"])
            #expect(result["generations"] == .array((0..<5).map(generation)))
            for function in ["f", "g::h"] {
                #expect(result["scores"]?[function]?["score_rows"] == .array((0..<5).map { score($0, function) }))
                #expect(result["scores"]?[function]?["rows"] == ["total": 5])
            }
            #expect(try await server.get("\(family)/\(path)/results").json == result)
            let dataset = try #require(ended["dataset_id"]?.string)
            let rows = try await server.get("/v1/datasetio/iterrows/\(dataset)?start_index=4").json["data"]
            #expect(rows?.array?.count == 1 && rows?.array?.first?["generated_answer"] == "a4")
            let metadata = try await server.get("/v1/datasets/\(dataset)").json["metadata"]
            #expect(
                metadata == [
                    "job_id": made.json["job_id"] ?? .null, "benchmark_id": .string(id),
                    "candidate": ["type": "model", "model": "m", "sampling_params": [:]],
                ])
        }
    }

    @Test("a request for the result of a small job waits for its end")
    func immediateResult() async throws {
        let provider = ScriptedProvider(allowed: 2)
        let configuration = TestServer.configured { $0.resultWait = .seconds(60) }
        try await TestServer.run(configuration, provider: provider) { server async throws in
            try await server.register("b", rows: 5)
            let job = try await server.start("b")
            async let result = server.get(job + "/result")
            _ = try await server.job(job) { $0["progress"]?["done"] == 2 }
            provider.allow(.max)
            let answer = try await result
            #expect(answer.status == 200 && answer.json["status"] == "completed", "\(answer.body)")
            #expect(answer.json["generations"]?.array?.count == 5)
        }
    }

    @Test("a job that is cancelled stops, and keeps the rows that were done", arguments: ["DELETE", "POST"])
    func cancelling(method: String) async throws {
        try await TestServer.run(provider: ScriptedProvider(allowed: 3)) { server async throws in
            try await server.register("b", rows: 1_000)
            let job = try await server.start("b")
            _ = try await server.job(job) { $0["progress"]?["done"] == 3 }
            #expect(try await server.send(method, job + (method == "POST" ? "/cancel" : "")).json == .null)
            // It has stopped when this is answered.
            let ended = try await server.get(job).json
            #expect(ended["status"] == "cancelled" && ended["progress"] == ["done": 3, "total": 1_000])
            let result = try await server.get(job + "/result").json
            #expect(result["status"] == "cancelled" && result["generations"]?.array?.count == 3)
            #expect(result["scores"]?["f"]?["score_rows"]?.array?.count == 3)
            // Once more changes nothing.
            #expect(try await server.delete(job).status == 200)
            #expect(try await server.get(job).json == ended)
            #expect(try await server.get(benchmarks + "/b/results").status == 404)
        }
    }

    @Test("a job that waits is cancelled before it ever ran")
    func cancellingInTheQueue() async throws {
        let provider = ScriptedProvider(allowed: 0)
        let configuration = TestServer.configured { $0.maxJobs = 1 }
        try await TestServer.run(configuration, provider: provider) { server async throws in
            for id in ["a", "b"] { try await server.register(id, rows: 1) }
            let first = try await server.start("a")
            let second = try await server.start("b")
            _ = try await server.job(first) { $0["status"] == "in_progress" }
            #expect(try await server.get(second).json["status"] == "scheduled")
            #expect(try await server.get("/metrics").body.contains("assay_jobs_waiting 1\n"))
            #expect(try await server.delete(second).status == 200)
            let ended = try await server.get(second).json
            #expect(ended["status"] == "cancelled" && ended["started_at"] == .null && ended["finished_at"] != .null)
            #expect(try await server.get(second + "/result").json["generations"] == [])
            provider.allow(1)
            _ = try await server.job(first) { $0["status"] == "completed" }
            let metrics = try await server.get("/metrics").body
            #expect(metrics.contains("assay_jobs{status=\"cancelled\"} 1\n"))
            #expect(metrics.contains("assay_jobs{status=\"completed\"} 1\n"))
        }
        #expect(!provider.events.contains("begin b"))
    }

    @Test("a job that fails says why, and where the rows are that were done")
    func failing() async throws {
        try await TestServer.run { server async throws in
            try await server.register("b", rows: 5, metadata: ["fail_at": 2])
            let job = try await server.start("b")
            let ended = try await server.job(job) { $0["finished_at"] != .null }
            #expect(ended["status"] == "failed" && ended["error"] == "the engine broke at row 2")
            let dataset = try #require(ended["dataset_id"]?.string)
            let result = try await server.get(job + "/result")
            #expect(result.status == 409 && result.error["code"] == "job_failed")
            #expect(
                result.error["message"]?.string
                    == "the job failed: the engine broke at row 2; the completed rows are in the dataset \(dataset)"
            )
            #expect(try await server.get("/v1/datasetio/iterrows/\(dataset)").json["data"]?.array?.count == 2)
        }
    }

    @Test("a job whose dataset is gone fails and says so, and one whose benchmark is gone goes on")
    func goneResources() async throws {
        let provider = ScriptedProvider(allowed: 0)
        try await TestServer.run(TestServer.configured { $0.maxJobs = 1 }, provider: provider) { server async throws in
            try await server.register("a", rows: 2)
            try await server.register("b", rows: 2)
            let jobs = try await [server.start("a"), server.start("b")]
            _ = try await server.job(jobs[0]) { $0["status"] == "in_progress" }
            for id in ["a", "b"] { #expect(try await server.delete(benchmarks + "/" + id).status == 200) }
            #expect(try await server.delete("/v1/datasets/rows of b").status == 404)
            #expect(try await server.delete("/v1/datasets/rows-of-b").status == 200)
            provider.allow(.max)
            let ended = try await server.job(jobs[0]) { $0["finished_at"] != .null }
            #expect(ended["status"] == "completed" && ended["progress"]?["done"] == 2)
            let failed = try await server.job(jobs[1]) { $0["finished_at"] != .null }
            #expect(failed["status"] == "failed" && failed["error"] == "there is no dataset \"rows-of-b\"")
            #expect(try await server.get(benchmarks + "/a/jobs").json["data"]?.array?.count == 1)
            #expect(try await server.post(benchmarks + "/a/jobs", jobRequest).status == 404)
        }
    }

    @Test("when the rows were unregistered, the scores are still there")
    func goneRows() async throws {
        try await TestServer.run { server async throws in
            try await server.register("b", rows: 2)
            let job = try await server.start("b")
            let ended = try await server.job(job) { $0["finished_at"] != .null }
            _ = try await server.delete("/v1/datasets/" + (ended["dataset_id"]?.string ?? ""))
            let result = try await server.get(job + "/result")
            #expect(result.status == 410 && result.error["code"] == "rows_gone")
            #expect(try await server.get(job).json["scores"]?["f"]?["rows"] == ["total": 2])
        }
    }

    @Test("more jobs than may wait are turned away, and told when to come again")
    func fullQueue() async throws {
        let provider = ScriptedProvider(allowed: 0)
        let configuration = TestServer.configured { ($0.maxJobs, $0.maxQueuedJobs) = (1, 2) }
        try await TestServer.run(configuration, provider: provider) { server async throws in
            try await server.register("b", rows: 1)
            let running = try await server.start("b")
            _ = try await server.job(running) { $0["status"] == "in_progress" }
            for _ in 0..<2 { _ = try await server.start("b") }
            let refused = try await server.post(benchmarks + "/b/jobs", jobRequest)
            #expect(refused.status == 429 && refused.error["code"] == "too_many_jobs")
            #expect(refused.header("retry-after") == "10")
            provider.allow(1)
            _ = try await server.job(running) { $0["status"] == "completed" }
            #expect(try await server.get(benchmarks + "/b/jobs").json["data"]?.array?.count == 3)
        }
    }

    @Test("jobs are listed by pages, the newest first")
    func listing() async throws {
        try await TestServer.run { server async throws in
            try await server.register("b", rows: 1)
            try await server.register("empty", rows: 1)
            var ids: [JSONValue] = []
            for _ in 0..<3 {
                let job = try await server.start("b")
                ids.insert(try await server.job(job) { $0["status"] == "completed" }["job_id"] ?? .null, at: 0)
            }
            func page(_ query: String) async throws -> (ids: [JSONValue?]?, hasMore: JSONValue?) {
                let page = try await server.get(benchmarks + "/b/jobs" + query).json
                return (page["data"]?.array?.map { $0["job_id"] }, page["has_more"])
            }
            let all = try await page("")
            #expect(all.ids == ids && all.hasMore == false)
            let two = try await page("?limit=2")
            #expect(two.ids == Array(ids[..<2]) && two.hasMore == true)
            let rest = try await page("?start_index=2&limit=2")
            #expect(rest.ids == [ids[2]] && rest.hasMore == false)
            #expect(try await server.get(benchmarks + "/empty/jobs").json["data"] == [])
            #expect(try await server.get(benchmarks + "/nothing/jobs").status == 404)
            #expect(try await server.get(benchmarks + "/empty/jobs/\(ids[0].string ?? "")").status == 404)
        }
    }

    @Test("a request's own key is sent for the job that it starts, and for no other")
    func credentials() async throws {
        let fake = try FakeModelServer(.answer("7"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            try await server.register("b", rows: 2, metadata: ["asks": "m"])
            let headers = [("X-LlamaStack-Provider-Data", "{\"openai_api_key\": \"sk-mine\"}")]
            for headers in [headers, []] {
                let made = try await server.post(benchmarks + "/b/jobs", jobRequest, headers: headers)
                let job = "\(benchmarks)/b/jobs/" + (made.json["job_id"]?.string ?? "")
                #expect(try await server.job(job) { $0["finished_at"] != .null }["status"] == "completed")
            }
            let keys = fake.requests.map { $0.header("authorization") }
            #expect(keys == ["Bearer sk-mine", "Bearer sk-mine", nil, nil])
        }
    }

    @Test(
        "what is wrong with a request for a job is said, with the place",
        arguments: [
            ([:], "/benchmark_config"), (["benchmark_config": []], "/benchmark_config"),
            (["benchmark_config": ["eval_candidate": ["type": "model"]]], "/benchmark_config/eval_candidate/model"),
        ] as [(JSONValue, String)])
    func faults(body: JSONValue, param: String) async throws {
        try await TestServer.run { server async throws in
            try await server.register("b", rows: 1)
            let answer = try await server.post(benchmarks + "/b/jobs", body)
            #expect(answer.status == 400 && answer.error["param"] == .string(param), "\(answer.body)")
            #expect(try await server.get(benchmarks + "/b/jobs").json["data"] == [])
        }
    }
}

@Suite("Evaluation jobs and the end of the server")
struct JobRestartTests {
    @Test("jobs that wait or run when the server stops go on when it is started again")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let configuration = TestServer.configured { $0.maxJobs = 1 }
        let first = ScriptedProvider(allowed: 3)
        try await TestServer.run(configuration, folder: folder, provider: first) { server async throws in
            for id in ["a", "b"] { try await server.register(id, rows: 5) }
            let job = try await server.start("a")
            _ = try await server.start("b")
            _ = try await server.job(job) { $0["progress"]?["done"] == 3 }
        }
        #expect(first.events.suffix(2) == ["begin a", "suspend a"])
        let second = ScriptedProvider(allowed: 0)
        try await TestServer.run(configuration, folder: folder, provider: second) { server async throws in
            let job = try #require(try await server.get(benchmarks + "/a/jobs").json["data"]?.array?.first)
            #expect(job["status"] == "in_progress" && job["dataset_id"] == .null)
            second.allow(.max)
            for id in ["a", "b"] {
                let listed = try await server.get(benchmarks + "/\(id)/jobs").json["data"]?.array?.first
                let path = "\(benchmarks)/\(id)/jobs/" + (listed?["job_id"]?.string ?? "")
                let ended = try await server.job(path) { $0["finished_at"] != .null }
                #expect(ended["status"] == "completed" && ended["progress"] == ["done": 5, "total": 5])
                #expect(try await server.get(path + "/result").json["generations"]?.array?.count == 5)
            }
        }
        #expect(second.events == ["begin a", "begin b"])
        #expect(second.states == [["runs": 1], nil])
    }

    @Test("a job whose provider is gone after the restart fails, and says which there are")
    func goneProvider() async throws {
        let folder = try TemporaryFolder()
        let first = ScriptedProvider("other", allowed: 0)
        try await TestServer.run(folder: folder, provider: first) { server async throws in
            try await server.register("a", rows: 5, provider: "other")
            let job = try await server.start("a")
            _ = try await server.job(job) { $0["status"] == "in_progress" }
        }
        try await TestServer.run(folder: folder) { server async throws in
            let listed = try await server.get(benchmarks + "/a/jobs").json["data"]?.array?.first
            let path = "\(benchmarks)/a/jobs/" + (listed?["job_id"]?.string ?? "")
            let ended = try await server.job(path) { $0["finished_at"] != .null }
            #expect(ended["status"] == "failed")
            #expect(
                ended["error"]?.string?.contains("there is no evaluation provider \"other\"; there are assay, scripted")
                    ?? false)
        }
    }
}

import AssayServer
import FakeModel
import Inference
import JSON
import Testing

@Suite("Who may use the server, and with what")
struct AccessTests {
    private static let locked = TestServer.configured { $0.accessToken = "a token of some length" }

    @Test("with a token, only those who send it are let in, but for questions about the server's health")
    func tokens() async throws {
        try await TestServer.run(Self.locked) { server async throws in
            #expect(try await server.get("/v1/health").status == 200)
            #expect(try await server.get("/v1/version").status == 200)
            for path in ["/v1/datasets", "/v1/datasets/d", "/metrics", "/nope", "/v1/providers"] {
                let answer = try await server.get(path)
                #expect(answer.status == 401, "\(path)")
                #expect(answer.header("www-authenticate") == "Bearer")
                #expect(answer.error["type"] == "authentication_error")
            }
            for value in [
                "", "Bearer", "Bearer ", "Bearer wrong", "a token of some length", "Basic a token of some length",
                "Bearer a token of some lengt", "Bearer a token of some lengthh",
            ] {
                #expect(
                    try await server.get("/v1/datasets", headers: [("Authorization", value)]).status == 401, "\(value)")
            }
            for value in ["Bearer a token of some length", "bearer a token of some length"] {
                #expect(try await server.get("/v1/datasets", headers: [("Authorization", value)]).status == 200)
            }
        }
    }

    @Test("pages of other sites can change nothing, unless that is allowed")
    func origins() async throws {
        let body: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": []]
        try await TestServer.run { server async throws in
            let other = try await server.post("/v1/eval/benchmarks", body, headers: [("Origin", "http://evil.example")])
            #expect(other.status == 403 && other.header("access-control-allow-origin") == nil)
            #expect(try await server.post("/v1/eval/benchmarks", body, headers: [("Origin", "null")]).status == 403)
            let own = try await server.post("/v1/eval/benchmarks", body, headers: [("Origin", server.url)])
            #expect(own.status == 200)
        }
        try await TestServer.run(TestServer.configured { $0.allowedOrigins = ["https://good.example"] }) {
            server async throws in
            let good = [("Origin", "https://good.example")]
            let answer = try await server.post("/v1/eval/benchmarks", body, headers: good)
            #expect(answer.status == 200 && answer.header("access-control-allow-origin") == "https://good.example")
            let asked = try await server.send("OPTIONS", "/v1/eval/benchmarks", headers: good)
            #expect(asked.status == 204 && asked.header("access-control-allow-methods") == "GET, POST, DELETE")
            let other = try await server.get("/v1/health", headers: [("Origin", "https://other.example")])
            #expect(other.status == 200 && other.header("access-control-allow-origin") == nil)
        }
    }

    @Test("without a token, only requests to this machine's own names are answered")
    func hosts() async throws {
        @Sendable func status(_ server: TestServer, _ host: String) async throws -> TestResponse {
            try await server.get("/v1/datasets", headers: host.isEmpty ? [] : [("Host", host)])
        }
        try await TestServer.run { server async throws in
            for host in ["", "localhost", "LocalHost:1", "127.0.0.1", "127.1.2.3:8321", "[::1]", "[::1]:8321"] {
                #expect(try await status(server, host).status == 200, "\(host)")
            }
            for host in [
                "evil.example", "evil.example:8321", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1",
                "[::2]", "[::1].evil.example", "0.0.0.0",
            ] {
                let answer = try await status(server, host)
                #expect(answer.status == 403 && answer.error["code"] == "host_not_allowed", "\(host): \(answer.body)")
                #expect(try await server.get("/", headers: [("Host", host)]).status == 403)
            }
            let old = try RawClient(port: server.port)
            try await old.send("GET /v1/health HTTP/1.0\r\n\r\n")
            #expect(try await old.receive(upTo: "\r\n\r\n")?.hasPrefix("HTTP/1.1 200 ") ?? false)
        }
        try await TestServer.run(Self.locked) { server async throws in
            #expect(try await status(server, "assay.example").status == 401)
        }
    }

    @Test("a key that a request brings is sent for that request only, and is in no answer")
    func credentials() async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let body: JSONValue = [
                "input_rows": [["generated_answer": "x"]],
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            let header = "X-LlamaStack-Provider-Data"
            let data =
                "{\"openai_api_key\": \"sk-of-the-client-1\", \"https_proxy\": \"http://127.0.0.1:1\", \"other\": 1}"
            for (headers, expected) in [([], nil), ([(header, data)], "Bearer sk-of-the-client-1"), ([], nil)] {
                let answer = try await server.post("/v1/scoring/score", body, headers: headers)
                #expect(answer.status == 200, "\(answer.body)")
                #expect(!answer.body.contains("sk-of"))
                #expect(fake.requests.last?.header("Authorization") == expected)
            }
            #expect(fake.requests.count == 3)
            for broken in [
                "{", "1", "[]", "null", #"{"openai_api_key": 1}"#, #"{"OpenAI_API_Key": []}"#,
                #"{"openai_api_key": "a b"}"#, #"{"openai_api_key": "\u00e9"}"#, #"{"openai_api_key": "a\nb"}"#,
            ] {
                let answer = try await server.post("/v1/scoring/score", body, headers: [(header, broken)])
                #expect(answer.status == 400 && answer.error["param"] == .string(header), "\(broken): \(answer.body)")
            }
            #expect(fake.requests.count == 3)
        }
    }

    @Test(
        "a key without a value is not a key, as the official command line sends keys that nobody has",
        arguments: [
            #"{"fireworks_api_key": "", "together_api_key": "", "openai_api_key": ""}"#,
            #"{"openai_api_key": null}"#, #"{"openai_api_key": " \t\n"}"#, "{}", "", " ",
            // Keys of other services are their own matter, whatever they look like.
            #"{"tavily_search_api_key": {"key": 1}, "other_api_key": "\u00e9 x"}"#,
        ])
    func emptyKeys(value: String) async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            for name in ["X-LlamaStack-Provider-Data", "X-LlamaStack-ProviderData"] {
                let answer = try await server.get("/v1/scoring-functions", headers: [(name, value)])
                #expect(answer.status == 200, "\(answer.body)")
            }
        }
    }

    @Test(
        "a key is used without the white space around it, under either name of the header",
        arguments: ["X-LlamaStack-Provider-Data", "X-LlamaStack-ProviderData"])
    func trimmedKey(header: String) async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let body: JSONValue = [
                "input_rows": [["generated_answer": "x"]],
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            let data = #"{"openai_api_key": "sk-of-the-client-1\n", "together_api_key": ""}"#
            #expect(try await server.post("/v1/scoring/score", body, headers: [(header, data)]).status == 200)
            #expect(fake.requests.last?.header("Authorization") == "Bearer sk-of-the-client-1")
        }
    }

    @Test(
        "a key may bear the name of the variable that a configured model's key is in",
        arguments: ["My_Token", "MY_TOKEN"])
    func configuredKey(name: String) async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4"))
        defer { fake.stop() }
        let model = ModelConfiguration(id: "m", url: fake.url, apiKeyVariable: "my_token")
        try await TestServer.run(models: [model]) { server async throws in
            let body: JSONValue = [
                "input_rows": [["generated_answer": "x"]],
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            let header = ("X-LlamaStack-Provider-Data", "{\"\(name)\": \"sk-of-the-client\"}")
            #expect(try await server.post("/v1/scoring/score", body, headers: [header]).status == 200)
            #expect(fake.requests.last?.header("Authorization") == "Bearer sk-of-the-client")
        }
    }

    @Test("more requests than are allowed at once are answered that they should come again")
    func tooMany() async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4").delayed(by: .milliseconds(300)))
        defer { fake.stop() }
        try await TestServer.run(TestServer.configured { $0.maxConcurrentRequests = 1 }, modelURL: fake.url) {
            server async throws in
            let body: JSONValue = [
                "input_rows": [["generated_answer": "x"]],
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            async let first = server.post("/v1/scoring/score", body)
            while fake.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            let second = try await server.get("/v1/health")
            #expect(second.status == 429 && second.header("retry-after") == "1")
            #expect(second.error["type"] == "rate_limit_error")
            #expect(try await first.status == 200)
            #expect(try await server.get("/v1/health").status == 200)
        }
    }

    @Test("what models were asked is counted, for requests and for jobs")
    func modelMetrics() async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4"))
        defer { fake.stop() }
        try await TestServer.run(modelURL: fake.url) { server async throws in
            let body: JSONValue = [
                "input_rows": [["generated_answer": "x"], ["generated_answer": "y"]],
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
                    ]
                ],
            ]
            #expect(try await server.post("/v1/scoring/score", body).status == 200)
            let before = try await server.get("/metrics").body
            #expect(
                before.contains("assay_model_requests_total 2\n") && before.contains("assay_model_replies_total 2\n"))
            let rows: JSONValue = [
                ["question": "a", "answer": "4"], ["question": "b", "answer": "4"], ["question": "c", "answer": "4"],
            ]
            let dataset: JSONValue = [
                "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
            ]
            #expect(try await server.post("/v1/datasets", dataset).status == 200)
            let benchmark: JSONValue = [
                "benchmark_id": "c", "dataset_id": "d", "scoring_functions": ["basic::equality"],
            ]
            #expect(try await server.post(benchmarks, benchmark).status == 200)
            let job = try await server.start("c")
            _ = try await server.job(job) { $0["finished_at"] != .null }
            while try await !server.get("/metrics").body.contains("assay_model_requests_total 5\n") {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("what was done is counted")
    func metrics() async throws {
        try await TestServer.run { server async throws in
            _ = try await server.get("/v1/health")
            let rows: JSONValue = [["generated_answer": "a", "expected_answer": "a"], [:]]
            _ = try await server.post(
                "/v1/scoring/score", ["input_rows": rows, "scoring_functions": ["basic::equality": nil]])
            let text = try await server.get("/metrics").body
            for line in [
                "assay_http_requests_total{operation=\"health\",status=\"200\"} 1",
                "assay_http_requests_total{operation=\"score\",status=\"200\"} 1", "assay_rows_total 2",
                "assay_rows_unscored_total 1", "assay_http_requests_open 1",
                "assay_http_request_duration_seconds_count{operation=\"health\"} 1",
                "assay_build_info{version=\"1.2.3\"} 1", "assay_model_requests_total 0",
            ] {
                #expect(text.contains(line + "\n"), "\(line)")
            }
        }
    }
}

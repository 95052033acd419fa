import Inference
import JSON
import Testing

struct ConfigurationTests {
    private func models(_ text: String) throws -> [ModelConfiguration] {
        try ModelConfiguration.models(in: JSONValue(parsing: text), file: "assay.json")
    }

    @Test("everything that can be said about a model is read")
    func whole() throws {
        let models = try models(
            """
            {"server": {"port": 8321}, "models": [
              {"id": "judge", "url": "https://h/v1", "model": "org/Judge-70B", "api_key_env": "KEY",
               "headers": {"X-Team": "evals", "X-Secret": {"env": "TEAM_SECRET"}},
               "limits": {"max_concurrency": 8, "timeout_seconds": 2.5, "max_retries": 0, "requests_per_minute": 90},
               "price_per_million": {"input": 0.5, "output": 1}},
              {"id": "small", "url": "http://localhost:8080", "limits": {"max_retries": 1}, "api_key_env": null}
            ]}
            """)
        #expect(
            models == [
                ModelConfiguration(
                    id: "judge", url: "https://h/v1", model: "org/Judge-70B", apiKeyVariable: "KEY",
                    headers: [
                        .init(name: "X-Team", value: .literal("evals")),
                        .init(name: "X-Secret", value: .environment("TEAM_SECRET")),
                    ],
                    limits: ModelLimits(
                        maxConcurrency: 8, timeout: .seconds(2.5), maxRetries: 0, requestsPerMinute: 90),
                    price: ModelPrice(input: 0.5, output: 1)),
                ModelConfiguration(id: "small", url: "http://localhost:8080", limits: ModelLimits(maxRetries: 1)),
            ])
        #expect(models[1].model == "small")
    }

    @Test("what is changed about requests and replies is read")
    func adjustments() throws {
        let models = try models(
            """
            {"models": [
              {"id": "a", "url": "http://h", "default_temperature": null,
               "parameters": {"rename": {"max_tokens": "max_completion_tokens"}, "drop": ["seed"],
                              "set": {"reasoning_effort": "low"}},
               "reasoning": {"strip": "</think>", "keep": false},
               "price_per_million": {"input": 1, "output": 2, "cached_input": 0.5}},
              {"id": "b", "url": "http://h", "reasoning": {"strip": null}, "default_temperature": 1},
              {"id": "c", "url": "http://h", "reasoning": {"strip": ["</a>", "</b>"]}}
            ]}
            """)
        #expect(
            models[0].parameters
                == RequestParameters(
                    rename: ["max_tokens": "max_completion_tokens"], drop: ["seed"], set: ["reasoning_effort": "low"],
                    defaultTemperature: .unset))
        #expect(models[0].reasoning == ReasoningSettings(marks: .closing(["</think>"]), isKept: false))
        #expect(models[0].price == ModelPrice(input: 1, output: 2, cachedInput: 0.5))
        #expect(models[1].reasoning == ReasoningSettings(marks: .none))
        #expect(models[1].parameters == RequestParameters(defaultTemperature: .value(1)))
        #expect(models[2].reasoning == ReasoningSettings(marks: .closing(["</a>", "</b>"])))
    }

    @Test("the server of agents is read, and everything that can be said about it")
    func agents() throws {
        let text = """
            {"agents": {"url": "https://h:8321", "api_key_env": "KEY", "headers": {"X-Team": "evals"},
                        "limits": {"max_concurrency": 4, "timeout_seconds": 600}}}
            """
        let json = try JSONValue(parsing: text)
        let agents = try #require(try ModelConfiguration.agents(in: json, file: "assay.json"))
        #expect((agents.url, agents.apiKeyVariable) == ("https://h:8321", "KEY"))
        #expect(agents.headers == [.init(name: "X-Team", value: .literal("evals"))])
        #expect(agents.limits == ModelLimits(maxConcurrency: 4, timeout: .seconds(600)))
        #expect(try ModelConfiguration.models(in: json, file: "assay.json") == [])
        #expect(try ModelConfiguration.agents(in: JSONValue(parsing: "{}"), file: "assay.json") == nil)
    }

    @Test(
        "a fault of the server of agents is told with its place",
        arguments: [
            (#"{"agents": []}"#, "/agents: found an empty array; expected an object"),
            (#"{"agents": {}}"#, #"/agents/url: found nothing; expected a URL that begins with http"#),
            (
                #"{"agents": {"url": "http://h", "model": "m"}}"#,
                "/agents/model: found an unknown member; expected one of url, api_key_env, headers, limits"
            ),
            (
                #"{"agents": {"url": "http://h", "limits": {"max_retries": -1}}}"#,
                "/agents/limits/max_retries: found -1; expected an integer from 0 to 100"
            ),
        ])
    func agentFaults(text: String, message: String) throws {
        let json = try JSONValue(parsing: text)
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ModelConfiguration.agents(in: json, file: "assay.json")
        }
        #expect("\(try #require(error))".contains(message))
    }

    @Test("a file without models is one without models")
    func none() throws {
        #expect(try models("{}") == [])
        #expect(try models(#"{"models": []}"#) == [])
    }

    @Test(
        "a fault is told with its place, what is there and what should be",
        arguments: [
            ("[]", "found an empty array; expected an object"),
            (#"{"models": {}}"#, "/models: found an object; expected an array"),
            (#"{"models": [7]}"#, "/models/0: found 7; expected an object"),
            (#"{"models": [{"url": "http://h"}]}"#, #"/models/0/id: found nothing; expected the name of the model"#),
            (
                #"{"models": [{"id": "a"}]}"#,
                #"/models/0/url: found nothing; expected a URL that begins with http:// or https://"#
            ),
            (
                #"{"models": [{"id": "a", "url": "h:8000"}]}"#,
                #"/models/0/url: found "h:8000"; expected a URL that begins with http:// or https://"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "key": "x"}]}"#,
                "/models/0/key: found an unknown member; expected one of id, url, model, api_key_env, headers, limits, "
                    + "price_per_million, reasoning, parameters, default_temperature, api, stream, batch"
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "reasoning": {"strip": [7]}}]}"#,
                "/models/0/reasoning/strip: found an array; expected the text that ends the thinking, such as "
                    + #""</think>", a list of such strings, or null"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "parameters": {"drop": ["seed", "messages"]}}]}"#,
                #"/models/0/parameters/drop/1: found "messages"; expected the name of a member other than "#
                    + "assay, input, messages, model, n, prompt, stream, stream_options"
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "parameters": {"rename": {"seed": 1}}}]}"#,
                "/models/0/parameters/rename/seed: found 1; expected the member's new name, a string"
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "parameters": {"set": {"seed": null}}}]}"#,
                "/models/0/parameters/set/seed: found null; expected a value; to omit a member, name it in drop"
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "default_temperature": "0"}]}"#,
                #"/models/0/default_temperature: found "0"; expected a number from 0, or null to send none"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h"}, {"id": "a", "url": "http://i"}]}"#,
                #"/models/1/id: found "a"; expected an id that no other model has"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "headers": {"a/b": {"file": "x"}}}]}"#,
                #"/models/0/headers/a~1b: found an object; expected a string, or {"env": "NAME"}"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "limits": {"max_concurrency": 0}}]}"#,
                "/models/0/limits/max_concurrency: found 0; expected an integer from 1 to 10000"
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "limits": {"timeout_seconds": "1"}}]}"#,
                #"/models/0/limits/timeout_seconds: found "1"; expected a number above 0, at most 86400"#
            ),
            (
                #"{"models": [{"id": "a", "url": "http://h", "price_per_million": {"input": 1}}]}"#,
                #"/models/0/price_per_million/output: found nothing; "#
                    + #"expected a number from 0, the price of a million tokens"#
            ),
        ])
    func faults(_ text: String, message: String) throws {
        let error = try #require(throws: ConfigurationError.self) { _ = try models(text) }
        #expect(error.description == "assay.json: " + message)
    }

    @Test("a file that cannot be read, or is no JSON, says so")
    func files() throws {
        let missing = try #require(throws: ConfigurationError.self) {
            _ = try ModelConfiguration.models(inFile: "/nowhere/assay.json")
        }
        #expect(
            missing.description
                == "/nowhere/assay.json: found no readable file (No such file or directory); "
                + "expected a file of at most 16 MiB")
        let other = try #require(throws: ConfigurationError.self) {
            _ = try ModelConfiguration.models(inFile: #filePath)
        }
        #expect(other.description.contains("found text that is not valid JSON"))
    }
}

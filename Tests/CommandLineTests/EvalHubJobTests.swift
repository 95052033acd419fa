import FakeModel
import Glibc
import JSON
import Testing

@Suite("Jobs of EvalHub")
struct EvalHubJobTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder([
            "rows.jsonl": """
            {"input_query": "9 + 9?", "expected_answer": "18", "generated_answer": "18"}
            {"input_query": "9 + 8?", "expected_answer": "17", "generated_answer": "18"}
            {"input_query": "9 + 7?"}

            """, "token": "a-token\n", "secret/api-key": "sk-model\n",
        ])
    }

    /// A service that answers every request in the same way, and keeps them.
    private func hub(_ reply: @escaping @Sendable (FakeNeMo.Request) -> FakeNeMo.Reply = { _ in .json(204, .null) })
        async throws -> FakeNeMo
    {
        try await FakeNeMo { reply($0) }
    }

    private func job(_ hub: FakeNeMo, model: String = "", benchmark: String = "mine", _ parameters: JSONValue)
        -> JSONValue
    {
        [
            "id": "job 1", "provider_id": "assay", "benchmark_id": .string(benchmark), "benchmark_index": 2,
            "model": [
                "url": .string(model), "name": "m", "auth": ["secret_ref": .string("file://\(folder.path)/secret")],
            ],
            "parameters": parameters, "callback_url": .string(hub.url + "/"), "num_examples": 10, "tags": [],
            "primary_score": ["metric": "accuracy", "lower_is_better": false], "a_member_of_later_versions": true,
        ]
    }

    private func command(_ job: JSONValue, _ arguments: [String] = []) throws -> Command {
        try folder.write(job.text, to: "job.json")
        var command = Command(arguments: ["evalhub-job"] + arguments, folder: folder.path)
        command.setup = "export EVALHUB_JOB_SPEC_PATH=job.json EVALHUB_AUTH_TOKEN_PATH=token XDG_CACHE_HOME=$PWD/cache"
        return command
    }

    private func events(_ hub: FakeNeMo) -> [JSONValue] {
        hub.requests.compactMap { $0.body["benchmark_status_event"] }
    }

    @Test("a model is evaluated, with its key, and the metrics are reported")
    func evaluation() async throws {
        let model = try FakeModelServer(.answer("18"))
        let hub = try await hub()
        let parameters: JSONValue = [
            "dataset": "rows.jsonl", "functions": ["basic::equality": nil], "sampling": ["max_tokens": 9],
            "where": ["expected_answer!=0"], "max_requests": 20,
        ]
        let result = try command(job(hub, model: model.url, parameters)).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(hub.requests.allSatisfy { $0.line == "POST /api/v1/evaluations/jobs/job%201/events" }, "\(hub.lines)")
        #expect(hub.requests.allSatisfy { $0.authorization == "Bearer a-token" })
        let events = events(hub)
        #expect(events.map { $0["status"]?.string } == ["running", "running", "completed"])
        #expect(events.map { $0["phase"]?.string } == ["initializing", "running_evaluation", "completed"])
        #expect(events.allSatisfy { $0["id"] == "mine" && $0["provider_id"] == "assay" && $0["benchmark_index"] == 2 })
        let last = try #require(events.last)
        #expect(last["metrics"]?["accuracy"] == JSONValue(0.5), "\(last)")
        #expect(last["metrics"]?["rows"] == 3 && last["metrics"]?["rows_unscored"] == 1)
        #expect(last["overall_score"] == JSONValue(0.5))
        #expect(last["warning_message"]?["message_code"] == "rows_unscored")
        #expect(last["additional_info"]?["results"]?["basic::equality"]?["rows"]?["input_error"] == 1)
        let request = try #require(model.requests.first)
        #expect(request.header("Authorization") == "Bearer sk-model")
        #expect(!result.errors.contains("sk-model"))
    }

    @Test("answers that were generated elsewhere are scored, with several functions by name, and the run is kept")
    func answers() async throws {
        let hub = try await hub()
        let parameters: JSONValue = ["dataset": "rows.jsonl", "functions": ["basic::equality", "basic::subset_of"]]
        let result = try command(job(hub, parameters), ["--save", "kept"]).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        let metrics = try #require(events(hub).last?["metrics"]?.object)
        #expect(metrics["basic::equality/accuracy"] == JSONValue(0.5) && metrics["basic::subset_of/accuracy"] != nil)
        #expect(try folder.read("kept/results.json").contains("assay.run/1"))
    }

    @Test(
        "a job that cannot be run is reported as failed, with the reason",
        arguments: [
            (["dataset": "rows.jsonl"], "nor an open benchmark"),
            (["dataset": "rows.jsonl", "functions": ["basic::equalty"]], "basic::equalty"),
            (["dataset": "none.jsonl", "functions": ["basic::equality"]], "none.jsonl"),
            (["dataset": "--output=x", "functions": ["basic::equality"]], "/parameters/dataset"),
            (
                ["dataset": "rows.jsonl", "functions": ["basic::equality"], "output": "/etc/passwd"],
                "/parameters/output: found an unknown member"
            ),
            (["dataset": "rows.jsonl", "functions": 7], "/parameters/functions"),
            (["dataset": "rows.jsonl", "functions": ["basic::equality"], "max_cost": [["a"]]], "/parameters/max_cost"),
        ] as [(JSONValue, String)])
    func failures(_ parameters: JSONValue, _ reason: String) async throws {
        let hub = try await hub()
        let result = try command(job(hub, parameters)).run()
        #expect(result.ending != .status(0))
        let last = try #require(events(hub).last)
        #expect(last["status"] == "failed" && last["metrics"] == nil)
        let message = try #require(last["error_message"]?["message"]?.string)
        #expect(message.contains(reason), "\(message)")
    }

    @Test(
        "no parameter of a job names a file with secrets of the adapter",
        arguments: [
            ["dataset": "token"], ["dataset": "file:///proc/self/environ"], ["dataset": "/proc/self/environ#csv"],
            ["dataset": "file://localhost/proc/self/environ"], ["dataset": "file:///pro%63/self/environ"],
            ["dataset": "linked.jsonl"], ["dataset": "rows.jsonl", "system_message": "@secret/api-key"],
            ["dataset": "rows.jsonl", "require": ["x=secret/api-key"]],
            ["benchmark": ["dataset": ["path": "../../../../../../proc/self/environ"]]],
        ] as [JSONValue])
    func secrets(_ parameters: JSONValue) async throws {
        let hub = try await hub()
        #expect(symlink("token", "\(folder.path)/linked.jsonl") == 0)
        var parameters = parameters.object ?? [:]
        parameters["functions"] = ["basic::equality"]
        let result = try command(job(hub, model: "http://127.0.0.1:1/v1", .object(parameters))).run()
        #expect(result.ending != .status(0))
        let message = events(hub).last?["error_message"]?["message"]?.string ?? ""
        #expect(message.contains("expected a file that is not private to the adapter"), "\(message)")
    }

    @Test("a specification that cannot be read says where")
    func specification() async throws {
        let hub = try await hub()
        var incomplete = try #require(job(hub, [:]).object)
        incomplete["model"] = ["url": "x"]
        let result = try command(.object(incomplete)).run()
        #expect(result.ending == .status(1))
        #expect(result.errors.contains("job.json: /model/name: found nothing"), "\(result.errors)")
        var missing = Command(arguments: ["evalhub-job"], folder: folder.path)
        missing.setup = "unset EVALHUB_JOB_SPEC_PATH EVALHUB_MODE"
        #expect(try missing.run().errors.contains("meta/job.json"))
    }

    @Test("an event that EvalHub refuses for a moment is sent again; results that do not arrive are an error")
    func unreliable() async throws {
        let parameters: JSONValue = ["dataset": "rows.jsonl", "functions": ["basic::equality"]]
        let shaky = try await hub {
            $0.count % 2 == 1 ? ($0.count % 4 == 1 ? .drop : .json(503, .null)) : .json(204, .null)
        }
        let result = try command(job(shaky, parameters)).run()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(events(shaky).last?["status"] == "completed")

        let closed = try await hub { _ in .json(403, ["message": "no"]) }
        let refused = try command(job(closed, parameters)).run()
        #expect(refused.ending == .status(1))
        #expect(refused.errors.contains("the results could not be reported to EvalHub"), "\(refused.errors)")
        #expect(refused.errors.contains("status 403") && refused.errors.contains("EVALHUB_AUTH_TOKEN_PATH"))
    }

    @Test("a job that is interrupted is reported as failed, with a code of its own")
    func stopped() async throws {
        let model = try FakeModelServer(.stall(.beforeHead))
        let hub = try await hub()
        let parameters: JSONValue = ["dataset": "rows.jsonl", "functions": ["basic::equality"]]
        let running = try RunningCommand(try command(job(hub, model: model.url, parameters)))
        while model.requests.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
        kill(running.pid, SIGTERM)
        let result = try running.finish()
        #expect(result.ending == .status(130), "\(result.errors)")
        let last = try #require(events(hub).last)
        #expect(last["status"] == "failed" && last["error_message"]?["message_code"] == "job_cancelled", "\(last)")
    }
}

import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1
import Testing

/// A server under way.
struct Serving {
    let running: RunningCommand
    let url: String

    init(_ folder: TemporaryFolder, _ options: [String] = [], setup: String = "") throws {
        let cache = options.contains("--cache") ? [] : ["--no-cache"]
        var command = folder.command(["serve", "--port", "0", "--data-dir", "data"] + cache + options)
        command.setup = setup
        let running = try RunningCommand(command)
        try running.wait { running.errorText.contains("\"url\": \"") && running.errorText.hasSuffix("\n") }
        self.running = running
        let port = running.errorText.split(separator: "\"url\": \"").last?.prefix { $0 != "\"" }.split(separator: ":")
            .last
        url = "http://127.0.0.1:\(port ?? "")"
    }

    func post(_ path: String, _ body: JSONValue) async throws -> (status: Int, json: JSONValue) {
        try await CommandLineTests.post(url + path, body)
    }

    func get(_ path: String) async throws -> JSONValue { try JSONValue(parsing: await text(path)) }

    func text(_ path: String) async throws -> String {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url + path), timeout: .seconds(20))
        return String(buffer: try await response.body.collect(upTo: 1 << 26))
    }

    /// Registers rows and the benchmark `b` of them, and starts a job in which the model `fake` answers them.
    ///
    /// - Returns: the job's id.
    func startJob(_ rows: JSONValue) async throws -> String {
        let dataset: JSONValue = [
            "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": rows],
        ]
        #expect(try await post("/v1/datasets", dataset).status == 200)
        let benchmark: JSONValue = ["benchmark_id": "b", "dataset_id": "d", "scoring_functions": ["basic::equality"]]
        #expect(try await post("/v1/eval/benchmarks", benchmark).status == 200)
        let sampling: JSONValue = ["strategy": ["type": "greedy"]]
        let candidate: JSONValue = ["type": "model", "model": "fake", "sampling_params": sampling]
        let job = try await post("/v1/eval/benchmarks/b/jobs", ["benchmark_config": ["eval_candidate": candidate]])
        return try #require(job.json["job_id"]?.string, "\(job.json.text)")
    }

    /// Reads what it logs, which it would wait for at some time.
    func readLog() throws {
        var isDone = false
        try running.wait {
            defer { isDone = true }
            return isDone
        }
    }
}

func post(_ url: String, _ body: JSONValue) async throws -> (status: Int, json: JSONValue) {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(string: body.text))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let text = String(buffer: try await response.body.collect(upTo: 1 << 26))
    return (Int(response.status.code), (try? JSONValue(parsing: text)) ?? .null)
}

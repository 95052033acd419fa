import AsyncHTTPClient
import Glibc
import JSON
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("assay serve")
struct ServeCommandTests {
    @Test(
        "a signal ends it, and requests that it answers at the time are answered whole", arguments: [SIGTERM, SIGINT])
    func signals(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        let serving = try Serving(folder)
        let rows = JSONValue.array(
            (0..<2_000).map { ["generated_answer": .string("a \($0)"), "expected_answer": "a 1"] })
        let source: JSONValue = ["type": "rows", "rows": rows]
        let dataset: JSONValue = ["dataset_id": "d", "purpose": "eval/question-answer", "source": source]
        #expect(try await serving.post("/v1/datasets", dataset).status == 200)
        serving.running.send(signal)
        let result = try serving.running.finish(closingInput: false)
        #expect(result.ending == .status(0))
    }

    @Test("what was acknowledged is there after it was killed, and no append in part")
    func killing() async throws {
        let folder = try TemporaryFolder()
        let acknowledged = Acknowledged()
        do {
            let serving = try Serving(folder)
            let dataset: JSONValue = [
                "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": []],
            ]
            #expect(try await serving.post("/v1/datasets", dataset).status == 200)
            let url = serving.url
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for lane in 0..<4 {
                    tasks.addTask {
                        for number in stride(from: lane, to: 1_000, by: 4) {
                            let rows = JSONValue.array((0..<5).map { ["by": .init(number), "n": .init($0)] })
                            let benchmark: JSONValue = [
                                "benchmark_id": .string("b\(number)"), "dataset_id": "d", "scoring_functions": [],
                            ]
                            // From the killing on, nothing is answered.
                            guard
                                let first = try? await post(url + "/v1/datasetio/append-rows/d", ["rows": rows]),
                                let second = try? await post(url + "/v1/eval/benchmarks", benchmark)
                            else { return }
                            #expect(first.status == 200 && second.status == 200)
                            acknowledged.add(number)
                        }
                    }
                }
                while acknowledged.numbers.count < 100 { try await Task.sleep(for: .milliseconds(2)) }
                serving.running.send(SIGKILL)
                try await tasks.waitForAll()
            }
            #expect(try serving.running.finish().ending == .signal(SIGKILL))
        }
        let numbers = acknowledged.numbers
        #expect(numbers.count < 1_000)
        let serving = try Serving(folder)
        let rows = try await serving.get("/v1/datasetio/iterrows/d")["data"]?.array ?? []
        var counts: [JSONValue: Int] = [:]
        for row in rows { counts[row["by"] ?? .null, default: 0] += 1 }
        #expect(counts.values.allSatisfy { $0 == 5 })
        let benchmarks = Set(
            try await serving.get("/v1/eval/benchmarks")["data"]?.array?.map { $0["identifier"] } ?? [])
        for number in numbers {
            #expect(counts[.init(number)] == 5)
            #expect(benchmarks.contains(.string("b\(number)")))
        }
    }

    @Test("beyond this machine it serves those who have the token, or whoever if that is said")
    func access() async throws {
        let folder = try TemporaryFolder(["token": "0123456789abcdef\n", "short": "abc"])
        let refused = try folder.command(["serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", "data"]).run()
        #expect(refused.ending == .status(64) && refused.errors.contains("--auth-token-file"))
        for file in ["short", "nope"] {
            let result = try folder.command(["serve", "--port", "0", "--data-dir", "data", "--auth-token-file", file])
                .run()
            #expect(result.ending == .status(1) && result.errors.contains(file))
        }
        let serving = try Serving(folder, ["--host", "0.0.0.0", "--auth-token-file", "token"])
        #expect(try await status(serving.url + "/v1/datasets") == 401)
        #expect(try await status(serving.url + "/v1/datasets", token: "0123456789abcdef") == 200)
        #expect(try await status(serving.url + "/v1/health") == 200)
    }

    @Test("settings are taken from the options, then from the environment, then from the configuration")
    func settings() async throws {
        let folder = try TemporaryFolder([
            "config.json": "{\"server\": {\"max_rows\": 1, \"max_body_size\": 500}}",
            "unknown.json": "{\"server\": {\"max_row\": 1}}", "wrong.json": "{\"server\": {\"max_rows\": \"1\"}}",
            "agents.json": "{\"agents\": {\"url\": \"h:8321\"}}",
        ])
        let rows: JSONValue = [[:], [:]]
        let body: JSONValue = ["input_rows": rows, "scoring_functions": ["basic::equality": nil]]
        do {
            let serving = try Serving(folder, ["--config", "config.json"])
            #expect(try await serving.post("/v1/scoring/score", body).status == 413)
        }
        do {
            let serving = try Serving(folder, ["--config", "config.json"], setup: "export ASSAY_MAX_ROWS=2")
            #expect(try await serving.post("/v1/scoring/score", body).status == 400)
            let large: JSONValue = ["x": .string(String(repeating: "x", count: 500))]
            #expect(try await serving.post("/v1/scoring/score", large).status == 413)
        }
        for (file, place) in [
            ("unknown.json", "/server/max_row"), ("wrong.json", "/server/max_row"), ("agents.json", "/agents/url"),
        ] {
            let result = try folder.command(["serve", "--data-dir", "data", "--config", file]).run()
            #expect(result.ending == .status(1) && result.errors.contains("\(file): \(place)"), "\(result.errors)")
        }
        let result = try folder.command(["serve", "--data-dir", "data", "--port", "70000"]).run()
        #expect(result.ending == .status(64))
    }

    @Test("a folder that another server uses, and a port, are said to be taken")
    func taken() async throws {
        let folder = try TemporaryFolder()
        let serving = try Serving(folder)
        let second = try folder.command(["serve", "--port", "0", "--data-dir", "data"]).run()
        #expect(second.ending == .status(1) && second.errors.contains("another process uses it"))
        let port = String(serving.url.split(separator: ":").last ?? "")
        let third = try folder.command(["serve", "--port", port, "--data-dir", "other"]).run()
        #expect(third.ending == .status(1) && third.errors.contains("cannot serve on 127.0.0.1, port \(port)"))
    }
}

/// What a server has acknowledged.
private final class Acknowledged: Sendable {
    private let state = Mutex<[Int]>([])

    var numbers: [Int] { state.withLock { $0 } }
    func add(_ number: Int) { state.withLock { $0.append(number) } }
}

/// A server under way.
private struct Serving {
    let running: RunningCommand
    let url: String

    init(_ folder: TemporaryFolder, _ options: [String] = [], setup: String = "") throws {
        var command = folder.command(["serve", "--port", "0", "--data-dir", "data", "--no-cache"] + options)
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

    func get(_ path: String) async throws -> JSONValue {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url + path), timeout: .seconds(20))
        return try JSONValue(parsing: String(buffer: try await response.body.collect(upTo: 1 << 26)))
    }
}

private func post(_ url: String, _ body: JSONValue) async throws -> (status: Int, json: JSONValue) {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.body = .bytes(ByteBuffer(string: body.text))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let text = String(buffer: try await response.body.collect(upTo: 1 << 26))
    return (Int(response.status.code), (try? JSONValue(parsing: text)) ?? .null)
}

private func status(_ url: String, token: String? = nil) async throws -> Int {
    var request = HTTPClientRequest(url: url)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code)
}

import AsyncHTTPClient
import JSON
import NIOCore
import NIOHTTP1

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

    func get(_ path: String) async throws -> JSONValue {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url + path), timeout: .seconds(20))
        return try JSONValue(parsing: String(buffer: try await response.body.collect(upTo: 1 << 26)))
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

import AsyncHTTPClient
import Glibc
import JSON
import NIOCore
import NIOHTTP1
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

    @Test("beyond this machine it serves those who have the token, or whoever if that is said")
    func access() async throws {
        let folder = try TemporaryFolder(["token": "0123456789abcdef\n", "short": "abc"])
        let refused = try folder.command(["serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", "data"]).run()
        #expect(refused.ending == .status(64) && refused.errors.contains("--auth-token-file"))
        try folder.write(String(repeating: "x", count: 4097), to: "long")
        try folder.write("0123456789abcdef 0123456789abcdef", to: "two")
        try folder.write("0123456789abcdéf", to: "accent")
        for file in ["short", "nope", "long", "two", "accent", "/dev/zero"] {
            let result = try folder.command(["serve", "--port", "0", "--data-dir", "data", "--auth-token-file", file])
                .run()
            #expect(result.ending == .status(1) && result.errors.contains(file))
        }
        let serving = try Serving(folder, ["--host", "0.0.0.0", "--auth-token-file", "token"])
        #expect(try await status(serving.url + "/v1/datasets") == 401)
        #expect(try await status(serving.url + "/v1/datasets", token: "0123456789abcdef") == 200)
        #expect(try await status(serving.url + "/v1/health") == 200)
    }

    @Test("a token of the greatest length is read whole, also from a pipe that gives it in pieces")
    func tokens() async throws {
        let token = String(repeating: "0123456789abcdef", count: 256)
        let folder = try TemporaryFolder(["half": String(token.prefix(2048))])
        let serving = try Serving(
            folder, ["--auth-token-file", "pipe"],
            setup: "mkfifo pipe; (cat half; sleep 0.2; cat half; sleep 0.2; echo) > pipe &")
        #expect(try await status(serving.url + "/v1/datasets", token: String(token.prefix(2048))) == 401)
        #expect(try await status(serving.url + "/v1/datasets", token: token) == 200)
    }

    @Test("SIGHUP reads the token again, and ends nothing")
    func reloading() async throws {
        let folder = try TemporaryFolder(["token": "0123456789abcdef"])
        let serving = try Serving(folder, ["--auth-token-file", "token"])
        for (text, notice) in [("fedcba9876543210\n", "were read again"), ("short", "stay in use")] {
            try folder.write(text, to: "token")
            serving.running.send(SIGHUP)
            try serving.running.wait { serving.running.errorText.contains(notice) }
            #expect(try await status(serving.url + "/v1/datasets", token: "0123456789abcdef") == 401)
            #expect(try await status(serving.url + "/v1/datasets", token: "fedcba9876543210") == 200)
        }
    }

    @Test(
        "what can never mean anything is refused before it serves",
        arguments: [
            (["--cors-origin", "https://example.com/"], "--cors-origin"),
            (["--cors-origin", "example.com"], "--cors-origin"),
            (["--cors-origin", ""], "--cors-origin"), (["--cors-origin", "https://a.example b"], "--cors-origin"),
            (["--cors-origin", "https://Example.com"], "--cors-origin"), (["--model-url", "h:80"], "--model-url"),
            (["--model-url", ""], "--model-url"), (["--agents-url", "ftp://h"], "--agents-url"),
            (["--huggingface-url", "h"], "--huggingface-url"),
        ])
    func senseless(options: [String], name: String) throws {
        let folder = try TemporaryFolder()
        let result = try folder.command(["serve", "--port", "0", "--data-dir", "data"] + options).run()
        #expect(result.ending == .status(64) && result.errors.contains(name), "\(result.errors)")
    }

    @Test("a variable that looks like a setting and is not one is ignored, and a near one is named")
    func unknownVariables() async throws {
        let folder = try TemporaryFolder()
        let serving = try Serving(
            folder, setup: "export ASSAY_MAX_ROW=1 ASSAY_OTHER_THING=1 ASSAY_PORT_8321_TCP=x ASSAY_SERVICE_HOST=y")
        let warnings = serving.running.errorText.split(separator: "\n").filter { $0.contains("\"warning\"") }
        #expect(warnings.count == 2, "\(warnings)")
        #expect(warnings.contains { $0.contains("ASSAY_MAX_ROW ") && $0.contains("did you mean ASSAY_MAX_ROWS") })
        #expect(warnings.contains { $0.contains("ASSAY_OTHER_THING") && $0.contains("serve --help") })
        let rows: JSONValue = [[:], [:]]
        let body: JSONValue = ["input_rows": rows, "scoring_functions": ["basic::equality": nil]]
        #expect(try await serving.post("/v1/scoring/score", body).status == 400)
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
        #expect(second.ending == .status(1) && second.errors.contains("another process is using it"))
        let port = String(serving.url.split(separator: ":").last ?? "")
        let third = try folder.command(["serve", "--port", port, "--data-dir", "other"]).run()
        #expect(
            third.ending == .status(1) && third.errors.contains("port \(port) is used by another program"),
            "\(third.errors)")
    }
}

private func status(_ url: String, token: String? = nil) async throws -> Int {
    var request = HTTPClientRequest(url: url)
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code)
}

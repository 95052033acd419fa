import AssayServer
import AsyncHTTPClient
import FakeModel
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@Suite("Serving")
struct ServingTests {
    private static let judging: JSONValue = [
        "input_rows": [["generated_answer": "x"]],
        "scoring_functions": [
            "llm-as-judge::base": [
                "judge_model": "m", "prompt_template": "{generated_answer}", "judge_score_regexes": ["(\\d+)"],
            ]
        ],
    ]

    @Test("a request under way is answered although the server is told to stop")
    func gracefulStop() async throws {
        let fake = try FakeModelServer(.answer("Total rating: 4").delayed(by: .milliseconds(500)))
        defer { fake.stop() }
        let (answers, answer) = AsyncStream.makeStream(of: Int.self)
        try await TestServer.run(modelURL: fake.url) { server async throws in
            Task {
                answer.yield((try? await server.post("/v1/scoring/score", Self.judging).status) ?? 0)
                answer.finish()
            }
            // The server is stopped when this returns.
            while fake.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        var status = 0
        for await code in answers { status = code }
        #expect(status == 200)
    }

    @Test("with a certificate it speaks TLS, and nothing else")
    func tls() async throws {
        let folder = try TemporaryFolder()
        try folder.write(certificate, to: "cert.pem")
        try folder.write(certificateKey, to: "key.pem")
        let configuration = TestServer.configured { $0.tls = ("\(folder.path)/cert.pem", "\(folder.path)/key.pem") }
        try await TestServer.run(configuration) { server async throws in
            var client = HTTPClient.Configuration()
            client.tlsConfiguration = .makeClientConfiguration()
            client.tlsConfiguration?.trustRoots = .file("\(folder.path)/cert.pem")
            let status = try await HTTPClient.withHTTPClient(configuration: client) { client in
                let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/v1/health")
                return try await client.execute(request, timeout: .seconds(20)).status
            }
            #expect(status == .ok)
            client.tlsConfiguration?.maximumTLSVersion = .tlsv11
            await #expect(throws: (any Error).self, "TLS 1.1 is spoken") {
                try await HTTPClient.withHTTPClient(configuration: client) { client in
                    let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/v1/health")
                    return try await client.execute(request, timeout: .seconds(20)).status
                }
            }
            await #expect(throws: (any Error).self) { try await server.get("/v1/health") }
        }
    }

    @Test("a certificate or a key that is none is named", arguments: [("nothing", "key.pem"), ("cert.pem", "nothing")])
    func faultyCertificate(certificateName: String, keyName: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(certificate, to: "cert.pem")
        try folder.write(certificateKey, to: "key.pem")
        try folder.write("nothing of that kind\n", to: "nothing")
        let configuration = TestServer.configured {
            $0.tls = ("\(folder.path)/\(certificateName)", "\(folder.path)/\(keyName)")
        }
        let error = await #expect(throws: (any Error).self) {
            try await TestServer.run(configuration) { _ in Issue.record("it runs") }
        }
        #expect(error.map { "\($0)" }?.hasPrefix("\(folder.path)/nothing: ") ?? false, "\(String(describing: error))")
    }

    @Test("who sends a body slowly keeps nobody else out")
    func slowClients() async throws {
        try await TestServer.run(TestServer.configured { $0.maxConcurrentRequests = 1 }) { server async throws in
            let slow = (0..<5).map { _ in
                Task {
                    var request = HTTPClientRequest(url: server.url + "/v1/models")
                    request.method = .POST
                    let pieces = AsyncStream<ByteBuffer> { stream in stream.yield(ByteBuffer(string: "{")) }
                    request.body = .stream(pieces, length: .known(Int64(100)))
                    _ = try? await HTTPClient.shared.execute(request, timeout: .seconds(60))
                }
            }
            for _ in 0..<20 {
                #expect(try await server.get("/v1/health").status == 200)
                try await Task.sleep(for: .milliseconds(10))
            }
            for task in slow { task.cancel() }
        }
    }
}

import AssayServer
import FakeModel
import Glibc
import JSON
import Testing

@Suite("Clients that do harm, or nothing")
struct HostileClientTests {
    private static let post = "POST /v1/scoring/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    @Test(
        "what is no request is told so, and the connection ends",
        arguments: [
            ("GET /v1/health HTTP/1.1\r\nX: \(String(repeating: "a", count: 10_000_000))\r\n\r\n", 431),
            (
                "GET /v1/health HTTP/1.1\r\n" + (0..<100_000).map { "X-\($0): b\r\n" }.joined() + "\r\n", 431
            ),
            ("GET /\(String(repeating: "a", count: 200_000)) HTTP/1.1\r\n\r\n", 431), ("\u{16}\u{3}\u{1}", 400),
            ("GET / HTTP/9.9\r\n\r\n", 400), ("GET /\u{1} HTTP/1.1\r\n\r\n", 400),
            ("\(post)Content-Length: -1\r\n\r\n", 400),
            ("\(post)Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
            ("\(post)Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("\(post)Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400), ("\(post)X: a\0b\r\n\r\n", 400),
        ])
    func noHTTP(text: String, status: Int) async throws {
        try await TestServer.run { server async throws in
            let client = try RawClient(port: server.port)
            async let sending: Void = client.send(text)
            let answer = try #require(try await client.rest())
            try await sending
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            let body = try JSONValue(parsing: String(answer.split(separator: "\r\n\r\n").last ?? ""))
            #expect(body["error"]?["code"] == (status == 431 ? "headers_too_large" : "invalid_http"))
            #expect(try await server.get("/v1/health").status == 200)
        }
    }

    @Test("a body that breaks off is not taken for a whole one")
    func brokenOff() async throws {
        let body = "{\"benchmark_id\": \"b\", \"dataset_id\": \"d\", \"scoring_functions\": []}"
        try await TestServer.run { server async throws in
            let client = try RawClient(port: server.port)
            try await client.send(
                "POST /v1/eval/benchmarks HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count + 1)\r\n\r\n\(body)"
            )
            client.endSending()
            #expect(try await client.rest()?.hasPrefix("HTTP/1.1 400 ") ?? false)
            #expect(try await server.get("/v1/eval/benchmarks").json["data"] == [])
        }
    }

    @Test("a body that is too large is refused before it is sent, where the client asks first")
    func asking() async throws {
        try await TestServer.run { server async throws in
            for (length, status) in [(10_000_000_000, "413 "), (2, "100 ")] {
                let client = try RawClient(port: server.port)
                try await client.send("\(Self.post)Content-Length: \(length)\r\nExpect: 100-continue\r\n\r\n")
                let answer = try await client.receive(upTo: "\r\n\r\n")
                #expect(answer?.hasPrefix("HTTP/1.1 " + status) ?? false, "\(answer ?? "nothing")")
            }
        }
    }

    @Test("a compressed body is refused as that")
    func compressed() async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.post(
                "/v1/scoring/score", bytes: [0x1F, 0x8B], headers: [("Content-Encoding", "gzip")])
            #expect(answer.status == 400 && answer.error["code"] == "invalid_content_encoding")
        }
    }

    @Test("a request that drips in is given up, and one that is slow but moves is not")
    func dripping() async throws {
        try await TestServer.run(TestServer.configured { $0.clientSeconds = 1 }) { server async throws in
            let header = try RawClient(port: server.port)
            try await header.send("GET /v1/health HTTP/1.1\r\nX: ")
            let body = try RawClient(port: server.port)
            try await body.send("\(Self.post)Content-Length: 1000000\r\n\r\n{")
            let moving = try RawClient(port: server.port)
            try await moving.send("\(Self.post)Content-Length: \(30 * 4096)\r\n\r\n")
            async let headerEnd = header.rest()
            async let bodyEnd = body.rest()
            for _ in 0..<30 {
                try await Task.sleep(for: .milliseconds(100))
                try await header.send("a")
                try await body.send(" ")
                try await moving.send(String(repeating: " ", count: 4096))
            }
            #expect(try await headerEnd == "")
            let answer = try await bodyEnd
            #expect(answer?.hasPrefix("HTTP/1.1 408 ") ?? false, "\(answer ?? "nothing")")
            #expect(try await moving.receive(upTo: "\r\n\r\n")?.hasPrefix("HTTP/1.1 400 ") ?? false)
        }
    }

    @Test("a client that asks for much and takes none of it is given up")
    func notReading() async throws {
        let configuration = TestServer.configured {
            $0.clientSeconds = 1
            $0.readerSeconds = 2
            $0.maxConcurrentRequests = 1
        }
        try await TestServer.run(configuration) { server async throws in
            let row: JSONValue = ["x": .string(String(repeating: "x", count: 100_000))]
            let source: JSONValue = ["type": "rows", "rows": .array(Array(repeating: row, count: 200))]
            let dataset: JSONValue = ["dataset_id": "d", "purpose": "eval/question-answer", "source": source]
            #expect(try await server.post("/v1/datasets", dataset).status == 200)
            let client = try RawClient(port: server.port)
            try await client.send("GET /v1/datasetio/iterrows/d HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await client.receive(upTo: "200 OK") != nil)
            var statuses: [Int] = []
            while statuses.last != 200 {
                statuses.append(try await server.get("/v1/version").status)
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(statuses.contains(429), "the answer was not waited for")
        }
    }

    @Test("of the datasets on the network, only so many are read at once, and others are not held up")
    func manySources() async throws {
        let listener = try SilentListener()
        let configuration = TestServer.configured {
            $0.allowsPrivateAddresses = true
            $0.maxImports = 1
        }
        @Sendable func dataset(_ uri: String) -> JSONValue {
            ["purpose": "eval/question-answer", "source": ["type": "uri", "uri": .string(uri)]]
        }
        try await TestServer.run(configuration) { server async throws in
            let slow = dataset("http://127.0.0.1:\(listener.port)/rows.csv")
            let first = Task { try await server.post("/v1/datasets", slow) }
            while !listener.hasClient { try await Task.sleep(for: .milliseconds(5)) }
            let gone = dataset("http://127.0.0.1:1/rows.csv")
            let second = try await server.post("/v1/datasets", gone)
            #expect(second.status == 429 && second.header("retry-after") != nil)
            #expect(try await server.post("/v1/datasets", dataset("data:text/csv,q%0A1")).status == 200)
            first.cancel()
            while try await server.post("/v1/datasets", gone).status == 429 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test("a download that drips in is given up, and so is one that never begins")
    func slowSources() async throws {
        let web = try await FakeWeb { head in
            FakeWeb.Page(headers: [("Content-Type", "text/csv")], body: "q\n", isEndless: true)
        }
        let listener = try SilentListener()
        let configuration = TestServer.configured {
            $0.allowsPrivateAddresses = true
            $0.clientSeconds = 1
        }
        try await TestServer.run(configuration) { server async throws in
            for port in [web.port, listener.port] {
                let source: JSONValue = ["type": "uri", "uri": .string("http://127.0.0.1:\(port)/rows.csv")]
                let answer = try await server.post(
                    "/v1/datasets", ["purpose": "eval/question-answer", "source": source])
                #expect(answer.status == 400 && answer.body.contains("less than 1 KiB"), "\(answer.body)")
            }
        }
        try await web.stop()
    }

    @Test(
        "a connection is closed after the answer if the client says so, in whatever way",
        arguments: [
            "1.1\r\nConnection: close", "1.1\r\nConnection: Close", "1.1\r\nConnection: foo, CLOSE",
            "1.1\r\nConnection: foo\r\nConnection: close", "1.0", "1.0\r\nConnection: foo",
        ])
    func closing(head: String) async throws {
        try await TestServer.run { server async throws in
            let client = try RawClient(port: server.port)
            try await client.send("GET /v1/version HTTP/\(head)\r\nHost: localhost\r\n\r\n")
            #expect(try await client.rest()?.contains("1.2.3") ?? false)
        }
    }

    @Test(
        "a connection is kept otherwise",
        arguments: ["1.1", "1.1\r\nConnection: closed", "1.0\r\nConnection: Keep-Alive"])
    func keeping(head: String) async throws {
        try await TestServer.run { server async throws in
            let client = try RawClient(port: server.port)
            for _ in 0..<2 {
                try await client.send("GET /v1/version HTTP/\(head)\r\nHost: localhost\r\n\r\n")
                #expect(try await client.receive(upTo: "1.2.3")?.contains("1.2.3") ?? false)
            }
        }
    }

    @Test("a method that a path does not take is answered with those that it takes")
    func methods() async throws {
        try await TestServer.run { server async throws in
            let answer = try await server.send("PATCH", "/v1/datasets/d")
            #expect(answer.status == 405 && answer.header("allow") == "DELETE, GET")
        }
    }
}

/// Takes connections on 127.0.0.1 and says nothing.
private final class SilentListener: Sendable {
    private let descriptor: Int32
    let port: Int

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard result else { throw SystemFailure(call: "bind") }
        port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Whether somebody has connected.
    var hasClient: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }
}

import AssayServer
import JSON
import Testing

@Suite("What happens when as many connections are open as may be")
struct ConnectionLimitTests {
    private static let get = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\n"
    private static let post = "POST /v1/scoring/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    /// A configuration in which no connection ends by itself during a test.
    private static func patient(_ limit: Int, _ change: (inout ServerConfiguration) -> Void = { _ in })
        -> ServerConfiguration
    {
        TestServer.configured {
            $0.maxConnections = limit
            $0.firstRequestSeconds = 600
            $0.clientSeconds = 600
            $0.incompleteSeconds = 600
            change(&$0)
        }
    }

    /// A client that has had an answer and keeps its connection.
    private static func known(_ server: TestServer) async throws -> RawClient {
        let client = try RawClient(port: server.port)
        try await client.send(get + "\r\n")
        #expect(try await client.receive(upTo: "1.2.3") != nil)
        return client
    }

    @Test("a health check is answered although many connections without a request came before it", arguments: [4, 60])
    func burst(limit: Int) async throws {
        try await TestServer.run(Self.patient(limit)) { server async throws in
            let known = try await Self.known(server)
            let idle = try (0..<2 * limit).map { _ in try RawClient(port: server.port) }
            #expect(try await server.get("/v1/health").status == 200)
            #expect(try await idle[0].rest() == "")
            // Whoever has made a request stays.
            try await known.send(Self.get + "Connection: close\r\n\r\n")
            #expect(try await known.rest()?.contains("1.2.3") ?? false)
        }
    }

    @Test("with a token, whoever does not have it is a stranger whatever is asked")
    func strangersWithoutToken() async throws {
        let configuration = Self.patient(2) { $0.accessToken = "a token of some length" }
        try await TestServer.run(configuration) { server async throws in
            let stranger = try RawClient(port: server.port)
            try await stranger.send("GET /v1/datasets HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await stranger.receive(upTo: "invalid_token") != nil)
            let others = try (0..<2).map { _ in try RawClient(port: server.port) }
            #expect(try await stranger.rest()?.isEmpty ?? false)
            #expect(others.count == 2)
        }
    }

    @Test(
        "clients that do not finish the head of a request, or a body that was refused, make room after some time",
        arguments: [
            "GET /v1/version HTTP/1.1\r\nX: ", "G", "POST /v1/unknown HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n{",
            "\(post)Content-Length: 10000000000\r\n\r\n{",
        ])
    func incomplete(text: String) async throws {
        try await TestServer.run(Self.patient(3) { $0.incompleteSeconds = 1 }) { server async throws in
            let slow = try (0..<6).map { _ in try RawClient(port: server.port) }
            for client in slow { try await client.send(text) }
            #expect(try await server.get("/v1/health").status == 200)
            #expect(slow.count == 6)
        }
    }

    @Test("requests in progress are finished, and others wait for their turn")
    func turns() async throws {
        try await TestServer.run(Self.patient(3)) { server async throws in
            // One more than the limit is let in.
            var busy = try (0..<4).map { _ in try RawClient(port: server.port) }
            for client in busy { try await client.send("\(Self.post)Content-Length: 2\r\n\r\n{") }
            let last = try RawClient(port: server.port)
            try await last.send(Self.get + "\r\n")
            #expect(try await last.receive(upTo: "1.2.3", within: .milliseconds(500)) == nil)
            let first = busy.removeFirst()
            try await first.send("}")
            // The client is told that it cannot go on here.
            let answer = try #require(try await first.rest())
            #expect(answer.contains("HTTP/1.1 400 ") && answer.lowercased().contains("connection: close"), "\(answer)")
            #expect(try await last.receive(upTo: "1.2.3") != nil)
            for client in busy {
                try await client.send("}")
                #expect(try await client.receive(upTo: "\"error\"")?.contains("HTTP/1.1 400 ") ?? false)
            }
        }
    }

    @Test("idle clients give way to one that waits when a new one turns out to have a request")
    func newcomers() async throws {
        try await TestServer.run(Self.patient(3)) { server async throws in
            var known: [RawClient] = []
            for _ in 0..<3 { known.append(try await Self.known(server)) }
            let busy = try (0..<2).map { _ in try RawClient(port: server.port) }
            for client in busy { try await client.send("\(Self.post)Content-Length: 2\r\n\r\n{") }
            #expect(try await server.get("/v1/health").status == 200)
            #expect(known.count + busy.count == 5)
        }
    }

    @Test("as many clients as the limit keep their connections")
    func full() async throws {
        try await TestServer.run(Self.patient(3)) { server async throws in
            let clients = try (0..<3).map { _ in try RawClient(port: server.port) }
            for _ in 0..<3 {
                for client in clients {
                    try await client.send(Self.get + "\r\n")
                    let answer = try await client.receive(upTo: "1.2.3")
                    #expect(answer?.lowercased().contains("connection: close") == false, "\(answer ?? "nothing")")
                }
                // Longer than a new connection is spared.
                try await Task.sleep(for: .milliseconds(150))
            }
        }
    }

    @Test("of clients between two requests, the one that was idle for the longest time sees its connection end")
    func longestIdle() async throws {
        try await TestServer.run(Self.patient(2)) { server async throws in
            let first = try await Self.known(server)
            let second = try await Self.known(server)
            try await first.send(Self.get + "\r\n")
            #expect(try await first.receive(upTo: "1.2.3") != nil)
            _ = try await Self.known(server)
            #expect(try await second.endsCleanly())
            try await first.send(Self.get + "\r\n")
            #expect(try await first.receive(upTo: "1.2.3") != nil)
        }
    }
}

import FakeModel
import NIOHTTP1
import Synchronization
import Testing
import Web

@Suite("The web client")
struct WebClientTests {
    private func client(_ url: String, _ variables: [String: String] = [:]) throws -> WebClient {
        try WebClient(for: WebURL(parsing: url), WebClient.Options(environment: { variables[$0] }))
    }

    private func request(_ url: String, seconds: Double = 20, limit: Int = 1 << 20) -> WebClient.Request {
        WebClient.Request(
            url + "/chat/completions", method: .POST, body: Array("{}".utf8), timeout: .seconds(seconds), limit: limit)
    }

    /// A server whose answers have statuses in turn, the last one from then on.
    private func server(_ statuses: Int..., retryAfter: FakeModel.RetryAfter? = nil) throws -> FakeModelServer {
        let left = Mutex(statuses)
        return try FakeModelServer(
            .choosing { _ in
                let status = left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
                return status == 200 ? .status(200, body: "{}") : .status(status, retryAfter: retryAfter)
            })
    }

    @Test("a response is given whatever its status; connections are kept")
    func statuses() async throws {
        let server = try server(200, 404, 500, 200)
        let client = try client(server.url)
        var found: [Int] = []
        for _ in 0..<4 { found.append(try await client.send(request(server.url)).status) }
        #expect(found == [200, 404, 500, 200])
        #expect(server.totals.connections == 1)
        #expect(server.requests[0].header("User-Agent") == "assay")
    }

    @Test("a request goes through the proxy of the environment, unless no_proxy names its host")
    func proxy() async throws {
        let server = try server(200)
        let proxy = try FakeProxy()
        #expect(try await client(server.url, ["all_proxy": proxy.url]).send(request(server.url)).status == 200)
        #expect(proxy.requests.map(\.target) == ["127.0.0.1:\(server.port)"])
        let direct = try client(server.url, ["all_proxy": proxy.url, "no_proxy": "127.0.0.0/8"])
        #expect(try await direct.send(request(server.url)).status == 200)
        #expect(proxy.requests.count == 1)
        proxy.stop()
        let failure = await #expect(throws: TransportFailure.self) {
            _ = try await client(server.url, ["http_proxy": proxy.url]).send(request(server.url))
        }
        #expect(failure?.kind == .unreachable)
        #expect(failure?.reason.hasSuffix("(through the proxy 127.0.0.1:\(proxy.port))") == true)
    }

    @Test(
        "a proxy or certificates that cannot be used are a fault before anything is asked",
        arguments: [
            (["https_proxy": "ftp://p"], "https_proxy names a proxy of the type ftp://"),
            (
                ["SSL_CERT_FILE": "/nowhere"],
                "SSL_CERT_FILE names /nowhere, which contains no readable PEM certificates"
            ),
        ])
    func faults(variables: [String: String], reason: String) throws {
        let fault = try #require(throws: WebClient.Fault.self) { _ = try client("https://h", variables) }
        #expect(fault.reason.hasPrefix(reason))
    }

    @Test("what may pass is asked again, and nothing else")
    func retries() async throws {
        for (statuses, attempts, status, count) in [
            ([503, 500, 200], 6, 200, 3), ([429, 408, 200], 3, 200, 3), ([503, 503, 200], 2, 503, 2),
            ([404, 200], 6, 404, 1), ([400, 200], 6, 400, 1), ([301, 200], 6, 301, 1),
        ] {
            let left = Mutex(statuses)
            let server = try FakeModelServer(
                .choosing { _ in .status(left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }) })
            let retries = WebClient.Retries(attempts: attempts, longestPause: .milliseconds(1))
            #expect(try await client(server.url).send(request(server.url), retries).status == status)
            #expect(server.totals.requests == count, "\(statuses)")
        }
    }

    @Test("a server that cannot be reached is asked again too, and the wait ends with its task")
    func unreachable() async throws {
        let retries = WebClient.Retries(attempts: 3, longestPause: .milliseconds(1))
        let url = "http://127.0.0.1:1"
        let failure = await #expect(throws: TransportFailure.self) {
            _ = try await client(url).send(request(url), retries)
        }
        #expect(failure?.kind == .unreachable)
        let server = try server(503, retryAfter: .milliseconds(30_000))
        let task = Task { try await client(server.url).send(request(server.url), WebClient.Retries(attempts: 9)) }
        while server.totals.written == 0 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        let cancelled = await #expect(throws: TransportFailure.self) { _ = try await task.value }
        #expect(cancelled?.kind == .cancelled)
        #expect(server.totals.requests == 1)
    }

    @Test("a body that is too long or too late is a failure")
    func bodies() async throws {
        let long = try FakeModelServer(.answer("A").padded(toBytes: 3 << 20))
        let tooLong = await #expect(throws: TransportFailure.self) {
            _ = try await client(long.url).send(request(long.url, limit: 1 << 20))
        }
        #expect(tooLong?.reason == "its body has more than 1 MiB")
        let late = try FakeModelServer(.stall(.inBody))
        let tooLate = await #expect(throws: TransportFailure.self) {
            _ = try await client(late.url).send(request(late.url, seconds: 0.3))
        }
        #expect(tooLate?.kind == .timedOut)
    }
}

import AsyncHTTPClient
import Concurrency
import NIOCore
import NIOHTTP1
import Synchronization

/// The head of a web server's response.
struct FetchedHead: Sendable {
    var status: Int
    var contentType: String?
    var location: String?
    var retryAfter: String?
}

/// Fetches a resource from the web. Blocks its thread; `cancellation` ends it early.
///
/// Does not follow redirections, use proxies or decompress bodies.
///
/// - Parameters:
///   - machine: the address to connect to, regardless of what the host's name resolves to by now.
///   - paceSeconds: the period over which the server must send a kibibyte of the body per second on average, after the
///     first such period; nil means no limit.
///   - body: receives the body of a response with status 200, piece by piece.
func fetch(
    _ address: WebAddress, from machine: IPAddress, headers: [(String, String)] = [], timeout: Duration,
    paceSeconds: Int? = nil, cancellation: Cancellation, body: @escaping @Sendable (ByteBuffer) throws -> Void
) throws -> FetchedHead {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.dnsOverride = [address.host: machine.text]
    configuration.timeout.connect = .seconds(10)
    configuration.timeout.read = .seconds(60)
    configuration.networkFrameworkWaitForConnectivity = false
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    var request = HTTPClientRequest(url: address.text)
    request.headers.add(name: "User-Agent", value: "assay")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    let prepared = request
    return try waiting(cancellation) {
        let result: Result<FetchedHead, any Error>
        let timeout = TimeAmount.nanoseconds(Int64(timeout / .nanoseconds(1)))
        do {
            result = .success(
                try await withThrowingTaskGroup(of: FetchedHead?.self) { tasks in
                    defer { tasks.cancelAll() }
                    let received = ByteCount()
                    tasks.addTask {
                        try await client.head(of: prepared, timeout, received, body)
                    }
                    if let paceSeconds {
                        tasks.addTask {
                            try await watchPace(of: received, over: paceSeconds)
                            return nil
                        }
                    }
                    guard let head = try await tasks.next() ?? nil else { throw SlowServer(seconds: paceSeconds ?? 0) }
                    return head
                })
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }
}

/// Bytes that have arrived.
private final class ByteCount: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add(_ more: Int) { count.withLock { $0 += more } }
}

extension HTTPClient {
    fileprivate func head(
        of request: HTTPClientRequest, _ timeout: TimeAmount, _ received: ByteCount,
        _ body: @Sendable (ByteBuffer) throws -> Void
    ) async throws -> FetchedHead {
        let response = try await execute(request, timeout: timeout)
        let head = FetchedHead(
            status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
            location: response.headers.first(name: "location"),
            retryAfter: response.headers.first(name: "retry-after"))
        if head.status == 200 {
            for try await piece in response.body {
                received.add(piece.readableBytes)
                try body(piece)
            }
        }
        return head
    }
}

/// Waits until less than a kibibyte per second has arrived over some period, except the first such period.
private func watchPace(of received: ByteCount, over seconds: Int) async throws {
    try await Task.sleep(for: .seconds(seconds))
    var before: Int
    repeat {
        before = received.value
        try await Task.sleep(for: .seconds(seconds))
    } while received.value - before >= seconds << 10
}

/// A server that would take forever.
private struct SlowServer: Error, CustomStringConvertible {
    var seconds: Int
    var description: String { "it sent less than \(seconds) KiB in \(seconds) seconds" }
}

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ScorerHost

/// What a server on the web answered, beside the body.
struct FetchedHead: Sendable {
    var status: Int
    var contentType: String?
    var location: String?
    var retryAfter: String?
}

/// Gets something from the web. Blocks its thread, and ends early with `cancellation`.
///
/// Redirections are not followed, proxies not used, bodies not decompressed.
///
/// - Parameters:
///   - machine: the address that is connected to, whatever the name of the host stands for by now.
///   - body: takes the body of an answer with status 200, piece by piece.
func fetch(
    _ address: WebAddress, from machine: IPAddress, headers: [(String, String)] = [], timeout: Duration,
    cancellation: Cancellation, body: @escaping @Sendable (ByteBuffer) throws -> Void
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
        do {
            let response = try await client.execute(prepared, timeout: .nanoseconds(Int64(timeout / .nanoseconds(1))))
            let head = FetchedHead(
                status: Int(response.status.code), contentType: response.headers.first(name: "content-type"),
                location: response.headers.first(name: "location"),
                retryAfter: response.headers.first(name: "retry-after"))
            if head.status == 200 {
                for try await piece in response.body { try body(piece) }
            }
            result = .success(head)
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }
}

import AsyncHTTPClient
import Concurrency
import Glibc
import Inference
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A connection to a server of the scoring API. All calls block.
final class ServerConnection: Sendable {
    /// The server's error, or the reason why there was no response.
    struct Fault: Error, CustomStringConvertible {
        var description: String
        /// Nil if there was no response.
        var status: Int?
        /// Seconds after which the server asks for a new attempt.
        var retryAfter: Int?
    }

    /// The server's address without a slash at its end.
    let url: String
    private let token: String?
    private let client: HTTPClient

    /// The maximum size of a response, in bytes; larger data comes in pages.
    private static let maximumAnswer = 1 << 30
    /// How often a request is repeated after status 429.
    private static let repetitions = 5

    /// - Parameters:
    ///   - url: may have a path, under which a proxy serves the API; a version at its end is ignored.
    ///   - token: the server's access token.
    init(url: String, token: String?) throws {
        var base = Substring(url)
        while base.hasSuffix("/") { base = base.dropLast() }
        if base.hasSuffix("/v1") { base = base.dropLast(3) }
        self.url = String(base)
        self.token = token
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(10)
        if let file = variable("SSL_CERT_FILE"), !file.isEmpty, url.hasPrefix("https:") {
            do {
                try configuration.trustCertificates(inPEMFile: file)
            } catch {
                throw Failure(error.message)
            }
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { try? client.syncShutdown() }

    func get(_ path: String) throws(Fault) -> JSONValue { try send(.GET, path) }

    @discardableResult
    func post(_ path: String, _ body: JSONValue) throws(Fault) -> JSONValue {
        try send(.POST, path, Array(body.text.utf8))
    }

    /// - Parameter body: JSON.
    func post(_ path: String, bytes body: [UInt8]) throws(Fault) { _ = try send(.POST, path, body) }

    func delete(_ path: String) throws(Fault) { _ = try send(.DELETE, path) }

    /// Sends a request, and repeats it after status 429.
    private func send(_ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil) throws(Fault) -> JSONValue {
        var repetition = 0
        while true {
            do throws(Fault) {
                return try sendOnce(method, path, body)
            } catch {
                guard error.status == 429, let seconds = error.retryAfter, repetition < Self.repetitions else {
                    throw error
                }
                repetition += 1
                sleep(UInt32(clamping: min(seconds, 30)))
            }
        }
    }

    private func sendOnce(_ method: HTTPMethod, _ path: String, _ body: [UInt8]?) throws(Fault) -> JSONValue {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "User-Agent", value: "assay/\(Assay.version)")
        request.headers.add(name: "Accept", value: "application/json")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let prepared = request
        let outcome = Mutex<Result<(status: Int, retryAfter: Int?, body: [UInt8]), Fault>?>(nil)
        waitFor { [client, url] in
            do {
                // Scoring a large dataset may take days.
                let response = try await client.execute(prepared, timeout: .hours(24 * 30))
                let bytes = try await response.body.collect(upTo: Self.maximumAnswer)
                let answer = (
                    Int(response.status.code), response.headers.first(name: "Retry-After").flatMap { Int($0) },
                    Array(bytes.readableBytesView)
                )
                outcome.withLock { $0 = .success(answer) }
            } catch {
                let reason = Self.reason(error)
                outcome.withLock {
                    $0 = .failure(Fault(description: "the server at \(url) cannot be reached: \(reason)"))
                }
            }
        }
        guard let result = outcome.withLock({ $0 }) else {
            throw Fault(description: "the server at \(url) did not respond")
        }
        let answer = try result.get()
        let json = try? JSONValue(parsing: answer.body)
        if (200..<300).contains(answer.status), let json { return json }
        throw fault(answer.status, answer.retryAfter, json)
    }

    private func fault(_ status: Int, _ retryAfter: Int?, _ json: JSONValue?) -> Fault {
        // Llama Stack has its messages in "detail", or "error" with a "detail".
        let said =
            json?["error"]?["message"]?.string ?? json?["detail"]?.string
            ?? json?["error"]?["detail"]?["message"]?.string
        var text = "\(url): "
        if let said {
            text += oneLine(said)
        } else if (200..<300).contains(status) {
            text += "the response is not JSON; check that the address is that of an Assay or Llama Stack server"
        } else {
            text += "the server responded with status \(status)"
        }
        if status == 401 {
            text +=
                token == nil
                ? "; name the environment variable that holds the token with --api-key-env" : "; check the token"
        }
        return Fault(description: text, status: status, retryAfter: retryAfter)
    }

    /// Why there was no response, in words for users.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout:
            "it did not accept a connection within 10 seconds"
        case let error as NIOConnectionError:
            error.connectionErrors.isEmpty ? "the host \(error.host) is not known" : "the connection was refused"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            "TLS failed (\(error)); if the certificate is not from a public authority, set SSL_CERT_FILE to it"
        case is NIOTooManyBytesError: "the response is larger than 1 GiB"
        case let error as IOError where error.errnoCode == ECONNREFUSED: "the connection was refused"
        default: oneLine("\(error)")
        }
    }
}

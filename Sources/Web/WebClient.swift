package import AsyncHTTPClient
import Encodings
import Glibc
package import NIOCore
package import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL

/// Sends requests to one server of the web over connections that are kept: through the proxy that the environment names for
/// it, and trusting the certificates of SSL_CERT_FILE. Redirections are not followed.
package final class WebClient: Sendable {
    package struct Options: Sendable {
        /// Reads a variable of the environment.
        package var environment: @Sendable (String) -> String?
        /// How long nothing of a response may come; nil: as long as the whole of it may take.
        package var silence: TimeAmount?
        /// Connections over HTTP/1.1 that are open at once; others wait.
        package var maxConnections: Int?
        /// The size in bytes up to which compressed bodies are asked for and decompressed; nil: none are.
        package var decompressionLimit: Int?
        /// The address of the host, whatever its name stands for by now; nil: the name is looked up. A proxy gets the name.
        package var address: IPAddress?

        package init(environment: @escaping @Sendable (String) -> String?) {
            self.environment = environment
        }
    }

    /// Why a server cannot be asked at all: the proxy or the certificates cannot be used.
    package struct Fault: Error, Sendable {
        package var reason: String
    }

    package static let connectTimeout = TimeAmount.seconds(10)

    /// Host and port of the proxy, if one is used.
    package let proxy: String?
    private let client: HTTPClient

    package init(for url: WebURL, _ options: Options) throws(Fault) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // Failures to connect are known at once: who asks decides whether to ask again.
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: Self.connectTimeout, read: options.silence)
        configuration.connectionPool.retryConnectionEstablishment = false
        if let count = options.maxConnections {
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = count
        }
        if let limit = options.decompressionLimit { configuration.decompression = .enabled(limit: .size(limit)) }
        if let address = options.address { configuration.dnsOverride = [url.host: address.text] }
        configuration.httpVersion = .automatic
        proxy = try configuration.useEnvironment(options.environment, for: url)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // Nothing where it has been shut down before.
        client.shutdown { _ in }
    }

    /// Ends the connections, and the requests under way with them.
    package func shutDown() async {
        // Fails only where it has been shut down before.
        try? await client.shutdown()
    }

    /// Sends a request, and collects the response in `accumulator` until the deadline, which covers the body as well.
    package func execute(
        _ request: HTTPClient.Request, into accumulator: BodyAccumulator, by deadline: NIODeadline
    ) async throws {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop
        let task = client.execute(
            request: request, delegate: accumulator, eventLoop: loop.map { .delegate(on: $0) } ?? .indifferent,
            deadline: deadline)
        try await withTaskCancellationHandler {
            try await task.get()
        } onCancel: {
            task.cancel()
        }
    }

    /// Names the proxy in a failure to connect.
    package func explained(_ failure: TransportFailure) -> TransportFailure {
        var failure = failure
        if let proxy, failure.kind == .unreachable { failure.reason += " (through the proxy \(proxy))" }
        return failure
    }
}

// MARK: Whole responses

extension WebClient {
    package struct Request: Sendable {
        package var method = HTTPMethod.GET
        package var url: String
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]?
        /// How long all of it may take, to the end of the response's body.
        package var timeout: Duration
        /// Bytes that the body of the response may have.
        package var limit: Int

        /// - Parameter headers: User-Agent is `assay` unless it is one of them.
        package init(
            _ url: String, method: HTTPMethod = .GET, headers: [(name: String, value: String)] = [],
            body: [UInt8]? = nil, timeout: Duration, limit: Int
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.limit = limit
        }
    }

    /// What a server answered, whatever the status.
    package struct Response: Sendable {
        package var status: Int
        package var headers: HTTPHeaders
        package var body: [UInt8]

        package var isSuccess: Bool { (200..<300).contains(status) }

        /// How long the server asks to be left alone.
        package var retryAfter: Duration? {
            RetryAfter(
                milliseconds: headers.first(name: "retry-after-ms"), retryAfter: headers.first(name: "Retry-After"),
                seconds: time(nil))?.pause
        }

        /// Whether the same request may be answered otherwise a little later.
        package var isTransient: Bool { [408, 425, 429].contains(status) || status >= 500 }
    }

    /// How often, and after what, a request is made again.
    package struct Retries: Sendable {
        /// Attempts in all.
        package var attempts: Int
        /// A pause is cut to this, also one that the server asks for.
        package var longestPause: Duration
        /// Whether another attempt may help.
        package var mayHelp: @Sendable (Result<Response, TransportFailure>) -> Bool

        /// - Parameter mayHelp: by default after every failure to get a response, and after transient ones.
        package init(
            attempts: Int, longestPause: Duration = .seconds(60),
            mayHelp: @escaping @Sendable (Result<Response, TransportFailure>) -> Bool = { result in
                (try? result.get())?.isTransient ?? true
            }
        ) {
            self.attempts = attempts
            self.longestPause = longestPause
            self.mayHelp = mayHelp
        }
    }

    /// Sends a request once.
    package func send(_ request: Request) async throws(TransportFailure) -> Response {
        let prepared = try prepare(request)
        let accumulator = BodyAccumulator(limit: request.limit)
        let timeout = TimeAmount(request.timeout)
        do {
            try await execute(prepared, into: accumulator, by: .now() + timeout)
        } catch {
            throw explained(TransportFailure(error, timeout: timeout, limit: request.limit))
        }
        guard let (head, body) = accumulator.received else {
            throw TransportFailure(.dropped, "the server sent no response")
        }
        return Response(status: Int(head.status.code), headers: head.headers, body: Array(body.readableBytesView))
    }

    /// Sends a request, and again while that may help: at random moments that lie farther and farther apart, and not
    /// before the server wants it.
    package func send(_ request: Request, _ retries: Retries) async throws(TransportFailure) -> Response {
        var failures = 0
        while true {
            let result: Result<Response, TransportFailure>
            do throws(TransportFailure) {
                result = .success(try await send(request))
            } catch {
                result = .failure(error)
                if error.kind == .cancelled { throw error }
            }
            guard failures + 1 < retries.attempts, retries.mayHelp(result) else { return try result.get() }
            let wanted = (try? result.get())?.retryAfter ?? .zero
            let pause = min(max(Backoff.pause(after: failures), wanted), retries.longestPause)
            failures += 1
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw TransportFailure(.cancelled, "cancelled")
            }
        }
    }

    private func prepare(_ request: Request) throws(TransportFailure) -> HTTPClient.Request {
        var headers = HTTPHeaders([("User-Agent", "assay")])
        for (name, value) in request.headers { headers.replaceOrAdd(name: name, value: value) }
        do {
            return try HTTPClient.Request(
                url: request.url, method: request.method, headers: headers,
                body: request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
        } catch {
            throw TransportFailure(.badResponse, "its URL cannot be used")
        }
    }

    /// Sends a request whose body is read piece by piece while it is sent.
    ///
    /// - Parameter length: the bytes of the body.
    package func send<Body: AsyncSequence & Sendable>(
        _ request: Request, body: Body, length: Int
    ) async throws(TransportFailure) -> Response where Body.Element == ByteBuffer {
        let prepared = try prepare(request)
        var sent = HTTPClientRequest(url: request.url)
        sent.method = request.method
        sent.headers = prepared.headers
        sent.body = .stream(body, length: .known(Int64(length)))
        let timeout = TimeAmount(request.timeout)
        do {
            let response = try await client.execute(sent, timeout: timeout)
            let received = try await response.body.collect(upTo: request.limit)
            return Response(
                status: Int(response.status.code), headers: response.headers, body: Array(received.readableBytesView))
        } catch {
            throw explained(TransportFailure(error, timeout: timeout, limit: request.limit))
        }
    }

    /// Gets something piece by piece.
    ///
    /// - Parameter body: takes the body of a response with status 200. What it throws is thrown on.
    /// - Returns: the response without its body.
    package func get(
        _ request: Request, body: @Sendable (ByteBuffer) throws -> Void
    ) async throws -> Response {
        let prepared = try prepare(request)
        var sent = HTTPClientRequest(url: request.url)
        sent.headers = prepared.headers
        let timeout = TimeAmount(request.timeout)
        let response: HTTPClientResponse
        do {
            response = try await client.execute(sent, timeout: timeout)
        } catch {
            throw explained(TransportFailure(error, timeout: timeout, limit: request.limit))
        }
        if response.status == .ok {
            do {
                for try await piece in response.body {
                    do {
                        try body(piece)
                    } catch {
                        throw Refusal(cause: error)
                    }
                }
            } catch let refusal as Refusal {
                throw refusal.cause
            } catch {
                throw TransportFailure(error, timeout: timeout, limit: request.limit)
            }
        }
        return Response(status: Int(response.status.code), headers: response.headers, body: [])
    }

    /// The error that was thrown by the receiver of a body.
    private struct Refusal: Error {
        var cause: any Error
    }
}

// MARK: The environment

extension HTTPClient.Configuration {
    /// Takes the proxy and the trusted certificates of the environment.
    ///
    /// - Returns: host and port of the proxy, if one is used.
    fileprivate mutating func useEnvironment(
        _ environment: @Sendable @escaping (String) -> String?, for url: WebURL
    ) throws(WebClient.Fault) -> String? {
        let used: ProxySettings.Proxy?
        do throws(ProxySettings.Fault) {
            used = try ProxySettings(environment: environment).proxy(for: url)
        } catch {
            throw WebClient.Fault(reason: error.reason)
        }
        proxy = used.map { Proxy($0) }
        if url.scheme == "https", let file = environment("SSL_CERT_FILE"), !file.isEmpty {
            try trustCertificates(inPEMFile: file)
        }
        return used.map { "\($0.host):\($0.port)" }
    }

    /// Trusts the certificates of the file that SSL_CERT_FILE names, and no others.
    private mutating func trustCertificates(inPEMFile file: String) throws(WebClient.Fault) {
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
        } catch {
            throw WebClient.Fault(
                reason: "SSL_CERT_FILE names \(file), which contains no readable PEM certificates")
        }
        tlsConfiguration = tls
    }
}

extension HTTPClient.Configuration.Proxy {
    fileprivate init(_ proxy: ProxySettings.Proxy) {
        switch proxy.kind {
        case .socks: self = .socksServer(host: proxy.host, port: proxy.port)
        case .http:
            let credentials = proxy.credentials.map { base64(Array($0.value.utf8)) }
            self = .server(
                host: proxy.host, port: proxy.port,
                authorization: credentials.map { HTTPClient.Authorization.basic(credentials: $0) })
        }
    }
}

import AsyncHTTPClient
import Encodings
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests to one endpoint over persistent connections.
final class HTTPTransport: Sendable {
    /// A server's response, whatever its status.
    struct Response: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
    }

    /// The largest body that is read, in bytes, decompressed.
    static let maximumBodySize = 16 << 20
    static let connectTimeout = TimeAmount.seconds(10)

    private let client: HTTPClient
    /// How long a request may take; for a streamed reply, how long no data may arrive.
    private let timeout: TimeAmount
    private let isStreaming: Bool
    /// Host and port of the proxy, if one is used.
    private let proxy: String?
    private let address: ModelAddress
    private let headers: HTTPHeaders
    private let requests: [InferenceRequest.Operation: HTTPClient.Request]
    private let speaksHTTP2 = Atomic(false)

    /// Whether the server speaks HTTP/2, where many requests share one connection.
    var isMultiplexed: Bool { speaksHTTP2.load(ordering: .relaxed) }

    /// How many times the timeout a streamed reply may take in all.
    static let streamLength = 10

    /// Until when a request that is sent now may take.
    var deadline: NIODeadline { .now() + (isStreaming ? timeout * Self.streamLength : timeout) }

    init(
        model: Model, limits: ModelLimits, userAgent: String, environment: @escaping @Sendable (String) -> String?
    ) throws(InferenceError) {
        timeout = TimeAmount(limits.timeout)
        isStreaming = model.isStreaming
        let accepted =
            model.kind == .agents || isStreaming ? "application/json, text/event-stream" : "application/json"
        var headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("Accept", accepted), ("User-Agent", userAgent),
        ])
        for header in model.headers { headers.replaceOrAdd(name: header.name, value: header.value.value) }
        var requests: [InferenceRequest.Operation: HTTPClient.Request] = [:]
        for operation in InferenceRequest.Operation.allCases {
            do {
                let url = model.url(of: operation)
                requests[operation] = try HTTPClient.Request(url: url, method: .POST, headers: headers)
            } catch {
                throw InferenceError(.invalidModel, "\(model): its URL cannot be used")
            }
        }
        self.requests = requests
        self.headers = headers
        address = model.address

        var configuration = HTTPClient.Configuration()
        // Each attempt has its deadline; failures to connect are known at once, and retried with the others.
        configuration.timeout = HTTPClient.Configuration.Timeout(
            connect: Self.connectTimeout, read: isStreaming ? timeout : nil)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.maxConcurrency
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .enabled(limit: .size(Self.maximumBodySize))
        configuration.httpVersion = .automatic
        do throws(InferenceError) {
            proxy = try configuration.useEnvironment(environment, for: model.address)
        } catch {
            throw InferenceError(error.code, "\(model): \(error.message)")
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends one request and reads the whole response, all within the timeout.
    func send(
        _ body: [UInt8], to operation: InferenceRequest.Operation
    ) async throws(TransportFailure) -> Response {
        guard var request = requests[operation] else {
            // Not reached: there is one for every operation.
            throw TransportFailure(.badResponse, "the operation is not known")
        }
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        return try await execute(request, by: deadline)
    }

    /// Sends one request to a part of an operation, see ``ModelAddress/target(of:_:)``, and reads the whole response
    /// until the deadline.
    func send(
        _ method: HTTPMethod, _ body: String? = nil, to operation: InferenceRequest.Operation, _ part: String,
        by deadline: NIODeadline
    ) async throws(TransportFailure) -> Response {
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: address.target(of: operation, part), method: method, headers: headers,
                body: body.map { .string($0) })
        } catch {
            throw TransportFailure(.badResponse, "it contains a name that is not allowed in a URL")
        }
        return try await execute(request, by: deadline)
    }

    private func execute(
        _ request: HTTPClient.Request, by deadline: NIODeadline
    ) async throws(TransportFailure) -> Response {
        let accumulator = BodyAccumulator(limit: Self.maximumBodySize)
        // The deadline of a task of this kind covers the body as well; that of the newer calls ends with the head.
        let loop = MultiThreadedEventLoopGroup.currentEventLoop
        let task = client.execute(
            request: request, delegate: accumulator, eventLoop: loop.map { .delegate(on: $0) } ?? .indifferent,
            deadline: deadline)
        do {
            try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            var failure = TransportFailure(
                error, timeout: timeout, longest: isStreaming ? timeout * Self.streamLength : nil)
            if let proxy, failure.kind == .unreachable { failure.reason += " (through the proxy \(proxy))" }
            // Some servers do not end a stream as HTTP wants it, though it is whole.
            guard isStreaming, failure.kind == .dropped || failure.kind == .timedOut,
                let (_, body) = accumulator.received,
                case .whole = try? StreamedReply(body.readableBytesView)
            else { throw failure }
        }
        guard let (head, body) = accumulator.received else {
            throw TransportFailure(.dropped, "the server sent no response")
        }
        if head.version.major == 2 { speaksHTTP2.store(true, ordering: .relaxed) }
        return Response(status: Int(head.status.code), headers: head.headers, body: body)
    }

    /// Ends the connections, and the requests under way with them.
    func shutDown() async {
        // Fails only where it has been shut down before.
        try? await client.shutdown()
    }
}

extension HTTPClient.Configuration.Proxy {
    init(_ proxy: ProxySettings.Proxy) {
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

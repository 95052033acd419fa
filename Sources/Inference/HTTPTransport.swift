import AsyncHTTPClient
import Encodings
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix
import NIOSSL
import Synchronization

/// Sends requests to one endpoint over connections that are kept.
final class HTTPTransport: Sendable {
    /// What a server answered, whatever the status.
    struct Response: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
    }

    /// The largest body that is read, in bytes, decompressed.
    static let maximumBodySize = 16 << 20
    static let connectTimeout = TimeAmount.seconds(10)

    private let client: HTTPClient
    private let timeout: TimeAmount
    /// Host and port of the proxy, if one is used.
    private let proxy: String?
    private let address: ModelAddress
    private let headers: HTTPHeaders
    private let requests: [InferenceRequest.Operation: HTTPClient.Request]
    private let speaksHTTP2 = Atomic(false)

    /// Whether the server speaks HTTP/2, where many requests share one connection.
    var isMultiplexed: Bool { speaksHTTP2.load(ordering: .relaxed) }

    /// Until when a request that is sent now may take.
    var deadline: NIODeadline { .now() + timeout }

    init(
        model: Model, limits: ModelLimits, userAgent: String, environment: @escaping @Sendable (String) -> String?
    ) throws(InferenceError) {
        timeout = TimeAmount(limits.timeout)
        let accepted = model.kind == .agents ? "application/json, text/event-stream" : "application/json"
        var headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("Accept", accepted), ("User-Agent", userAgent),
        ])
        for header in model.headers { headers.replaceOrAdd(name: header.name, value: header.value.value) }
        var requests: [InferenceRequest.Operation: HTTPClient.Request] = [:]
        for operation in InferenceRequest.Operation.allCases {
            do {
                let url = model.address.target(of: operation)
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
        configuration.timeout = HTTPClient.Configuration.Timeout(connect: Self.connectTimeout)
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
            throw TransportFailure(.badResponse, "it names what no URL can hold")
        }
        return try await execute(request, by: deadline)
    }

    private func execute(
        _ request: HTTPClient.Request, by deadline: NIODeadline
    ) async throws(TransportFailure) -> Response {
        let accumulator = ResponseAccumulator(request: request, maxBodySize: Self.maximumBodySize)
        // The deadline of a task of this kind covers the body as well; that of the newer calls ends with the head.
        let loop = MultiThreadedEventLoopGroup.currentEventLoop
        let task = client.execute(
            request: request, delegate: accumulator, eventLoop: loop.map { .delegate(on: $0) } ?? .indifferent,
            deadline: deadline)
        do {
            let response = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            if response.version.major == 2 { speaksHTTP2.store(true, ordering: .relaxed) }
            return Response(
                status: Int(response.status.code), headers: response.headers, body: response.body ?? ByteBuffer())
        } catch {
            var failure = TransportFailure(error, timeout: timeout)
            if let proxy, failure.kind == .unreachable { failure.reason += " (through the proxy \(proxy))" }
            throw failure
        }
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

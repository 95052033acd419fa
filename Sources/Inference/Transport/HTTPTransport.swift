import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Web

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

    private let client: WebClient
    /// How long a request may take; for a streamed reply, how long no data may arrive.
    private let timeout: TimeAmount
    private let isStreaming: Bool
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

        var options = WebClient.Options(environment: environment)
        // Each attempt has its deadline; what fails is retried with the others.
        options.silence = isStreaming ? timeout : nil
        options.maxConnections = limits.highestConcurrency
        options.decompressionLimit = Self.maximumBodySize
        do throws(WebClient.Fault) {
            client = try WebClient(for: model.address.url, options)
        } catch {
            throw InferenceError(.invalidModel, "\(model): \(error.reason)")
        }
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
        do {
            try await client.execute(request, into: accumulator, by: deadline)
        } catch {
            let failure = client.explained(
                TransportFailure(
                    error, timeout: timeout, longest: isStreaming ? timeout * Self.streamLength : nil,
                    limit: Self.maximumBodySize))
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
        await client.shutDown()
    }
}

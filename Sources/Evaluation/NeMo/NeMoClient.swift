import AsyncHTTPClient
import Concurrency
import Inference
import JSON
import NIOCore
import NIOHTTP1

/// Asks a NeMo Evaluator. Every call blocks its thread.
struct NeMoClient: Sendable {
    /// Why a request has no answer that can be used.
    struct Failure: Error {
        /// The request and what became of it, in one line.
        var message: String
        var status: Int?
        /// Whether the same request may be answered a little later.
        var isTransient: Bool
    }

    /// How often a question is asked before its failure is one of the job's.
    static let attempts = 10
    private static let largestBody = 64 << 20
    private static let firstPause = Duration.milliseconds(250)

    private let base: String
    private let key: Secret?
    /// Takes the key out of texts. What is cut is redacted before, so that no part of the key stays.
    let redaction: Redaction
    private let longestPause: Duration

    /// - Parameter environment: reads a variable of the process's environment.
    init(
        _ settings: EvaluationSettings.NeMo, environment: (String) -> String?
    ) throws(EvaluationError) {
        guard let base = Self.base(settings.url) else {
            throw EvaluationError(.unavailable, "the URL of NeMo Evaluator does not begin with http:// or https://")
        }
        self.base = base
        var key: Secret?
        if let variable = settings.apiKeyVariable {
            guard let value = environment(variable), !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                throw EvaluationError(
                    .unavailable,
                    "the environment variable \(variable), which the configuration of NeMo Evaluator names, contains "
                        + "no key")
            }
            key = Secret(value)
        }
        self.key = key
        redaction = Redaction(key.map { [$0] } ?? [])
        longestPause = settings.pollInterval
    }

    /// The URL without slashes at its end; nil if it is none.
    static func base(_ url: String) -> String? {
        let slashes = url.reversed().prefix { $0 == "/" }.count
        let base = String(url.dropLast(slashes))
        let isHTTP = base.hasPrefix("http://") || base.hasPrefix("https://")
        guard isHTTP, let request = try? HTTPClient.Request(url: base), !request.host.isEmpty else { return nil }
        return base
    }

    /// Gets something, again and again while that may help.
    ///
    /// - Parameter waitsForIt: whether it may not be there yet, so that a 404 is no final answer.
    func get(
        _ path: String, waitsForIt: Bool = false, cancellation: Cancellation
    ) throws(EvaluationError) -> JSONValue {
        for attempt in 1... {
            do throws(Failure) {
                return try send(.GET, path, cancellation: cancellation)
            } catch {
                if cancellation.isCancelled { break }
                let mayHelp = error.isTransient || waitsForIt && error.status == 404
                guard mayHelp, attempt < Self.attempts else { throw EvaluationError(.provider, error.message) }
                pause(Self.firstPause * (1 << min(attempt - 1, 10)), cancellation)
            }
        }
        throw EvaluationError(.cancelled, "cancelled")
    }

    /// Waits for a while, no longer than the settings' pause, or until somebody cancels.
    func pause(_ length: Duration, _ cancellation: Cancellation) {
        let length = min(length, longestPause)
        try? waiting(cancellation) { try await Task.sleep(for: length) }
    }

    /// Sends a request once.
    ///
    /// - Returns: the JSON of an answer with a status of success; null where its body is empty.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, timeout: TimeAmount = .seconds(30),
        cancellation: Cancellation = Cancellation()
    ) throws(Failure) -> JSONValue {
        let answer: (status: Int, body: ByteBuffer)
        do {
            let prepared = try request(method, path, body)
            answer = try waiting(cancellation) { try await Self.exchange(prepared, timeout: timeout) }
        } catch {
            throw Failure(
                message: "\(method) \(base)\(path) failed: \(redaction(Self.reason(error)))", isTransient: true)
        }
        let bytes = Array(answer.body.readableBytesView)
        let json = bytes.isEmpty ? .null : try? JSONValue(parsing: bytes)
        guard (200..<300).contains(answer.status) else {
            let shown = redaction(Self.message(json) ?? String(decoding: bytes, as: UTF8.self)).prefix(600)
            throw Failure(
                message: "\(method) \(base)\(path) returned status \(answer.status): \(shown)",
                status: answer.status, isTransient: answer.status == 429 || answer.status >= 500)
        }
        guard let json else {
            throw Failure(
                message: "\(method) \(base)\(path) returned a response that is not JSON: "
                    + redaction(String(decoding: bytes, as: UTF8.self)).prefix(100),
                status: answer.status, isTransient: true)
        }
        return json
    }

    private func request(_ method: HTTPMethod, _ path: String, _ body: JSONValue?) throws -> HTTPClient.Request {
        var request = try HTTPClient.Request(url: base + path, method: method)
        request.headers.add(name: "User-Agent", value: "assay")
        request.headers.add(name: "Accept", value: "application/json")
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key.value)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .string(body.text)
        }
        return request
    }

    /// One request over a connection of its own: they are seconds apart.
    ///
    /// - Parameter timeout: for all of it, to the end of the answer's body.
    private static func exchange(
        _ request: HTTPClient.Request, timeout: TimeAmount
    ) async throws -> (Int, ByteBuffer) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = min(timeout, .seconds(10))
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<(Int, ByteBuffer), any Error>
        do {
            // The deadline of a task of this kind covers the body as well; that of the newer calls ends with the head.
            let task = client.execute(
                request: request, delegate: ResponseAccumulator(request: request, maxBodySize: largestBody),
                deadline: .now() + timeout)
            let response = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            result = .success((Int(response.status.code), response.body ?? ByteBuffer()))
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case is CancellationError: "it was cancelled"
        default: "\(error)"
        }
    }

    /// What the service says about a failure, in one of the forms that it has for that.
    private static func message(_ json: JSONValue?) -> String? {
        guard let json else { return nil }
        let said = json["error"]?["message"] ?? json["detail"] ?? json["message"] ?? json
        return said.string ?? said.text
    }
}

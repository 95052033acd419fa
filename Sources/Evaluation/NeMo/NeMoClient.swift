import Concurrency
import Inference
import JSON
import NIOHTTP1
import Web

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

    private let base: String
    private let client: WebClient
    private let authorization: Secret?
    /// Takes the key out of texts. What is cut is redacted before, so that no part of the key stays.
    let redaction: Redaction
    private let longestPause: Duration

    /// - Parameter environment: reads a variable of the process's environment.
    init(
        _ settings: EvaluationSettings.NeMo, environment: @escaping @Sendable (String) -> String?
    ) throws(EvaluationError) {
        guard let url = Self.base(settings.url) else {
            throw EvaluationError(.unavailable, "the URL of NeMo Evaluator does not start with http:// or https://")
        }
        base = url.text
        do throws(WebClient.Fault) {
            client = try WebClient(for: url, WebClient.Options(environment: environment))
        } catch {
            throw EvaluationError(.unavailable, "NeMo Evaluator cannot be reached: \(error.reason)")
        }
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
        authorization = key.map { Secret("Bearer \($0.value)") } ?? url.basicAuthorization
        redaction = Redaction([key, url.userInfo, authorization].compactMap(\.self))
        longestPause = settings.pollInterval
    }

    /// The URL without slashes at its end; nil if no path can be added to it.
    static func base(_ text: String) -> WebURL? {
        guard var url = try? WebURL(parsing: text), url.query.isEmpty, url.fragment == nil else { return nil }
        url.removeTrailingSlashes()
        return url
    }

    /// Gets something, again and again while that may help.
    ///
    /// - Parameter waitsForIt: whether it may not be there yet, so that a 404 is no final answer.
    func get(
        _ path: String, waitsForIt: Bool = false, cancellation: Cancellation
    ) throws(EvaluationError) -> JSONValue {
        let retries = WebClient.Retries(attempts: Self.attempts, longestPause: longestPause) { result in
            guard let response = try? result.get() else { return true }
            return response.isTransient || waitsForIt && response.status == 404
                || response.isSuccess && Self.json(response) == nil
        }
        do throws(Failure) {
            return try send(.GET, path, retries: retries, cancellation: cancellation)
        } catch {
            if cancellation.isCancelled { throw EvaluationError(.cancelled, "cancelled") }
            throw EvaluationError(.provider, error.message)
        }
    }

    /// Waits for a while, no longer than the settings' pause, or until somebody cancels.
    func pause(_ length: Duration, _ cancellation: Cancellation) {
        let length = min(length, longestPause)
        try? waiting(cancellation) { try await Task.sleep(for: length) }
    }

    /// Sends a request; once, unless `retries` says otherwise.
    ///
    /// - Returns: the JSON of an answer with a status of success; null where its body is empty.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, timeout: Duration = .seconds(30),
        retries: WebClient.Retries = WebClient.Retries(attempts: 1), cancellation: Cancellation = Cancellation()
    ) throws(Failure) -> JSONValue {
        let request = request(method, path, body, timeout: timeout)
        let response: WebClient.Response
        do {
            response = try waiting(cancellation) { [client] in try await client.send(request, retries) }
        } catch {
            throw Failure(message: "\(method) \(base)\(path) failed: \(redaction("\(error)"))", isTransient: true)
        }
        let json = Self.json(response)
        guard response.isSuccess else {
            let shown = redaction(Self.message(json) ?? String(decoding: response.body, as: UTF8.self)).prefix(600)
            throw Failure(
                message: "\(method) \(base)\(path) returned status \(response.status): \(shown)",
                status: response.status, isTransient: response.isTransient)
        }
        guard let json else {
            throw Failure(
                message: "\(method) \(base)\(path) returned a response that is not JSON: "
                    + redaction(String(decoding: response.body, as: UTF8.self)).prefix(100),
                status: response.status, isTransient: true)
        }
        return json
    }

    private func request(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue?, timeout: Duration
    ) -> WebClient.Request {
        var headers: [(name: String, value: String)] = [("Accept", "application/json")]
        if let authorization { headers.append(("Authorization", authorization.value)) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        return WebClient.Request(
            base + path, method: method, headers: headers, body: body.map { Array($0.text.utf8) }, timeout: timeout,
            limit: Self.largestBody)
    }

    /// Null for an empty body, nil for what is not JSON.
    private static func json(_ response: WebClient.Response) -> JSONValue? {
        response.body.isEmpty ? .null : try? JSONValue(parsing: response.body)
    }

    /// What the service says about a failure, in one of the forms that it has for that.
    private static func message(_ json: JSONValue?) -> String? {
        guard let json else { return nil }
        let said = json["error"]?["message"] ?? json["detail"] ?? json["message"] ?? json
        return said.string ?? said.text
    }
}

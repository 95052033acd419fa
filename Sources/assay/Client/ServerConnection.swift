import Concurrency
import JSON
import NIOHTTP1
import Platform
import Web

/// A connection to a server of the scoring API. All calls block.
final class ServerConnection: Sendable {
    /// The server's error, or the reason why there was no response.
    struct Fault: Error, CustomStringConvertible {
        var description: String
        /// Nil if there was no response.
        var status: Int?
    }

    /// The server's address without a slash at its end.
    let url: String
    private let hasToken: Bool
    private let authorization: Secret?
    private let client: WebClient

    /// The maximum size of a response, in bytes; larger data comes in pages.
    private static let maximumAnswer = 1 << 30
    /// A request is repeated if the server rejects it because of too many requests.
    private static let retries = WebClient.Retries(attempts: 6, longestPause: .seconds(30)) { result in
        guard let response = try? result.get() else { return false }
        return response.status == 429 && response.retryAfter != nil
    }

    /// - Parameters:
    ///   - url: may have a path, under which a proxy serves the API; a version at its end is ignored.
    ///   - token: the server's access token.
    init(url text: String, token: String?) throws {
        var url: WebURL
        do throws(WebURL.Fault) {
            url = try WebURL(parsing: text)
        } catch {
            throw Failure("the address of the server \(error.reason)")
        }
        url.removeTrailingSlashes()
        if url.path.hasSuffix("/v1") { url.path.removeLast(3) }
        do throws(WebClient.Fault) {
            client = try WebClient(for: url, WebClient.Options(environment: { environmentVariable($0) }))
        } catch {
            throw Failure(error.reason)
        }
        self.url = url.origin + url.path
        hasToken = token != nil
        authorization = token.map { Secret("Bearer \($0)") } ?? url.basicAuthorization
    }

    func get(_ path: String) throws(Fault) -> JSONValue { try send(.GET, path) }

    @discardableResult
    func post(_ path: String, _ body: JSONValue) throws(Fault) -> JSONValue {
        try send(.POST, path, Array(body.text.utf8))
    }

    /// - Parameter body: JSON.
    func post(_ path: String, bytes body: [UInt8]) throws(Fault) { _ = try send(.POST, path, body) }

    func delete(_ path: String) throws(Fault) { _ = try send(.DELETE, path) }

    private func send(_ method: HTTPMethod, _ path: String, _ body: [UInt8]? = nil) throws(Fault) -> JSONValue {
        var headers: [(name: String, value: String)] = [
            ("User-Agent", "assay/\(Assay.version)"), ("Accept", "application/json"),
        ]
        if let authorization { headers.append(("Authorization", authorization.value)) }
        if body != nil { headers.append(("Content-Type", "application/json")) }
        // A score of a large dataset may take days.
        let request = WebClient.Request(
            url + path, method: method, headers: headers, body: body, timeout: .seconds(30 * 86_400),
            limit: Self.maximumAnswer)
        let response: WebClient.Response
        do {
            response = try waiting { [client] in try await client.send(request, Self.retries) }
        } catch {
            throw Fault(description: "the server at \(url) cannot be reached: \(oneLine("\(error)"))")
        }
        let json = try? JSONValue(parsing: response.body)
        if response.isSuccess, let json { return json }
        throw fault(response, json)
    }

    private func fault(_ response: WebClient.Response, _ json: JSONValue?) -> Fault {
        let status = response.status
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
                hasToken
                ? "; check the token" : "; name the environment variable that holds the token with --api-key-env"
        }
        return Fault(description: text, status: status)
    }
}

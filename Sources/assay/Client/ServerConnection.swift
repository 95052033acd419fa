import Concurrency
import JSON
import NIOHTTP1
import Web

/// A server of the scoring API, as its clients see it. All calls block.
final class ServerConnection: Sendable {
    /// What the server said instead of an answer, or why it said nothing.
    struct Fault: Error, CustomStringConvertible {
        var description: String
        /// Nil where there was no answer.
        var status: Int?
    }

    /// The server's address without a slash at its end.
    let url: String
    private let hasToken: Bool
    private let authorization: Secret?
    private let client: WebClient

    /// Bytes of an answer that are read; larger ones come in pages.
    private static let maximumAnswer = 1 << 30
    /// A request is made again where the server has turned it away as one too many.
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
        while url.path.hasSuffix("/") { url.path.removeLast() }
        if url.path.hasSuffix("/v1") { url.path.removeLast(3) }
        do throws(WebClient.Fault) {
            client = try WebClient(for: url, WebClient.Options(environment: { variable($0) }))
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
            text += "the answer is not JSON; is this the address of a server of the scoring API?"
        } else {
            text += "the server answered with status \(status)"
        }
        if status == 401 {
            text += !hasToken ? "; name the variable that holds the token with --api-key-env" : "; check the token"
        }
        return Fault(description: text, status: status)
    }
}

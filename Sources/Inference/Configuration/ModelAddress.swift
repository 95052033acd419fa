import Web

/// The parsed address of a model's API.
struct ModelAddress: Hashable, Sendable {
    typealias Fault = WebURL.Fault

    /// Its path has no slash at its end, and no operation, which many would copy with it; it is `/v1` where the text has
    /// none.
    let url: WebURL

    init(parsing text: String) throws(Fault) {
        var url = try WebURL(parsing: text)
        guard url.fragment == nil else {
            throw Fault(reason: "contains a character that is not allowed here in a URL; write it as %XX")
        }
        url.removeTrailingSlashes()
        var base = url.path[...]
        let operations = ModelAPI.allCases.map(\.path) + [InferenceRequest.Operation.embedding.rawValue]
        // "chat/completions" comes before "completions".
        if let operation = operations.first(where: { base.hasSuffix("/" + $0) }) {
            base = base.dropLast(operation.count + 1)
        }
        url.path = base.isEmpty ? "/v1" : String(base)
        self.url = url
    }

    /// The address without user name, password and query, as messages show it.
    var shown: String { url.origin + url.path }

    /// The address of an operation, as requests go to it.
    ///
    /// - Parameter part: what of the operation is meant, as the end of the path, such as `/3/session`.
    func target(of operation: InferenceRequest.Operation, _ part: String = "") -> String {
        target(operation.rawValue + part)
    }

    /// The address with something at the end of its path.
    func target(_ end: String) -> String { "\(url.origin)\(url.path)/\(end)\(url.query)" }

    /// The address without user name and password.
    var whole: String { url.text }

    /// The `Authorization` that the user name and the password stand for.
    var basicAuthorization: Secret? { url.basicAuthorization }
}

import HTTPTypes
import Hummingbird
import JSON

/// Keys for models that a request carries in the header `X-LlamaStack-Provider-Data`: a JSON object such as
/// `{"openai_api_key": "…"}`. Such a key replaces the environment variable that a configured model's key is in, whatever
/// the case of the name, for this request only. Keys that no configured model uses are ignored.
///
/// The official command line always sends its three keys, which are empty if its environment has none. A key that is
/// null, empty or white space is therefore not a key, and neither is an empty header.
struct Credentials: Sendable {
    /// Keys by the name of the variable. Only variables with keys: clients must not set any other variable.
    let variables: [String: String]

    private static let header = "X-LlamaStack-Provider-Data"
    /// The first spelling is the current one; clients before 0.1 send the second.
    private static let names = [header, "X-LlamaStack-ProviderData"].compactMap { HTTPField.Name($0) }

    /// - Parameter known: the variables that configured models' keys are in.
    /// - Throws: if the header is not a JSON object, or the key of a configured model is not valid: the operator's own key must
    ///   not be used instead.
    init(of request: Request, known: Set<String>) throws(APIError) {
        guard let text = Self.names.lazy.compactMap({ request.headers[$0] }).first, !trimmed(text).isEmpty else {
            variables = [:]
            return
        }
        guard let members = (try? JSONValue(parsing: text))?.object else {
            throw .invalid(
                "the header \(Self.header) is not a JSON object", code: "invalid_provider_data", at: Self.header)
        }
        // The key for a server for which the operator set no key, see `ModelCatalog.authorized(with:)`.
        let known = known.union(["OPENAI_API_KEY"])
        var variables: [String: String] = [:]
        for (key, value) in members.members where value != .null {
            let names = known.filter { $0.uppercased() == key.uppercased() }
            if names.isEmpty { continue }
            let secret = value.string.map(trimmed)
            if let secret, secret.isEmpty { continue }
            guard let secret, secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .invalid(
                    "the header \(Self.header): the value of \(quoted(String(key.prefix(200)))) is not a valid key; "
                        + "expected a string of visible ASCII characters, without spaces",
                    code: "invalid_provider_data", at: Self.header)
            }
            for name in names { variables[name] = secret }
        }
        self.variables = variables
    }
}

/// The text without white space at its ends, such as the line break after a key in a file.
private func trimmed(_ text: String) -> String {
    let isSpace: (Character) -> Bool = { $0.isWhitespace }
    let start = text.drop(while: isSpace)
    return String(start.reversed().drop(while: isSpace).reversed())
}

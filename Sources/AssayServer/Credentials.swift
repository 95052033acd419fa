import HTTPTypes
import Hummingbird
import JSON

/// Keys for models that a request brings, in the header `X-LlamaStack-Provider-Data`: a JSON object such as
/// `{"openai_api_key": "…"}`. Such a key takes the place of the environment variable of that name in capitals, or of the
/// variable that a configured model's key is in, in whatever case, for this request only.
struct Credentials: Sendable {
    /// By the name of the variable. Only names of keys: nothing else of the environment is a client's business.
    let variables: [String: String]

    private static let header = "X-LlamaStack-Provider-Data"

    /// - Parameter known: the variables that configured models' keys are in.
    /// - Throws: where a key is none, as the operator's would be used instead.
    init(of request: Request, known: Set<String>) throws(APIError) {
        guard let name = HTTPField.Name(Self.header), let text = request.headers[name] else {
            variables = [:]
            return
        }
        guard let members = (try? JSONValue(parsing: text))?.object else {
            throw .invalid(
                "the header \(Self.header) holds no JSON object", code: "invalid_provider_data", at: Self.header)
        }
        var variables: [String: String] = [:]
        for (key, value) in members.members where value != .null {
            let variable = key.uppercased()
            var names = known.filter { $0.uppercased() == variable }
            if variable.hasSuffix("_API_KEY") { names.insert(variable) }
            if names.isEmpty { continue }
            guard let value = value.string, !value.isEmpty, value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .invalid(
                    "the header \(Self.header): the value of \(quoted(String(key.prefix(200)))) is no key; a string of "
                        + "the visible characters of ASCII, without spaces, was expected",
                    code: "invalid_provider_data", at: Self.header)
            }
            for name in names { variables[name] = value }
        }
        self.variables = variables
    }
}

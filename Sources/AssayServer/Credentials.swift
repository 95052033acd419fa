import HTTPTypes
import Hummingbird
import JSON

/// Keys for models that a request brings, in the header `X-LlamaStack-Provider-Data`: a JSON object such as
/// `{"openai_api_key": "…"}`. Such a key takes the place of the environment variable of that name in capitals, for this
/// request only.
struct Credentials: Sendable {
    /// By the name of the variable. Only names of keys: nothing else of the environment is a client's business.
    let variables: [String: String]

    private static let header = "X-LlamaStack-Provider-Data"

    init(of request: Request) throws(APIError) {
        guard let name = HTTPField.Name(Self.header), let text = request.headers[name] else {
            variables = [:]
            return
        }
        guard let members = (try? JSONValue(parsing: text))?.object else {
            throw .invalid(
                "the header \(Self.header) holds no JSON object", code: "invalid_provider_data", at: Self.header)
        }
        var variables: [String: String] = [:]
        for (key, value) in members.members {
            let variable = key.uppercased()
            guard variable.hasSuffix("_API_KEY"), let value = value.string, !value.isEmpty else { continue }
            variables[variable] = value
        }
        self.variables = variables
    }
}

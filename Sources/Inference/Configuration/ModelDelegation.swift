import JSON

/// What another program needs to send its own requests to a model: the address, the model's name there, and the key.
package struct ModelDelegation: Sendable {
    /// The name that is sent to the server.
    package let name: String
    /// The API that the program should use.
    package let limits: ModelLimits
    private let address: ModelAddress
    private let key: Secret?
    private let redaction: Redaction

    /// - Throws: if requests to the model need more than an address and a key, which the program does not support.
    init(_ model: Model, limits: ModelLimits) throws(InferenceError) {
        guard model.api == .chat || model.api == .completions else {
            throw InferenceError(
                .invalidModel,
                "\(model): other programs can use it through the chat or the completions API, but not through "
                    + "\"api\": \(quoted(model.api.rawValue)); configure the model with one of those")
        }
        let bearer = "Bearer "
        var key: Secret?
        for header in model.headers {
            guard header.name.lowercased() == "authorization", header.value.value.hasPrefix(bearer) else {
                throw InferenceError(
                    .invalidModel,
                    "\(model): other programs can receive its address and its key, but not the header \(header.name); "
                        + "configure the model without it")
            }
            key = Secret(String(header.value.value.dropFirst(bearer.count)))
        }
        guard model.address.query.isEmpty, model.address.userInfo == nil else {
            throw InferenceError(
                .invalidModel,
                "\(model): its URL has a query, a user name or a password, which another program would reveal; "
                    + "configure the model without them, with its key in an environment variable (api_key_env)")
        }
        self.key = key
        self.limits = limits
        name = model.name
        address = model.address
        redaction = model.redaction
    }

    /// The URL of an operation.
    package func url(of operation: InferenceRequest.Operation) -> String { address.target(of: operation) }

    /// An entry of the program's environment that gives a variable the key; an empty one where the model has none.
    package func environmentEntry(_ variable: String) -> String { "\(variable)=\(key?.value ?? "")" }

    /// The text without the key.
    package func redacted(_ text: String) -> String { redaction(text) }
}

extension InferenceService {
    /// What another program needs to use the model with this name. This service's limits and cache do not apply to its
    /// requests.
    package func delegation(of name: String) throws(InferenceError) -> ModelDelegation {
        let model = try catalog.find(name)
        return try ModelDelegation(model, limits: limits(of: model))
    }
}

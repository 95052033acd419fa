import JSON
import Web

/// What a program of another maker needs to ask a model by itself: where it is, what it is called there, and its key.
package struct ModelDelegation: Sendable {
    /// The name that is sent to the server.
    package let name: String
    /// How the program should ask.
    package let limits: ModelLimits
    private let address: ModelAddress
    private let key: Secret?
    private let redaction: Redaction

    /// - Throws: where the model is asked with more than an address and a key, so that the program could not do the same.
    init(_ model: Model, limits: ModelLimits) throws(InferenceError) {
        guard model.api == .chat || model.api == .completions else {
            throw InferenceError(
                .invalidModel,
                "\(model): another program can ask it through the chat or the completions API, but not through "
                    + "\"api\": \(quoted(model.api.rawValue)); configure the model with one of these")
        }
        let bearer = "Bearer "
        var key: Secret?
        for header in model.headers {
            guard header.name.lowercased() == "authorization", header.value.value.hasPrefix(bearer) else {
                throw InferenceError(
                    .invalidModel,
                    "\(model): another program can be given its address and its key, but not the header \(header.name); "
                        + "configure the model without it")
            }
            key = Secret(String(header.value.value.dropFirst(bearer.count)))
        }
        guard model.address.url.query.isEmpty, model.address.url.userInfo == nil else {
            throw InferenceError(
                .invalidModel,
                "\(model): its URL has a query, a user name or a password, which another program would show; configure "
                    + "the model without them, with its key in a variable of the environment (api_key_env)")
        }
        self.key = key
        self.limits = limits
        name = model.name
        address = model.address
        redaction = model.redaction
    }

    /// Where an operation is asked for.
    package func url(of operation: InferenceRequest.Operation) -> String { address.target(of: operation) }

    /// An entry of the program's environment that gives a variable the key; an empty one where the model has none.
    package func environmentEntry(_ variable: String) -> String { "\(variable)=\(key?.value ?? "")" }

    /// The text without the key.
    package func redacted(_ text: String) -> String { redaction(text) }
}

extension InferenceService {
    /// What another program needs to ask the model of that name. It keeps to none of this service's limits by itself, and
    /// nothing that it asks is cached here.
    package func delegation(of name: String) throws(InferenceError) -> ModelDelegation {
        let model = try catalog.find(name)
        return try ModelDelegation(model, limits: limits(of: model))
    }
}

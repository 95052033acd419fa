import Glibc
import JSON
public import Platform
import Synchronization

/// The available models, by name.
public final class ModelCatalog: Sendable {
    /// The endpoint for models without a configuration: their names are sent unchanged.
    public struct DefaultEndpoint: Hashable, Sendable {
        public var url: String
        public var apiKeyVariable: String?
        public var api: ModelAPI

        public init(url: String, apiKeyVariable: String? = nil, api: ModelAPI = .chat) {
            self.url = url
            self.apiKeyVariable = apiKeyVariable
            self.api = api
        }
    }

    private let configurations: [ModelConfiguration]
    private let agentsConfiguration: ModelConfiguration?
    private let defaultEndpoint: DefaultEndpoint?
    private let environment: @Sendable (String) -> String?
    private let models = Mutex<[ExactText: Model]>([:])
    /// Models that were added, by id.
    private let added = Mutex<[ExactText: ModelConfiguration]>([:])

    /// The provider name of the server for models without a configuration.
    public static let defaultProvider = "openai-compatible"

    /// - Parameters:
    ///   - agents: the server for agents, see ``ModelConfiguration/agents(in:file:)``.
    ///   - environment: reads a variable of the process's environment.
    public init(
        _ configurations: [ModelConfiguration] = [], agents: ModelConfiguration? = nil,
        defaultEndpoint: DefaultEndpoint? = nil,
        environment: @escaping @Sendable (String) -> String? = environmentVariable
    ) {
        self.configurations = configurations
        agentsConfiguration = agents
        self.defaultEndpoint = defaultEndpoint
        self.environment = environment
    }

    /// The same models, with keys that replace environment variables.
    func reading(_ keys: [String: String]) -> ModelCatalog {
        var defaultEndpoint = defaultEndpoint
        // An endpoint without a key of its own takes that of the API that its requests are made in.
        let variable = defaultEndpoint?.api == .anthropic ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY"
        if defaultEndpoint?.apiKeyVariable == nil, keys[variable] != nil { defaultEndpoint?.apiKeyVariable = variable }
        let catalog = ModelCatalog(
            configurations, agents: agentsConfiguration, defaultEndpoint: defaultEndpoint
        ) { [environment] name in keys[name] ?? environment(name) }
        let added = added.withLock { $0 }
        catalog.added.withLock { $0 = added }
        return catalog
    }

    /// The names of the configured models, in the order of the configuration.
    public var ids: [String] { configurations.map(\.id) }

    /// Whether the jobs of a server are to send the requests to some model in batches.
    var sendsJobsInBatches: Bool { configurations.contains { $0.batch.jobs } }

    /// The names of the variables with the servers' keys.
    public var apiKeyVariables: Set<String> {
        Set(
            configurations.compactMap(\.apiKeyVariable)
                + [agentsConfiguration?.apiKeyVariable, defaultEndpoint?.apiKeyVariable].compactMap(\.self))
    }

    /// The model with this name: a configured model, or otherwise a model of the default endpoint.
    ///
    /// The first call for a name reads the model's secrets from the environment.
    public func find(_ name: String) throws(InferenceError) -> Model {
        if let model = models.withLock({ $0[ExactText(name)] }) { return model }
        let model = try Model(configuration(of: name), environment: environment)
        models.withLock { $0[ExactText(name)] = model }
        return model
    }

    /// The server for agents, for requests for turns, see ``InferenceRequest/Operation/agentTurn``.
    ///
    /// Reads its secrets from the environment.
    public func agents() throws(InferenceError) -> Model {
        guard let agentsConfiguration else {
            throw InferenceError(
                .unknownModel,
                "no server for agents is configured; name the URL of a Llama Stack server with --agents-url, or with "
                    + #"{"agents": {"url": …}} in the configuration"#)
        }
        return try Model(agentsConfiguration, kind: .agents, environment: environment)
    }

    /// Adds a name for a model on another configured model's server, or on the default endpoint.
    ///
    /// - Parameters:
    ///   - id: the new name of the model; must not be that of a configured model.
    ///   - name: the name that is sent to the server.
    ///   - provider: the id of the configured model whose server is meant; nil or `defaultProvider`: the default endpoint,
    ///     or the configured model that is called `name`.
    public func add(_ id: String, as name: String, of provider: String?) throws(InferenceError) {
        var configuration = try base(of: provider, name)
        if provider != nil && provider != Self.defaultProvider { configuration.model = name }
        configuration.id = id
        let new = configuration
        added.withLock { $0[ExactText(id)] = new }
        models.withLock { $0[ExactText(id)] = nil }
    }

    /// Removes a model that was added. Runs that use it continue.
    public func remove(_ id: String) {
        added.withLock { $0[ExactText(id)] = nil }
        models.withLock { $0[ExactText(id)] = nil }
    }

    /// Checks that `add` would find a server.
    public func checkProvider(_ provider: String?, name: String) throws(InferenceError) {
        _ = try base(of: provider, name)
    }

    private func base(of provider: String?, _ name: String) throws(InferenceError) -> ModelConfiguration {
        let wanted = provider == nil || provider == Self.defaultProvider ? name : provider ?? name
        if let configuration = configurations.first(where: { $0.id == wanted }) { return configuration }
        if provider == nil || provider == Self.defaultProvider { return try configuration(of: name) }
        throw InferenceError(
            .unknownModel,
            "there is no provider \"\(wanted)\"; name a configured model to use its server"
                + (ids.isEmpty ? "" : " (\(ids.joined(separator: ", ")))")
                + ", or \"\(Self.defaultProvider)\", the server for models that are not in the configuration")
    }

    private func configuration(of name: String) throws(InferenceError) -> ModelConfiguration {
        if let configuration = configurations.first(where: { $0.id.utf8.elementsEqual(name.utf8) }) {
            return configuration
        }
        if let configuration = added.withLock({ $0[ExactText(name)] }) { return configuration }
        if let defaultEndpoint {
            var configuration = ModelConfiguration(
                id: name, url: defaultEndpoint.url, apiKeyVariable: defaultEndpoint.apiKeyVariable)
            configuration.api = defaultEndpoint.api
            return configuration
        }
        let known = ids.isEmpty ? "no models are configured" : "configured models: \(ids.joined(separator: ", "))"
        throw InferenceError(.unknownModel, "the model \"\(name)\" is not configured (\(known))")
    }
}

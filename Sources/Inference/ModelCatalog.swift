import Glibc
import Synchronization

/// The models that can be asked, by name.
public final class ModelCatalog: Sendable {
    /// Where models are asked that have no configuration: their names are sent as they are.
    public struct DefaultEndpoint: Hashable, Sendable {
        public var url: String
        public var apiKeyVariable: String?

        public init(url: String, apiKeyVariable: String? = nil) {
            self.url = url
            self.apiKeyVariable = apiKeyVariable
        }
    }

    private let configurations: [ModelConfiguration]
    private let defaultEndpoint: DefaultEndpoint?
    private let environment: @Sendable (String) -> String?
    private let models = Mutex<[String: Model]>([:])

    /// - Parameter environment: reads a variable of the process's environment.
    public init(
        _ configurations: [ModelConfiguration] = [], defaultEndpoint: DefaultEndpoint? = nil,
        environment: @escaping @Sendable (String) -> String? = environmentVariable
    ) {
        self.configurations = configurations
        self.defaultEndpoint = defaultEndpoint
        self.environment = environment
    }

    /// The names of the configured models, in the order of their configuration.
    public var ids: [String] { configurations.map(\.id) }

    /// The model of that name: the configured one, or else the one that the default endpoint knows by it.
    ///
    /// The first call for a name reads the model's secrets from the environment.
    public func find(_ name: String) throws(InferenceError) -> Model {
        if let model = models.withLock({ $0[name] }) { return model }
        let model = try Model(configuration(of: name), environment: environment)
        models.withLock { $0[name] = model }
        return model
    }

    private func configuration(of name: String) throws(InferenceError) -> ModelConfiguration {
        if let configuration = configurations.first(where: { $0.id == name }) { return configuration }
        if let defaultEndpoint {
            return ModelConfiguration(
                id: name, url: defaultEndpoint.url, apiKeyVariable: defaultEndpoint.apiKeyVariable)
        }
        let known = ids.isEmpty ? "no model is" : "configured are \(ids.joined(separator: ", "))"
        throw InferenceError(
            .unknownModel,
            "no model \"\(name)\" is configured (\(known)); configure it, or give the URL of the server that has it")
    }
}

/// A variable of the process's environment.
@Sendable public func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

import Inference
import JSON
import ScoringDefinitions
import ScoringEngine
import Store
import Synchronization

/// What all requests share.
final class Service: Sendable {
    let configuration: ServerConfiguration
    let engine: Engine
    let registry: Registry
    /// What asks models; nil where there is no way to any.
    let inference: InferenceService?
    /// The models that can be asked.
    var models: ModelCatalog? { inference?.catalog }
    let routes: RouteTable
    let metrics = Metrics()
    let access: Access
    let pages: PageLibrary
    /// What may be read of the server's files.
    let folders: AllowedFolders
    /// What was wrong with what the registry holds, when it was read.
    let warnings: [String]
    /// The functions that came with the program or were configured, which nobody can unregister.
    private let builtIn: DefinitionCatalog
    private let known: Mutex<DefinitionCatalog>
    /// Is held by whoever registers something, so that the registry and what is in memory agree.
    let registration = Mutex<Void>(())

    init(
        _ configuration: ServerConfiguration, engine: Engine, registry: Registry, inference: InferenceService?,
        routes: RouteTable
    ) throws {
        self.configuration = configuration
        self.engine = engine
        self.registry = registry
        self.inference = inference
        self.routes = routes
        folders = try AllowedFolders(configuration.allowedFolders)
        access = Access(configuration)
        pages = try PageLibrary()
        builtIn = engine.definitions
        var definitions = engine.definitions
        var warnings: [String] = []
        for (id, definition) in try registry.definitions(.scoringFunction) {
            guard definitions[id] == nil else {
                warnings.append(
                    "the registered scoring function \(id) is hidden by one that came with a definition file")
                continue
            }
            do throws(InvalidDefinition) {
                definitions.set(try ScoringFunction(definition, origin: "registry", allowsPlainIdentifier: true))
            } catch {
                warnings.append("the registered scoring function \(id) cannot be used: \(error)")
            }
        }
        for (id, definition) in try registry.definitions(.model) {
            do throws(InferenceError) {
                try inference?.catalog.add(
                    id, as: definition["provider_resource_id"]?.string ?? id, of: definition["provider_id"]?.string)
            } catch {
                warnings.append("the registered model \(id) cannot be used: \(error)")
            }
        }
        known = Mutex(definitions)
        self.warnings = warnings
    }

    /// The scoring functions as of now. A request uses one catalog from its beginning to its end.
    var definitions: DefinitionCatalog { known.withLock { $0 } }

    /// The function that came with the program.
    func builtInFunction(_ id: String) -> ScoringFunction? { builtIn[id] }

    func changeDefinitions(_ change: (inout DefinitionCatalog) -> Void) { known.withLock { change(&$0) } }
}

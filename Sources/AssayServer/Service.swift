import Evaluation
import Inference
import JSON
import Reports
import ScoringDefinitions
import ScoringEngine
import Store
import Synchronization

/// The state that all requests share.
final class Service: Sendable {
    let configuration: ServerConfiguration
    let engine: Engine
    let registry: Registry
    /// The service that sends requests to models; nil if there are no models.
    let inference: InferenceService?
    /// The available models.
    var models: ModelCatalog? { inference?.catalog }
    /// The engines that run benchmarks, the server's own first.
    let providers: [any EvaluationProvider]
    let jobs: JobQueue
    let routes: RouteTable
    let metrics: Metrics
    let health: HealthCheck
    let access: Access
    let pages: TemplateLibrary
    let pluginDigests = PluginDigests()
    /// How the sources of datasets are read.
    let sources: SourceAccess
    /// Problems with the contents of the registry, found when it was read.
    let warnings: [String]
    /// The built-in and configured functions, which cannot be unregistered.
    let builtIn: DefinitionCatalog
    private let known: KnownFunctions
    /// Is held during each registration, so that the registry and the state in memory agree.
    let registration = Mutex<Void>(())
    let unread: UnreadDatasets

    init(
        _ configuration: ServerConfiguration, engine: Engine, registry: Registry, inference: InferenceService?,
        providers others: [any EvaluationProvider], routes: RouteTable
    ) throws {
        self.configuration = configuration
        self.engine = engine
        self.registry = registry
        health = HealthCheck(registry, folder: configuration.dataFolder)
        self.inference = inference
        self.routes = routes
        let metrics = Metrics()
        self.metrics = metrics
        let sources = try SourceAccess(configuration, metrics: metrics)
        self.sources = sources
        access = Access(configuration)
        pages = try TemplateLibrary(pages: PageTemplate.allCases)
        builtIn = engine.definitions
        var definitions = engine.definitions
        var warnings: [String] = []
        for (id, definition) in try registry.definitions(.scoringFunction) {
            guard definitions[id] == nil else {
                warnings.append(
                    "the registered scoring function \(id) is hidden by one from a definition file")
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
        let known = KnownFunctions(definitions)
        let native = AssayProvider(
            engine, jobs: configuration.jobs, judgeModel: configuration.judgeModel, budget: configuration.budget
        ) { known.catalog }
        self.known = known
        providers = [native] + others
        let unread = UnreadDatasets(registry, sources)
        self.unread = unread
        jobs = try JobQueue(
            registry, providers: providers, inference: inference, maxWaiting: configuration.maxQueuedJobs
        ) { dataset throws(EvaluationError) in
            do {
                return try unread.whole(dataset)
            } catch {
                throw EvaluationError(.dataset, "\(APIError(error)?.message ?? "\(error)")")
            }
        }
        self.warnings = warnings
        try registerOpenBenchmarks()
    }

    /// The current scoring functions. A request uses the same catalog throughout.
    var definitions: DefinitionCatalog { known.catalog }

    /// The dataset with its rows, see ``UnreadDatasets``.
    func whole(_ dataset: StoredDataset) throws -> StoredDataset { try unread.whole(dataset) }

    /// The built-in function.
    func builtInFunction(_ id: String) -> ScoringFunction? { builtIn[id] }

    func changeDefinitions(_ change: (inout DefinitionCatalog) -> Void) { known.change(change) }
}

/// All current scoring functions, for runs.
private final class KnownFunctions: Sendable {
    private let state: Mutex<DefinitionCatalog>

    init(_ catalog: DefinitionCatalog) {
        state = Mutex(catalog)
    }

    var catalog: DefinitionCatalog { state.withLock { $0 } }

    func change(_ change: (inout DefinitionCatalog) -> Void) { state.withLock { change(&$0) } }
}

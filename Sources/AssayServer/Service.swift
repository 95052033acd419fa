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
    let metrics = Metrics()
    let health: HealthCheck
    let access: Access
    let pages: TemplateLibrary
    let pluginDigests = PluginDigests()
    /// The folders from which files may be read.
    let folders: AllowedFolders
    /// Problems with the contents of the registry, found when it was read.
    let warnings: [String]
    /// The built-in and configured functions, which cannot be unregistered.
    let builtIn: DefinitionCatalog
    private let imports: ConcurrencyLimit
    private let known: KnownFunctions
    /// Is held during each registration, so that the registry and the state in memory agree.
    let registration = Mutex<Void>(())

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
        imports = ConcurrencyLimit(configuration.maxImports)
        folders = try AllowedFolders(configuration.allowedFolders)
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
        jobs = try JobQueue(
            registry, providers: providers, inference: inference, maxWaiting: configuration.maxQueuedJobs)
        self.warnings = warnings
    }

    /// The current scoring functions. A request uses the same catalog throughout.
    var definitions: DefinitionCatalog { known.catalog }

    /// Runs `body`, which reads a dataset from the network, unless too many are being read already: each may be slow and use
    /// much memory, and other requests should not have to wait.
    func importing<Result>(_ body: () throws -> Result) throws -> Result {
        guard imports.take() else {
            metrics.reject()
            throw APIError.busy("too many datasets are being downloaded; try again soon")
        }
        defer { imports.giveBack() }
        return try body()
    }

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

/// A counter of free slots.
private final class ConcurrencyLimit: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) {
        free = Mutex(count)
    }

    /// Takes a slot; returns false if none is free.
    func take() -> Bool {
        free.withLock { free in
            if free == 0 { return false }
            free -= 1
            return true
        }
    }

    func giveBack() { free.withLock { $0 += 1 } }
}

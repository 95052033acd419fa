import Evaluation
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
    /// The engines that run benchmarks, the server's own first.
    let providers: [any EvaluationProvider]
    let jobs: JobQueue
    let routes: RouteTable
    let metrics = Metrics()
    let health: HealthCheck
    let access: Access
    let pages: PageLibrary
    /// What may be read of the server's files.
    let folders: AllowedFolders
    /// What was wrong with what the registry holds, when it was read.
    let warnings: [String]
    /// The functions that came with the program or were configured, which nobody can unregister.
    private let builtIn: DefinitionCatalog
    private let imports: ConcurrencyLimit
    private let known: KnownFunctions
    /// Is held by whoever registers something, so that the registry and what is in memory agree.
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

    /// The scoring functions as of now. A request uses one catalog from its beginning to its end.
    var definitions: DefinitionCatalog { known.catalog }

    /// Runs `body`, which reads a dataset from the network, unless enough of them are read already: each may be slow, and
    /// may have rows that fill much memory, and other requests should not have to wait for that.
    func importing<Result>(_ body: () throws -> Result) throws -> Result {
        guard imports.take() else {
            metrics.reject()
            throw APIError.busy("as many datasets are being downloaded as may be; try again soon")
        }
        defer { imports.giveBack() }
        return try body()
    }

    /// The function that came with the program.
    func builtInFunction(_ id: String) -> ScoringFunction? { builtIn[id] }

    func changeDefinitions(_ change: (inout DefinitionCatalog) -> Void) { known.change(change) }
}

/// The scoring functions that there are, for all who run something.
private final class KnownFunctions: Sendable {
    private let state: Mutex<DefinitionCatalog>

    init(_ catalog: DefinitionCatalog) {
        state = Mutex(catalog)
    }

    var catalog: DefinitionCatalog { state.withLock { $0 } }

    func change(_ change: (inout DefinitionCatalog) -> Void) { state.withLock { change(&$0) } }
}

/// A number of places that can be taken.
private final class ConcurrencyLimit: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) {
        free = Mutex(count)
    }

    /// Returns false where none is free.
    func take() -> Bool {
        free.withLock { free in
            if free == 0 { return false }
            free -= 1
            return true
        }
    }

    func giveBack() { free.withLock { $0 += 1 } }
}

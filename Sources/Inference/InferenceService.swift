public import Platform
public import Store
import Synchronization

/// Sends requests to models, for all runs of a process: it owns the connections to the servers, and enforces their limits.
///
/// Must be shut down before it is released.
public final class InferenceService: Sendable {
    private struct State {
        var endpoints: [EndpointKey: Endpoint] = [:]
        var isShutDown = false
        var hasWarned = false
        var hasAnnouncedWait = false
        /// The ids of the models whose prompts were reported as cut.
        var cutting: Set<String> = []
        /// The end of the pause that a model's server requested, by the model's id.
        var pauses: [String: ContinuousClock.Instant] = [:]
        var batchMode = BatchMode()
    }

    /// What makes two models one endpoint.
    private struct EndpointKey: Hashable {
        var address: ModelAddress
        var name: String
        var headers: [Model.SentHeader]
    }

    public let catalog: ModelCatalog
    public let cache: ReplyCache?
    let adaptations: AdaptationBook
    let flights = SingleFlight<ReplyKey, InferenceReply>()
    let overrides: LimitOverrides
    let userAgent: String
    let environment: @Sendable (String) -> String?
    let log: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - cache: the reply cache; without it, nothing is stored, and equal requests are each sent.
    ///   - overrides: limits that replace those of the models.
    ///   - userAgent: the program's name for servers, such as `assay/1.0`.
    ///   - environment: reads a variable of the process's environment: the proxies, and `SSL_CERT_FILE`.
    ///   - log: gets warnings, one line each.
    public convenience init(
        catalog: ModelCatalog, cache: ReplyCache? = nil, overrides: LimitOverrides = LimitOverrides(),
        userAgent: String = "assay", environment: @escaping @Sendable (String) -> String? = environmentVariable,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(
            catalog: catalog, cache: cache, adaptations: AdaptationBook(cache: cache, log: log), overrides: overrides,
            userAgent: userAgent, environment: environment, log: log)
    }

    private init(
        catalog: ModelCatalog, cache: ReplyCache?, adaptations: AdaptationBook, overrides: LimitOverrides,
        userAgent: String, environment: @escaping @Sendable (String) -> String?,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.adaptations = adaptations
        self.catalog = catalog
        self.cache = cache
        self.overrides = overrides
        self.userAgent = userAgent
        self.environment = environment
        self.log = log
    }

    /// A service with the same models and the same cache but other keys. Must be shut down separately.
    ///
    /// - Parameter keys: keys by the environment variables that they replace.
    public func authorized(with keys: [String: String]) -> InferenceService {
        InferenceService(
            catalog: catalog.reading(keys), cache: cache, adaptations: adaptations, overrides: overrides,
            userAgent: userAgent, environment: environment, log: log)
    }

    /// A service with the same models and the same cache, which treats requests in another way. Must be shut down separately.
    public func playing(_ mode: BatchMode) -> InferenceService {
        let service = InferenceService(
            catalog: catalog, cache: cache, adaptations: adaptations, overrides: overrides, userAgent: userAgent,
            environment: environment, log: log)
        service.batchMode = mode
        return service
    }

    /// Starts a run, with its own budget and counts.
    public func session(limits: BudgetLimits = BudgetLimits()) -> InferenceSession {
        InferenceSession(service: self, limits: limits)
    }

    /// The models whose servers fail, each in a sentence that says why: those that are not asked any more for a while, or
    /// were not when last they were. Asks nobody.
    public var outages: [String] { state.withLock { Array($0.endpoints.values) }.compactMap(\.outage).sorted() }

    /// Closes all connections. Requests in progress and later ones fail as cancelled.
    public func shutDown() async {
        let endpoints = state.withLock { state in
            state.isShutDown = true
            return state.endpoints.values
        }
        for endpoint in endpoints { await endpoint.shutDown() }
    }

    /// What happens to requests that the cache cannot answer. Anything but sending them needs a cache.
    public var batchMode: BatchMode {
        get { state.withLock(\.batchMode) }
        set { state.withLock { $0.batchMode = newValue } }
    }

    func limits(of model: Model) -> ModelLimits { overrides.applied(to: model.limits) }

    func endpoint(of model: Model) throws(InferenceError) -> Endpoint {
        let key = EndpointKey(address: model.address, name: model.name, headers: model.headers)
        let result = state.withLock { state -> Result<Endpoint, InferenceError> in
            if let endpoint = state.endpoints[key] { return .success(endpoint) }
            if state.isShutDown { return .failure(.cancelled) }
            do throws(InferenceError) {
                let endpoint = try Endpoint(
                    model: model, overrides: overrides, userAgent: userAgent, environment: environment)
                state.endpoints[key] = endpoint
                return .success(endpoint)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Says that a model's server wants a pause, where that is long enough to be wondered at.
    func announce(pauseUntil time: ContinuousClock.Instant, of model: Model, because error: InferenceError) {
        let now = ContinuousClock.now
        guard time - now >= .seconds(5) else { return }
        let isNew = state.withLock { state in
            if let known = state.pauses[model.id], known > now { return false }
            state.pauses[model.id] = time
            return true
        }
        let seconds = Int(((time - now) / .seconds(1)).rounded())
        if isNew { log("waiting \(seconds) s, as requested by \(error.message)") }
    }

    /// Logs, once, that another process has sent the same requests.
    func announceWait() {
        let isFirst = state.withLock { state in
            defer { state.hasAnnouncedWait = true }
            return !state.hasAnnouncedWait
        }
        if isFirst { log("another process with the same cache has sent some of the requests; waiting for its replies") }
    }

    /// Warns, once per model, that its server has probably dropped part of a prompt.
    func warn(promptOf characters: Int, cutTo tokens: Int, by model: Model) {
        guard state.withLock({ $0.cutting.insert(model.id).inserted }) else { return }
        log(
            "\(model): the server counted \(tokens) tokens in a prompt of \(characters) characters, so it probably "
                + "dropped part of it; give the model a longer context (Ollama: set OLLAMA_CONTEXT_LENGTH, or "
                + "PARAMETER num_ctx in a Modelfile), or send shorter prompts")
    }

    /// Warns that the cache fails. Only once, because a failure for one reply is a failure for all.
    func warn(_ error: StoreError) {
        let isFirst = state.withLock { state in
            defer { state.hasWarned = true }
            return !state.hasWarned
        }
        if isFirst { log("replies are not cached, so a later run repeats these requests: \(error)") }
    }
}

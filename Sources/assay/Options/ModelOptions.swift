import ArgumentParser
import Glibc
import HuggingFace
import Inference
import Platform
import ScoringEngine
import Store

/// The models that scoring functions ask, the limits on requests, and the budget.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .customLong("judge-model"),
        help: ArgumentHelp("The judge model of functions that do not name one.", valueName: "model"))
    var judgeModel: String?

    @Option(
        help: ArgumentHelp(
            "The OpenAI-compatible server for models that are not in the configuration, such as "
                + "http://127.0.0.1:8080/v1 (default: OPENAI_BASE_URL).", valueName: "url"))
    var modelURL: String?

    @Option(
        help: ArgumentHelp(
            "The API of that server: chat, completions, responses or anthropic (default: chat).", valueName: "api"),
        transform: readAPI)
    var modelAPI: ModelAPI?

    /// The API of models that are not in the configuration.
    private var defaultAPI: ModelAPI { modelAPI ?? .chat }

    @Option(
        help: ArgumentHelp(
            "The environment variable with the key of that server (default: OPENAI_API_KEY, or ANTHROPIC_API_KEY with "
                + "--model-api anthropic).", valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("The configuration file, which defines models (JSON).", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Send at most N requests to a model at once (default: 64, or up to 512 if the server limits the rate).",
            valueName: "n"))
    var maxConcurrency: Int?

    @Option(
        help: ArgumentHelp("Repeat a failed request at most N times if that can help (default: 5).", valueName: "n"))
    var maxRetries: Int?

    @Option(help: ArgumentHelp("Seconds that a request may take (default: 120).", valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            "Send at most N requests in this run, including retries; on a server, in each request and each job.",
            valueName: "n"))
    var maxRequests: Int?

    @Option(
        help: ArgumentHelp(
            "Spend at most COST in this run, in the currency of the configuration's prices; on a server, in each "
                + "request and each job.", valueName: "cost"))
    var maxCost: Double?

    @Option(
        help: ArgumentHelp(
            "Cache model replies and rows of the Hugging Face Hub in DIR, for the next run (default: assay in the "
                + "user's cache folder).",
            valueName: "dir"))
    var cache: String?

    @Flag(
        name: .customLong("no-cache"), help: "Run without a cache of model replies and of rows of the Hugging Face Hub."
    )
    var noCache = false

    func validate() throws {
        if let modelURL { try checkURL(modelURL, of: "--model-url") }
        if let maxConcurrency, !(1...4096).contains(maxConcurrency) {
            throw ValidationError("--max-concurrency \(maxConcurrency): expected 1 to 4096")
        }
        if let maxRetries, !(0...100).contains(maxRetries) {
            throw ValidationError("--max-retries \(maxRetries): expected 0 to 100")
        }
        if let timeout, !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("--timeout \(timeout): expected a number of seconds above 0, at most 86400")
        }
        if let maxRequests, maxRequests < 0 {
            throw ValidationError("--max-requests \(maxRequests): expected a number of requests")
        }
        if let maxCost, !(maxCost >= 0 && maxCost.isFinite) {
            throw ValidationError("--max-cost \(maxCost): expected an amount")
        }
        if let cache, cache.isEmpty {
            throw ValidationError("--cache needs a folder; to run without a cache, use --no-cache")
        }
        if noCache && cache != nil { throw ValidationError("--cache and --no-cache cannot be used together") }
    }

    /// The files that these options name.
    var filesRead: [String] {
        let folder = noCache ? nil : cache ?? UserFolder.cache.path
        return (config.map { [$0] } ?? []) + (folder.map { ["\($0)/replies.sqlite"] } ?? [])
    }

    var budget: BudgetLimits { BudgetLimits(maxRequests: maxRequests, maxCost: maxCost) }

    /// Limits that replace those of the models.
    var overrides: LimitOverrides {
        LimitOverrides(maxConcurrency: maxConcurrency, timeout: timeout.map { .seconds($0) }, maxRetries: maxRetries)
    }

    /// The service that sends the requests of a run.
    ///
    /// - Parameters:
    ///   - agentsURL: the server for agents, instead of the configured one.
    ///   - cacheFolder: the folder of the reply cache if no option names one; nil means the user's cache folder.
    ///   - isQuiet: whether to suppress warnings.
    ///   - asksNobody: whether no request will be sent, so that no server is needed.
    ///   - stage: what happens to requests that the cache cannot answer; nil: they are sent.
    func makeInference(
        agentsURL: String? = nil, cacheFolder: String? = nil, isQuiet: Bool, asksNobody: Bool = false,
        stage: RunStage? = nil
    ) throws(EngineError) -> InferenceService {
        let cache = if let known = stage?.cache { known } else { try openCache(cacheFolder, isQuiet: isQuiet) }
        let isCollecting = stage?.isCollecting ?? false
        if isCollecting, cache == nil {
            throw EngineError(.model, "the replies of a batch are kept in the cache; run with one: --cache DIR")
        }
        let service = InferenceService(
            catalog: try catalog(agentsURL: agentsURL, asksNobody: asksNobody || isCollecting), cache: cache,
            overrides: overrides,
            userAgent: "assay/\(Assay.version)",
            log: { if !isQuiet { printError("warning: \($0)") } })
        if let stage { service.batchMode = stage.mode }
        return service
    }

    private func catalog(agentsURL: String?, asksNobody: Bool) throws(EngineError) -> ModelCatalog {
        do throws(ConfigurationError) {
            var models: [ModelConfiguration] = []
            var agents: ModelConfiguration?
            if let config {
                models = try ModelConfiguration.models(inFile: config)
                agents = try ModelConfiguration.agents(inFile: config)
            }
            return ModelCatalog(
                models, agents: agentsURL.map { ModelConfiguration.agents(url: $0) } ?? agents,
                defaultEndpoint: defaultEndpoint
                    ?? (asksNobody ? .init(url: "http://localhost/v1", apiKeyVariable: nil) : nil))
        } catch {
            throw EngineError(.model, "\(error)")
        }
    }

    /// The server for models that are not in the configuration. If only a key is set, the server of the key's provider.
    private var defaultEndpoint: ModelCatalog.DefaultEndpoint? {
        let (provider, url) =
            defaultAPI == .anthropic
            ? ("ANTHROPIC", "https://api.anthropic.com/v1") : ("OPENAI", "https://api.openai.com/v1")
        let key = "\(provider)_API_KEY"
        let keyVariable = apiKeyEnv ?? (environmentVariable(key) == nil ? nil : key)
        guard let url = modelURL ?? environmentVariable("\(provider)_BASE_URL") ?? keyVariable.map({ _ in url }) else {
            return nil
        }
        return ModelCatalog.DefaultEndpoint(url: url, apiKeyVariable: keyVariable, api: defaultAPI)
    }

    /// Where rows of the Hugging Face Hub are kept; nil if they are not.
    ///
    /// - Parameter other: the folder of the cache if no option names one; nil means the user's cache folder.
    func hubCache(_ other: String? = nil) -> HubCache? {
        if noCache { return nil }
        return (cache ?? other ?? UserFolder.cache.path).map { HubCache(folder: "\($0)/hub") }
    }

    /// Opens the cache; returns nil if there is none.
    ///
    /// - Parameter isNeeded: whether the run cannot do without it.
    func openCache(_ other: String? = nil, isQuiet: Bool, isNeeded: Bool = false) throws(EngineError) -> ReplyCache? {
        if noCache { return nil }
        do throws(StoreError) {
            guard let folder = cache ?? other ?? UserFolder.cache.path else {
                if !isQuiet {
                    printError(
                        "warning: HOME is not set, so model replies are not cached; name a folder with --cache DIR")
                }
                return nil
            }
            return try ReplyCache(folder: folder)
        } catch {
            let way = isNeeded ? "" : ", or run without a cache: --no-cache"
            throw EngineError(.model, "\(error); name another folder with --cache\(way)")
        }
    }
}

/// Reads the name of an API.
@Sendable private func readAPI(_ name: String) throws -> ModelAPI {
    if let api = ModelAPI(rawValue: name) { return api }
    let names = ModelAPI.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("--model-api \(name): expected one of \(names)")
}

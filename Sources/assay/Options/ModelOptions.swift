import ArgumentParser
import Glibc
import Inference
import ScoringEngine
import Store

/// Where the models are that scoring functions ask, how they are asked, and what that may cost.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .customLong("judge-model"),
        help: ArgumentHelp("The judge of functions that name none.", valueName: "model"))
    var judgeModel: String?

    @Option(
        help: ArgumentHelp(
            "The OpenAI-compatible server of models that the configuration does not have, such as "
                + "http://127.0.0.1:8080/v1; OPENAI_BASE_URL unless given.", valueName: "url"))
    var modelURL: String?

    @Option(
        help: ArgumentHelp(
            "That server's API: chat, completions, responses or anthropic. Default: chat.", valueName: "api"),
        transform: readAPI)
    var modelAPI: ModelAPI?

    /// The API of models that the configuration does not have.
    private var defaultAPI: ModelAPI { modelAPI ?? .chat }

    @Option(
        help: ArgumentHelp(
            "The environment variable with that server's key. Default: OPENAI_API_KEY, or ANTHROPIC_API_KEY for "
                + "--model-api anthropic.", valueName: "name"))
    var apiKeyEnv: String?

    @Option(help: ArgumentHelp("A configuration with models: a JSON file.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("At most N requests to a model at once; 64 unless given.", valueName: "n"))
    var maxConcurrency: Int?

    @Option(help: ArgumentHelp("Ask again at most N times where that can help; 5 unless given.", valueName: "n"))
    var maxRetries: Int?

    @Option(help: ArgumentHelp("Seconds that a request may take; 120 unless given.", valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            "Send at most N requests in this run, repetitions included; on a server, in each request and each job.",
            valueName: "n"))
    var maxRequests: Int?

    @Option(
        help: ArgumentHelp(
            "Spend at most that much in this run, in the currency of the configuration's prices; on a server, in each "
                + "request and each job.", valueName: "cost"))
    var maxCost: Double?

    @Option(
        help: ArgumentHelp(
            "Keep the answers of models in DIR, where the next run finds them; the user's cache folder unless given.",
            valueName: "dir"))
    var cache: String?

    @Flag(name: .customLong("no-cache"), help: "Neither keep answers of models nor use those that are kept.")
    var noCache = false

    func validate() throws {
        if let modelURL { try checkURL(modelURL, of: "--model-url") }
        if let maxConcurrency, !(1...4096).contains(maxConcurrency) {
            throw ValidationError("--max-concurrency \(maxConcurrency): 1 to 4096 was expected")
        }
        if let maxRetries, !(0...100).contains(maxRetries) {
            throw ValidationError("--max-retries \(maxRetries): 0 to 100 was expected")
        }
        if let timeout, !(timeout > 0 && timeout <= 86_400) {
            throw ValidationError("--timeout \(timeout): seconds above 0, at most 86400, were expected")
        }
        if let maxRequests, maxRequests < 0 {
            throw ValidationError("--max-requests \(maxRequests): a number of requests was expected")
        }
        if let maxCost, !(maxCost >= 0 && maxCost.isFinite) {
            throw ValidationError("--max-cost \(maxCost): an amount was expected")
        }
        if let cache, cache.isEmpty { throw ValidationError("--cache is empty; --no-cache is without one") }
        if noCache && cache != nil { throw ValidationError("--cache and --no-cache exclude each other") }
    }

    /// The files that asking models reads.
    var filesRead: [String] {
        let folder = noCache ? nil : cache ?? Self.userCacheFolder
        return (config.map { [$0] } ?? []) + (folder.map { ["\($0)/replies.sqlite"] } ?? [])
    }

    var budget: BudgetLimits { BudgetLimits(maxRequests: maxRequests, maxCost: maxCost) }

    /// What performs the requests of a run.
    ///
    /// - Parameters:
    ///   - agentsURL: the server of agents, in place of the configuration's.
    ///   - cacheFolder: where answers are kept unless an option says so; nil: in the user's folder for such.
    ///   - isQuiet: whether warnings are left out.
    ///   - asksNobody: whether no request is sent, so that no server has to be known.
    func makeInference(
        agentsURL: String? = nil, cacheFolder: String? = nil, isQuiet: Bool, asksNobody: Bool = false
    ) throws(EngineError) -> InferenceService {
        InferenceService(
            catalog: try catalog(agentsURL: agentsURL, asksNobody: asksNobody),
            cache: try noCache ? nil : openCache(cacheFolder, isQuiet: isQuiet),
            overrides: LimitOverrides(
                maxConcurrency: maxConcurrency, timeout: timeout.map { .seconds($0) }, maxRetries: maxRetries),
            userAgent: "assay/\(Assay.version)",
            log: { if !isQuiet { printError("warning: \($0)") } })
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

    /// The server of models that the configuration does not have. A key alone means that of the API it is named after.
    private var defaultEndpoint: ModelCatalog.DefaultEndpoint? {
        let (provider, url) =
            defaultAPI == .anthropic
            ? ("ANTHROPIC", "https://api.anthropic.com/v1") : ("OPENAI", "https://api.openai.com/v1")
        let key = "\(provider)_API_KEY"
        let keyVariable = apiKeyEnv ?? (variable(key) == nil ? nil : key)
        guard let url = modelURL ?? variable("\(provider)_BASE_URL") ?? keyVariable.map({ _ in url }) else {
            return nil
        }
        return ModelCatalog.DefaultEndpoint(url: url, apiKeyVariable: keyVariable, api: defaultAPI)
    }

    private func openCache(_ other: String?, isQuiet: Bool) throws(EngineError) -> ReplyCache? {
        do throws(StoreError) {
            guard let folder = cache ?? other ?? Self.userCacheFolder else {
                if !isQuiet {
                    printError("warning: HOME is not set, so answers are not kept; name a folder: --cache DIR")
                }
                return nil
            }
            return try ReplyCache(folder: folder)
        } catch {
            throw EngineError(.model, "\(error); name another folder with --cache, or do without: --no-cache")
        }
    }

    /// `assay` in the folder that the XDG Base Directory Specification names, `~/.cache` unless XDG_CACHE_HOME is set.
    private static var userCacheFolder: String? {
        if let folder = variable("XDG_CACHE_HOME"), folder.hasPrefix("/") { return folder + "/assay" }
        return variable("HOME").map { $0 + "/.cache/assay" }
    }
}

/// Reads the name of an API.
@Sendable private func readAPI(_ name: String) throws -> ModelAPI {
    if let api = ModelAPI(rawValue: name) { return api }
    let names = ModelAPI.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("--model-api \(name): one of \(names) was expected")
}

/// A variable of the environment that is set to something.
func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// Refuses an option that is no URL of the web.
func checkURL(_ text: String, of option: String) throws {
    if let fault = ModelConfiguration.fault(ofURL: text) {
        // Not the text itself, which may hold a password.
        throw ValidationError(text.isEmpty ? "\(option) is empty" : "what \(option) names \(fault)")
    }
}

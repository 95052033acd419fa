import Glibc
public import Platform
public import Store
import Synchronization

/// Has the requests of a run answered in batches.
///
/// A run is played several times: in each round, `collector` receives the requests that the cache cannot answer,
/// `finishRound` submits them, and takes the replies into the cache when they are there. Then there may be further requests: to
/// judges of answers, and those that failed. When nothing more is collected, the run itself finds its replies in the cache.
///
/// Everything that must survive the process is in the cache before it is needed, see ``StoredBatch``.
public final class BatchRunner: Sendable {
    /// How long replies are waited for.
    public enum Wait: Hashable, Sendable {
        case forever
        /// Only replies that are there are taken.
        case none
        case atMost(Duration)
    }

    public struct Options: Sendable {
        /// Requests in a batch at most; nil: as many as the model's server allows.
        public var size: Int?
        public var wait = Wait.forever
        /// The time in which the server is to answer, in its own words.
        public var window = "24h"
        /// Fewer requests than this are not sent in a batch.
        public var minimum = 20
        /// Whether requests that batches could not get answered are sent by themselves.
        public var fallsBack = false
        public var limits = LimitOverrides()
        public var budget = BudgetLimits()
        public var userAgent = "assay"
        /// Whether only models whose configuration asks for it have their requests sent in batches.
        public var isForJobs = false

        public init() {}
    }

    struct State {
        var spool: BatchSpool?
        var ledger: BatchLedger
        /// How often requests were made in batches, by their keys.
        var attempts: [ReplyKey: Int] = [:]
        /// The requests that batches have answered.
        var answered: Set<ReplyKey> = []
        /// Those that are not made again.
        var failures: [ReplyKey: InferenceError] = [:]
        /// Those that are sent by themselves.
        var direct: Set<ReplyKey> = []
        /// Those of the last round that do not fit in the budget, and why.
        var refused: [ReplyKey: InferenceError] = [:]
        /// Those of the last round that are sent by themselves, because they are too few for a batch.
        var fewRequests: Set<ReplyKey> = []
        /// The number of the round.
        var round = 0
        /// The rounds in which batches were refused because of single lines.
        var refusedRounds: [BatchSpool.Group: Set<Int>] = [:]
        /// Batches of others at the server, by its names for them.
        var strangers: Set<String> = []
        /// Whether nothing more is submitted, because a server could not take it in time.
        var isStopped = false
        /// When it was last said what is waited for.
        var announcedAt: ContinuousClock.Instant?
        /// What the servers have room for.
        var room: [BatchSpool.Group: Room] = [:]
        var servers: [String: BatchServer] = [:]
        /// The batches that this run has counted in its budget.
        var counted: Set<Int64> = []
        /// Whether requests are left in batches.
        var leavesOpen = false
        /// The batches that are open, or being created.
        var open: [OpenBatch] = []
        /// Whether what earlier processes have left was looked for.
        var hasCleanedUp = false
    }

    /// What a server has room for, as far as it has refused batches.
    struct Room {
        var size: Int?
        var batches: Int?
        var refusals = 0
    }

    public let cache: ReplyCache
    let options: Options
    let environment: @Sendable (String) -> String?
    let notice: @Sendable (String) -> Void
    let showProgress: @Sendable (OpenBatches) -> Void
    let state: Mutex<State>
    let start = ContinuousClock.now

    /// - Parameters:
    ///   - notice: gets what happens to batches, one line each.
    ///   - progress: gets the state of those that are open.
    public init(
        cache: ReplyCache, _ options: Options,
        environment: @escaping @Sendable (String) -> String? = environmentVariable,
        notice: @escaping @Sendable (String) -> Void, progress: @escaping @Sendable (OpenBatches) -> Void
    ) {
        self.cache = cache
        self.options = options
        self.environment = environment
        self.notice = notice
        showProgress = progress
        state = Mutex(State(ledger: BatchLedger(options.budget)))
        try? cache.forgetBatches(before: time(nil) - 30 * 86_400)
    }

    /// Starts a round.
    ///
    /// - Returns: what receives its requests.
    public func collector() -> BatchCollector {
        state.withLock { state in
            state.spool = BatchSpool(cache)
            state.refused = [:]
            state.fewRequests = []
            state.round += 1
        }
        return BatchCollector { [self] in try collect($0) }
    }

    private func collect(_ request: BatchRequest) throws {
        try state.withLock { state in
            guard var spool = state.spool else { return }
            state.spool = nil
            defer { state.spool = spool }
            let factor = request.model.batch.priceFactor
            guard let reserved = state.ledger.reserve(request.cost, factor: factor) else {
                state.refused[request.key] = state.ledger.refusal
                return
            }
            let group = BatchSpool.Group(model: request.model.id, path: request.path)
            let size = options.size ?? request.model.batch.maxRequests ?? request.model.batchForm.limits.requests
            try spool.add(request, reserved: reserved, size: min(size, state.room[group]?.size ?? size))
        }
    }

    /// What a round does with requests that the cache cannot answer.
    public func collecting(in collector: BatchCollector) -> BatchMode {
        var mode = BatchMode(collector: collector)
        state.withLock { state in
            mode.failures = state.failures
            mode.isForJobs = options.isForJobs
            mode.spent = (state.ledger.requests, state.ledger.spent + state.ledger.reserved)
            for key in state.direct {
                mode.failures[key] = InferenceError(.notAsked, "not sent: the request is sent by itself")
            }
        }
        return mode
    }

    /// What the run itself does with requests that the cache cannot answer.
    public var final: BatchMode {
        state.withLock { state in
            var mode = BatchMode()
            mode.failures = state.failures.merging(state.refused) { $1 }
            mode.answered = state.attempts.filter { state.answered.contains($0.key) }
            mode.unanswered = state.attempts.filter { !state.answered.contains($0.key) }
            mode.leavesOpen = state.leavesOpen
            mode.direct = state.direct.union(state.fewRequests)
            mode.spent = (state.ledger.requests, state.ledger.spent + state.ledger.reserved)
            return mode
        }
    }

    /// Counts requests that were sent by themselves while others were collected.
    public func add(_ usage: ModelUsage) {
        state.withLock { $0.ledger.add(requests: usage.requests, spent: usage.cost ?? 0) }
    }

    /// Whether replies are still missing because nobody waited for them.
    public var leavesOpen: Bool { state.withLock(\.leavesOpen) }

    /// Ends the connections.
    public func shutDown() async {
        setOpen([])
        for server in state.withLock({ Array($0.servers.values) }) { await server.shutDown() }
    }

    /// - Parameter form: that of a batch; nil: the one that is configured.
    func server(of model: Model, _ form: BatchSettings.Form?) throws(InferenceError) -> BatchServer {
        let form = form ?? model.batchForm
        // Batches of different servers may have models of one name.
        let name = [model.id, model.url, model.apiKeyVariable ?? "", form.rawValue].joined(separator: "\n")
        if let known = state.withLock({ $0.servers[name] }) { return known }
        let server = try BatchServer(
            model, form, limits: options.limits, userAgent: options.userAgent, environment: environment)
        state.withLock { $0.servers[name] = server }
        return server
    }

    func maxRetries(of model: Model) -> Int { options.limits.applied(to: model.limits).maxRetries }
}

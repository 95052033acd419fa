public import Store
import Synchronization

/// The requests of one run: they share a budget, and are counted together.
public final class InferenceSession: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Void, InferenceError>, Never>

    private struct State {
        var usages: [String: ModelUsage] = [:]
        var budget: Budget<Waiter>
        var tickets = Ticket.Roll()
        var embeddings = EmbeddingTable()
        /// The replies of batches that are counted.
        var countedBatchReplies: Set<ReplyKey> = []
        /// Why no more requests are sent.
        var stop: String?
    }

    let service: InferenceService
    private let limits: BudgetLimits
    private let state: Mutex<State>

    init(service: InferenceService, limits: BudgetLimits) {
        self.service = service
        self.limits = limits
        let spent = service.batchMode.spent
        state = Mutex(State(budget: Budget(limits: limits, sent: spent.requests, spent: spent.cost)))
    }

    /// Checks, before a run, that a model can be used within the run's limits. Sends nothing.
    public func check(_ model: Model) throws(InferenceError) {
        if limits.maxCost != nil, model.kind == .agents {
            throw InferenceError(
                .invalidModel,
                "\(model) does not report the cost of turns, so their cost cannot be limited; limit the requests "
                    + "instead"
            )
        }
        if limits.maxCost != nil, model.price == nil {
            throw InferenceError(
                .invalidModel, "\(model) has no price, so its cost cannot be limited; configure price_per_million")
        }
        _ = try service.endpoint(of: model)
    }

    /// The maximum number of requests to the model in progress, as far as its server's limits are known now.
    public func maxConcurrency(of model: Model) -> Int {
        (try? service.endpoint(of: model))?.maxConcurrency ?? service.limits(of: model).usualConcurrency
    }

    /// The replies in the cache, nil for those that are missing. They count as cached.
    ///
    /// Blocks for about 10 µs a request.
    ///
    /// - Parameter label: the name under which the requests are counted, such as that of a scoring function.
    public func lookUp(
        _ requests: [(request: InferenceRequest, model: Model)], for label: String
    ) throws(StoreError) -> [InferenceReply?] {
        guard let cache = service.cache else { return requests.map { _ in nil } }
        let sent = requests.map { adapted($0.request, to: $0.model) }
        let keys = zip(sent, requests).map { ReplyKey($0, of: $1.model) }
        let stored = try cache.replies(for: keys)
        let replies = zip(keys, requests).map { key, request in
            stored[key].map { InferenceReply($0, to: request.request.operation, of: request.model) }
        }
        for (index, reply) in replies.enumerated() {
            guard let reply else { continue }
            countStored(reply, sent[index], under: keys[index], of: requests[index].model, for: label)
            noteChanges(of: sent[index], requests[index].model, label)
        }
        return replies
    }

    /// Sends a request to a model, repeats it after temporary failures, and stores the reply before returning it.
    ///
    /// Waits as long as the endpoint's limits and the run's budget require. With a cache, a stored reply is returned
    /// instead, and equal requests that are in progress at the same time are sent once.
    ///
    /// - Parameters:
    ///   - label: the name under which the request is counted.
    ///   - isLookedUp: whether `lookUp` has just found that the cache holds no answer. Without it, this blocks for some
    ///     50 µs to find out.
    ///   - replacesStored: whether the model is asked whatever the cache holds, and its reply is kept in place of that.
    public func ask(
        _ request: InferenceRequest, of model: Model, for label: String, isLookedUp: Bool = false,
        replacesStored: Bool = false
    ) async throws(InferenceError) -> InferenceReply {
        do throws(InferenceError) {
            let reply =
                replacesStored
                ? try await freshAnswer(to: request, of: model, for: label)
                : try await answer(to: request, of: model, for: label, isLookedUp)
            // A reply of a batch has been counted where its key is known.
            if !reply.isCounted {
                count(label) { usage in
                    if reply.isCached { usage.addCached(reply, of: model) } else { usage.addAnswer(reply) }
                }
            }
            return reply
        } catch {
            let wasAsked = error.code != .notAsked && error.code != .cancelled
            count(label) { $0.addFailure(of: model, wasAsked: wasAsked) }
            throw error
        }
    }

    /// Where a task that asks runs best: beside the connections, and never waiting for a thread that a program blocks.
    ///
    /// One of a few, in turn. For tasks that never block.
    public static var executor: any TaskExecutor { EventLoopExecutor.next() }

    /// Sends no more requests: those that are not in progress fail as not asked when their turn comes.
    public func stop(_ reason: String) {
        state.withLock { $0.stop = reason }
    }

    /// The usage of the requests with a label so far.
    public func usage(for label: String) -> ModelUsage {
        state.withLock { $0.usages[label] ?? ModelUsage() }
    }

    /// The usage of all requests so far.
    public var totalUsage: ModelUsage {
        state.withLock { state in
            // In an order that does not change, so that neither does the sum of the costs.
            state.usages.sorted { $0.key < $1.key }.reduce(ModelUsage()) { $0 + $1.value }
        }
    }

    /// Counts a reply in the cache: one that a batch of this run has brought is counted once, with what it cost.
    func countStored(
        _ reply: InferenceReply, _ request: InferenceRequest, under key: ReplyKey, of model: Model, for label: String
    ) {
        let requests = service.batchMode.answered[key]
        let isNew = requests != nil && isFirstCount(ofBatched: key)
        count(label) { usage in
            if isNew, let requests {
                usage.addBatched(reply, request, of: model, requests: requests)
            } else {
                usage.addCached(reply, of: model)
            }
        }
    }

    /// Whether a request that was made in a batch is counted for the first time.
    func isFirstCount(ofBatched key: ReplyKey) -> Bool {
        state.withLock { $0.countedBatchReplies.insert(key).inserted }
    }

    /// Reads or changes what is known of embedded texts.
    func withEmbeddings<Value>(_ body: (inout EmbeddingTable) -> Value) -> Value {
        state.withLock { body(&$0.embeddings) }
    }

    func count(_ label: String, _ change: (inout ModelUsage) -> Void) {
        state.withLock { change(&$0.usages[label, default: ModelUsage()]) }
    }
}

// MARK: The way to an answer

extension InferenceSession {
    private func answer(
        to request: InferenceRequest, of model: Model, for label: String, _ isLookedUp: Bool
    ) async throws(InferenceError) -> InferenceReply {
        guard let cache = service.cache else {
            return try await askAdapting(request, of: model, for: label) { request in
                await self.askRepeatedly(request, of: model, for: label)
            }.get()
        }
        // Equal requests stay so, whatever is learnt of the model's server while they are under way.
        let flight = ReplyKey(request.adapted(to: model.parameters), of: model)
        switch await service.flights.join(flight) {
        case .shares(let result):
            var reply = try result.get()
            reply.isCached = true
            reply.isCounted = false
            return reply
        case .asks:
            // An equal request may have been answered since the run looked.
            var isLookedUp = isLookedUp && !service.flights.hasLanded(flight)
            let result = await askAdapting(request, of: model, for: label) { request in
                // A request that has changed has another key.
                defer { isLookedUp = false }
                return await self.askOnce(request, of: model, for: label, in: cache, isLookedUp, original: flight)
            }
            service.flights.land(flight, result)
            return try result.get()
        }
    }

    /// An answer of the model itself, which takes the place of what the cache holds.
    private func freshAnswer(
        to request: InferenceRequest, of model: Model, for label: String
    ) async throws(InferenceError) -> InferenceReply {
        try await askAdapting(request, of: model, for: label) { request in
            guard let cache = self.service.cache else {
                return await self.askRepeatedly(request, of: model, for: label)
            }
            let key = ReplyKey(request, of: model)
            return await self.askAndStore(request, of: model, for: label, under: key, in: cache, replaces: true)
        }.get()
    }

    /// Sends the request, unless the cache has a reply by now or gets one from another process that sends the same
    /// request.
    private func askOnce(
        _ request: InferenceRequest, of model: Model, for label: String, in cache: ReplyCache, _ isLookedUp: Bool,
        original: ReplyKey
    ) async -> Result<InferenceReply, InferenceError> {
        let key = ReplyKey(request, of: model)
        var isReserved = cache.reserve(key)
        let isUnknown = isReserved && isLookedUp && !cache.isShared
        if !isReserved {
            do throws(InferenceError) {
                isReserved = try await waitForReservation(of: key, in: cache)
            } catch {
                return .failure(error)
            }
        }
        defer { if isReserved { cache.cancelReservation(of: key) } }
        if !isUnknown, let stored = try? cache.replies(for: [key])[key] {
            var reply = InferenceReply(stored, to: request.operation, of: model)
            countStored(reply, request, under: key, of: model, for: label)
            reply.isCounted = true
            return .success(reply)
        }
        if let answer = answerOfBatch(to: request, of: model, key, original: original, for: label) { return answer }
        return await askAndStore(request, of: model, for: label, under: key, in: cache)
    }

    /// Waits while another caller requests the reply; its process may end at any time.
    ///
    /// - Returns: whether the key is reserved now; false if the wait took too long, for example because the other
    ///   process is stopped (SIGSTOP).
    private func waitForReservation(of key: ReplyKey, in cache: ReplyCache) async throws(InferenceError) -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        var pause = Duration.milliseconds(10)
        while clock.now - start < RetrySchedule.longestPause {
            do {
                try await clock.sleep(for: pause)
            } catch {
                throw .cancelled
            }
            if cache.reserve(key) { return true }
            if let reason = state.withLock(\.stop) { throw InferenceError(.notAsked, "not asked: \(reason)") }
            if clock.now - start > .seconds(5) { service.announceWait() }
            pause = min(pause * 1.5, .milliseconds(250))
        }
        return false
    }

    private func askAndStore(
        _ request: InferenceRequest, of model: Model, for label: String, under key: ReplyKey, in cache: ReplyCache,
        replaces: Bool = false
    ) async -> Result<InferenceReply, InferenceError> {
        let result = await askRepeatedly(request, of: model, for: label)
        guard case .success(var reply) = result else { return result }
        do throws(StoreError) {
            let wanted = reply.stored(model: model.name, operation: request.operation)
            let stored = try await cache.store(wanted, for: key, replaces: replaces)
            // Another process was quicker: from now on its answer is the answer, though this one was paid for too.
            if stored != wanted {
                let usage = reply.usage
                reply = InferenceReply(stored, to: request.operation, of: model)
                reply.usage = usage
                reply.isCached = false
            }
        } catch {
            service.warn(error)
        }
        return .success(reply)
    }

    func askRepeatedly(
        _ request: InferenceRequest, of model: Model, for label: String
    ) async -> Result<InferenceReply, InferenceError> {
        do throws(InferenceError) {
            return .success(try await answerAfterRetries(request, of: model, for: label))
        } catch {
            return .failure(error)
        }
    }

    private func answerAfterRetries(
        _ request: InferenceRequest, of model: Model, for label: String
    ) async throws(InferenceError) -> InferenceReply {
        let endpoint = try service.endpoint(of: model)
        var schedule = RetrySchedule(maximum: endpoint.maxRetries)
        var time: ContinuousClock.Instant?
        while true {
            let attempt = try await attemptWithinBudget(request, of: model, at: endpoint, notBefore: time, for: label)
            guard case .failure(var error) = attempt.result else { return try attempt.result.get() }
            time = schedule.next(after: attempt.outcome, at: ContinuousClock.now, fraction: .random(in: 0...1))
            if time == nil || state.withLock(\.stop) != nil {
                if schedule.failures > 0 { error.message += " (after \(schedule.failures + 1) attempts)" }
                throw error
            }
            if case .throttled(_, .some) = attempt.outcome, let time {
                service.announce(pauseUntil: time, of: model, because: error)
            }
        }
    }

    private func attemptWithinBudget(
        _ request: InferenceRequest, of model: Model, at endpoint: Endpoint, notBefore time: ContinuousClock.Instant?,
        for label: String
    ) async throws(InferenceError) -> Attempt {
        let cost = model.cost(of: request)
        let start = try await enter(endpoint, cost, notBefore: time) {
            service.adaptations.changes(for: model) == request.changes
        }
        count(label) { $0.requests += 1 }
        let attempt = await endpoint.attempt(request, start)
        let charge = attempt.charge(for: request, model)
        let estimate = attempt.usage == nil ? amount(of: charge, cost) : 0
        count(label) { usage in
            if attempt.hasResponse { usage.addResponse(using: attempt.usage, of: model) }
            usage.addEstimate(estimate)
        }
        if let usage = attempt.usage, let length = request.lengthOfCutPrompt(usage) {
            count(label) { $0.cutPrompts += 1 }
            service.warn(promptOf: length, cutTo: usage.input, by: model)
        }
        settle(cost, charge)
        return attempt
    }

    /// Waits until a request may be sent: until both the budget and the endpoint have room for it.
    ///
    /// - Parameter isCurrent: whether the request is still what the server takes, as far as that is known.
    private func enter(
        _ endpoint: Endpoint, _ cost: Cost, notBefore time: ContinuousClock.Instant?, isCurrent: () -> Bool
    ) async throws(InferenceError) -> AttemptStart {
        var time = time
        while true {
            // One that waits for a time of its own would keep others from what it has reserved.
            let isHeld = time == nil
            if isHeld { try await reserve(cost) }
            let start: AttemptStart
            do throws(InferenceError) {
                start = try await endpoint.enter(notBefore: time)
                if let reason = state.withLock(\.stop) {
                    endpoint.abandon(start)
                    throw InferenceError(.notAsked, "not sent: \(reason)")
                }
                // It may have waited while others found out what the server refuses.
                if !isCurrent() {
                    endpoint.abandon(start)
                    var error = InferenceError(.notAsked, "not sent: the request is no longer needed")
                    error.isOutdated = true
                    throw error
                }
            } catch {
                if isHeld { release(cost) }
                throw error
            }
            switch self.start(cost, isHeld: isHeld) {
            case .allowed: return start
            case .deferred:
                endpoint.abandon(start)
                time = nil
            case .refused(let reason):
                endpoint.abandon(start)
                throw InferenceError(.notAsked, "not sent: \(reason)")
            }
        }
    }
}

// MARK: The budget

extension InferenceSession {
    private var isLimited: Bool { limits.maxRequests != nil || limits.maxCost != nil }

    /// Waits until the budget has room for a request that may cost `cost`.
    ///
    /// After a return without an error, `start` or `release` has to follow.
    private func reserve(_ cost: Cost) async throws(InferenceError) {
        guard isLimited else { return }
        let ticket = state.withLock { $0.tickets.issue() }
        let permission = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let actions = state.withLock { state -> Budget<Waiter>.Actions? in
                    // Under the lock, so that a cancellation either shows here or finds the waiter.
                    if Task.isCancelled { return nil }
                    return state.budget.reserve(cost, waiter: waiter, ticket: ticket)
                }
                if let actions { perform(actions) } else { waiter.resume(returning: .failure(.cancelled)) }
            }
        } onCancel: {
            guard let (waiter, actions) = state.withLock({ $0.budget.leave(ticket) }) else { return }
            waiter.resume(returning: .failure(.cancelled))
            perform(actions)
        }
        try permission.get()
    }

    private func release(_ cost: Cost) {
        guard isLimited else { return }
        perform(state.withLock { $0.budget.release(cost) })
    }

    private func start(_ cost: Cost, isHeld: Bool) -> Budget<Waiter>.Admission {
        guard isLimited else { return .allowed }
        let (admission, actions) = state.withLock { $0.budget.start(cost, isHeld: isHeld) }
        perform(actions)
        return admission
    }

    private func settle(_ cost: Cost, _ charge: Charge) {
        guard isLimited else { return }
        perform(state.withLock { $0.budget.settle(cost, charge) })
    }

    /// What a charge comes to.
    private func amount(of charge: Charge, _ cost: Cost) -> Double {
        switch charge {
        case .nothing: 0
        case .reply(let amount): amount
        case .presumed: state.withLock { $0.budget.presumption(of: cost) }
        }
    }

    private func perform(_ actions: Budget<Waiter>.Actions) {
        for waiter in actions.granted { waiter.resume(returning: .success(())) }
        for (waiter, reason) in actions.refused {
            waiter.resume(returning: .failure(InferenceError(.notAsked, "not sent: \(reason)")))
        }
    }
}

public import Store
import Synchronization

/// The requests of one run: they share a budget, and are counted together.
public final class InferenceSession: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Double, InferenceError>, Never>

    private struct State {
        var usages: [String: ModelUsage] = [:]
        var budget: Budget<Waiter>
        var tickets = Ticket.Roll()
        /// Why nothing is sent any more.
        var stop: String?

        /// Output tokens of an answer so far, nil where none has said.
        var meanOutput: Double? {
            let answers = usages.values.reduce(0) { $0 + $1.answered - $1.answersWithoutUsage }
            let tokens = usages.values.reduce(0) { $0 + $1.outputTokens }
            return answers == 0 ? nil : Double(tokens) / Double(answers)
        }
    }

    let service: InferenceService
    private let limits: BudgetLimits
    private let state: Mutex<State>

    init(service: InferenceService, limits: BudgetLimits) {
        self.service = service
        self.limits = limits
        state = Mutex(State(budget: Budget(limits: limits)))
    }

    /// Checks before a run that a model can be asked at all within the run's limits. Sends nothing.
    public func check(_ model: Model) throws(InferenceError) {
        if limits.maxCost != nil, model.kind == .agents {
            throw InferenceError(
                .invalidModel,
                "\(model) does not say what turns cost, so that their cost cannot be limited; limit the requests")
        }
        if limits.maxCost != nil, model.price == nil {
            throw InferenceError(
                .invalidModel, "\(model) has no price, so that its cost cannot be limited; configure price_per_million")
        }
        _ = try service.endpoint(of: model)
    }

    /// How many requests to the model may be under way at once.
    public func maxConcurrency(of model: Model) -> Int { service.limits(of: model).maxConcurrency }

    /// The replies that the cache holds already, nil where it holds none. They count as cached.
    ///
    /// Blocks for about 10 µs a request.
    ///
    /// - Parameter label: what the requests are counted under, such as the name of a scoring function.
    public func lookUp(
        _ requests: [(request: InferenceRequest, model: Model)], for label: String
    ) throws(StoreError) -> [InferenceReply?] {
        guard let cache = service.cache else { return requests.map { _ in nil } }
        let sent = requests.map { adapted($0.request, to: $0.model) }
        let keys = zip(sent, requests).map { ReplyKey($0.request, of: $1.model) }
        let stored = try cache.replies(for: keys)
        let replies = zip(keys, requests).map { key, request in
            stored[key].map { InferenceReply($0, to: request.request.operation, of: request.model) }
        }
        for (index, reply) in replies.enumerated() where reply != nil {
            count(label) { $0.addCached(of: requests[index].model) }
            note(sent[index].changes, for: requests[index].request, requests[index].model, label)
        }
        return replies
    }

    /// Asks a model, as often as failures that may pass call for, and stores the answer before it returns it.
    ///
    /// Waits as long as the endpoint's limits and the run's budget want. Where a cache is there, an answer that it
    /// holds is returned instead, and equal requests under way at the same time are asked once.
    ///
    /// - Parameters:
    ///   - label: what the request is counted under.
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
            count(label) { usage in
                if reply.isCached { usage.addCached(of: model) } else { usage.addAnswer(reply, of: model) }
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

    /// Sends nothing more: requests that are not under way fail as not asked, as soon as their turn comes.
    public func stop(_ reason: String) {
        state.withLock { $0.stop = reason }
    }

    /// What the requests of a label came to so far.
    public func usage(for label: String) -> ModelUsage {
        state.withLock { $0.usages[label] ?? ModelUsage() }
    }

    /// What all requests came to so far.
    public var totalUsage: ModelUsage {
        state.withLock { state in
            // In an order that does not change, so that neither does the sum of the costs.
            state.usages.sorted { $0.key < $1.key }.reduce(ModelUsage()) { $0 + $1.value }
        }
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
            return reply
        case .asks:
            // An equal request may have been answered since the run looked.
            var isLookedUp = isLookedUp && !service.flights.hasLanded(flight)
            let result = await askAdapting(request, of: model, for: label) { request in
                let key = ReplyKey(request, of: model)
                if !isLookedUp, let stored = try? cache.replies(for: [key])[key] {
                    return .success(InferenceReply(stored, to: request.operation, of: model))
                }
                // A request that has changed has another key.
                isLookedUp = false
                return await self.askAndStore(request, of: model, for: label, under: key, in: cache)
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

    private func askRepeatedly(
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
        let reserved = try await reserve(cost(of: request, model))
        do throws(InferenceError) {
            try await endpoint.enter(notBefore: time)
        } catch {
            settle(reserved, actual: 0, wasSent: false)
            throw error
        }
        if let reason = state.withLock(\.stop) {
            endpoint.abandon()
            settle(reserved, actual: 0, wasSent: false)
            throw InferenceError(.notAsked, "not asked: \(reason)")
        }
        count(label) { $0.requests += 1 }
        let attempt = await endpoint.attempt(request)
        var actual = 0.0
        if case .success(let reply) = attempt.result, let price = model.price {
            actual = price.cost(
                of: reply.usage
                    ?? TokenUsage(input: estimatedTokens(request.body), output: estimatedTokens(reply.text)))
        }
        settle(reserved, actual: actual, wasSent: true)
        return attempt
    }
}

// MARK: The budget

extension InferenceSession {
    /// Waits until the budget has room for a request that may cost `cost`, and returns what it has reserved.
    private func reserve(_ cost: Cost) async throws(InferenceError) -> Double {
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
        return try permission.get()
    }

    private func settle(_ reserved: Double, actual: Double, wasSent: Bool) {
        let actions = state.withLock { state in
            // Only a limit on the cost asks what answers are expected to take.
            if limits.maxCost != nil, let mean = state.meanOutput { state.budget.expectedOutput = mean }
            return state.budget.settle(reserved, actual: actual, wasSent: wasSent)
        }
        perform(actions)
    }

    private func perform(_ actions: Budget<Waiter>.Actions) {
        for (waiter, reserved) in actions.granted { waiter.resume(returning: .success(reserved)) }
        for (waiter, reason) in actions.refused {
            waiter.resume(returning: .failure(InferenceError(.notAsked, "not asked: \(reason)")))
        }
    }

    /// What a request may cost: an answer as long as it allows, or else as the answers so far.
    private func cost(of request: InferenceRequest, _ model: Model) -> Cost {
        guard limits.maxCost != nil, let price = model.price else { return Cost(fixed: 0) }
        let input = estimatedTokens(request.body)
        guard let output = request.maximumOutput else {
            return Cost(fixed: price.cost(of: TokenUsage(input: input, output: 0)), perToken: price.output / 1_000_000)
        }
        return Cost(fixed: price.cost(of: TokenUsage(input: input, output: output)))
    }
}

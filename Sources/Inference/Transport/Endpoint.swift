import Glibc
import JSON
import NIOCore
import NIOPosix
import Synchronization
import Web

/// One model on one server: its gate and its connections, shared by all runs of the process.
final class Endpoint: Sendable {
    private typealias Waiter = CheckedContinuation<Result<AttemptStart, InferenceError>, Never>

    private struct State {
        var gate: AttemptGate<Waiter>
        var tickets = Ticket.Roll()
        var isShutDown = false
    }

    let maxRetries: Int
    private let model: Model
    private let transport: HTTPTransport
    private let agents: AgentExchange
    private let clock = ContinuousClock()
    private let state: Mutex<State>

    init(
        model: Model, overrides: LimitOverrides, userAgent: String, environment: @escaping @Sendable (String) -> String?
    ) throws(InferenceError) {
        let limits = overrides.applied(to: model.limits)
        self.model = model
        maxRetries = limits.maxRetries
        transport = try HTTPTransport(model: model, limits: limits, userAgent: userAgent, environment: environment)
        agents = AgentExchange(model, transport)
        state = Mutex(State(gate: AttemptGate(limits: limits)))
    }

    /// The maximum number of requests in progress, as far as the server's limits are known now.
    var maxConcurrency: Int { state.withLock(\.gate.maxConcurrency) }

    /// Waits until an attempt may start, not before `time` if that is given.
    ///
    /// After a return without an error, `attempt` or `abandon` has to follow, with what was returned.
    func enter(notBefore time: ContinuousClock.Instant?) async throws(InferenceError) -> AttemptStart {
        let ticket = state.withLock { $0.tickets.issue() }
        let admission = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let actions = state.withLock { state -> AttemptGate<Waiter>.Actions? in
                    // Under the lock, so that a cancellation either shows here or finds the waiter.
                    if Task.isCancelled || state.isShutDown { return nil }
                    return state.gate.enter(waiter, ticket: ticket, notBefore: time, at: clock.now)
                }
                if let actions { perform(actions) } else { waiter.resume(returning: .failure(.cancelled)) }
            }
        } onCancel: {
            state.withLock { $0.gate.leave(ticket) }?.resume(returning: .failure(.cancelled))
        }
        return try admission.get()
    }

    /// Abandons an admitted attempt.
    func abandon(_ start: AttemptStart) {
        finish(.abandoned, of: start, detail: "")
    }

    /// Makes an admitted attempt.
    func attempt(_ request: InferenceRequest, _ start: AttemptStart) async -> Attempt {
        let attempt = await outcome(of: request)
        finish(
            attempt.outcome, of: start, detail: attempt.detail, limits: attempt.statedLimits, usage: attempt.usage)
        return attempt
    }

    /// Why the server counts as unavailable, in a sentence that names it; nil if it does not.
    var outage: String? { state.withLock(\.gate.outage).map { "\(model) is not available: \($0)" } }

    /// Fails all waiters, and closes the connections.
    func shutDown() async {
        let actions = state.withLock { state in
            state.isShutDown = true
            return state.gate.close()
        }
        for waiter in actions { waiter.resume(returning: .failure(.cancelled)) }
        await agents.deleteAll()
        await transport.shutDown()
    }

    private func outcome(of request: InferenceRequest) async -> Attempt {
        if request.operation == .agentTurn { return await agents.attempt(request.body) }
        let body: [UInt8]
        do throws(UnsupportedRequest) {
            body = try model.body(of: request)
        } catch {
            let error = InferenceError(.invalidRequest, "\(model): \(error.reason)")
            return Attempt(result: .failure(error), outcome: .abandoned)
        }
        let start = clock.now
        do throws(TransportFailure) {
            let response = try await transport.send(body, to: request.operation).assembled()
            let now = clock.now
            var attempt = Attempt(response, to: request.operation, of: model, latency: now - start, at: now)
            attempt.statedLimits = [StatedLimit](response.headers, at: Double(time(nil)))
            // Not with the longest reply possible: a limit per minute may be what refused the request.
            attempt.waitForQuota(tokens: estimatedTokens(request.body), at: now)
            return attempt
        } catch {
            return Attempt(error, of: model, isMultiplexed: transport.isMultiplexed)
        }
    }

    private func finish(
        _ outcome: AttemptOutcome, of start: AttemptStart, detail: String, limits: [StatedLimit] = [],
        usage: TokenUsage? = nil
    ) {
        perform(
            state.withLock { state in
                let now = clock.now
                state.gate.note(limits, usage: usage, of: start, at: now)
                return state.gate.finish(outcome, of: start, detail: detail, at: now)
            })
    }

    private func perform(_ actions: AttemptGate<Waiter>.Actions) {
        for (waiter, start) in actions.started { waiter.resume(returning: .success(start)) }
        for (waiter, reason) in actions.refused {
            waiter.resume(
                returning: .failure(InferenceError(.unavailable, "\(model) is not available: \(reason)")))
        }
        guard let time = actions.wakeAt else { return }
        let delay = TimeAmount(max(.zero, time - clock.now))
        // Weak, as an endpoint that is of no use any more has nobody to wake.
        _ = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            perform(state.withLock { $0.gate.wake(alarm: time, at: clock.now) })
        }
    }
}

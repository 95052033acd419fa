import Concurrency
import Inference
import JSON
import ScorerHost
import ScoringDefinitions
import Synchronization

/// Sends the model requests of a run: connects its threads with asynchronous tasks.
final class ModelRequestQueue: Sendable {
    /// The requests of a call.
    private struct CallRequests: Sendable {
        var call: OpenCall
        /// The function that asks.
        var function: String
        var requests: [PendingRequest] = []
    }

    private struct PendingRequest: Sendable {
        var tag: UInt64
        var request: InferenceRequest
        var model: Model
        /// What is embedded; nil for other requests.
        var texts: [String]?
    }

    private enum Job: Sendable {
        case perform(CallRequests)
        /// Cancels the requests in progress, and all later ones.
        case giveUp
    }

    /// Replies, and whether they came from the cache.
    typealias ReceivedReplies = [(call: OpenCall, reply: ModelReply, isReplay: Bool)]

    private struct State {
        var jobs: AsyncStream<Job>.Continuation?
        var task: Task<Void, Never>?
        /// Why no more requests are sent.
        var stop: String?
        var receive: (@Sendable (ReceivedReplies) -> Void)?
        var fail: (@Sendable (EngineError) -> Void)?
    }

    /// The maximum number of requests in progress, for all models together, as far as it is known now.
    var maxConcurrency: Int { models.reduce(0) { $0 + session.maxConcurrency(of: $1) } }
    private let models: [Model]
    /// Collects the requests in a dry run.
    let dryRun: DryRun?
    private let callers: [BoundFunction]
    private let session: InferenceSession
    private let cancellation: Cancellation
    private let state = Mutex(State())

    /// How long a cancelled run waits for replies to requests that have been sent.
    private let patience: Duration
    /// The same for a run that has failed.
    private static let patienceAfterFailure = Duration.milliseconds(500)

    init(
        _ plan: RunPlan, _ session: InferenceSession, _ dryRun: DryRun?, patience: Duration,
        _ cancellation: Cancellation
    ) {
        self.patience = patience
        callers = plan.callers
        self.session = session
        self.dryRun = dryRun
        self.cancellation = cancellation
        models = Array(
            Dictionary(plan.functions.flatMap(\.models.values).map { ($0.id, $0) }) { one, _ in one }.values)
    }

    func usage(of function: String) -> ModelUsage { session.usage(for: function) }
    var totalUsage: ModelUsage { session.totalUsage }

    /// Starts to accept requests.
    ///
    /// - Parameters:
    ///   - onReplies: receives the replies as they arrive, on any thread.
    ///   - onFailure: is called once if a model has failed permanently; open requests are then answered as not asked.
    func open(
        onReplies: @escaping @Sendable (ReceivedReplies) -> Void, onFailure: @escaping @Sendable (EngineError) -> Void
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: Job.self)
        state.withLock { state in
            state.jobs = continuation
            state.receive = onReplies
            state.fail = onFailure
            // The threads of a run are not tasks, so this cannot be a child task. It ends with the stream.
            state.task = Task(executorPreference: InferenceSession.executor) { await self.perform(stream) }
        }
        cancellation.onCancel { [weak self] in
            guard let self else { return }
            stop("the run was interrupted", patience: patience)
        }
    }

    /// Returns when all requests have their replies.
    func close() {
        state.withLock { state in
            state.jobs?.finish()
            state.task?.cancel()
            (state.receive, state.fail) = (nil, nil)
        }
    }

    /// Queues the requests of a call that the cache cannot answer. Each gets exactly one reply.
    ///
    /// Blocks while the cache is read. To be called only on the run's threads.
    func submit(_ requests: [ModelRequest], for call: OpenCall) {
        let function = callers[call.function]
        var orders = CallRequests(call: call, function: function.function.identifier)
        var faults: ReceivedReplies = []
        for request in requests {
            guard let model = function.models[request.role] else {
                // Unreachable: a scorer can only use roles that it declares, and those are bound.
                let text = "no model has the role \(request.role)"
                faults.append((call, ModelReply(tag: request.tag, status: .failed, text: text), false))
                continue
            }
            do throws(RequestFault) {
                let made = try InferenceRequest(request)
                orders.requests.append(
                    PendingRequest(
                        tag: request.tag, request: made, model: model,
                        texts: request.kind == .embeddings ? request.texts : nil))
            } catch {
                faults.append((call, ModelReply(tag: request.tag, status: .failed, text: error.message), false))
            }
        }
        let (found, missing) = call.attempt > 0 ? ([], orders) : lookUp(orders)
        if !found.isEmpty || !faults.isEmpty { deliver(found + faults) }
        let jobs = state.withLock(\.jobs)
        if !missing.requests.isEmpty { jobs?.yield(.perform(missing)) }
    }

    /// Stops sending requests: open ones are answered as not asked, except for replies that arrive in the next moment.
    private func stop(_ reason: String, patience: Duration) {
        let jobs = state.withLock { state -> AsyncStream<Job>.Continuation? in
            if state.stop != nil { return nil }
            state.stop = reason
            return state.jobs
        }
        guard let jobs else { return }
        session.stop(reason)
        Task(executorPreference: InferenceSession.executor) {
            try? await Task.sleep(for: patience)
            jobs.yield(.giveUp)
        }
    }

    private func perform(_ stream: AsyncStream<Job>) async {
        await withDiscardingTaskGroup { group in
            for await job in stream {
                guard case .perform(let orders) = job else {
                    // The stream is still read, because each request must get a reply.
                    group.cancelAll()
                    continue
                }
                for order in orders.requests {
                    group.addTask(executorPreference: InferenceSession.executor) {
                        self.deliver([await self.reply(to: order, of: orders)])
                    }
                }
            }
        }
    }

    private func deliver(_ replies: ReceivedReplies) {
        let receive = state.withLock { $0.receive }
        receive?(replies)
    }

    /// Answers requests from the cache; in a dry run, answers all others too.
    private func lookUp(_ orders: CallRequests) -> (found: ReceivedReplies, missing: CallRequests) {
        // Embedded texts are looked up one by one, when they are asked for.
        if dryRun == nil, orders.requests.contains(where: { $0.texts != nil }) {
            var (texts, others) = (orders, orders)
            texts.requests = orders.requests.filter { $0.texts != nil }
            others.requests = orders.requests.filter { $0.texts == nil }
            if others.requests.isEmpty { return ([], texts) }
            var (found, missing) = lookUp(others)
            missing.requests += texts.requests
            return (found, missing)
        }
        let requests = orders.requests.map { (request: $0.request, model: $0.model) }
        // A cache that cannot be read is treated as empty; the fault is reported when a reply is stored.
        let stored = (try? session.lookUp(requests, for: orders.function)) ?? requests.map { _ in nil }
        var found: ReceivedReplies = []
        var missing = orders
        missing.requests = []
        for (order, reply) in zip(orders.requests, stored) {
            if let dryRun {
                dryRun.count(
                    session.adapted(order.request, to: order.model), order.model, isCached: reply != nil,
                    of: orders.call, order.tag, orders.function)
                let reply = ModelReply(tag: order.tag, status: .cancelled, text: "this was a dry run")
                found.append((orders.call, reply, false))
            } else if let reply {
                found.append((orders.call, ModelReply(reply, tag: order.tag), true))
            } else {
                missing.requests.append(order)
            }
        }
        return (found, missing)
    }

    private func reply(to order: PendingRequest, of orders: CallRequests) async -> ReceivedReplies.Element {
        let call = orders.call
        do throws(InferenceError) {
            if let texts = order.texts {
                let vectors = try await session.embed(texts, of: order.model, for: orders.function)
                return (call, ModelReply(tag: order.tag, status: .answered, text: "", vectors: vectors), false)
            }
            let reply = try await session.ask(
                order.request, of: order.model, for: orders.function, isLookedUp: true,
                replacesStored: call.attempt > 0)
            return (call, ModelReply(reply, tag: order.tag), reply.isCached)
        } catch {
            return (call, failure(error, tag: order.tag), false)
        }
    }

    private func failure(_ error: InferenceError, tag: UInt64) -> ModelReply {
        let stopped = state.withLock { $0.stop }
        switch error.code {
        case .unavailable:
            fail(EngineError(.model, error.message, cause: error))
            return ModelReply(tag: tag, status: .cancelled, text: error.message)
        case .cancelled: return ModelReply(tag: tag, status: .cancelled, text: stopped ?? error.message)
        case .notAsked: return ModelReply(tag: tag, status: .cancelled, text: error.message)
        case .timedOut: return ModelReply(tag: tag, status: .timedOut, text: error.message)
        case .unknownModel, .invalidModel, .invalidRequest, .rejected, .unreachable, .dropped, .badReply:
            return ModelReply(tag: tag, status: .failed, text: error.message)
        }
    }

    private func fail(_ failure: EngineError) {
        let fail = state.withLock { state in
            defer { state.fail = nil }
            return state.fail
        }
        fail?(failure)
        stop(failure.message, patience: Self.patienceAfterFailure)
    }
}

extension ModelReply {
    fileprivate init(_ reply: InferenceReply, tag: UInt64) {
        self.init(
            tag: tag, status: .answered, text: reply.text, response: reply.response,
            finishReason: reply.finish == .other ? "" : reply.finish.rawValue, reasoning: reply.reasoning ?? "")
    }
}

/// What is wrong with a request of a scorer.
struct RequestFault: Error {
    var message: String
}

extension InferenceRequest {
    /// A scorer's chat request. In one that does not say its sample, the member "assay" is the host's.
    init(_ request: ModelRequest) throws(RequestFault) {
        let operation: Operation =
            switch request.kind {
            case .chat: .chat
            case .embeddings: .embedding
            case .moderation: .moderation
            }
        self.init(operation: operation, body: request.json, sample: request.sample ?? 0)
        guard request.sample == nil, body.contains("\"assay\"") else { return }
        guard var object = try? JSONValue(parsing: body).object, let own = object["assay"] else { return }
        guard case .number(let number)? = own["sample"], let sample = number.int, sample >= 0 else {
            throw RequestFault(message: "the scorer's request has an \"assay\" that is not {\"sample\": N}")
        }
        object["assay"] = nil
        body = JSONValue.object(object).text
        self.sample = sample
    }
}

import Inference
import JSON
import ScorerHost
import ScoringDefinitions
import Synchronization

/// Performs the model requests of a run: the way from its threads to tasks and back.
final class ModelDesk: Sendable {
    /// The requests of a call.
    private struct Orders: Sendable {
        var call: OpenCall
        /// The function that asks.
        var function: String
        var requests: [Order] = []
    }

    private struct Order: Sendable {
        var tag: UInt64
        var request: InferenceRequest
        var model: Model
    }

    typealias Mail = [(call: OpenCall, reply: ModelReply)]

    private struct State {
        var orders: AsyncStream<Orders>.Continuation?
        var task: Task<Void, Never>?
        /// Why nothing is asked any more.
        var stop: String?
        var receive: (@Sendable (Mail) -> Void)?
        var fail: (@Sendable (EngineError) -> Void)?
    }

    /// The requests that may be under way at once, all models together.
    let maxConcurrency: Int
    /// Takes the requests, where nobody is to be asked.
    let dryRun: DryRun?
    private let plan: RunPlan
    private let session: InferenceSession
    private let cancellation: Cancellation
    private let state = Mutex(State())

    /// How long a run that was stopped waits for answers that are on their way, and paid for.
    private static let graceAfterStop = Duration.milliseconds(500)

    init(_ plan: RunPlan, _ session: InferenceSession, _ dryRun: DryRun?, _ cancellation: Cancellation) {
        self.plan = plan
        self.session = session
        self.dryRun = dryRun
        self.cancellation = cancellation
        let models = Dictionary(plan.functions.flatMap(\.models.values).map { ($0.id, $0) }) { one, _ in one }
        maxConcurrency = models.values.reduce(0) { $0 + session.maxConcurrency(of: $1) }
    }

    func usage(of function: String) -> ModelUsage { session.usage(for: function) }
    var totalUsage: ModelUsage { session.totalUsage }

    /// Begins to take requests.
    ///
    /// - Parameters:
    ///   - onReplies: takes the replies as they come, on any thread.
    ///   - onFailure: is told once when a model is gone for good; what is still open is then answered as not asked.
    func open(onReplies: @escaping @Sendable (Mail) -> Void, onFailure: @escaping @Sendable (EngineError) -> Void) {
        let (stream, continuation) = AsyncStream.makeStream(of: Orders.self)
        state.withLock { state in
            state.orders = continuation
            state.receive = onReplies
            state.fail = onFailure
            // The threads of a run are no tasks, so there is none that this could be a child of. It ends with the stream.
            state.task = Task { await self.perform(stream) }
        }
        cancellation.onCancel { [weak self] in self?.stop("the run was interrupted") }
    }

    /// Ends when all requests have their replies.
    func close() {
        state.withLock { state in
            state.orders?.finish()
            state.task?.cancel()
            (state.receive, state.fail) = (nil, nil)
        }
    }

    /// Queues the requests of a call. Each gets exactly one reply. Never blocks.
    func submit(_ requests: [ModelRequest], for call: OpenCall) {
        let function = plan.functions[call.function]
        var orders = Orders(call: call, function: function.function.identifier)
        var faults: Mail = []
        for request in requests {
            guard let model = function.models[request.role] else {
                // Not reached: a scorer can ask only in roles that it declares, and those are bound.
                faults.append((call, ModelReply(tag: request.tag, status: .failed, text: "no model plays \(request.role)")))
                continue
            }
            do throws(RequestFault) {
                let made = try InferenceRequest(scorerRequest: request.json)
                orders.requests.append(Order(tag: request.tag, request: made, model: model))
            } catch {
                faults.append((call, ModelReply(tag: request.tag, status: .failed, text: error.message)))
            }
        }
        if !faults.isEmpty { deliver(faults) }
        let stream = state.withLock { $0.orders }
        if !orders.requests.isEmpty { stream?.yield(orders) }
    }

    /// Asks nothing any more: what is open is answered as not asked, but for answers that come in the next moment.
    private func stop(_ reason: String) {
        let task = state.withLock { state -> Task<Void, Never>? in
            if state.stop != nil { return nil }
            state.stop = reason
            return state.task
        }
        guard let task else { return }
        session.stop(reason)
        Task {
            try? await Task.sleep(for: Self.graceAfterStop)
            task.cancel()
        }
    }

    private func perform(_ stream: AsyncStream<Orders>) async {
        await withDiscardingTaskGroup { group in
            for await orders in stream {
                let (found, missing) = self.lookUp(orders)
                if !found.isEmpty { self.deliver(found) }
                for order in missing {
                    group.addTask {
                        self.deliver([(orders.call, await self.reply(to: order, for: orders.function))])
                    }
                }
            }
        }
    }

    private func deliver(_ mail: Mail) {
        let receive = state.withLock { $0.receive }
        receive?(mail)
    }

    /// Answers what the cache has answers to; in a dry run, everything else, too.
    private func lookUp(_ orders: Orders) -> (found: Mail, missing: [Order]) {
        let requests = orders.requests.map { (request: $0.request, model: $0.model) }
        // A cache that cannot be read has no answers; what is wrong with it shows when something is stored.
        let stored = (try? session.lookUp(requests, for: orders.function)) ?? requests.map { _ in nil }
        var found: Mail = []
        var missing: [Order] = []
        for (order, reply) in zip(orders.requests, stored) {
            if let dryRun {
                dryRun.count(order.request, order.model, isCached: reply != nil, of: orders.call, order.tag, orders.function)
                found.append((orders.call, ModelReply(tag: order.tag, status: .cancelled, text: "this was a dry run")))
            } else if let reply {
                found.append((orders.call, ModelReply(reply, tag: order.tag)))
            } else {
                missing.append(order)
            }
        }
        return (found, missing)
    }

    private func reply(to order: Order, for function: String) async -> ModelReply {
        do throws(InferenceError) {
            let reply = try await session.ask(order.request, of: order.model, for: function)
            return ModelReply(reply, tag: order.tag)
        } catch {
            let stopped = state.withLock { $0.stop }
            switch error.code {
            case .unavailable:
                fail(EngineError(.model, error.message))
                return ModelReply(tag: order.tag, status: .cancelled, text: error.message)
            case .cancelled: return ModelReply(tag: order.tag, status: .cancelled, text: stopped ?? error.message)
            case .notAsked: return ModelReply(tag: order.tag, status: .cancelled, text: error.message)
            case .timedOut: return ModelReply(tag: order.tag, status: .timedOut, text: error.message)
            default: return ModelReply(tag: order.tag, status: .failed, text: error.message)
            }
        }
    }

    private func fail(_ failure: EngineError) {
        let fail = state.withLock { state in
            defer { state.fail = nil }
            return state.fail
        }
        fail?(failure)
        stop(failure.message)
    }
}

extension ModelReply {
    fileprivate init(_ reply: InferenceReply, tag: UInt64) {
        self.init(tag: tag, status: .answered, text: reply.text, response: reply.response)
    }
}

/// What is wrong with a request of a scorer.
private struct RequestFault: Error {
    var message: String
}

extension InferenceRequest {
    /// A scorer's chat request, in which the member "assay" is the host's.
    fileprivate init(scorerRequest json: String) throws(RequestFault) {
        self.init(body: json)
        guard json.contains("\"assay\"") else { return }
        guard var object = try? JSONValue(parsing: json).object, let own = object["assay"] else { return }
        guard case .number(let number)? = own["sample"], let sample = number.int, sample >= 0 else {
            throw RequestFault(message: "the scorer's request has an \"assay\" that is not {\"sample\": N}")
        }
        object["assay"] = nil
        body = JSONValue.object(object).text
        self.sample = sample
    }
}

import Store
import Synchronization

/// Receives the requests that the cache cannot answer, instead of their models.
///
/// While an ``InferenceService`` has a collector, it sends nothing: each such request fails as not asked. Replies in the cache
/// are used as always.
public final class BatchCollector: Sendable {
    private struct State {
        var keys: Set<ReplyKey> = []
        var fault: (any Error)?
    }

    private let take: @Sendable (BatchRequest) throws -> Void
    private let state = Mutex(State())

    /// - Parameter take: receives each request once, on any thread, one at a time. After an error it is not called again.
    public init(_ take: @escaping @Sendable (BatchRequest) throws -> Void) {
        self.take = take
    }

    /// How many different requests there are.
    public var count: Int { state.withLock { $0.keys.count } }

    /// The first error of the receiver.
    public var fault: (any Error)? { state.withLock(\.fault) }

    /// Takes a request, if it is not known yet.
    func add(_ request: BatchRequest) {
        state.withLock { state in
            guard state.fault == nil, state.keys.insert(request.key).inserted else { return }
            do {
                try take(request)
            } catch {
                state.fault = error
            }
        }
    }
}

/// What happens to requests that the cache cannot answer.
struct BatchMode: Sendable {
    /// Receives them; nil if they are sent.
    var collector: BatchCollector?
    /// Those that have failed in a batch, and are not sent again.
    var failures: [ReplyKey: InferenceError] = [:]
}

extension InferenceSession {
    /// The answer to a request that is not sent to its model itself; nil for one that is.
    func answerOfBatch(
        to request: InferenceRequest, of model: Model, _ key: ReplyKey
    ) -> Result<InferenceReply, InferenceError>? {
        let mode = service.batchMode
        if let failure = mode.failures[key] { return .failure(failure) }
        guard let collector = mode.collector else { return nil }
        do throws(UnsupportedRequest) {
            collector.add(try BatchRequest(request, of: model, key: key))
            return .failure(InferenceError(.notAsked, "not sent: the request is left for a batch"))
        } catch {
            return .failure(InferenceError(.invalidRequest, "\(model): \(error.reason)"))
        }
    }
}

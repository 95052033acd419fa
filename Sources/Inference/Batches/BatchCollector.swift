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

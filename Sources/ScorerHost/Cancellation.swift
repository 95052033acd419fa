import Synchronization

/// A request to stop, made once, from any thread or a signal's source, and seen by every call that it was given to.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}
    public func cancel() { flag.store(true, ordering: .relaxed) }
    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
}

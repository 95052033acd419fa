import Synchronization

/// A request to stop, made once, from any thread or a signal's source, and seen by every call that it was given to.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    private let actions = Mutex<[@Sendable () -> Void]>([])

    public init() {}

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }

    public func cancel() {
        let actions = actions.withLock { actions in
            flag.store(true, ordering: .relaxed)
            defer { actions = [] }
            return actions
        }
        for action in actions { action() }
    }

    /// Runs `action` on the thread that cancels; at once where that has happened already.
    public func onCancel(_ action: @escaping @Sendable () -> Void) {
        let isTooLate = actions.withLock { actions in
            if !isCancelled { actions.append(action) }
            return isCancelled
        }
        if isTooLate { action() }
    }
}

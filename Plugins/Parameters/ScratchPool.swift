public import Patterns
import Synchronization

/// The memory that searches work in, one for each batch that is scored at a time.
public final class ScratchPool: Sendable {
    /// A scratch in the hands of one batch.
    ///
    /// `@unchecked Sendable`: it is either in the pool or used by one thread.
    public final class Box: @unchecked Sendable {
        public var scratch = MatchScratch()
    }

    private let spare = Mutex<[Box]>([])

    public init() {}

    public func take() -> Box { spare.withLock { $0.popLast() } ?? Box() }
    public func put(_ box: Box) { spare.withLock { $0.append(box) } }
}

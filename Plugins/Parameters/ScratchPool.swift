public import Patterns
public import ScorerKit
import Synchronization

/// The working memory of searches, one for each batch being scored.
public final class ScratchPool: Sendable {
    /// A scratch in use by one batch.
    ///
    /// `@unchecked Sendable`: it is either in the pool or used by one thread.
    private final class Box: @unchecked Sendable {
        var scratch = MatchScratch()
    }

    private let spare = Mutex<[Box]>([])

    public init() {}

    /// Lends a scratch whose searches stop when the batch of `results` is cancelled, and ends its last row.
    public func withScratch<Value>(for results: Results, _ body: (inout MatchScratch) -> Value) -> Value {
        let box = spare.withLock { $0.popLast() } ?? Box()
        box.scratch.askWhetherCancelled { results.isCancelled }
        defer {
            box.scratch.endRow()
            box.scratch.askWhetherCancelled(nil)
            spare.withLock { $0.append(box) }
        }
        return body(&box.scratch)
    }
}

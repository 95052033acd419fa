import Synchronization

/// How many runs of this process wait for a batch, so that one of them does not cancel what another one needs.
public final class BatchWaits: Sendable {
    private let counts = Mutex<[Int64: Int]>([:])

    /// Counts a run that starts to wait for a batch, by the number of its row.
    public func begin(_ batch: Int64) { counts.withLock { $0[batch, default: 0] += 1 } }

    /// - Returns: whether no run waits for it any more.
    @discardableResult
    public func end(_ batch: Int64) -> Bool {
        counts.withLock { counts in
            let left = (counts[batch] ?? 1) - 1
            counts[batch] = left > 0 ? left : nil
            return left <= 0
        }
    }
}

import Store
import Synchronization

/// The batches that a run waits for.
extension BatchRunner {
    /// The batches that are open, for people who wait for them.
    public struct OpenBatches: Sendable, Hashable {
        public var count: Int
        /// The requests in them, and those that their servers have answered.
        public var requests: Int
        public var answered: Int
        /// All of it in one line, with the names of the batches.
        public var text: String

        init(_ open: [StoredBatch], now: Int) {
            count = open.count
            requests = open.reduce(0) { $0 + $1.requests }
            answered = open.reduce(0) { $0 + min($1.requests, BatchStatus.answered(inText: $1.progress)) }
            let oldest = open.compactMap(\.submittedAt).min().map { max(0, now - $0) } ?? 0
            let parts = open.prefix(3).map { "\($0.title): \($0.progress)" }
            let rest = open.count > 3 ? " and \(open.count - 3) more" : ""
            text = "\(parts.joined(separator: "; "))\(rest) (the oldest for \(BatchRunner.text(ofSeconds: oldest)))"
        }
    }

    /// The batches that are open, by what their servers call them.
    public var openBatches: [String] { state.withLock { $0.open.map(\.stored.title) } }

    /// Notes which batches are open.
    func setOpen(_ open: [OpenBatch]) {
        let before = state.withLock { state in
            defer { state.open = open }
            return Set(state.open.map(\.stored.id))
        }
        let now = Set(open.map(\.stored.id))
        for id in now.subtracting(before) { cache.batchWaits.begin(id) }
        for id in before.subtracting(now) { cache.batchWaits.end(id) }
    }

    /// Asks the servers to stop working on the batches that are open, all at once, unless another run of this process waits for
    /// them, or another process.
    ///
    /// What is answered by then is paid for, and later runs find it. They submit the other requests again.
    public func cancelOpenBatches() async {
        let open = state.withLock { state in
            defer { state.open = [] }
            return state.open
        }
        await withDiscardingTaskGroup { group in
            for batch in open where cache.batchWaits.end(batch.stored.id) {
                group.addTask { await self.cancelUnwanted(batch) }
            }
        }
    }

    private func cancelUnwanted(_ batch: OpenBatch) async {
        guard let stored = try? cache.batch(batch.stored.id), stored.state == .open || stored.state == .creating else {
            return
        }
        // If the lease is taken, another process waits for it.
        guard cache.reserve(stored.lease) else { return }
        cache.cancelReservation(of: stored.lease)
        do {
            switch try await cancel(stored, of: batch.model, isForGood: false) {
            case .requested: notice("batch \(stored.title): cancellation requested, because its job was cancelled")
            case .ended, .removed: break
            }
        } catch {
            notice(
                "batch \(stored.title): its job was cancelled, but the batch was not (\(error)); 'assay batches "
                    + "cancel' with the server's cache tries again")
        }
    }
}

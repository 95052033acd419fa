import JSON
import Store
import Synchronization

/// Writes the rows of a job to a draft of a dataset, many per transaction, because each transaction costs a disk write.
final class JobRows: Sendable {
    private let draft: DatasetDraft
    private struct State {
        var lines: [UInt8] = []
        var isEmpty = true
    }
    private let state = Mutex(State())

    /// The size of a write, in bytes.
    private static let blockSize = 256 << 10

    init(_ draft: DatasetDraft) {
        self.draft = draft
    }

    /// Accepts whole lines.
    func add(_ lines: UnsafeRawBufferPointer) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            state.lines.append(contentsOf: lines)
            if state.lines.count >= Self.blockSize { try write(&state) }
        }
    }

    /// Writes the remaining rows, and returns what to publish; nil if there are no rows.
    func dataset(of job: StoredJob, purpose: JSONValue?) throws(StoreError) -> JobDataset? {
        try state.withLock { state throws(StoreError) in try write(&state) }
        if state.withLock(\.isEmpty) { return nil }
        return JobDataset(
            draft, id: "generations-" + job.id,
            definition: [
                "provider_id": "localfs", "purpose": purpose ?? "eval/question-answer", "source": ["type": "rows"],
                "metadata": [
                    "job_id": .string(job.id), "benchmark_id": .string(job.benchmarkID),
                    "candidate": shown(job.request["benchmark_config"]?["eval_candidate"]),
                ],
            ])
    }

    private func write(_ state: inout State) throws(StoreError) {
        if state.lines.isEmpty { return }
        try draft.append(RowBlock(lines: state.lines))
        state.lines.removeAll(keepingCapacity: true)
        state.isEmpty = false
    }
}

/// A candidate without private details: for an agent, only its model.
private func shown(_ candidate: JSONValue?) -> JSONValue {
    guard let candidate else { return .null }
    guard let agent = candidate["config"] else { return candidate }
    return ["type": "agent", "model": agent["model"] ?? .null]
}

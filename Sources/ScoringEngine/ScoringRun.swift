import Datasets
import ScorerHost
import ScoringCore
import Synchronization

/// Counts that a run keeps up to date for whoever shows its progress.
public final class RunProgress: Sendable {
    private let scoredRows = Atomic<Int>(0)
    private let unscoredRows = Atomic<Int>(0)

    public init() {}

    /// Rows done, with or without a score.
    public var rows: Int { scoredRows.load(ordering: .relaxed) + unscored }
    /// Rows that some function could not score.
    public var unscored: Int { unscoredRows.load(ordering: .relaxed) }

    func add(scored: Int, unscored: Int) {
        scoredRows.add(scored, ordering: .relaxed)
        unscoredRows.add(unscored, ordering: .relaxed)
    }
}

/// Takes the output lines of a run in order, many at a time, from one thread at a time.
public typealias RowSink = @Sendable (UnsafeRawBufferPointer) throws -> Void

/// Scores the chunks of a dataset on threads of their own, and puts the results in order.
final class ScoringRun: Sendable {
    private let plan: RunPlan
    private let sink: RowSink?
    private let progress: RunProgress
    private let reader: SharedReader
    private let state: Monitor<State>

    private struct State {
        var order: ChunkOrder<ByteBuffer>
        var spareBuffers: [ByteBuffer] = []
        /// No chunk is claimed any more: the data has ended or failed, the limit is reached, or nobody wants the rest.
        var isClosed = false
        /// Why the run failed.
        var failure: EngineError?
        /// Whether chunks in work are given up, too.
        var isAborted = false
    }

    init(
        _ plan: RunPlan, reader: consuming ChunkReader, jobs: Int, sink: RowSink?, progress: RunProgress,
        cancellation: Cancellation
    ) {
        self.plan = plan
        self.sink = sink
        self.progress = progress
        self.reader = SharedReader(reader, cancellation)
        state = Monitor(State(order: ChunkOrder(window: 2 * jobs + 2)))
    }

    /// Scores everything. The results of the rows before a failure count; the failure is returned with them.
    func run(jobs: Int, _ cancellation: Cancellation) throws(EngineError) -> (workers: [Worker], failure: EngineError?)
    {
        let workers = (0..<jobs).map { _ in Worker(plan, cancellation: cancellation) }
        try onThreads(jobs) { index in self.work(workers[index]) }
        let (failure, selected) = state.update { ($0.failure, $0.order.total.selected) }
        // A worker may have read on before the limit was known to be reached; what it met there concerns nobody.
        if let limit = plan.limit, selected >= limit, failure?.code == .dataset { return (workers, nil) }
        return (workers, failure)
    }

    private func work(_ worker: Worker) {
        while claimPlace() {
            do {
                guard try reader.read(into: worker.chunk) else {
                    close()
                    break
                }
            } catch {
                close(EngineError(.dataset, error.description))
                break
            }
            score(worker)
        }
    }

    /// Waits for a place in the window; false when there is nothing left to do.
    private func claimPlace() -> Bool {
        state.wait { state in
            if state.isClosed || state.isAborted { return false }
            return state.order.claim() ? true : nil
        }
    }

    private func score(_ worker: Worker) {
        let index = worker.chunk.index
        let counts = worker.readRows()
        state.update { $0.order.count(index, counts) }
        // The chunks before this one are all in work, so it is not long before they are counted.
        let base: ChunkCounts? = state.wait { state in
            if state.isAborted { return .some(nil) }
            return state.order.base(of: index).map { .some($0) }
        }
        guard let base else { return }
        if let limit = plan.limit, base.selected + counts.selected >= limit { close() }
        let out = state.update { $0.spareBuffers.popLast() } ?? ByteBuffer()
        let done = worker.score(base: base, out: plan.writesRows ? out : nil)
        progress.add(scored: done.scored, unscored: done.unscored)
        state.update { $0.order.finish(index, out) }
        writeWhatIsReady()
    }

    private func writeWhatIsReady() {
        while let out = state.update({ $0.isAborted ? nil : $0.order.outputToWrite() }) {
            do {
                if out.writer.count > 0 { try sink?(out.writer.bytes) }
            } catch {
                abort((error as? EngineError) ?? EngineError(.output, "\(error)"))
            }
            out.writer.removeAll()
            state.update { state in
                state.order.wrote()
                state.spareBuffers.append(out)
            }
        }
    }

    private func close(_ failure: EngineError? = nil) {
        state.update { state in
            state.isClosed = true
            if state.failure == nil { state.failure = failure }
        }
    }

    private func abort(_ failure: EngineError) {
        state.update { state in
            state.isAborted = true
            if state.failure == nil { state.failure = failure }
        }
    }
}

/// The reader that all workers take their chunks from.
///
/// `@unchecked Sendable`: used under `lock` only.
private final class SharedReader: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    private var reader: ChunkReader
    private let cancellation: Cancellation

    init(_ reader: consuming ChunkReader, _ cancellation: Cancellation) {
        self.reader = reader
        self.cancellation = cancellation
    }

    /// Reads the next chunk; false at the end, and once the run is cancelled. What was read before is scored all the same.
    func read(into chunk: Chunk) throws(DatasetError) -> Bool {
        try lock.withLock { _ throws(DatasetError) in
            if cancellation.isCancelled && !reader.hasPending { return false }
            return try reader.read(into: chunk)
        }
    }
}

import Concurrency
import Datasets
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Synchronization

/// Counters that a run updates, to show its progress.
public final class RunProgress: Sendable {
    private let scoredRows = Atomic<Int>(0)
    private let unscoredRows = Atomic<Int>(0)
    private let modelReplies = Atomic<Int>(0)
    private let takenRows = Atomic<Int>(0)

    public init() {}

    /// Rows of the dataset that the run has started or completed.
    public var rowsTaken: Int { takenRows.load(ordering: .relaxed) }

    /// Completed rows, with or without a score.
    public var rows: Int { scoredRows.load(ordering: .relaxed) + unscored }
    /// Rows that at least one function could not score.
    public var unscored: Int { unscoredRows.load(ordering: .relaxed) }
    /// Replies of models, including those from the cache.
    public var replies: Int { modelReplies.load(ordering: .relaxed) }

    func add(scored: Int, unscored: Int) {
        scoredRows.add(scored, ordering: .relaxed)
        unscoredRows.add(unscored, ordering: .relaxed)
    }

    func add(replies: Int) {
        modelReplies.add(replies, ordering: .relaxed)
    }

    package func add(taken: Int) {
        takenRows.add(taken, ordering: .relaxed)
    }
}

/// Receives the output lines of a run in order, many at a time, from one thread at a time.
public typealias RowSink = @Sendable (UnsafeRawBufferPointer) throws -> Void

/// Scores the chunks of a dataset on several threads, and keeps the results in order.
///
/// A thread reads a chunk, divides it into slices and starts each function on them. A slice whose functions do not ask a
/// model is done at once. Other slices wait, together with their chunk, while the threads continue with other chunks; any
/// free thread passes them the replies as they arrive.
final class ScoringRun: Sendable {
    private let plan: RunPlan
    private let sink: RowSink?
    private let resultSink: ResultSink?
    private let columnSink: (@Sendable (ColumnOutput) throws(EngineError) -> Void)?
    private let progress: RunProgress
    private let reader: SharedReader
    private let modelRequests: ModelRequestQueue?
    private let state: Monitor<State>

    /// A piece of work for a thread.
    private enum Job {
        /// Pass the replies that have arrived to a scorer.
        case deliver(OpenCall)
        /// Create and start more slices of a chunk.
        case start(ChunkWork)
        /// Read another chunk.
        case read(ChunkWork?)
    }

    /// A request of a call, whose tags are its own.
    private struct RequestKey: Hashable {
        let call: ObjectIdentifier
        let tag: UInt64
    }

    private struct State {
        var order: ChunkOrder<RowOutput>
        /// Calls for which replies have arrived.
        var ready: [OpenCall] = []
        /// Chunks with rows that are not in a slice yet, because enough requests are open.
        var parked: [ChunkWork] = []
        /// Requests to models without a reply. A large one counts once more for each MiB that it has.
        var openRequests = 0
        /// The size in MiB of the large requests.
        var largeRequests: [RequestKey: Int] = [:]
        /// Whether a thread waits for rows that are produced during the run.
        var isReading = false
        /// The values of the grouping columns in the chunks so far.
        var groups: [GroupRegistry]
        var clusters: GroupRegistry
        var questions: GroupRegistry
        var groupedChunks = 0
        /// Chunks that are claimed but not done.
        var chunksInWork = 0
        var spareWorks: [ChunkWork] = []
        var spareOutputs: [RowOutput] = []
        /// Whether no more chunks are claimed: the data has ended or failed, the limit is reached, or the run was stopped.
        var isClosed = false
        /// Why the run failed.
        var failure: EngineError?
        /// Whether chunks in progress are abandoned too.
        var isAborted = false
    }

    /// - Parameter modelRequests: sends the requests to models; nil if no function asks one.
    /// - Parameters:
    ///   - columnSink: receives the results of each chunk in order, from one thread at a time.
    ///   - values: those of the rows before these; nil means that these are the first.
    ///   - base: the counts of the rows before these.
    init(
        _ plan: RunPlan, reader: consuming ChunkReader, jobs: Int, modelRequests: ModelRequestQueue?, sink: RowSink?,
        resultSink: ResultSink?, progress: RunProgress, cancellation: Cancellation, values: RunValues? = nil,
        base: ChunkCounts = ChunkCounts(), columnSink: (@Sendable (ColumnOutput) throws(EngineError) -> Void)? = nil
    ) {
        self.columnSink = columnSink
        self.plan = plan
        self.sink = sink
        self.resultSink = resultSink
        self.progress = progress
        self.modelRequests = modelRequests
        self.reader = SharedReader(reader, endsWhenCancelled: !plan.dataset.isLive, cancellation)
        // A row that waits a long time for its model delays the output of all later rows, but not their requests.
        // The chunks of a run that asks models are small, and many of them wait at once.
        let waiting = modelRequests.map { max(plan.dataset.isLive ? 1 : 1024, 4 * $0.maxConcurrency) } ?? 2
        let values = values ?? RunValues(plan)
        state = Monitor(
            State(
                order: ChunkOrder(window: 2 * jobs + waiting, total: base), groups: values.groups,
                clusters: values.clusters, questions: values.questions))
    }

    /// Scores everything. The results of the rows before a failure count; the failure is returned with them.
    ///
    /// - Parameter workers: one for each thread; they may have settled earlier rows.
    func run(
        _ workers: [Worker], _ cancellation: Cancellation
    ) -> (values: RunValues, counts: ChunkCounts, failure: EngineError?) {
        modelRequests?.open(
            onReplies: { self.receive($0) },
            onFailure: { self.close($0) })
        defer { modelRequests?.close() }
        onThreads(workers.count) { index in self.work(workers[index]) }
        let (failure, counts, values) = state.update { state in
            let values = RunValues(groups: state.groups, clusters: state.clusters, questions: state.questions)
            return (state.failure, state.order.total, values)
        }
        // A worker may have read beyond the limit before it was known; a fault that it found there does not matter.
        if let limit = plan.limit, counts.selected >= limit, failure?.code == .dataset {
            return (values, counts, nil)
        }
        return (values, counts, failure)
    }

    // MARK: Work of the threads

    private func work(_ worker: Worker) {
        while let job = nextJob() {
            switch job {
            case .deliver(let call): deliver(call, worker)
            case .start(let work): startSlices(of: work, worker)
            case .read(let spare): read(spare ?? ChunkWork(plan), worker)
            }
        }
    }

    /// Waits for work; nil when the run is over.
    private func nextJob() -> Job? {
        state.wait { state -> Job?? in
            if state.isAborted { return .some(nil) }
            if let call = state.ready.popLast() { return .deliver(call) }
            if !state.parked.isEmpty, hasRoom(state) { return .start(state.parked.removeFirst()) }
            if !state.isClosed, state.parked.isEmpty, !state.isReading, hasRoom(state), state.order.claim() {
                state.isReading = plan.dataset.isLive
                state.chunksInWork += 1
                return .read(state.spareWorks.popLast())
            }
            return state.isClosed && state.chunksInWork == 0 ? .some(nil) : nil
        }
    }

    /// Whether more requests are wanted: enough to replace all requests in progress while their replies are stored and
    /// read.
    private func hasRoom(_ state: State) -> Bool {
        modelRequests.map { state.openRequests < 4 * $0.maxConcurrency } ?? true
    }

    private func read(_ work: ChunkWork, _ worker: Worker) {
        do {
            guard try reader.read(into: work.chunk) else {
                state.update { $0.chunksInWork -= 1 }
                return close()
            }
        } catch {
            state.update { $0.chunksInWork -= 1 }
            return close(EngineError(.dataset, error.description, cause: error))
        }
        if plan.dataset.isLive { state.update { $0.isReading = false } }
        let index = work.chunk.index
        let counts = worker.readRows(of: work)
        state.update { $0.order.count(index, counts) }
        // All earlier chunks are in progress, so they will soon be counted.
        let base: ChunkCounts? = state.wait { state in
            if state.isAborted { return .some(nil) }
            return state.order.base(of: index).map { .some($0) }
        }
        guard let base else { return }
        if let limit = plan.limit, base.selected + counts.selected >= limit {
            close()
            work.batch.keep(limit: max(0, limit - base.selected)) { _ in true }
        }
        if plan.tellsRowsApart && !group(work, index, base) { return }
        // The producer of rows knows their number.
        if !plan.dataset.isLive { progress.add(taken: work.batch.count) }
        let out = plan.writesAnything ? state.update { $0.spareOutputs.popLast() } ?? RowOutput(plan) : nil
        work.begin(base: base, out: out)
        startSlices(of: work, worker)
    }

    /// Finds the index of each row's value, after the values of earlier chunks. False if the run was abandoned.
    private func group(_ work: ChunkWork, _ index: Int, _ base: ChunkCounts) -> Bool {
        let groups = plan.groups.map { ChunkGroups([$0], of: work.batch) }
        let clusters = plan.cluster.map { ChunkGroups($0.columns, of: work.batch) }
        let questions = plan.question.map { ChunkGroups($0.columns, of: work.batch) }
        for (units, columns) in [(clusters, plan.cluster), (questions, plan.question)] {
            guard let units, let columns, let row = units.firstRowWithout(in: work.batch) else { continue }
            abort(columns.missing(in: plan.dataset.name, row: base.rows + work.batch.rowIndex(row)))
            return false
        }
        // All earlier chunks are in progress, so its turn will come soon.
        let isItsTurn: Bool = state.wait { state in
            if state.isAborted { return false }
            return state.groupedChunks == index ? true : nil
        }
        guard isItsTurn else { return false }
        (work.groups, work.clusters, work.questions) = state.update { state in
            state.groupedChunks += 1
            return (
                groups.enumerated().map { column, groups in state.groups[column].places(of: groups) },
                clusters.map { state.clusters.places(of: $0) } ?? [],
                questions.map { state.questions.places(of: $0) } ?? []
            )
        }
        return true
    }

    private func startSlices(of work: ChunkWork, _ worker: Worker) {
        while work.hasRowsLeft {
            if modelRequests != nil && park(work) { return }
            guard let rows = work.nextRows() else { break }
            let (slice, requests) = worker.start(rows, of: work)
            if requests.isEmpty && work.slices.isEmpty {
                worker.settle(slice, of: work)
                continue
            }
            work.slices.append(slice)
            if requests.isEmpty { continue }
            state.update { _ in slice.wait(for: requests.keys, of: work) }
            for (function, requests) in requests {
                let call = OpenCall(slice: slice, function: function)
                ask(requests, for: call)
                putDown(call)
            }
        }
        release(work, worker)
    }

    /// Sets a chunk aside if enough requests are open.
    private func park(_ work: ChunkWork) -> Bool {
        state.update { state in
            if hasRoom(state) { return false }
            state.parked.append(work)
            return true
        }
    }

    private func ask(_ requests: [ModelRequest], for call: OpenCall) {
        guard let modelRequests, !requests.isEmpty else { return }
        state.update { state in
            for request in requests {
                let size = request.json.utf8.count >> 20
                state.openRequests += 1 + size
                if size > 0 {
                    state.largeRequests[RequestKey(call: ObjectIdentifier(call.call), tag: request.tag)] = size
                }
            }
        }
        modelRequests.submit(requests, for: call)
    }

    /// Receives replies from `modelRequests`, on any thread.
    private func receive(_ states: ModelRequestQueue.ReceivedReplies) {
        progress.add(replies: states.count { $0.reply.status == .answered })
        state.update { state in
            for (call, reply, isReplay) in states {
                state.openRequests -= 1
                if !state.largeRequests.isEmpty {
                    let key = RequestKey(call: ObjectIdentifier(call.call), tag: reply.tag)
                    state.openRequests -= state.largeRequests.removeValue(forKey: key) ?? 0
                }
                if call.slice.receive(reply, isReplay: isReplay, for: call) { state.ready.append(call) }
            }
        }
    }

    private func deliver(_ open: OpenCall, _ worker: Worker) {
        let replies = state.update { _ in open.slice.takeReplies(for: open.function) }
        if case .waiting(let requests) = open.call.deliver(replies) {
            ask(requests, for: open)
            return putDown(open)
        }
        if mayStartAgain(open), let work = open.slice.chunk,
            state.update({ _ in open.slice.canStartAgain(open.function) }),
            case .waiting(let requests) = worker.start(again: open.function, of: open.slice, work)
        {
            let again = OpenCall(slice: open.slice, function: open.function, attempt: open.attempt + 1)
            ask(requests, for: again)
            return putDown(again)
        }
        let finished = state.update { _ in open.slice.end(open.function) ? open.slice.chunk : nil }
        guard let finished else { return }
        open.slice.chunk = nil
        release(finished, worker)
    }

    /// Whether some rows of a finished call have outcomes for which requests are sent again.
    private func mayStartAgain(_ open: OpenCall) -> Bool {
        open.attempt == 0 && !plan.retriedOutcomes.isEmpty
            && open.call.results.outcomes.contains { plan.retriedOutcomes.contains($0) }
    }

    private func putDown(_ call: OpenCall) {
        state.update { state in
            if call.slice.putDown(call.function) { state.ready.append(call) }
        }
    }

    /// Releases a chunk. When nothing holds it any more, its slices are settled and it is done.
    private func release(_ work: ChunkWork, _ worker: Worker) {
        let isDone = state.update { _ in
            work.holds -= 1
            return work.holds == 0
        }
        guard isDone else { return }
        for slice in work.slices { worker.settle(slice, of: work) }
        work.slices = []
        progress.add(scored: work.scored, unscored: work.unscored)
        let (index, out) = (work.chunk.index, work.out)
        work.out = nil
        state.update { state in
            state.order.finish(index, out ?? RowOutput(plan))
            state.spareWorks.append(work)
            state.chunksInWork -= 1
        }
        writeWhatIsReady()
    }

    private func writeWhatIsReady() {
        while let out = state.update({ $0.isAborted ? nil : $0.order.outputToWrite() }) {
            do {
                if out.lines.writer.count > 0 { try sink?(out.lines.writer.bytes) }
                if let columns = out.columns { try columnSink?(columns) }
                for (index, result) in out.results.enumerated() where result.writer.count > 0 {
                    try resultSink?(index, plan.functions[index].function.identifier, result.writer.bytes)
                }
            } catch {
                abort((error as? EngineError) ?? EngineError(.output, "\(error)", cause: error))
            }
            out.removeAll()
            state.update { state in
                state.order.wrote()
                if plan.writesAnything { state.spareOutputs.append(out) }
            }
        }
    }

    // MARK: Ends

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

/// The values of columns that rows were told apart by.
struct RunValues {
    /// For each grouping column.
    var groups: [GroupRegistry]
    var clusters = GroupRegistry(limit: .max)
    var questions = GroupRegistry(limit: .max)

    /// None so far.
    init(_ plan: RunPlan) { groups = plan.groups.map { _ in GroupRegistry(limit: plan.groupLimit) } }

    init(groups: [GroupRegistry], clusters: GroupRegistry, questions: GroupRegistry) {
        (self.groups, self.clusters, self.questions) = (groups, clusters, questions)
    }
}

/// The reader that supplies chunks to all workers.
///
/// `@unchecked Sendable`: used under `lock` only.
private final class SharedReader: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    private var reader: ChunkReader
    private let endsWhenCancelled: Bool
    private let cancellation: Cancellation

    /// - Parameter endsWhenCancelled: false if the dataset itself ends on cancellation.
    init(_ reader: consuming ChunkReader, endsWhenCancelled: Bool, _ cancellation: Cancellation) {
        self.reader = reader
        self.endsWhenCancelled = endsWhenCancelled
        self.cancellation = cancellation
    }

    /// Reads the next chunk; false at the end, and after the run is cancelled. Chunks that were already read are still scored.
    func read(into chunk: Chunk) throws(DatasetError) -> Bool {
        try lock.withLock { _ throws(DatasetError) in
            if endsWhenCancelled && cancellation.isCancelled && !reader.hasPending { return false }
            return try reader.read(into: chunk)
        }
    }
}

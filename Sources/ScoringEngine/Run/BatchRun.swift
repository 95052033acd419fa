package import CArrow
package import Concurrency
package import Datasets
import Inference
import ScorerHost
import ScoringDefinitions
import Synchronization

/// A run over rows that come as Arrow batches, for programs that embed the engine: rows are scored as they are brought, on
/// threads that have ended when a call returns, and results are taken as Arrow batches.
///
/// Used by one thread at a time, except for `cancel`.
package final class BatchRun {
    package enum Ending: Error {
        case failed(EngineError)
        case cancelled
    }

    private let engine: Engine
    private var request: ScoringRequest
    private let plan: RunPlan
    private let columns: ResultColumns
    private let workers: [Worker]
    private let cancellation: Cancellation
    private let modelRequests: ModelRequestQueue?
    private var values: RunValues
    private var counts = ChunkCounts()

    /// - Parameters:
    ///   - request: its dataset only gives its name.
    ///   - rows: the columns of the rows to come.
    ///   - keepsRows: whether results have the columns of each row; if not, only the numbers of rows.
    package init(
        _ request: ScoringRequest, on engine: Engine, rows: ArrowColumns, keepsRows: Bool = true,
        cancellation: Cancellation
    ) throws(EngineError) {
        var request = request
        request.columns = rows.names
        var plan = try engine.plan(
            request, FirstRows(request.dataset, columns: rows.names), writesRows: false, writesResults: false)
        var check = ColumnCheck(plan)
        try check.check(names: rows.names)
        do throws(ArrowFault) {
            try rows.check(plan.columns.requests.columnNames)
        } catch {
            throw EngineError(.dataset, "\(request.dataset.name): \(error)")
        }
        columns = ResultColumns(plan.functions, onlyCounts: !keepsRows)
        plan.resultColumns = columns
        if plan.asksModels { request.session = try engine.session(of: request) }
        modelRequests = try engine.modelRequests(for: plan, request, cancellation)
        self.engine = engine
        self.request = request
        self.plan = plan
        self.cancellation = cancellation
        workers = (0..<max(1, request.jobs)).map { _ in Worker(plan, cancellation: cancellation) }
        values = RunValues(plan)
    }

    /// How many rows are best brought at once.
    package var rowsAtOnce: Int { (plan.asksModels ? 1 : 4 * workers.count) * Self.chunkSize }

    /// Whether further rows are ignored.
    package var isComplete: Bool { plan.limit.map { counts.selected >= $0 } ?? false }

    /// The schema of the results. The caller releases it.
    package func schema() throws(EngineError) -> ArrowSchema { try columns.schema() }

    /// Scores the next rows.
    ///
    /// - Returns: their results, in order. The caller releases them.
    package func score(_ slices: [ArrowSlice]) throws(Ending) -> [ArrowArray] {
        let taken = Mutex<[Taken]>([])
        let jobs = min(workers.count, max(1, slices.reduce(0) { $0 + $1.range.count } / 1024))
        let run = try run(over: slices, jobs) { output throws(EngineError) in
            guard let array = try output.finish() else { return }
            let batch = Taken(array: array)
            taken.withLock { $0.append(batch) }
        }
        let ended = run.run(Array(workers.prefix(jobs)), cancellation)
        (values, counts) = (ended.values, ended.counts)
        let arrays = taken.withLock { $0 }.map(\.array)
        guard ended.failure == nil, !cancellation.isCancelled else {
            for var array in arrays { array.release?(&array) }
            throw ended.failure.map { Ending.failed($0) } ?? .cancelled
        }
        return arrays
    }

    private func run(
        over slices: [ArrowSlice], _ jobs: Int,
        columnSink: @escaping @Sendable (ColumnOutput) throws(EngineError) -> Void
    ) throws(Ending) -> ScoringRun {
        // A queue is closed at the end of each run over some rows; all of them count in one session.
        var queue: ModelRequestQueue?
        do throws(EngineError) {
            if modelRequests != nil { queue = try engine.modelRequests(for: plan, request, cancellation) }
        } catch {
            throw .failed(error)
        }
        return ScoringRun(
            plan, reader: try reader(of: slices), jobs: jobs, modelRequests: queue, sink: nil, resultSink: nil,
            progress: RunProgress(), cancellation: cancellation, values: values, base: counts, columnSink: columnSink)
    }

    /// `@unchecked Sendable`: handed from the thread that made it to the one that takes it.
    private struct Taken: @unchecked Sendable { var array: ArrowArray }

    private static let chunkSize = 4096

    private func reader(of slices: [ArrowSlice]) throws(Ending) -> ChunkReader {
        let pieces = slices.flatMap { slice in
            stride(from: slice.range.lowerBound, to: slice.range.upperBound, by: Self.chunkSize).map { start in
                ArrowSlice(slice.rows, start..<min(start + Self.chunkSize, slice.range.upperBound))
            }
        }
        guard request.reasoning == .strip else { return ChunkReader(pieces) }
        // Thinking is removed from lines.
        let lines = Dataset(named: request.dataset.name) { ArrowLines(pieces) }
        var stripped = request
        stripped.dataset = lines
        stripped.separateReasoning()
        do throws(DatasetError) {
            return ChunkReader(try stripped.dataset.open(nil))
        } catch {
            throw .failed(EngineError(.dataset, error.description))
        }
    }

    /// The results of all rows so far.
    package func results() -> ScoringResults {
        for function in plan.callers { engine.spareScorers.keep(function.scorer, for: function.function) }
        return engine.results(
            of: plan, request, workers, values, modelRequests, failure: nil, isCancelled: cancellation.isCancelled)
    }
}

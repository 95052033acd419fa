import Concurrency
import Glibc
public import Inference
public import JSON
public import ScoringEngine
public import Store

/// Runs jobs, each on its own thread, in the order in which they were created. Jobs that are waiting or running when the
/// process ends continue in the next process.
///
/// All calls block, some of them on disk writes.
public final class JobQueue: Sendable {
    /// The result of a request for a job.
    public enum Submission: Sendable {
        case accepted(StoredJob)
        /// The limit of waiting jobs is reached.
        case full
        /// The process is about to end.
        case stopping
    }

    /// The queue's state of a running job.
    private struct Running {
        let cancellation = Cancellation()
        let suspension = Cancellation()
        let progress = EvaluationProgress()
    }

    private struct State {
        var schedule: JobSchedule
        var running: [String: Running] = [:]
        /// Keys for models from requests, by job: kept in memory only.
        var keys: [String: [String: String]] = [:]
        var threads: [pthread_t] = []
        var liveThreads = 0
        /// Callers that wait for the end of a job.
        var followers = 0
    }

    private let registry: Registry
    private let providers: [any EvaluationProvider]
    private let inference: InferenceService?
    private let whole: @Sendable (StoredDataset) throws(EvaluationError) -> StoredDataset
    private let state: Monitor<State>

    /// How long a caller waits for a cancelled job to stop.
    private static let patience = Duration.seconds(5)

    /// A queue with the unfinished jobs of the previous process.
    ///
    /// - Parameters:
    ///   - maxWaiting: the maximum number of waiting jobs.
    ///   - whole: reads the rows of a dataset that was registered without them.
    public init(
        _ registry: Registry, providers: [any EvaluationProvider], inference: InferenceService?, maxWaiting: Int = 100,
        whole: @escaping @Sendable (StoredDataset) throws(EvaluationError) -> StoredDataset = { $0 }
    ) throws(StoreError) {
        self.whole = whole
        self.registry = registry
        self.providers = providers
        self.inference = inference
        let waiting = try registry.takeOverJobs()
        state = Monitor(State(schedule: JobSchedule(maxWaiting: maxWaiting, waiting: waiting)))
    }

    /// Starts to run jobs.
    ///
    /// - Parameters:
    ///   - count: the maximum number of jobs that run at once.
    ///   - onEnd: is called for each job that has ended, on any thread.
    ///   - log: receives failures of the store, one line each.
    public func start(
        _ count: Int = 2, onEnd: @escaping @Sendable (StoredJob) -> Void = { _ in },
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(EvaluationError) {
        for _ in 0..<count {
            state.update { $0.liveThreads += 1 }
            do throws(ThreadError) {
                let thread = try startThread { [self] in
                    while let (id, running) = next() {
                        if let job = run(id, running, log: log) { onEnd(job) }
                    }
                    state.update { $0.liveThreads -= 1 }
                }
                state.update { $0.threads.append(thread) }
            } catch {
                state.update { $0.liveThreads -= 1 }
                throw EvaluationError(.unavailable, error.description)
            }
        }
    }

    /// Stores a job on disk, and adds it to the queue.
    ///
    /// - Parameters:
    ///   - id: one that no other job has.
    ///   - benchmark: the benchmark in the form of the registry.
    ///   - rowsTotal: the number of rows of the job, if known.
    ///   - keys: keys for models, by the environment variables that they replace.
    public func submit(
        _ id: String, _ benchmark: JSONValue, _ configuration: BenchmarkConfiguration, rowsTotal: Int? = nil,
        keys: [String: String] = [:]
    ) throws(StoreError) -> Submission {
        switch state.update({ $0.schedule.reserve() }) {
        case .full: return .full
        case .stopping: return .stopping
        case .granted: break
        }
        do throws(StoreError) {
            let provider = Benchmark(benchmark)?.providerID ?? ""
            let job = try registry.addJob(
                id, of: benchmark["identifier"]?.string ?? "", by: provider,
                request: ["benchmark": benchmark, "benchmark_config": configuration.json], rowsTotal: rowsTotal)
            state.update { state in
                if !keys.isEmpty { state.keys[id] = keys }
                state.schedule.add(id)
            }
            return .accepted(job)
        } catch {
            state.update { $0.schedule.giveUp() }
            throw error
        }
    }

    /// Stops a job, and waits some seconds for that. Completed rows are kept. A job that has ended does not change.
    public func cancel(_ id: String) throws(StoreError) {
        // From here on, the job will not continue, whatever happens.
        guard let job = try registry.cancelJob(id) else { return }
        let (cancelling, running) = state.update { state in (state.schedule.cancel(id), state.running[id]) }
        switch cancelling {
        case .interrupted:
            running?.cancellation.cancel()
            _ = state.wait(atMost: Self.patience) { $0.running[id] == nil ? true : nil }
        case .removed, .absent:
            state.update { $0.keys[id] = nil }
            if job.finished == nil { _ = try registry.endJob(id, JobEnd(.cancelled)) }
        }
    }

    /// Waits for the end of a job, which a small one may reach soon.
    ///
    /// - Parameter maxCallers: how many callers may wait at once, each of which blocks a thread; others do not wait.
    public func awaitEnd(of id: String, atMost limit: Duration, maxCallers: Int) {
        let mayWait = state.update { state in
            guard state.followers < maxCallers else { return false }
            state.followers += 1
            return true
        }
        guard mayWait else { return }
        _ = state.wait(atMost: limit) { $0.schedule.isPending(id) && !$0.schedule.isStopping ? nil : true }
        state.update { $0.followers -= 1 }
    }

    /// The progress of a running job; nil for others.
    public func progress(of id: String) -> EvaluationProgress? { state.update { $0.running[id]?.progress } }

    /// The number of waiting jobs.
    public var waitingCount: Int { state.update(\.schedule.waitingCount) }

    /// Interrupts the running jobs, so that they continue in the next process, and starts no others.
    ///
    /// - Parameter limit: how long to wait for them.
    public func stop(within limit: Duration = .seconds(30)) {
        let interrupted = state.update { state in state.schedule.stop().compactMap { state.running[$0] } }
        for running in interrupted {
            running.suspension.cancel()
            running.cancellation.cancel()
        }
        let threads = state.wait(atMost: limit) { state -> [pthread_t]? in
            guard state.liveThreads == 0 else { return nil }
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads ?? [] { pthread_join(thread, nil) }
    }

    // MARK: On a job's thread

    /// Waits for the next job; nil when the queue is stopping.
    private func next() -> (String, Running)? {
        state.wait { state -> (String, Running)?? in
            if state.schedule.isStopping { return .some(nil) }
            guard let id = state.schedule.next() else { return nil }
            let running = Running()
            state.running[id] = running
            return (id, running)
        }
    }

    /// Runs a job and stores its result. Returns the job if it has ended.
    private func run(_ id: String, _ running: Running, log: @Sendable (String) -> Void) -> StoredJob? {
        let keys = state.update { $0.keys.removeValue(forKey: id) } ?? [:]
        defer {
            state.update { state in
                state.schedule.end(id)
                state.running[id] = nil
            }
        }
        do throws(StoreError) {
            guard let job = try registry.beginJob(id) else { return try registry.endJob(id, JobEnd(.cancelled)) }
            return try run(job, running, keys)
        } catch {
            // The rows may be the part that cannot be stored.
            return giveUp(id, since: error, log: log)
        }
    }

    private func giveUp(_ id: String, since failure: StoreError, log: @Sendable (String) -> Void) -> StoredJob? {
        let end = JobEnd(.failed, error: "the job's result could not be stored: \(failure.message)")
        var isLogged = false
        while true {
            do throws(StoreError) {
                return try registry.endJob(id, end)
            } catch {
                if !isLogged { log("the job \(id) has failed, and this cannot be stored yet: \(error)") }
                isLogged = true
            }
            // Until it can be stored, or the process ends: then the job starts again.
            if state.wait(atMost: .seconds(2), for: { $0.schedule.isStopping ? true : nil }) == true { return nil }
        }
    }

    private func run(
        _ job: StoredJob, _ running: Running, _ keys: [String: String]
    ) throws(StoreError) -> StoredJob? {
        let source = try registry.dataset(datasetID(of: job))
        let rows = JobRows(try registry.makeDataset())
        running.progress.update(done: 0, total: job.rowsTotal)
        var end: JobEnd
        var isWhole = false
        do throws(EvaluationError) {
            let result = try evaluate(job, source, running, keys) { lines in try rows.add(lines) }
            isWhole = !result.isCancelled
            end = JobEnd(
                isWhole ? .completed : .cancelled,
                result: [
                    "scores": .object(result.scores), "generation": .object(result.generation),
                    "distributions": .object(result.distributions),
                    "warnings": .array(result.warnings.map { .string($0) }),
                ])
        } catch {
            end = JobEnd(error.code == .cancelled ? .cancelled : .failed)
            if end.status == .failed { end.error = error.description }
        }
        if !isWhole, state.update({ $0.schedule.isInterruptedByStop(job.id) }) { return nil }
        end.rowsDone = running.progress.done
        end.rowsTotal = running.progress.total
        return try registry.endJob(
            job.id, end, rows: try rows.dataset(of: job, purpose: source?.definition["purpose"]))
    }

    private func datasetID(of job: StoredJob) -> String { job.request["benchmark"]?["dataset_id"]?.string ?? "" }

    private func evaluate(
        _ job: StoredJob, _ source: StoredDataset?, _ running: Running, _ keys: [String: String],
        output: @escaping RowSink
    ) throws(EvaluationError) -> EvaluationResult {
        guard let benchmark = Benchmark(job.request["benchmark"] ?? .null) else {
            throw EvaluationError(.invalid, "the job's benchmark cannot be read")
        }
        let provider = try providers.provider(benchmark.providerID)
        let configuration = try BenchmarkConfiguration(job.request["benchmark_config"] ?? .null)
        let source = try source.map(whole)
        return try inference.using(keys: keys) { inference throws(EvaluationError) in
            let run = EvaluationRun(
                jobID: job.id, benchmark: benchmark, configuration: configuration,
                dataset: source.map { Dataset($0, in: registry) }, rowCount: source?.rowCount,
                inference: inference, cancellation: running.cancellation, suspension: running.suspension,
                progress: running.progress, findDataset: registry.findDataset, state: job.state,
                keep: { [registry] state throws(EvaluationError) in
                    do throws(StoreError) {
                        try registry.keepJobState(state, of: job.id)
                    } catch {
                        throw EvaluationError(.output, error.message)
                    }
                }, output: output)
            return try provider.runJob(run)
        }
    }
}

extension Registry {
    /// Finds a registered dataset for a run.
    public var findDataset: @Sendable (String) throws(EvaluationError) -> Dataset? {
        { id throws(EvaluationError) in
            do throws(StoreError) {
                return try self.dataset(id).map { Dataset($0, in: self) }
            } catch {
                throw EvaluationError(.dataset, error.message)
            }
        }
    }
}

extension [any EvaluationProvider] {
    /// The provider with that name.
    public func provider(_ id: String) throws(EvaluationError) -> any EvaluationProvider {
        if let provider = first(where: { $0.id == id }) { return provider }
        let known = map(\.id).joined(separator: ", ")
        throw EvaluationError(
            .invalid, "there is no evaluation provider \(quoted(id)); there \(count == 1 ? "is" : "are") \(known)",
            at: "/provider_id")
    }
}

import Concurrency
import Datasets
import Evaluation
import HTTPTypes
import Inference
import JSON
import Logging
import Platform
import ScoringEngine
import Store

/// `/eval/benchmarks/{id}/jobs` and `/eval/benchmarks/{id}/results`.
enum JobRoutes {
    static let all: [Route] = BenchmarkRoutes.paths.flatMap { path, version in
        let jobs = path + "/{id}/jobs"
        func operation(
            _ id: String, _ summary: String, request: String? = nil, response: String? = nil,
            query: [(name: String, least: Int, description: String)] = [],
            flags: [(name: String, description: String)] = [],
            errors: [(status: String, description: String)] = [], missingWasNull: Bool = false
        ) -> Operation {
            Operation(
                id: id + version, summary: summary, providerTypes: BenchmarkRoutes.types, request: request,
                response: response, query: query, flags: flags, errors: errors, missingWasNull: missingWasNull)
        }
        let noResult = [
            ("409", "The job is not finished, or it has failed."), ("410", "The job's rows were unregistered."),
        ]
        return [
            Route(
                .post, jobs,
                operation(
                    "runEvaluation",
                    "Start a job: a candidate answers the benchmark's rows, and the answers are scored.",
                    request: "JobRequest", response: "Job"), start),
            Route(
                .get, jobs,
                operation(
                    "listJobs", "List a benchmark's jobs, newest first.", response: "JobPage",
                    query: [
                        ("start_index", 0, "The first job, counted from 0 (default: 0)."),
                        ("limit", 1, "The maximum number of jobs (default: 100)."),
                    ]), list),
            Route(
                .get, jobs + "/{job_id}",
                operation("getJob", "Get a job.", response: "Job", missingWasNull: true), get),
            Route(
                .delete, jobs + "/{job_id}",
                operation(
                    "cancelJob", "Stop a job and keep its rows, or delete a job that has ended.",
                    flags: [
                        (
                            "purge",
                            "Delete the job, its result and the dataset of its rows. The job must have ended (409 "
                                + "otherwise)."
                        )
                    ]), cancel),
            Route(
                .post, jobs + "/{job_id}/cancel",
                operation("cancelJobByPost", "Stop a job. Completed rows are kept."), cancel),
            Route(
                .get, jobs + "/{job_id}/result",
                operation("getJobResult", "Get the result of a job.", response: "JobResult", errors: noResult),
                result),
            Route(
                .get, path + "/{id}/results",
                operation(
                    "getNewestResult", "Get the result of the newest completed job.", response: "JobResult",
                    errors: noResult), newestResult),
        ]
    }

    @Sendable private static func start(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let (definition, benchmark) = try BenchmarkRoutes.find(context.identifier, service)
        let configuration = try EvaluationRoutes.configuration(in: context.body().root, service)
        return try start(definition, benchmark, configuration, service, context)
    }

    /// Starts a job.
    ///
    /// - Parameter definition: the benchmark in the form of the registry.
    static func start(
        _ definition: JSONValue, _ benchmark: Benchmark, _ configuration: BenchmarkConfiguration, _ service: Service,
        _ context: HandlerContext
    ) throws -> RouteResponse? {
        try service.checkPatterns(of: benchmark.functions, at: "/scoring_functions")
        let dataset = try service.registry.dataset(benchmark.datasetID)
        // Rows that have not been read yet are read, and checked, by the job.
        let isUnread = dataset?.isUnread ?? false
        let rows = isUnread ? nil : dataset?.rowCount
        let keys = context.credentials.variables
        if isUnread { _ = try service.providers.provider(benchmark.providerID) }
        try service.inference.using(keys: keys) { inference in
            if isUnread { return }
            try service.providers.provider(benchmark.providerID).check(
                EvaluationRun(
                    benchmark: benchmark, configuration: configuration,
                    dataset: dataset.map { Dataset($0, in: service.registry) }, rowCount: rows, inference: inference,
                    findDataset: service.registry.findDataset, output: { _ in }))
        }
        let submission = try service.jobs.submit(
            randomIdentifier(), definition, configuration,
            rowsTotal: rows.map { min($0, configuration.numExamples ?? $0) }, keys: keys)
        switch submission {
        case .accepted(let job): return .json(shown(job))
        case .stopping: throw APIError.unavailable("the server is stopping")
        case .full:
            service.metrics.reject()
            var error = APIError.busy(
                "\(service.configuration.maxQueuedJobs) jobs are waiting for their turn, which is the limit; try "
                    + "again later, or cancel some")
            error.code = "too_many_jobs"
            error.retryAfter = retryAfter
            throw error
        }
    }

    /// Seconds after which to retry when the queue is full. Jobs take longer than other requests.
    private static let retryAfter = 10

    @Sendable private static func list(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let start = try context.integer("start_index", from: 0) ?? 0
        let limit = min(try context.integer("limit", from: 1) ?? 100, 1_000)
        let jobs = try service.registry.jobs(of: context.identifier, offset: start, limit: limit + 1)
        // Jobs outlive their benchmark.
        if jobs.isEmpty { _ = try BenchmarkRoutes.find(context.identifier, service) }
        let data = jobs.prefix(limit).map { shown(CurrentJob($0, service.jobs.progress(of: $0.id))) }
        return .json(["data": .array(data), "has_more": .bool(jobs.count > limit)])
    }

    @Sendable private static func get(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let job = try current(context.jobID, of: context.identifier, service)
        return .json(context.generation.statusIsText ? .string(job.status.rawValue) : shown(job))
    }

    @Sendable private static func cancel(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let job = try find(context.jobID, of: context.identifier, service)
        if try context.flag("purge") {
            _ = try service.registry.deleteJob(job.id)
        } else {
            try service.jobs.cancel(job.id)
        }
        return .null
    }

    @Sendable private static func result(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        var job = try current(context.jobID, of: context.identifier, service)
        if job.job.finished == nil {
            // For scripts that take a job for done when it is started, as jobs of Llama Stack were.
            service.jobs.awaitEnd(
                of: job.job.id, atMost: service.configuration.resultWait,
                maxCallers: service.configuration.maxConcurrentRequests / 4)
            job = try current(context.jobID, of: context.identifier, service)
        }
        return try write(job, service, context)
    }

    @Sendable private static func newestResult(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        guard let job = try service.registry.newestJob(of: context.identifier, .completed) else {
            _ = try BenchmarkRoutes.find(context.identifier, service)
            throw APIError.notFound(
                "no job of the benchmark \(quoted(context.identifier)) has completed; start one with POST "
                    + "\(BenchmarkRoutes.path)/\(context.identifier)/jobs", code: "no_result")
        }
        return try write(CurrentJob(job), service, context)
    }

    private static func write(_ current: CurrentJob, _ service: Service, _ context: HandlerContext) throws
        -> RouteResponse?
    {
        let job = current.job
        guard job.finished != nil else {
            let progress = current.rows
            let rows =
                "\(progress.done) of \(progress.total.map(String.init) ?? "an unknown number of") rows are complete"
            throw APIError.notReady(
                job.status == .cancelled
                    ? "the job is being cancelled; \(rows)" : "the job is \(current.status.rawValue); \(rows)",
                code: "job_not_finished")
        }
        if job.status == .failed {
            let rows = job.datasetID.map { "; the completed rows are in the dataset \($0)" }
            throw APIError.notReady("the job failed: \(job.error ?? "")" + (rows ?? ""), code: "job_failed")
        }
        var dataset: StoredDataset?
        if let id = job.datasetID {
            dataset = try service.registry.dataset(id)
            if dataset == nil {
                throw APIError(
                    status: .gone, type: "not_found_error", code: "rows_gone",
                    message: "the dataset \(id) of the job's rows was unregistered; GET …/jobs/\(job.id) has the scores"
                )
            }
        }
        let rows: () -> any ByteSource = {
            dataset.map { StoredRows(service.registry, $0) } ?? MemorySource([])
        }
        var head: JSONObject = ["job_id": .string(job.id), "status": .string(job.status.rawValue)]
        head["warnings"] = job.warnings
        let scores = context.generation.form(of: job.result?["scores"]?.object ?? [:])
        try EvaluationAnswer(scores: scores, head: head, open: rows).write(to: context.output)
        return nil
    }

    // MARK: Shapes

    /// A job, with its progress if it is running.
    private struct CurrentJob {
        var job: StoredJob
        var progress: EvaluationProgress?

        init(_ job: StoredJob, _ progress: EvaluationProgress? = nil) {
            self.job = job
            self.progress = progress
        }

        /// The status; `scheduled` while the job waits in its provider's engine.
        var status: StoredJob.Status {
            job.status == .inProgress && progress?.isWaiting == true ? .scheduled : job.status
        }

        var rows: (done: Int, total: Int?) {
            if let progress, job.finished == nil { return (progress.done, progress.total) }
            return (job.rowsDone, job.rowsTotal)
        }
    }

    static func find(_ id: String, of benchmarkID: String, _ service: Service) throws -> StoredJob {
        guard let job = try service.registry.job(id), job.benchmarkID == benchmarkID else {
            throw APIError.unknown(
                "job", id, listedBy: "\(BenchmarkRoutes.path)/\(benchmarkID)/jobs")
        }
        return job
    }

    private static func current(_ id: String, of benchmarkID: String, _ service: Service) throws -> CurrentJob {
        // In this order, so that a job that ends in between has its numbers from the store.
        let progress = service.jobs.progress(of: id)
        return CurrentJob(try find(id, of: benchmarkID, service), progress)
    }

    private static func shown(_ job: StoredJob) -> JSONValue { shown(CurrentJob(job)) }

    private static func shown(_ current: CurrentJob) -> JSONValue {
        let job = current.job
        let rows = current.rows
        var progress: JSONObject = ["done": JSONValue(rows.done), "total": rows.total.map { JSONValue($0) } ?? .null]
        if job.finished == nil, let batches = current.progress?.batches {
            progress["batches"] = [
                "open": JSONValue(batches.count), "requests": JSONValue(batches.requests),
                "answered": JSONValue(batches.answered),
            ]
        }
        func time(_ seconds: Int?) -> JSONValue { seconds.map { .string(Timestamp($0).text) } ?? .null }
        var shown: JSONObject = [
            "job_id": .string(job.id),
            "status": .string(current.status.rawValue),
            "benchmark_id": .string(job.benchmarkID),
            "candidate": job.candidate,
            "dataset_id": job.datasetID.map { .string($0) } ?? .null,
            "progress": .object(progress),
            "created_at": time(job.created),
            "started_at": time(job.started),
            "finished_at": time(job.finished),
            "error": job.error.map { .string($0) } ?? .null,
            "scores": job.result?["scores"] ?? .null,
            "generation": job.result?["generation"] ?? .null,
        ]
        shown["warnings"] = job.warnings
        return .object(shown)
    }
}

extension StoredJob {
    /// Warnings for the person who started the job, in sentences; nil if there are none.
    fileprivate var warnings: JSONValue? {
        result?["warnings"].flatMap { $0.array?.isEmpty == false ? $0 : nil }
    }

    /// The candidate, by name: `{"type": "model", "model": …}`.
    var candidate: JSONValue {
        let candidate = request["benchmark_config"]?["eval_candidate"] ?? .null
        let configuration = candidate["config"] ?? .null
        return [
            "type": candidate["type"] ?? "model", "model": candidate["model"] ?? configuration["model"] ?? .null,
        ]
    }
}

extension HandlerContext {
    /// The job's identifier in the path.
    var jobID: String { parameters["job_id"] ?? "" }
}

extension Service {
    /// Counts the requests of a run: those to its candidate, and those of its scoring functions.
    func count(_ generation: JSONObject, scores: JSONObject) {
        for usage in [generation["usage"]] + scores.members.map({ $0.value["usage"] }) {
            if let usage { metrics.add(usage: usage) }
        }
    }

    /// A job has ended, and is stored with its result and its rows.
    func jobEnded(_ job: StoredJob, _ logger: Logger) {
        var metadata: Logger.Metadata = [
            "job_id": "\(job.id)", "benchmark_id": "\(job.benchmarkID)", "status": "\(job.status.rawValue)",
            "rows": .stringConvertible(job.rowsDone), "model": "\(job.candidate["model"]?.string ?? "")",
        ]
        if let started = job.started, let finished = job.finished {
            metadata["seconds"] = .stringConvertible(finished - started)
        }
        if let error = job.error { metadata["error"] = "\(error)" }
        record(job, logger)
        count(job.result?["generation"]?.object ?? [:], scores: job.result?["scores"]?.object ?? [:])
        logger.log(level: job.status == .failed ? .warning : .info, "job", metadata: metadata)
    }
}

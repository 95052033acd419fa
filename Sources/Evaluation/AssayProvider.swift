import Concurrency
import Datasets
public import Inference
import JSON
public import ScoringDefinitions
public import ScoringEngine
import Synchronization

/// The provider `assay`: generates answers with the candidate, and scores them with this engine.
public struct AssayProvider: EvaluationProvider {
    /// The provider's name in benchmarks, and the default.
    public static let id = "assay"
    public var id: String { Self.id }
    public let type = "inline::assay"

    private let engine: Engine
    private let definitions: @Sendable () -> DefinitionCatalog
    private let jobs: Int
    private let judgeModel: String?
    private let budget: BudgetLimits

    /// - Parameters:
    ///   - budget: the limit on the cost of one run, candidate and judges together.
    ///   - definitions: the current scoring functions.
    ///   - jobs: the number of threads that score one run.
    ///   - judgeModel: the judge model of functions that do not name one.
    public init(
        _ engine: Engine, jobs: Int, judgeModel: String?, budget: BudgetLimits = BudgetLimits(),
        definitions: @escaping @Sendable () -> DefinitionCatalog
    ) {
        self.engine = engine
        self.jobs = jobs
        self.judgeModel = judgeModel
        self.budget = budget
        self.definitions = definitions
    }

    public func register(_ benchmark: Benchmark) throws(EvaluationError) {
        _ = try GenerationSettings(metadata: benchmark.metadata)
    }

    public func check(_ run: EvaluationRun) throws(EvaluationError) {
        _ = try Evaluator(engine).checked(request(of: run))
    }

    public func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        try evaluate(run)
    }

    public func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        let progress = run.progress
        guard let inference = run.inference,
            let runner = inference.batchRunner(ofJobWithin: budget, progress: { progress.update(batches: $0) })
        else { return try evaluate(run) }
        defer { waiting { await runner.shutDown() } }
        try collect(run, inference, runner)
        progress.update(batches: nil)
        // A job that continues in the next process finds its batches there.
        if run.cancellation.isCancelled && !run.suspension.isCancelled {
            waiting { await runner.cancelOpenBatches() }
        }
        let own = inference.playing(runner.final)
        defer { waiting { await own.shutDown() } }
        return try evaluate(run, own)
    }

    /// Has the requests of a job answered in batches: plays it without output, until no more requests are collected.
    private func collect(
        _ run: EvaluationRun, _ inference: InferenceService, _ runner: BatchRunner
    ) throws(EvaluationError) {
        var request = try request(of: run)
        var hasMore = true
        while hasMore && !run.cancellation.isCancelled {
            run.progress.update(batches: nil)
            let collector = runner.collector()
            let own = inference.playing(runner.collecting(in: collector))
            defer { waiting { await own.shutDown() } }
            request.inference = own
            let results = try Evaluator(engine).run(request, cancellation: run.cancellation)
            if let failure = results.failure, !results.isCancelled { throw failure }
            // That of the scoring is that of all models, if a function asks one.
            runner.add(results.scoring.usage ?? results.generation.usage)
            do {
                if let fault = collector.fault { throw fault }
                hasMore = try waiting(run.cancellation) { try await runner.finishRound() }
            } catch {
                if run.cancellation.isCancelled { return }
                throw EvaluationError(.model, "\(error)", cause: error)
            }
        }
    }

    private func request(of run: EvaluationRun) throws(EvaluationError) -> EvaluationRequest {
        guard let dataset = run.dataset else {
            throw EvaluationError(
                .dataset, "the dataset \"\(run.benchmark.datasetID)\" of the benchmark is not registered")
        }
        guard let inference = run.inference else {
            throw EvaluationError(.model, "no model is configured; add one to the configuration")
        }
        for name in run.configuration.scoringParameters.keys where !run.functions.contains(name) {
            throw EvaluationError(
                .invalid,
                "the benchmark has no scoring function of that name; it has \(run.functions.joined(separator: ", "))",
                at: "/benchmark_config/scoring_params" + JSONPointer().appending(name).description)
        }
        let settings = try GenerationSettings(metadata: run.benchmark.metadata)
        var request = EvaluationRequest(
            try joined(dataset, settings.join, run), candidate: run.configuration.candidate,
            functions: run.functions.map { ($0, run.configuration.parameters(of: $0)) }, inference: inference)
        request.settings = settings
        request.definitions = definitions()
        request.limit = run.configuration.numExamples
        request.groupColumns = run.configuration.groupColumns
        if let limit = run.configuration.groupLimit { request.groupLimit = limit }
        request.jobs = jobs
        request.judgeModel = judgeModel
        request.budget = budget
        return request
    }

    private func joined(
        _ dataset: Dataset, _ join: BenchmarkJoin?, _ run: EvaluationRun
    ) throws(EvaluationError) -> Dataset {
        guard let join else { return dataset }
        guard let other = try run.findDataset(join.datasetID) else {
            throw EvaluationError(
                .dataset, "the dataset \(quoted(join.datasetID)), which the benchmark joins, is not registered")
        }
        return dataset.joined(with: other, on: join.key)
    }

    /// - Parameter inference: sends the requests; nil: that of the run.
    private func evaluate(
        _ run: EvaluationRun, _ inference: InferenceService? = nil
    ) throws(EvaluationError) -> EvaluationResult {
        let warnings = RunWarnings()
        var request = try request(of: run)
        if let inference { request.inference = inference }
        request.warn = { warnings.add($0) }
        let total = run.rowCount.map { min($0, run.configuration.numExamples ?? $0) }
        run.progress.update(done: 0, total: total)
        let results = try Evaluator(engine).run(
            request, sink: { try run.take($0) }, cancellation: run.cancellation)
        // The rows before the failure are in the output.
        if let failure = results.failure, !results.isCancelled { throw failure }
        warnings.add(results.generation.usage)
        warnings.add(results.scoring.usage)
        for text in request.dataset.notices.warnings + results.scoring.hints.map(\.text) { warnings.add(text) }
        var scores = JSONObject()
        for result in results.scoring.functions { scores[result.function.identifier] = result.json }
        return EvaluationResult(
            scores: scores, generation: results.generation.json, distributions: results.scoring.distributions,
            warnings: warnings.texts, isCancelled: results.isCancelled)
    }
}

extension EvaluationRun {
    /// Receives result rows, and counts them. From one thread at a time.
    fileprivate func take(_ lines: UnsafeRawBufferPointer) throws {
        try output(lines)
        progress.update(done: progress.done + lines.count { $0 == UInt8(ascii: "\n") })
    }
}

package import CArrow
public import Concurrency
public import Inference
import JSON
public import ScorerHost
import ScoringCore
public import ScoringDefinitions
import Statistics

/// Scoring functions and the plugins that implement them, loaded once and used for any number of runs, even concurrent ones.
///
///     let engine = Engine(functionFolders: ["scoring_fns"], pluginFolders: [".build/release"])
///     let rows: [JSONValue] = [["generated_answer": "A: 18", "expected_answer": "18"]]
///     let results = try engine.score(ScoringRequest(Dataset(rows: rows), functions: ["basic::subset_of": nil]))
///     print(results.json.text)
public final class Engine: Sendable {
    public let definitions: DefinitionCatalog
    public let plugins: PluginRegistry
    /// The limits of all functions.
    public let limits: FunctionLimits
    let modelAccess: ModelAccess
    let spareScorers = SpareScorers()

    /// Loads definitions and plugins. A broken file is skipped, with the reason in `definitions.errors` or
    /// `plugins.errors`.
    ///
    /// - Parameters:
    ///   - isolation: which plugins are trusted, and how to run the others.
    ///   - limits: the limits of all functions.
    ///   - inference: creates the service for functions that ask models, when the first of them is bound. The engine must
    ///     then be shut down.
    ///   - embedded: plugins of the embedding program, in addition to those of the folders.
    ///   - functions: definitions in addition to those of the folders, which they replace.
    ///   - log: receives the log messages of plugins. Called on any thread.
    package init(
        functionFolders: [String], pluginFolders: [String], isolation: PluginIsolation = PluginIsolation(),
        limits: FunctionLimits = FunctionLimits(),
        inference: @escaping @Sendable () throws(EngineError) -> InferenceService?,
        embedded: [Plugin], functions: [ScoringFunction], log: @escaping HostLog
    ) {
        self.limits = limits
        modelAccess = ModelAccess(inference)
        var definitions = DefinitionCatalog(folders: functionFolders)
        for function in functions { definitions.set(function) }
        self.definitions = definitions
        var plugins = PluginRegistry(
            searching: pluginFolders, isolation: isolation,
            manifests: { path throws(PluginError) in try PluginManifest.read(for: path) }, log: log)
        for plugin in embedded { plugins.add(plugin) }
        self.plugins = plugins
    }

    /// Loads definitions and plugins. A broken file is skipped, with the reason in `definitions.errors` or
    /// `plugins.errors`.
    ///
    /// - Parameters:
    ///   - isolation: which plugins are trusted, and how to run the others.
    ///   - limits: the limits of all functions.
    ///   - inference: creates the service for functions that ask models, when the first of them is bound. The engine must
    ///     then be shut down.
    ///   - log: receives the log messages of plugins. Called on any thread.
    public convenience init(
        functionFolders: [String], pluginFolders: [String], isolation: PluginIsolation = PluginIsolation(),
        limits: FunctionLimits = FunctionLimits(),
        inference: @escaping @Sendable () throws(EngineError) -> InferenceService? = { nil },
        log: @escaping HostLog = { _, _, _ in }
    ) {
        self.init(
            functionFolders: functionFolders, pluginFolders: pluginFolders, isolation: isolation, limits: limits,
            inference: inference, embedded: [], functions: [], log: log)
    }

    /// Closes the connections to models. No run may be in progress, and no run that asks models may start afterwards.
    public func shutDown() async { await modelAccess.shutDown() }

    /// Creates the scorer of a definition, and reports errors in its parameters. Nothing is scored.
    ///
    /// - Parameter origin: the source of the parameters, for messages; nil means that of the definition.
    public func bind(_ function: ScoringFunction, parametersFrom origin: String? = nil) throws(EngineError) -> Scorer {
        guard let plugin = plugins[function.providerID] else {
            let known = plugins.plugins.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw EngineError(
                .plugin,
                "\(function.identifier): no plugin \"\(function.providerID)\" was found; plugins found: "
                    + (known.isEmpty ? "none" : known), remedy: .addPlugin)
        }
        var function = function
        function.limits = limits
        // Earlier headers do not define these members of the configuration.
        if plugin.contents.abiMinor < 2 { (function.columns, function.limits) = ([], FunctionLimits()) }
        do {
            let scorer = try Scorer(function.scorerID(in: plugin), of: plugin, configuration: function.configuration)
            try function.checkAggregations(of: scorer, parametersFrom: origin)
            return scorer
        } catch let error as EngineError {
            throw error
        } catch let error as ParameterError {
            throw EngineError(
                .invalidDefinition, "\(origin ?? function.origin): \(function.identifier): \(error)", cause: error)
        } catch {
            throw EngineError(.plugin, "\(function.identifier): \(error)", cause: error)
        }
    }

    /// The description of a function's scorer, which is created and then kept for the next run of the function.
    package func description(of function: ScoringFunction) throws(EngineError) -> ScorerDescription {
        var function = function
        function.limits = limits
        let scorer = try bind(function)
        spareScorers.keep(scorer, for: function)
        return scorer.description
    }

    /// The scorer that a function names; nil if it was not found.
    package func scorer(of function: ScoringFunction) -> ScorerDescription? {
        guard let plugin = plugins[function.providerID] else { return nil }
        let id = function.scorerID(in: plugin)
        return plugin.scorers.first { $0.id == id }
    }

    /// The required parameters that are missing in a function's definition, so that each request must supply them.
    public func missingParameters(of function: ScoringFunction) -> [String] {
        guard let schema = scorer(of: function)?.parameters else { return [] }
        func missing(_ schema: JSONValue) -> [String] {
            (schema["required"]?.array?.compactMap(\.string) ?? []).filter { function.params[$0] ?? .null == .null }
        }
        // Of parameters that can take each other's place, the first are named.
        let alternatives = (schema["anyOf"]?.array ?? []).map(missing)
        return missing(schema) + (alternatives.contains([]) ? [] : alternatives.first ?? [])
    }

    /// Scores a dataset.
    ///
    /// - Parameters:
    ///   - sink: receives one line of JSON per row, in the order of the dataset.
    ///   - resultSink: receives the rows' results, by function. Without both sinks, rows are only aggregated.
    ///   - progress: is updated during the run.
    ///   - cancellation: cancelling it ends the run after the rows in progress; the results cover the completed rows.
    /// - Returns: the aggregates of all functions. `failure` is set if the dataset or the output failed during the run.
    /// - Throws: `EngineError` if nothing could be scored at all.
    public func score(
        _ request: ScoringRequest, sink: RowSink? = nil, resultSink: ResultSink? = nil,
        progress: RunProgress = RunProgress(), cancellation: Cancellation = Cancellation()
    ) throws(EngineError) -> ScoringResults {
        try score(
            request, sink: sink, resultSink: resultSink, progress: progress, cancellation: cancellation,
            columnSink: nil
        ).results
    }

    /// Scores a dataset.
    ///
    /// - Parameter columnSink: receives the rows' results as Arrow batches, which it must release.
    /// - Returns: the results, and the schema of the batches, which the caller must release.
    package func score(
        _ request: ScoringRequest, sink: RowSink? = nil, resultSink: ResultSink? = nil,
        progress: RunProgress = RunProgress(), cancellation: Cancellation = Cancellation(),
        columnSink: (@Sendable (ArrowArray) -> Void)?
    ) throws(EngineError) -> (results: ScoringResults, schema: ArrowSchema) {
        var request = request
        if cancellation.isCancelled { request.limit = 0 }
        request.separateReasoning()
        let rows = FirstRows(request.dataset, columns: request.columns)
        var plan = try plan(request, rows, writesRows: sink != nil, writesResults: resultSink != nil)
        if columnSink != nil { plan.resultColumns = ResultColumns(plan.functions) }
        // One thread waits for rows that are produced during the run; another one scores.
        let jobs = max(request.dataset.isLive ? 2 : 1, request.jobs)
        let modelRequests = try modelRequests(for: plan, request, cancellation)
        let reader = try checkedReader(plan, rows, request)
        let run = ScoringRun(
            plan, reader: reader, jobs: jobs, modelRequests: modelRequests, sink: sink, resultSink: resultSink,
            progress: progress, cancellation: cancellation
        ) { output throws(EngineError) in
            if let array = try output.finish() { columnSink?(array) }
        }
        let workers = (0..<jobs).map { _ in Worker(plan, cancellation: cancellation) }
        let (values, _, failure) = run.run(workers, cancellation)
        if failure == nil && !cancellation.isCancelled {
            for function in plan.callers { spareScorers.keep(function.scorer, for: function.function) }
        }
        let results = results(
            of: plan, request, workers, values, modelRequests, failure: failure, isCancelled: cancellation.isCancelled)
        return (results, try plan.resultColumns?.schema() ?? ArrowSchema())
    }

    /// The results of a run that has ended.
    func results(
        of plan: RunPlan, _ request: ScoringRequest, _ workers: [Worker], _ values: RunValues,
        _ modelRequests: ModelRequestQueue?, failure: EngineError?, isCancelled: Bool
    ) -> ScoringResults {
        let totals = RunTotals(plan, workers, values, modelRequests)
        let results = totals.results(plan.functions.map(\.function)) { plan.result(of: $0, by: $1) }
        var unscored = FirstUnscored(limit: plan.examples)
        for worker in workers { unscored.merge(worker.unscored) }
        return ScoringResults(
            functions: results, unscored: unscored.first(request.unscoredExamples), failure: failure,
            isCancelled: isCancelled,
            usage: modelRequests?.totalUsage, dryRun: modelRequests?.dryRun,
            hints: failure == nil ? hints(plan, workers, request) : [],
            state: request.keepsState ? RunState(totals, plan, request) : nil)
    }

    /// Hints about scores that are probably wrong because of how answers are written.
    private func hints(_ plan: RunPlan, _ workers: [Worker], _ request: ScoringRequest) -> [ScoreHint] {
        let definitions = request.definitions ?? definitions
        return plan.functions.indices.flatMap { index -> [ScoreHint] in
            if plan.functions[index].isFurtherScore { return [] }
            var samples = ScoreSamples()
            for worker in workers { samples.merge(worker.samples[index]) }
            let doubts = ScoreDoubts(plan.functions[index], samples, mapping: request.mapping) {
                definitions[$0] != nil
            }
            return doubts?.hints ?? []
        }
    }

    /// Checks what can be checked before a run: functions, parameters, models, and the columns of the dataset.
    ///
    /// - Returns: the columns that the functions read.
    @discardableResult
    public func check(_ request: ScoringRequest) throws(EngineError) -> Set<String> {
        var request = request
        request.separateReasoning()
        let rows = FirstRows(request.dataset, columns: request.columns)
        let plan = try plan(request, rows, writesRows: false, writesResults: false)
        defer { for function in plan.callers { spareScorers.keep(function.scorer, for: function.function) } }
        _ = try modelRequests(for: plan, request, Cancellation())
        _ = try checkedReader(plan, rows, request)
        return Set(plan.functions.flatMap { $0.description.inputs.map(\.name) })
    }
}

extension ScoringFunction {
    /// Checks that the scorer has the aggregations that are not common to all scorers.
    func checkAggregations(of scorer: Scorer, parametersFrom source: String?) throws(EngineError) {
        let own = scorer.description.aggregations.map(\.name)
        for (index, aggregation) in aggregationFunctions.enumerated() {
            guard case .corpus(let name) = aggregation, !own.contains(name) else { continue }
            let known = AggregationFunction.common.map(\.rawValue) + own
            throw EngineError(
                .invalidDefinition,
                "\(source ?? origin): \(identifier): /params/aggregation_functions/\(index): found \(quoted(name)); expected "
                    + "one of \(known.joined(separator: ", "))")
        }
    }

    /// The scorer in its plugin. If the plugin has only one scorer, the definition's resource name is ignored: definitions of
    /// judges, which name separate resources in other systems, use all kinds of names.
    fileprivate func scorerID(in plugin: Plugin) -> String {
        plugin.scorers.count == 1 ? plugin.scorers[0].id : providerResourceID
    }
}

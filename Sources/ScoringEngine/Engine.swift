package import CArrow
public import Concurrency
import Datasets
public import Inference
public import JSON
public import ScorerHost
public import ScoringCore
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
    private let modelAccess: ModelAccess
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

    private func inference(of request: ScoringRequest) throws(EngineError) -> InferenceService? {
        if let own = request.inference { own } else { try modelAccess.service() }
    }

    func plan(
        _ request: ScoringRequest, _ rows: FirstRows, writesRows: Bool, writesResults: Bool
    ) throws(EngineError) -> RunPlan {
        let definitions = request.definitions ?? definitions
        var columns = ColumnPlan(mapping: request.mapping)
        var functions: [BoundFunction] = []
        var calls = 0
        for (identifier, parameters) in request.functions {
            var function: ScoringFunction
            do {
                function = try definitions.find(identifier).overriding(with: parameters)
            } catch let error as UnknownFunction {
                if AggregationFunction(rawValue: identifier) != nil {
                    throw EngineError(
                        .unknownFunction,
                        "\"\(identifier)\" is an aggregation of scores, not a scoring function; name a function that "
                            + "produces scores, such as basic::equality or basic::subset_of",
                        remedy: .listFunctions(near: []),
                        cause: error)
                }
                throw EngineError(
                    .unknownFunction, error.description, remedy: .listFunctions(near: error.nearIdentifiers),
                    cause: error)
            } catch {
                throw EngineError(.invalidDefinition, "\(identifier): \(error)", cause: error)
            }
            if functions.contains(where: {
                !$0.isFurtherScore && ExactText($0.function.identifier) == ExactText(identifier)
            }) {
                throw EngineError(.invalidDefinition, "\(identifier) is named twice in one run")
            }
            function.limits = limits
            try function.nameColumns(of: rows, mapping: request.mapping, warn: request.warn)
            let scorer =
                if let spare = spareScorers.take(for: function) { spare } else {
                    try bind(function, parametersFrom: parameters == nil ? nil : "the request's parameters")
                }
            // A spare scorer may have been created for other aggregations.
            try function.checkAggregations(
                of: scorer, parametersFrom: parameters == nil ? nil : "the request's parameters")
            let inputs = scorer.description.inputs.map { columns.column($0.name, $0.type) }
            let bound = BoundFunction(
                function, scorer: scorer, columns: inputs, models: try models(of: scorer, function, request),
                takesAnyOf: scorer.description.parameters?["properties"]?["any_of"] != nil, call: calls)
            calls += 1
            functions += [bound] + bound.furtherScores
        }
        try checkNames(functions)
        if functions.isEmpty { throw EngineError(.unknownFunction, "no scoring function was named") }
        let filters = request.filters.map { filter in
            RowSelection(filter, column: columns.column(filter.column, .text))
        }
        let failureColumn = (request.failureColumn ?? request.dataset.failureColumn).map { columns.column($0, .json) }
        let skipColumn = request.skipColumn.map { columns.column($0, .bool) }
        let groups = request.groupColumns.map { columns.column($0, .json) }
        func units(_ names: [String], _ option: String) -> UnitColumns? {
            names.isEmpty
                ? nil : UnitColumns(columns: names.map { columns.column($0, .json) }, names: names, option: option)
        }
        let cluster = units(request.clusterColumns, "--cluster")
        let question = units(request.questionColumns, "--samples")
        try checkMapping(
            columns, functions,
            request.filters.map(\.column) + request.groupColumns + request.clusterColumns + request.questionColumns)
        return RunPlan(
            dataset: request.dataset, functions: functions, columns: columns, filters: filters,
            failureColumn: failureColumn, skipColumn: skipColumn, groups: groups,
            groupNames: request.groupColumns, groupLimit: request.groupLimit, cluster: cluster, question: question,
            passThreshold: request.passThreshold,
            limit: request.limit, samples: request.samples, retriedOutcomes: request.retriedOutcomes,
            refusesWrongShapes: request.refusesWrongShapes,
            includesInput: request.includesInput, writesRows: writesRows, writesResults: writesResults,
            keepsDistribution: request.keepsDistribution, examples: request.unscoredExamples * functions.count,
            formatter: RowFormatter(functions, includesInput: request.includesInput, samples: request.samples))
    }

    /// A score beside "score" and a function may have one name.
    private func checkNames(_ functions: [BoundFunction]) throws(EngineError) {
        var seen: Set<ExactText> = []
        for function in functions where !seen.insert(ExactText(function.function.identifier)).inserted {
            let identifier = function.function.identifier
            throw EngineError(
                .invalidDefinition,
                "\(identifier) is the name of a function and of a score of another function; leave out one of them, or "
                    + "rename it")
        }
    }

    /// A mapped column that nothing reads is probably a typing error that would change the result.
    private func checkMapping(
        _ columns: ColumnPlan, _ functions: [BoundFunction], _ filtered: [String]
    ) throws(EngineError) {
        let read = Set(functions.flatMap { $0.description.inputs.map(\.name) } + filtered)
        for name in columns.mapping.keys.sorted() where !columns.usedMappings.contains(name) {
            let names = read.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw EngineError(
                .missingColumn,
                "\"\(name)\" is mapped, but no function reads a column with that name; the functions read \(names)"
            )
        }
    }

    /// The models that a scorer asks, by role. A missing model must be detected before the run, not row by row, when other
    /// models have already been paid for.
    private func models(
        of scorer: Scorer, _ function: ScoringFunction, _ request: ScoringRequest
    ) throws(EngineError) -> [String: Model] {
        var models: [String: Model] = [:]
        for role in scorer.description.roles {
            let usual = role == "judge" ? request.judgeModel ?? function.usualJudgeModel : nil
            guard let name = function.modelName(for: role) ?? usual else {
                throw EngineError(
                    .model,
                    "\(function.identifier): its scorer asks a model in the role \"\(role)\", but no model is named. "
                        + "Name it with the parameter \"\(role)_model\"", remedy: role == "judge" ? .nameJudge : nil)
            }
            guard let inference = try inference(of: request) else {
                throw EngineError(
                    .model,
                    "\(function.identifier) asks the model \"\(name)\", but the engine has no access to models")
            }
            do throws(InferenceError) {
                models[role] = try inference.catalog.find(name)
            } catch {
                throw EngineError(
                    .model, "\(function.identifier): \(error.message)",
                    remedy: error.code == .unknownModel ? .addModel : nil, cause: error)
            }
        }
        return models
    }

    /// The queue for the requests of a run; nil if no function asks a model.
    func modelRequests(
        for plan: RunPlan, _ request: ScoringRequest, _ cancellation: Cancellation
    ) throws(EngineError) -> ModelRequestQueue? {
        guard plan.asksModels, let session = try session(of: request) else { return nil }
        do throws(InferenceError) {
            for function in plan.functions {
                for model in function.models.values { try session.check(model) }
            }
        } catch {
            throw EngineError(.model, error.message)
        }
        return ModelRequestQueue(
            plan, session, request.isDryRun ? DryRun(isInBatches: request.isInBatches) : nil,
            patience: request.patience, cancellation)
    }

    func session(of request: ScoringRequest) throws(EngineError) -> InferenceSession? {
        if let session = request.session { return session }
        return try inference(of: request)?.session(limits: request.budget)
    }

    /// A reader at the start of the dataset, which has been checked for the columns that the run needs.
    private func checkedReader(
        _ plan: RunPlan, _ rows: FirstRows, _ request: ScoringRequest
    ) throws(EngineError) -> ChunkReader {
        var reader: ChunkReader
        do {
            reader = try rows.open(plan.columnNames)
        } catch {
            throw EngineError(.dataset, error.description)
        }
        if plan.dataset.isLive { return reader }
        var check = ColumnCheck(plan)
        try check.run(&reader)
        warnOfReasoning(in: &reader, of: plan, request)
        // Rows that wait for models are completed one by one, but their lines are written with those of their chunk.
        if plan.asksModels { reader.cutsChunks(ofSize: 4 << 10) }
        return reader
    }

    /// Looks for thinking in the answers of the first rows; usually, either all rows have it or none.
    private func warnOfReasoning(in reader: inout ChunkReader, of plan: RunPlan, _ request: ScoringRequest) {
        let isRead = plan.functions.contains { $0.description.inputs.contains { $0.name == answerColumn } }
        guard isRead, request.reasoning == .keep, let first = try? reader.peek(),
            first.hasReasoning(in: request.source(of: answerColumn))
        else { return }
        request.warn(
            "\(plan.dataset.name): the column \(quoted(request.source(of: answerColumn))) holds a model's thinking "
                + "(</think>), which is scored as part of its answers; to remove it, use --reasoning strip")
    }
}

/// The rows to score, the functions, and the options. Parameters only apply to this request: definitions do not change.
public struct ScoringRequest: Sendable {
    public var dataset: Dataset
    /// Identifiers of scoring functions, each with parameters that override those of its definition.
    public var functions: [(identifier: String, parameters: JSONObject?)]
    /// The catalog of the functions; nil means the engine's own definitions.
    public var definitions: DefinitionCatalog?
    /// The dataset's column for each column that functions and filters name.
    public var mapping: [String: String] = [:]
    /// Only rows that match all of these conditions are scored. Unreadable rows always match.
    public var filters: [RowCondition] = []
    /// Columns by whose values the rows are also aggregated separately.
    public var groupColumns: [String] = []
    /// The maximum number of values of each of these columns, in the order of their first rows. The rows of other values are
    /// aggregated together.
    public var groupLimit = 1000
    /// Columns whose values together name a row's cluster: rows that resemble each other, such as questions about the same
    /// text. Standard errors and intervals are then computed over clusters. Every row needs a value.
    public var clusterColumns: [String] = []
    /// Columns whose values together name the question that a row is a sample of. Results then have pass@k, and standard
    /// errors are computed over questions unless there are clusters.
    public var questionColumns: [String] = []
    /// The lowest score of a sample that passes.
    public var passThreshold = 1.0
    /// The number of consecutive rows of the dataset that are samples of one row, as with `questionColumns`. They have
    /// that row's number.
    package var samples = 1
    /// Outcomes of rows whose requests are sent again if their replies came from the cache.
    public var retriedOutcomes: Set<RowOutcome> = []
    /// Whether to reject a dataset if a column that is read as text only contains lists or objects in the first rows.
    public var refusesWrongShapes = false
    /// A column that says why a row has no answer to score: `{"outcome": "model_error", "message": "…"}`. Such a row has this
    /// outcome for all functions, and is not passed to any of them.
    public var failureColumn: String?
    /// A column that marks rows to skip, like rows that do not match a filter.
    public var skipColumn: String?
    /// The maximum number of rows to score: the first ones that match the filters.
    public var limit: Int?
    /// Whether output lines include the row's own columns.
    public var includesInput = false
    /// Threads.
    public var jobs = 1
    /// Whether the results include the distribution of the scores.
    public var keepsDistribution = false
    /// Whether the results include the state of the run, which can be merged with those of other rows.
    public var keepsState = false
    /// The number of rows without a score that the results show, each with all functions that have no score for it.
    public var unscoredExamples = 5
    /// The judge model of functions that do not name one.
    public var judgeModel: String?
    /// The inference service; nil means that of the engine. The caller shuts it down.
    public var inference: InferenceService?
    /// The session that counts and limits the requests to models, possibly shared with other runs; nil means a new session.
    /// It belongs to `inference`.
    public var session: InferenceSession?
    /// The budget of requests to models, for a new session.
    public var budget = BudgetLimits()
    /// How long a cancelled run waits for replies to requests that have been sent, and will be paid for.
    public var patience = Duration.milliseconds(500)
    /// Whether requests to models are only composed and counted, but not sent.
    public var isDryRun = false
    /// Whether the requests of a dry run would be sent in batches.
    public var isInBatches = false
    /// How to treat thinking in the column `generated_answer`.
    public var reasoning = RowReasoning.keep
    /// The names of the dataset's columns, if the caller knows them; nil means those of its first rows, unless it is live.
    public var columns: [String]?
    /// Receives warnings before anything is scored, for example about placeholders that are not filled in.
    public var warn: @Sendable (String) -> Void = { _ in }

    public init(_ dataset: Dataset, functions: KeyValuePairs<String, JSONObject?>) {
        self.dataset = dataset
        self.functions = functions.map { ($0.key, $0.value) }
    }

    public init(_ dataset: Dataset, functions: [(identifier: String, parameters: JSONObject?)]) {
        self.dataset = dataset
        self.functions = functions
    }
}

/// The column with the model's answer.
private let answerColumn = "generated_answer"

extension ScoringRequest {
    /// The dataset's column that a column is mapped to.
    fileprivate func source(of column: String) -> String { mapping[column] ?? column }

    mutating func separateReasoning() {
        if reasoning == .strip { dataset = dataset.strippingReasoning(from: source(of: answerColumn)) }
    }
}

extension ScoringFunction {
    /// Checks that the scorer has the aggregations that are not common to all scorers.
    fileprivate func checkAggregations(of scorer: Scorer, parametersFrom source: String?) throws(EngineError) {
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

public import Concurrency
import Datasets
public import Inference
public import JSON
public import ScorerHost
public import ScoringCore
public import ScoringDefinitions

/// Scoring functions and the plugins that do their work, loaded once and used for any number of runs, also at once.
///
///     let engine = Engine(functionFolders: ["scoring_fns"], pluginFolders: [".build/release"])
///     let rows: [JSONValue] = [["generated_answer": "A: 18", "expected_answer": "18"]]
///     let results = try engine.score(ScoringRequest(Dataset(rows: rows), functions: ["basic::subset_of": nil]))
///     print(results.json.text)
public final class Engine: Sendable {
    public let definitions: DefinitionCatalog
    public let plugins: PluginRegistry
    private let modelAccess: ModelAccess
    private let spareScorers = SpareScorers()

    /// Loads definitions and plugins. A file that is broken is left out, with its reason in `definitions.errors` or
    /// `plugins.errors`.
    ///
    /// - Parameters:
    ///   - isolation: which plugins are trusted, and how the others are run.
    ///   - inference: makes what performs the requests of functions that ask models, when the first of these is bound.
    ///     The engine has to be shut down then.
    ///   - log: takes what plugins write to the log. Called on any thread.
    public init(
        functionFolders: [String], pluginFolders: [String], isolation: PluginIsolation = PluginIsolation(),
        inference: @escaping @Sendable () throws(EngineError) -> InferenceService? = { nil },
        log: @escaping HostLog = { _, _, _ in }
    ) {
        modelAccess = ModelAccess(inference)
        definitions = DefinitionCatalog(folders: functionFolders)
        plugins = PluginRegistry(
            searching: pluginFolders, isolation: isolation,
            manifests: { path throws(PluginError) in try PluginManifest.read(for: path) }, log: log)
    }

    /// Ends the connections to models. No run may be under way, and none be started afterwards that asks models.
    public func shutDown() async { await modelAccess.shutDown() }

    /// Makes the scorer of a definition; says what is wrong with its parameters. Nothing is scored.
    ///
    /// - Parameter origin: where the parameters come from, for messages; nil: where the definition does.
    public func bind(_ function: ScoringFunction, parametersFrom origin: String? = nil) throws(EngineError) -> Scorer {
        guard let plugin = plugins[function.providerID] else {
            let known = plugins.plugins.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw EngineError(
                .plugin,
                "\(function.identifier): no plugin \"\(function.providerID)\" was found; plugins found: "
                    + (known.isEmpty ? "none" : known), remedy: .addPlugin)
        }
        var function = function
        // Earlier headers have no such member of the configuration.
        if plugin.contents.abiMinor < 2 { function.columns = [] }
        do {
            return try Scorer(function.scorerID(in: plugin), of: plugin, configuration: function.configuration)
        } catch let error as ParameterError {
            throw EngineError(
                .invalidDefinition, "\(origin ?? function.origin): \(function.identifier): \(error)", cause: error)
        } catch {
            throw EngineError(.plugin, "\(function.identifier): \(error)", cause: error)
        }
    }

    /// The parameters that a function cannot do without and its definition lacks, so that each request has to bring them.
    public func missingParameters(of function: ScoringFunction) -> [String] {
        guard let plugin = plugins[function.providerID],
            let scorer = plugin.scorers.first(where: { $0.id == function.scorerID(in: plugin) }),
            let schema = scorer.parameters
        else { return [] }
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        return required.filter { function.params[$0] ?? .null == .null }
    }

    /// Scores a dataset.
    ///
    /// - Parameters:
    ///   - sink: takes one JSON line a row, in input order.
    ///   - resultSink: takes the rows' results, by function. Without both, rows are aggregated only.
    ///   - progress: is kept up to date meanwhile.
    ///   - cancellation: when it is cancelled, the rows in work are finished, and the results are those of the rows done.
    /// - Returns: the aggregates of all functions. `failure` is set where the dataset or the output failed on the way.
    /// - Throws: `EngineError` where nothing could be scored at all.
    public func score(
        _ request: ScoringRequest, sink: RowSink? = nil, resultSink: ResultSink? = nil,
        progress: RunProgress = RunProgress(), cancellation: Cancellation = Cancellation()
    ) throws(EngineError) -> ScoringResults {
        var request = request
        if cancellation.isCancelled { request.limit = 0 }
        request.separateReasoning()
        let rows = FirstRows(request.dataset, columns: request.columns)
        let plan = try plan(request, rows, writesRows: sink != nil, writesResults: resultSink != nil)
        // One thread reads rows that are made meanwhile, which may take long; another one scores.
        let jobs = max(request.dataset.isLive ? 2 : 1, request.jobs)
        let modelRequests = try modelRequests(for: plan, request, cancellation)
        let reader = try checkedReader(plan, rows, request)
        let run = ScoringRun(
            plan, reader: reader, jobs: jobs, modelRequests: modelRequests, sink: sink, resultSink: resultSink,
            progress: progress,
            cancellation: cancellation)
        let (workers, registries, failure) = run.run(jobs: jobs, cancellation)
        if failure == nil && !cancellation.isCancelled {
            for function in plan.functions { spareScorers.keep(function.scorer, for: function.function) }
        }
        let groups = plan.groups.indices.map { GroupTotals($0, plan, registries[$0], workers) }
        let results = plan.functions.indices.map { index in
            var aggregator = workers[0].aggregators[index]
            for worker in workers.dropFirst() { aggregator.merge(worker.aggregators[index]) }
            return FunctionResult(
                function: plan.functions[index].function,
                aggregates: plan.result(of: aggregator, by: index),
                groups: groups.map { $0.groups(of: index, plan) },
                usage: plan.functions[index].models.isEmpty
                    ? nil : modelRequests?.usage(of: plan.functions[index].function.identifier))
        }
        var unscored = FirstUnscored(limit: plan.examples)
        for worker in workers { unscored.merge(worker.unscored) }
        return ScoringResults(
            functions: results, unscored: unscored.first(request.unscoredExamples), failure: failure,
            isCancelled: cancellation.isCancelled,
            usage: modelRequests?.totalUsage, dryRun: modelRequests?.dryRun,
            hints: failure == nil ? hints(plan, workers, request) : [])
    }

    /// What may be wrong with functions that gave every row 0.0.
    private func hints(_ plan: RunPlan, _ workers: [Worker], _ request: ScoringRequest) -> [String] {
        let definitions = request.definitions ?? definitions
        return plan.functions.indices.compactMap { index in
            var zeros = ZeroScores()
            for worker in workers { zeros.merge(worker.zeros[index]) }
            return ZeroScoreHint(plan.functions[index], zeros, mapping: request.mapping) { definitions[$0] != nil }?
                .text
        }
    }

    /// Checks what can be known before a run: functions, parameters, models, and the columns of the dataset.
    ///
    /// - Returns: the columns that the functions read.
    @discardableResult
    public func check(_ request: ScoringRequest) throws(EngineError) -> Set<String> {
        var request = request
        request.separateReasoning()
        let rows = FirstRows(request.dataset, columns: request.columns)
        let plan = try plan(request, rows, writesRows: false, writesResults: false)
        defer { for function in plan.functions { spareScorers.keep(function.scorer, for: function.function) } }
        _ = try modelRequests(for: plan, request, Cancellation())
        _ = try checkedReader(plan, rows, request)
        return Set(plan.functions.flatMap { $0.description.inputs.map(\.name) })
    }

    private func inference(of request: ScoringRequest) throws(EngineError) -> InferenceService? {
        if let own = request.inference { own } else { try modelAccess.service() }
    }

    private func plan(
        _ request: ScoringRequest, _ rows: FirstRows, writesRows: Bool, writesResults: Bool
    ) throws(EngineError) -> RunPlan {
        let definitions = request.definitions ?? definitions
        var columns = ColumnPlan(mapping: request.mapping)
        var functions: [BoundFunction] = []
        for (identifier, parameters) in request.functions {
            var function: ScoringFunction
            do {
                function = try definitions.find(identifier).overriding(with: parameters)
            } catch let error as UnknownFunction {
                if AggregationFunction(rawValue: identifier) != nil {
                    throw EngineError(
                        .unknownFunction,
                        "\"\(identifier)\" is an aggregation of scores and not a scoring function; name a function whose "
                            + "scores it is of, such as basic::equality or basic::subset_of",
                        remedy: .listFunctions(near: []),
                        cause: error)
                }
                throw EngineError(
                    .unknownFunction, error.description, remedy: .listFunctions(near: error.nearIdentifiers),
                    cause: error)
            } catch {
                throw EngineError(.invalidDefinition, "\(identifier): \(error)", cause: error)
            }
            if functions.contains(where: { ExactText($0.function.identifier) == ExactText(identifier) }) {
                throw EngineError(.invalidDefinition, "\(identifier) is asked for twice in one run")
            }
            try function.nameColumns(of: rows, mapping: request.mapping, warn: request.warn)
            let scorer =
                if let spare = spareScorers.take(for: function) { spare } else {
                    try bind(function, parametersFrom: parameters == nil ? nil : "the request's parameters")
                }
            let inputs = scorer.description.inputs.map { columns.column($0.name, $0.type) }
            functions.append(
                BoundFunction(
                    function: function, scorer: scorer, columns: inputs,
                    models: try models(of: scorer, function, request),
                    takesAnyOf: scorer.description.parameters?["properties"]?["any_of"] != nil))
        }
        if functions.isEmpty { throw EngineError(.unknownFunction, "no scoring function was asked for") }
        let filters = request.filters.map { filter in
            RowSelection(filter, column: columns.column(filter.column, .text))
        }
        let failureColumn = (request.failureColumn ?? request.dataset.failureColumn).map { columns.column($0, .json) }
        let skipColumn = request.skipColumn.map { columns.column($0, .bool) }
        let groups = request.groupColumns.map { columns.column($0, .json) }
        try checkMapping(columns, functions, request.filters.map(\.column) + request.groupColumns)
        return RunPlan(
            dataset: request.dataset, functions: functions, columns: columns, filters: filters,
            failureColumn: failureColumn, skipColumn: skipColumn, groups: groups,
            groupNames: request.groupColumns, groupLimit: request.groupLimit,
            limit: request.limit, samples: request.samples, retriedOutcomes: request.retriedOutcomes,
            refusesWrongShapes: request.refusesWrongShapes,
            includesInput: request.includesInput, writesRows: writesRows, writesResults: writesResults,
            keepsDistribution: request.keepsDistribution, examples: request.unscoredExamples * functions.count,
            formatter: RowFormatter(functions, includesInput: request.includesInput, samples: request.samples))
    }

    /// A mapped column that nothing reads is a slip of the pen that would change the result.
    private func checkMapping(
        _ columns: ColumnPlan, _ functions: [BoundFunction], _ filtered: [String]
    ) throws(EngineError) {
        let read = Set(functions.flatMap { $0.description.inputs.map(\.name) } + filtered)
        for name in columns.mapping.keys.sorted() where !columns.usedMappings.contains(name) {
            let names = read.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw EngineError(
                .missingColumn, "\"\(name)\" is mapped, but no function reads a column of that name; they read \(names)"
            )
        }
    }

    /// The models that a scorer asks, by role. One that nobody plays must not be noticed row by row, when other models
    /// have been paid already.
    private func models(
        of scorer: Scorer, _ function: ScoringFunction, _ request: ScoringRequest
    ) throws(EngineError) -> [String: Model] {
        var models: [String: Model] = [:]
        for role in scorer.description.roles {
            guard let name = function.modelName(for: role) ?? (role == "judge" ? request.judgeModel : nil) else {
                throw EngineError(
                    .model,
                    "\(function.identifier): its scorer asks a model in the role \"\(role)\", and none is named. Give it as the "
                        + "parameter \"\(role)_model\"", remedy: role == "judge" ? .nameJudge : nil)
            }
            guard let inference = try inference(of: request) else {
                throw EngineError(
                    .model,
                    "\(function.identifier) asks the model \"\(name)\", but the engine was given no access to models")
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

    /// What performs the requests of a run; nil where no function makes any.
    private func modelRequests(
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
            plan, session, request.isDryRun ? DryRun() : nil, patience: request.patience, cancellation)
    }

    private func session(of request: ScoringRequest) throws(EngineError) -> InferenceSession? {
        if let session = request.session { return session }
        return try inference(of: request)?.session(limits: request.budget)
    }

    /// A reader at the start of the dataset, which is known to have the columns that the run needs.
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
        // Rows that wait for models are done one by one, and their lines are written when those of their chunk are.
        if plan.asksModels { reader.cutsChunks(ofSize: 4 << 10) }
        return reader
    }

    /// Looks for thinking in the answers of the first rows, which have mostly all or none.
    private func warnOfReasoning(in reader: inout ChunkReader, of plan: RunPlan, _ request: ScoringRequest) {
        let isRead = plan.functions.contains { $0.description.inputs.contains { $0.name == answerColumn } }
        guard isRead, request.reasoning == .keep, let first = try? reader.peek(),
            first.hasReasoning(in: request.source(of: answerColumn))
        else { return }
        request.warn(
            "\(plan.dataset.name): the column \(quoted(request.source(of: answerColumn))) holds a model's thinking "
                + "(</think>), which is scored as a part of its answers; --reasoning strip takes it out")
    }
}

/// What is to be scored, with what, and how. Parameters are this request's own: definitions stay as they are.
public struct ScoringRequest: Sendable {
    public var dataset: Dataset
    /// Identifiers of scoring functions, each with parameters to lay over its definition's.
    public var functions: [(identifier: String, parameters: JSONObject?)]
    /// Where the functions are looked up; nil: in the engine's own definitions.
    public var definitions: DefinitionCatalog?
    /// The column of the dataset for a column that functions and filters name.
    public var mapping: [String: String] = [:]
    /// Only rows that all of these let through are scored; rows that cannot be read are let through.
    public var filters: [RowCondition] = []
    /// Columns for each of whose values the rows are also aggregated by themselves.
    public var groupColumns: [String] = []
    /// How many values of each of these columns: those whose first rows come first. The rows of others are aggregated
    /// together.
    public var groupLimit = 1000
    /// How many rows of the dataset, one after the other, are samples of one row. They have that row's number, and since
    /// they do not depend on chance alone, aggregates have no standard errors.
    package var samples = 1
    /// Outcomes of rows whose requests are sent again where their replies came from the cache.
    public var retriedOutcomes: Set<RowOutcome> = []
    /// Whether a dataset is refused in whose first rows a column that is read as text holds nothing but lists or objects.
    public var refusesWrongShapes = false
    /// A column that says of a row why it has no answer to be scored: `{"outcome": "model_error", "message": "…"}`. Such
    /// a row has this outcome for all functions, and none of them sees it.
    public var failureColumn: String?
    /// A column that only rows have which are not to be selected, as a filter would not.
    public var skipColumn: String?
    /// Only so many rows are scored, the first that the filters let through.
    public var limit: Int?
    /// Whether output lines hold the row's own columns, too.
    public var includesInput = false
    /// Threads.
    public var jobs = 1
    /// Whether the results say how the scores lie.
    public var keepsDistribution = false
    /// How many rows without a score the results are to show, each with all functions that have none for it.
    public var unscoredExamples = 5
    /// The model in the role "judge" of functions that name none.
    public var judgeModel: String?
    /// What asks the models; nil: what the engine has for all. The caller shuts it down.
    public var inference: InferenceService?
    /// What the requests to models are counted in, and limited by, with others; nil: a session of the run's own. It
    /// belongs to `inference`.
    public var session: InferenceSession?
    /// What requests to models may cost in all, in a session of the run's own.
    public var budget = BudgetLimits()
    /// How long a run that is cancelled waits for answers that are on their way, and paid for.
    public var patience = Duration.milliseconds(500)
    /// Whether requests to models are only made up and counted, and nobody is asked.
    public var isDryRun = false
    /// What becomes of thinking in the column `generated_answer` of the rows.
    public var reasoning = RowReasoning.keep
    /// The names of the dataset's columns, where the caller knows them; nil: those of its first rows, unless it is live.
    public var columns: [String]?
    /// Is told of what may not be meant so, before anything is scored, such as places in prompts that nothing fills.
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

/// The column that holds what a model wrote.
private let answerColumn = "generated_answer"

extension ScoringRequest {
    /// The column of the dataset that is meant by a column.
    fileprivate func source(of column: String) -> String { mapping[column] ?? column }

    fileprivate mutating func separateReasoning() {
        if reasoning == .strip { dataset = dataset.strippingReasoning(from: source(of: answerColumn)) }
    }
}

extension ScoringFunction {
    /// The scorer in its plugin. Where that has one only there is no choice, and definitions of judges, of which each is
    /// a resource of its own elsewhere, name all kinds of things.
    fileprivate func scorerID(in plugin: Plugin) -> String {
        plugin.scorers.count == 1 ? plugin.scorers[0].id : providerResourceID
    }
}

import Datasets
public import JSON
public import ScorerHost
import ScoringCore
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

    /// Loads definitions and plugins. A file that is broken is left out, with its reason in `definitions.errors` or
    /// `plugins.errors`.
    ///
    /// - Parameter log: takes what plugins write to the log. Called on any thread.
    public init(functionFolders: [String], pluginFolders: [String], log: @escaping HostLog = { _, _, _ in }) {
        definitions = DefinitionCatalog(folders: functionFolders)
        plugins = PluginRegistry(searching: pluginFolders, log: log)
    }

    /// Makes the scorer of a definition; says what is wrong with its parameters. Nothing is scored.
    ///
    /// - Parameter origin: where the parameters come from, for messages; nil: where the definition does.
    public func bind(_ function: ScoringFunction, parametersFrom origin: String? = nil) throws(EngineError) -> Scorer {
        guard let plugin = plugins[function.providerID] else {
            let known = plugins.plugins.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw EngineError(
                .plugin,
                "\(function.identifier): no plugin \"\(function.providerID)\" was found; plugins found: "
                    + (known.isEmpty ? "none" : known) + ". Name the folder of its shared object with --plugin-dir")
        }
        let scorer: Scorer
        do {
            scorer = try Scorer(function.providerResourceID, of: plugin, configuration: function.configuration)
        } catch let error as ParameterError {
            throw EngineError(.invalidDefinition, "\(origin ?? function.origin): \(function.identifier): \(error)")
        } catch {
            throw EngineError(.plugin, "\(function.identifier): \(error)")
        }
        // A role that nobody plays must not be noticed row by row, when other models have been paid already.
        if let role = scorer.description.roles.first {
            throw EngineError(
                .plugin,
                "\(function.identifier): its scorer asks a model in the role \"\(role)\", and none is bound to it")
        }
        return scorer
    }

    /// Scores a dataset.
    ///
    /// - Parameters:
    ///   - sink: takes one JSON line a row, in input order; nil: rows are aggregated only.
    ///   - progress: is kept up to date meanwhile.
    ///   - cancellation: when it is cancelled, the rows in work are finished, and the results are those of the rows done.
    /// - Returns: the aggregates of all functions. `failure` is set where the dataset or the output failed on the way.
    /// - Throws: `EngineError` where nothing could be scored at all.
    public func score(
        _ request: ScoringRequest, sink: RowSink? = nil, progress: RunProgress = RunProgress(),
        cancellation: Cancellation = Cancellation()
    ) throws(EngineError) -> ScoringResults {
        var request = request
        if cancellation.isCancelled { request.limit = 0 }
        let plan = try plan(request, writesRows: sink != nil)
        let jobs = max(1, request.jobs)
        let reader = try checkedReader(plan)
        let run = ScoringRun(
            plan, reader: reader, jobs: jobs, sink: sink, progress: progress, cancellation: cancellation)
        let (workers, failure) = try run.run(jobs: jobs, cancellation)
        let results = plan.functions.indices.map { index in
            var aggregator = workers[0].aggregators[index]
            for worker in workers.dropFirst() { aggregator.merge(worker.aggregators[index]) }
            return FunctionResult(
                function: plan.functions[index].function,
                aggregates: aggregator.result(range: plan.functions[index].range))
        }
        // Each worker has its own first rows; the first of all are among them.
        let unscored = workers.flatMap(\.unscored).enumerated()
            .sorted { ($0.element.row, $0.offset) < ($1.element.row, $1.offset) }.map(\.element)
        return ScoringResults(
            functions: results, unscored: Array(unscored.prefix(plan.examples)), failure: failure,
            isCancelled: cancellation.isCancelled)
    }

    private func plan(_ request: ScoringRequest, writesRows: Bool) throws(EngineError) -> RunPlan {
        var columns = ColumnPlan(mapping: request.mapping)
        var functions: [BoundFunction] = []
        for (identifier, parameters) in request.functions {
            let function: ScoringFunction
            do {
                function = try definitions.find(identifier).overriding(with: parameters)
            } catch let error as UnknownFunction {
                throw EngineError(.unknownFunction, error.description)
            } catch {
                throw EngineError(.invalidDefinition, "\(identifier): \(error)")
            }
            if functions.contains(where: { $0.function.identifier == identifier }) {
                throw EngineError(.invalidDefinition, "\(identifier) is asked for twice in one run")
            }
            let scorer = try bind(function, parametersFrom: parameters == nil ? nil : "the request's parameters")
            let inputs = scorer.description.inputs.map { columns.column($0.name, $0.type) }
            functions.append(BoundFunction(function: function, scorer: scorer, columns: inputs))
        }
        if functions.isEmpty { throw EngineError(.unknownFunction, "no scoring function was asked for") }
        let filters = request.filters.map { filter in
            RowFilter(column: columns.column(filter.column, .text), value: Array(filter.value.utf8))
        }
        try checkMapping(request.mapping, functions, request.filters.map(\.column))
        return RunPlan(
            dataset: request.dataset, functions: functions, columns: columns, filters: filters, limit: request.limit,
            includesInput: request.includesInput, writesRows: writesRows, examples: request.unscoredExamples,
            formatter: RowFormatter(functions, includesInput: request.includesInput))
    }

    /// A mapped column that nothing reads is a slip of the pen that would change the result.
    private func checkMapping(
        _ mapping: [String: String], _ functions: [BoundFunction], _ filtered: [String]
    ) throws(EngineError) {
        let read = Set(functions.flatMap { $0.description.inputs.map(\.name) } + filtered)
        for name in mapping.keys.sorted() where !read.contains(name) {
            let names = read.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw EngineError(
                .missingColumn, "\"\(name)\" is mapped, but no function reads a column of that name; they read \(names)"
            )
        }
    }

    /// A reader at the start of the dataset, which is known to have the columns that the run needs.
    private func checkedReader(_ plan: RunPlan) throws(EngineError) -> ChunkReader {
        let source: any ByteSource
        do {
            source = try plan.dataset.open(plan.columnNames)
        } catch {
            throw EngineError(.dataset, error.description)
        }
        var reader = ChunkReader(source)
        var check = ColumnCheck(plan)
        try check.run(&reader)
        return reader
    }
}

/// What is to be scored, with what, and how. Parameters are this request's own: definitions stay as they are.
public struct ScoringRequest: Sendable {
    public var dataset: Dataset
    /// Identifiers of scoring functions, each with parameters to lay over its definition's.
    public var functions: [(identifier: String, parameters: JSONObject?)]
    /// The column of the dataset for a column that functions and filters name.
    public var mapping: [String: String] = [:]
    /// Only rows that all of these let through are scored; rows that cannot be read are let through.
    public var filters: [(column: String, value: String)] = []
    /// Only so many rows are scored, the first that the filters let through.
    public var limit: Int?
    /// Whether output lines hold the row's own columns, too.
    public var includesInput = false
    /// Threads.
    public var jobs = 1
    /// How many rows without a score the results are to show.
    public var unscoredExamples = 5

    public init(_ dataset: Dataset, functions: KeyValuePairs<String, JSONObject?>) {
        self.dataset = dataset
        self.functions = functions.map { ($0.key, $0.value) }
    }

    public init(_ dataset: Dataset, functions: [(identifier: String, parameters: JSONObject?)]) {
        self.dataset = dataset
        self.functions = functions
    }
}

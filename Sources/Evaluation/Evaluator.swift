public import Concurrency
import Datasets
public import Inference
public import JSON
public import ScoringCore
public import ScoringDefinitions
public import ScoringEngine

/// An evaluation: the rows to answer, the candidate, and the scoring functions.
public struct EvaluationRequest: Sendable {
    public var dataset: Dataset
    public var candidate: BenchmarkConfiguration.Candidate
    /// How to build prompts from rows, and how to extract answers from generations.
    public var settings = GenerationSettings()
    /// Identifiers of scoring functions, each with parameters that override those of its definition.
    public var functions: [(identifier: String, parameters: JSONObject?)]
    /// The catalog of the functions; nil means the engine's own definitions.
    public var definitions: DefinitionCatalog?
    /// The dataset's column for each mapped column.
    public var mapping: [String: String] = [:]
    /// Only rows that match all of these conditions are answered.
    public var filters: [RowCondition] = []
    /// The maximum number of rows to answer.
    public var limit: Int?
    /// The number of answers to each row, each with its own request. Each answer is then a row of the results, with the
    /// column `sample`, counted from 0.
    public var samples = 1
    /// Columns by whose values the rows are also aggregated separately, and the maximum number of values.
    public var groupColumns: [String] = []
    public var groupLimit = 1000
    /// Columns whose values together name a row's cluster, see ``ScoringRequest/clusterColumns``.
    public var clusterColumns: [String] = []
    /// The lowest score of a sample that passes.
    public var passThreshold = 1.0
    /// Outcomes of rows whose judges are asked again if their replies came from the cache.
    public var retriedOutcomes: Set<RowOutcome> = []
    /// Whether to reject a dataset if a column that is read as text only contains lists or objects in the first rows.
    public var refusesWrongShapes = false
    /// Receives notices about possibly unexpected behaviour of the run, before any request is sent.
    public var notice: @Sendable (String) -> Void = { _ in }
    /// Receives sentences about what is probably a mistake, before any model is asked.
    public var warn: @Sendable (String) -> Void = { _ in }
    /// The number of scoring threads.
    public var jobs = 1
    /// The judge model of functions that do not name one.
    public var judgeModel: String?
    /// The service that sends the requests to the candidate and the judges.
    public var inference: InferenceService
    /// The budget of these requests.
    public var budget = BudgetLimits()
    /// How long a cancelled run waits for replies to requests that have been sent, and will be paid for.
    public var patience = Duration.milliseconds(300)
    /// Whether the results of scoring include their state, which can be merged with those of other rows. The usage of the
    /// candidate is not part of it.
    public var keepsState = false
    /// Ends a blocked read of the dataset when no more rows are wanted.
    public var stopReading: @Sendable () -> Void = {}

    public init(
        _ dataset: Dataset, candidate: BenchmarkConfiguration.Candidate,
        functions: [(identifier: String, parameters: JSONObject?)], inference: InferenceService
    ) {
        self.dataset = dataset
        self.candidate = candidate
        self.functions = functions
        self.inference = inference
    }
}

/// The results of an evaluation.
public struct EvaluationResults: Sendable {
    public var scoring: ScoringResults
    public var generation: GenerationCounts
    /// Why the run ended early; the results cover the completed rows.
    public var failure: EvaluationError?
    public var isCancelled: Bool { scoring.isCancelled }

    /// `{"generation": {…}, "results": {ID: {…}}}`, and "usage" of judges.
    public var json: JSONValue {
        var json: JSONObject = ["generation": .object(generation.json)]
        for (name, value) in scoring.json.object?.members ?? [] { json[name] = value }
        return .object(json)
    }
}

/// Generates answers with a candidate and scores them, both at the same time.
public struct Evaluator: Sendable {
    private let engine: Engine

    public init(_ engine: Engine) {
        self.engine = engine
    }

    /// Answers and scores a dataset. Blocks, so it must be called on a thread that may block.
    ///
    /// - Parameters:
    ///   - sink: receives one line of JSON per row, in the order of the dataset: the row's own columns, the generated columns,
    ///     and the scores.
    ///   - cancellation: cancelling it ends the run; the results cover the completed rows.
    /// - Throws: if nothing could be answered at all; no request has been sent then.
    public func run(
        _ request: EvaluationRequest, sink: RowSink? = nil, progress: RunProgress = RunProgress(),
        cancellation: Cancellation = Cancellation()
    ) throws(EvaluationError) -> EvaluationResults {
        let checked = try checked(request)
        let (session, reader) = (checked.session, checked.reader)
        var plan = Generator.Plan(preparation: checked.preparation, model: checked.model, session: session)
        plan.filters = request.filters
        plan.limit = request.limit
        plan.samples = request.samples
        plan.progress = progress
        plan.notices = request.dataset.notices
        plan.patience = request.patience
        let generator = Generator(plan)
        cancellation.onCancel { generator.end("the run was interrupted") }
        defer { generator.close() }
        let tally = GeneratedRows.Tally()
        let extraction = request.settings.extraction
        let isAgent = request.candidate.isAgent
        var rows = Dataset(live: request.dataset.name, isUntyped: request.dataset.isUntyped) {
            GeneratedRows(generator, extraction, isAgent: isAgent, tally)
        }
        rows.notices = request.dataset.notices
        var scoring = scoringRequest(request, rows, columns: checked.columns)
        scoring.session = session
        var result: Result<ScoringResults, EngineError> = .failure(EngineError(.dataset, "nothing was scored"))
        do throws(ThreadError) {
            let feed = { @Sendable in reader.take { generator.feed($0) } }
            try withThread(running: feed) {
                result = Result { () throws(EngineError) in
                    try engine.score(scoring, sink: sink, progress: progress, cancellation: cancellation)
                }
                // When scoring has ended, no more answers are needed.
                generator.stop()
                request.stopReading()
            }
        } catch {
            throw EvaluationError(.unavailable, error.description, cause: error)
        }
        do throws(EngineError) {
            let results = try result.get()
            var generation = tally.counts
            generation.usage = session.usage(for: Generator.label)
            generation.samples = request.samples
            return EvaluationResults(
                scoring: results, generation: generation,
                failure: generator.failure ?? results.failure.map { EvaluationError($0) })
        } catch {
            throw EvaluationError(error)
        }
    }

    /// The parts of a run that are known before any request is sent.
    struct Checked: Sendable {
        var preparation: RowPreparation
        var model: Model
        var session: InferenceSession
        /// At the dataset's start.
        var reader: ReaderTransfer
        /// The columns of the first rows, as scorers receive them.
        var columns: [String]
    }

    /// Checks, before any request is sent, whether an evaluation is possible.
    func checked(_ request: EvaluationRequest) throws(EvaluationError) -> Checked {
        let session = request.inference.session(limits: request.budget)
        let model = try model(of: request.candidate, request.inference, session)
        // A smaller chunk than usual, because its contents are checked before any request is sent.
        var reader = ChunkReader(
            try opened(request.dataset), chunkSize: 64 << 10, takesWhatIsThere: request.dataset.isRemote)
        let columns = try columns(of: request, &reader)
        let settings = request.settings.naming(columns)
        var preparation = try RowPreparation(
            settings, request.candidate, mapping: request.mapping, promptSize: engine.limits.promptSize,
            pointer: EvaluationError.candidatePointer)
        if request.samples > 1 { preparation.addedColumns.append(sampleColumn) }
        if request.samples > 1 && preparation.temperature == 0 {
            request.warn(
                "at temperature 0, most models answer all \(request.samples) samples of a row identically; "
                    + "use a higher temperature: --sampling '{\"temperature\": 0.7}'")
        }
        for warning in settings.warnings(among: columns) { request.warn(warning) }
        let names = try check(request, preparation, &reader)
        return Checked(
            preparation: preparation, model: model, session: session, reader: ReaderTransfer(reader), columns: names)
    }

    /// The columns that templates may name: those of the first rows, and mapped ones.
    private func columns(
        of request: EvaluationRequest, _ reader: inout ChunkReader
    ) throws(EvaluationError) -> [String] {
        do throws(DatasetError) {
            return try (firstRows(of: request.dataset, &reader)?.columnNames ?? []) + request.mapping.keys.sorted()
                + request.settings.mapping.keys.sorted()
        } catch {
            throw EvaluationError(.dataset, "\(request.dataset.name): \(error.description)", cause: error)
        }
    }

    /// The first chunk of a dataset, or the first one with a row in it: a line that cannot be read may be longer than a chunk.
    ///
    /// - Parameter reader: is at the dataset's start, and stays there.
    private func firstRows(of dataset: Dataset, _ reader: inout ChunkReader) throws(DatasetError) -> Chunk? {
        guard let first = try reader.peek() else { return nil }
        if !first.columnNames.isEmpty || !dataset.isReopenable { return first }
        var rest = ChunkReader(try dataset.open(nil), chunkSize: 64 << 10)
        let chunk = Chunk()
        while try rest.read(into: chunk) {
            if !chunk.columnNames.isEmpty { return chunk }
        }
        return first
    }

    private func model(
        of candidate: BenchmarkConfiguration.Candidate, _ inference: InferenceService, _ session: InferenceSession
    ) throws(EvaluationError) -> Model {
        do throws(InferenceError) {
            let model =
                switch candidate {
                case .model(let name, _, _): try inference.catalog.find(name)
                case .agent: try inference.catalog.agents()
                }
            try session.check(model)
            return model
        } catch {
            var failure = EvaluationError(
                .model, error.message, at: EvaluationError.candidatePointer.description, cause: error)
            if error.code == .unknownModel && !candidate.isAgent { failure.remedy = .addModel }
            throw failure
        }
    }

    private func scoringRequest(
        _ request: EvaluationRequest, _ dataset: Dataset, columns: [String]
    ) -> ScoringRequest {
        var scoring = ScoringRequest(dataset, functions: request.functions)
        scoring.columns = columns
        scoring.definitions = request.definitions
        scoring.skipColumn = skipColumn
        scoring.failureColumn = GeneratedColumn.generationError.rawValue
        scoring.limit = request.limit.map { $0.multipliedClamped(by: request.samples) }
        scoring.samples = request.samples
        scoring.groupColumns = request.groupColumns
        scoring.groupLimit = request.groupLimit
        scoring.clusterColumns = request.clusterColumns
        scoring.passThreshold = request.passThreshold
        scoring.retriedOutcomes = request.retriedOutcomes
        scoring.refusesWrongShapes = request.refusesWrongShapes
        scoring.includesInput = true
        scoring.keepsDistribution = true
        scoring.jobs = request.jobs
        scoring.judgeModel = request.judgeModel
        scoring.inference = request.inference
        scoring.budget = request.budget
        scoring.patience = request.patience
        scoring.keepsState = request.keepsState
        return scoring
    }

    /// Checks, before any request is sent, whether the rows have prompts, and the columns that the functions need.
    ///
    /// - Parameter reader: is at the dataset's start, and stays there.
    /// - Returns: the columns of the first rows, as scorers receive them.
    private func check(
        _ request: EvaluationRequest, _ preparation: RowPreparation, _ reader: inout ChunkReader
    ) throws(EvaluationError) -> [String] {
        let isAgent = request.candidate.isAgent
        // Whether the first row of a table looks like data.
        var isHeaderless = false
        // Columns that may hold a prompt, if no row has one.
        var prompts: [ColumnSuggestion] = []
        let firstRows: [UInt8]
        let columns: [String]
        let lines: UnansweredLines
        do throws(DatasetError) {
            var rows = UnansweredLines(preparation, isAgent: isAgent, columns: request.filters.map(\.column))
            firstRows = try self.firstRows(of: request.dataset, &reader).map { rows.lines(of: $0) } ?? []
            var answered = ChunkReader(MemorySource(firstRows))
            columns = try answered.peek()?.columnNames ?? []
            if !rows.missing.isEmpty && request.dataset.isReopenable {
                var rest = ChunkReader(try request.dataset.open(nil))
                let chunk = Chunk()
                while !rows.missing.isEmpty, try rest.read(into: chunk) { _ = rows.lines(of: chunk) }
            }
            if !firstRows.isEmpty && !rows.hasRows {
                throw DatasetError(.malformed, "none of the first lines is a row (a JSON object)")
            }
            if let path = rows.missing.first, !firstRows.isEmpty {
                let why = path.fault.map { "; as a path, it is not valid: \($0)" } ?? rows.gap.map { ": \($0)" } ?? ""
                throw DatasetError(
                    .malformed, "no row has the column \(quoted(path.name)), which a mapping or a filter names\(why)")
            }
            lines = rows
            if !rows.canAsk, let failure = rows.failure {
                let own = columns.filter { GeneratedColumn(rawValue: $0) == nil }
                isHeaderless = request.dataset.isUntyped && ColumnSuggestion.looksLikeData(own)
                prompts = ColumnSuggestion.among(own, for: ["input_query"])
                let names = own.prefix(50).map { quoted($0) }.joined(separator: ", ")
                throw DatasetError(.malformed, "no row has a prompt: \(failure.message). The columns are \(names)")
            }
        } catch {
            var failure = EvaluationError(
                .dataset, "\(request.dataset.name): \(error.description)", cause: error)
            if isHeaderless {
                failure.message += "."
                failure.remedy = .nameColumns
            } else if !prompts.isEmpty {
                failure.message += "."
                failure.remedy = .mapColumns(prompts)
            }
            throw failure
        }
        let dataset = request.dataset
        var read: Set<String> = []
        func check(_ rows: Dataset, warn: @escaping @Sendable (String) -> Void = { _ in }) -> EngineError? {
            do throws(EngineError) {
                var scoring = scoringRequest(request, rows, columns: columns)
                scoring.warn = warn
                read = try engine.check(scoring)
                return nil
            } catch {
                return error
            }
        }
        var failure = check(
            Dataset(named: dataset.name) { MemorySource(firstRows) },
            warn: request.warn)
        if failure?.code == .missingColumn && dataset.isReopenable {
            // Only some rows may have a column.
            failure = check(
                Dataset(named: dataset.name) { () throws(DatasetError) in
                    UnansweredRows(try dataset.open(nil), UnansweredLines(preparation, isAgent: isAgent))
                })
        }
        if let failure {
            var failure = EvaluationError(failure)
            // A missing or unknown judge: no request has been sent yet, so this is an error of the request.
            if failure.code == .model { failure.pointer = "/benchmark_config/scoring_params" }
            throw failure
        }
        if let choices = unseenChoices(among: columns, request.settings) {
            request.notice(
                "the rows have choices in \(choices), but the prompt is the question alone; to show them to the model, set "
                    + "a prompt template in a benchmark, see \"assay evaluate --help\"")
        }
        if lines.readsAnswerAsExpected && read.contains("expected_answer") {
            request.notice(
                "expected_answer is read from the column \"answer\"; to use another one: --map expected_answer=COLUMN"
            )
        }
        return columns
    }

    /// The columns with choices that a prompt of the question alone does not contain, as text.
    private func unseenChoices(among columns: [String], _ settings: GenerationSettings) -> String? {
        func has(_ names: String...) -> Bool { names.allSatisfy(columns.contains) }
        guard settings.template == nil, has("question") || has("input_query"),
            !has("messages"), !has("chat_completion_input"), !has("completion_input")
        else { return nil }
        if has("A", "B") { return columns.filter { $0.count == 1 && ("A"..."J").contains($0) }.joined(separator: ", ") }
        return ["choices", "options", "mc1_targets"].first(where: columns.contains).map { quoted($0) }
    }

    private func opened(_ dataset: Dataset) throws(EvaluationError) -> any ByteSource {
        do throws(DatasetError) {
            return try dataset.open(nil)
        } catch {
            throw EvaluationError(.dataset, error.description, cause: error)
        }
    }
}

extension Int {
    /// The product, or the largest number where that is larger.
    package func multipliedClamped(by factor: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

/// Passes a reader to the thread that uses it from then on.
///
/// `@unchecked Sendable`: one thread takes it.
final class ReaderTransfer: @unchecked Sendable {
    private var reader: ChunkReader?

    init(_ reader: consuming ChunkReader) {
        self.reader = consume reader
    }

    func take(_ body: (consuming ChunkReader) -> Void) {
        if let reader = reader.take() { body(reader) }
    }
}

extension EvaluationError {
    init(_ error: EngineError) {
        let code: Code
        switch error.code {
        case .unknownFunction, .invalidDefinition: code = .invalid
        case .missingColumn, .dataset: code = .dataset
        case .output: code = .output
        case .model: code = .model
        case .plugin: code = .unavailable
        }
        self.init(code, error.message, cause: error)
        remedy = error.remedy
    }
}

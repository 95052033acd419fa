public import Concurrency
import Datasets
public import Inference
public import JSON
public import ScoringCore
public import ScoringDefinitions
public import ScoringEngine

/// What is to be answered, by whom, and how the answers are scored.
public struct EvaluationRequest: Sendable {
    public var dataset: Dataset
    public var candidate: BenchmarkConfiguration.Candidate
    /// How rows become questions and generations become answers.
    public var settings = GenerationSettings()
    /// Identifiers of scoring functions, each with parameters to lay over its definition's.
    public var functions: [(identifier: String, parameters: JSONObject?)]
    /// Where the functions are looked up; nil: in the engine's own definitions.
    public var definitions: DefinitionCatalog?
    /// The column of the dataset for a column of another name.
    public var mapping: [String: String] = [:]
    /// Only rows that all of these let through are answered.
    public var filters: [RowCondition] = []
    /// Only so many rows are answered.
    public var limit: Int?
    /// How often each row is asked, each time with a request of its own. Each answer is a row of the results then, which
    /// has the column `sample`, counted from 0.
    public var samples = 1
    /// Columns for each of whose values the rows are also aggregated by themselves, and for how many values.
    public var groupColumns: [String] = []
    public var groupLimit = 1000
    /// Outcomes of rows whose judges are asked again where their replies came from the cache.
    public var retriedOutcomes: Set<RowOutcome> = []
    /// Whether a dataset is refused in whose first rows a column that is read as text holds nothing but lists or objects.
    public var refusesWrongShapes = false
    /// Takes sentences on what the run does that its user may not expect, before anything is asked.
    public var notice: @Sendable (String) -> Void = { _ in }
    /// Takes sentences on what is most likely a mistake, before anything is asked.
    public var warn: @Sendable (String) -> Void = { _ in }
    /// Threads that score.
    public var jobs = 1
    /// The model in the role "judge" of functions that name none.
    public var judgeModel: String?
    /// What asks the candidate and the judges.
    public var inference: InferenceService
    /// What their requests may cost in all.
    public var budget = BudgetLimits()
    /// How long a run that is cancelled waits for answers that are on their way, and paid for.
    public var patience = Duration.milliseconds(300)
    /// Ends a read of the dataset that waits for more, when nobody wants more.
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

/// What an evaluation came to.
public struct EvaluationResults: Sendable {
    public var scoring: ScoringResults
    public var generation: GenerationCounts
    /// Why the run ended before its dataset did; the results are those of the rows before.
    public var failure: EvaluationError?
    public var isCancelled: Bool { scoring.isCancelled }

    /// `{"generation": {…}, "results": {ID: {…}}}`, and "usage" of judges.
    public var json: JSONValue {
        var json: JSONObject = ["generation": .object(generation.json)]
        for (name, value) in scoring.json.object?.members ?? [] { json[name] = value }
        return .object(json)
    }
}

/// Has a candidate answer rows and scores the answers, both at the same time.
public struct Evaluator: Sendable {
    private let engine: Engine

    public init(_ engine: Engine) {
        self.engine = engine
    }

    /// Answers and scores a dataset. Blocks; for a thread that may.
    ///
    /// - Parameters:
    ///   - sink: takes one JSON line a row, in input order: the row's own columns, the generated ones, and the scores.
    ///   - cancellation: when it is cancelled, no more rows are taken, and the results are those of the rows done.
    /// - Throws: where nothing could be answered at all; nothing has been asked then.
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
                // Where nothing is scored any more, nothing has to be generated.
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

    /// What a run needs that is known before anything is asked.
    struct Checked: Sendable {
        var preparation: RowPreparation
        var model: Model
        var session: InferenceSession
        /// At the dataset's start.
        var reader: ReaderTransfer
        /// Columns of the first rows, as scorers see them.
        var columns: [String]
    }

    /// Finds out before anything is asked whether a request can be met.
    func checked(_ request: EvaluationRequest) throws(EvaluationError) -> Checked {
        let session = request.inference.session(limits: request.budget)
        let model = try model(of: request.candidate, request.inference, session)
        // A smaller chunk than usual: what it holds is looked at before anybody is asked.
        var reader = ChunkReader(
            try opened(request.dataset), chunkSize: 64 << 10, takesWhatIsThere: request.dataset.isRemote)
        let columns = try columns(of: request, &reader)
        let settings = request.settings.naming(columns)
        var preparation = try RowPreparation(
            settings, request.candidate, mapping: request.mapping,
            pointer: EvaluationError.candidatePointer)
        if request.samples > 1 { preparation.addedColumns.append(sampleColumn) }
        if request.samples > 1 && preparation.temperature == 0 {
            request.warn(
                "at temperature 0 most models give all \(request.samples) samples of a row the same answer; "
                    + "sample at a higher one: --sampling '{\"temperature\": 0.7}'")
        }
        for warning in settings.warnings(among: columns) { request.warn(warning) }
        let names = try check(request, preparation, &reader)
        return Checked(
            preparation: preparation, model: model, session: session, reader: ReaderTransfer(reader), columns: names)
    }

    /// The columns that templates may name: those of the first rows, and those that they are mapped to.
    private func columns(
        of request: EvaluationRequest, _ reader: inout ChunkReader
    ) throws(EvaluationError) -> [String] {
        do throws(DatasetError) {
            return try (reader.peek()?.columnNames ?? []) + request.mapping.keys.sorted()
                + request.settings.mapping.keys.sorted()
        } catch {
            throw EvaluationError(.dataset, "\(request.dataset.name): \(error.description)", cause: error)
        }
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
        scoring.retriedOutcomes = request.retriedOutcomes
        scoring.refusesWrongShapes = request.refusesWrongShapes
        scoring.includesInput = true
        scoring.keepsDistribution = true
        scoring.jobs = request.jobs
        scoring.judgeModel = request.judgeModel
        scoring.inference = request.inference
        scoring.budget = request.budget
        scoring.patience = request.patience
        return scoring
    }

    /// Finds out before anything is asked whether the rows say what is asked, and have what the functions need.
    ///
    /// - Parameter reader: at the dataset's start, where it is left.
    /// - Returns: the columns of the first rows as scorers see them.
    private func check(
        _ request: EvaluationRequest, _ preparation: RowPreparation, _ reader: inout ChunkReader
    ) throws(EvaluationError) -> [String] {
        let isAgent = request.candidate.isAgent
        // Whether the first row of a table looks like data.
        var isHeaderless = false
        let firstRows: [UInt8]
        let columns: [String]
        let lines: UnansweredLines
        do throws(DatasetError) {
            var rows = UnansweredLines(preparation, isAgent: isAgent, columns: request.filters.map(\.column))
            firstRows = try reader.peek().map { rows.lines(of: $0) } ?? []
            var answered = ChunkReader(MemorySource(firstRows))
            columns = try answered.peek()?.columnNames ?? []
            if !rows.missing.isEmpty && request.dataset.isReopenable {
                var rest = ChunkReader(try request.dataset.open(nil))
                let chunk = Chunk()
                while !rows.missing.isEmpty, try rest.read(into: chunk) { _ = rows.lines(of: chunk) }
            }
            if !firstRows.isEmpty && !rows.hasRows {
                throw DatasetError(.malformed, "no line of its beginning is a row: a JSON object")
            }
            if let path = rows.missing.first, !firstRows.isEmpty {
                let why = path.fault.map { "; as a path, it is not valid: \($0)" } ?? rows.gap.map { ": \($0)" } ?? ""
                throw DatasetError(
                    .malformed, "no row has the column \(quoted(path.name)), which is mapped or filtered by\(why)")
            }
            lines = rows
            if !rows.canAsk, let failure = rows.failure {
                isHeaderless = request.dataset.isUntyped && ColumnSuggestion.looksLikeData(columns)
                throw DatasetError(.malformed, "no row can be asked: \(failure.message)")
            }
        } catch {
            var failure = EvaluationError(
                .dataset, "\(request.dataset.name): \(error.description)", cause: error)
            if isHeaderless {
                failure.message += "."
                failure.remedy = .nameColumns
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
            // A column may be there in some rows only.
            failure = check(
                Dataset(named: dataset.name) { () throws(DatasetError) in
                    UnansweredRows(try dataset.open(nil), UnansweredLines(preparation, isAgent: isAgent))
                })
        }
        if let failure {
            var failure = EvaluationError(failure)
            // A judge that is not named or not known, as nothing has been asked yet: the request is at fault.
            if failure.code == .model { failure.pointer = "/benchmark_config/scoring_params" }
            throw failure
        }
        if lines.readsAnswerAsExpected && read.contains("expected_answer") {
            request.notice(
                "expected_answer is the column \"answer\" of the dataset; to read another: --map expected_answer=COLUMN"
            )
        }
        return columns
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

/// Hands a reader to the thread that uses it from then on.
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

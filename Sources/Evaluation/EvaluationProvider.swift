public import Concurrency
public import Inference
public import JSON
public import ScoringEngine
import Synchronization

/// An engine that runs benchmarks. Which one does is the benchmark's choice, by its `provider_id`.
///
/// All calls may block, and are made on threads that may.
public protocol EvaluationProvider: Sendable {
    /// What benchmarks name it by, such as `assay`.
    var id: String { get }
    /// The API's type of the provider, such as `inline::assay` or `remote::nvidia`.
    var type: String { get }

    /// Whether metadata of this kind are for this engine, where a benchmark names neither a provider nor anything that the
    /// server's own engine could evaluate.
    func owns(_ metadata: JSONObject) -> Bool

    /// What keeps the engine from running any benchmark, on one line, where it was configured and that can be known at the
    /// start. May take some seconds.
    func startupFault() -> String?

    /// Checks a benchmark that is to be registered, and tells the engine about it where that wants to know.
    func register(_ benchmark: Benchmark) throws(EvaluationError)

    /// Finds out what can be known before a job is started. Nothing is asked.
    func check(_ run: EvaluationRun) throws(EvaluationError)

    /// Answers and scores the rows of a request, while its client waits.
    func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult

    /// Runs a job to its end. May be called again for the same job, with the state that it kept, when the process that
    /// ran it has ended before it did.
    func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult
}

extension EvaluationProvider {
    public func owns(_ metadata: JSONObject) -> Bool { false }
    public func startupFault() -> String? { nil }
    public func check(_ run: EvaluationRun) {}
}

/// What a benchmark came to, but for its rows, which have gone to the run's output.
public struct EvaluationResult: Sendable {
    /// The API's ScoringResult of each function, in order, without its `score_rows`.
    public var scores: JSONObject
    /// How the generation went: counts of rows, and what the candidate took.
    public var generation: JSONObject
    /// How the scores lie, by function: for pages that plot it.
    public var distributions: JSONObject
    /// What whoever asked for the run should know though it went on, in sentences.
    public var warnings: [String]
    /// Whether the run was cancelled: the result is that of the rows that were done.
    public var isCancelled: Bool

    public init(
        scores: JSONObject, generation: JSONObject = [:], distributions: JSONObject = [:], warnings: [String] = [],
        isCancelled: Bool = false
    ) {
        self.warnings = warnings
        self.scores = scores
        self.generation = generation
        self.distributions = distributions
        self.isCancelled = isCancelled
    }
}

/// One run of a benchmark: what is asked for, and what its provider may use and has to fill.
public final class EvaluationRun: Sendable {
    /// The job's identifier; nil for the rows of a request.
    public let jobID: String?
    public let benchmark: Benchmark
    public let configuration: BenchmarkConfiguration
    /// The functions that score, in order: the benchmark's, or those that the request names.
    public let functions: [String]
    /// The rows; nil where the benchmark's dataset is not registered.
    public let dataset: Dataset?
    /// Another dataset, such as one that the benchmark joins; nil where none of that identifier is registered.
    public let findDataset: @Sendable (String) throws(EvaluationError) -> Dataset?
    /// How many rows the dataset has, where that is known.
    public let rowCount: Int?
    /// What asks models; nil where there is no way to any.
    public let inference: InferenceService?
    /// Is cancelled when nobody wants the rest.
    public let cancellation: Cancellation
    /// Is cancelled before `cancellation` where that only means that the process is about to end: the job goes on in the
    /// next one, with the state that it kept, and an engine elsewhere is not to be told to stop it.
    public let suspension: Cancellation
    public let progress: EvaluationProgress
    /// Takes result rows as JSON Lines: the row's own columns, what was generated (`generated_answer`, see
    /// ``GeneratedColumn``), and `scores` by function. From one thread at a time.
    public let output: RowSink
    /// What the provider kept of the job when it ran before.
    public let state: JSONValue?
    /// Keeps what the provider needs to go on with the job, such as its name on another server; on the disk on return.
    public let keep: @Sendable (JSONValue) throws(EvaluationError) -> Void

    public init(
        jobID: String? = nil, benchmark: Benchmark, configuration: BenchmarkConfiguration, functions: [String]? = nil,
        dataset: Dataset?, rowCount: Int? = nil, inference: InferenceService?,
        cancellation: Cancellation = Cancellation(), suspension: Cancellation = Cancellation(),
        progress: EvaluationProgress = EvaluationProgress(),
        findDataset: @escaping @Sendable (String) throws(EvaluationError) -> Dataset? = { _ in nil },
        state: JSONValue? = nil, keep: @escaping @Sendable (JSONValue) throws(EvaluationError) -> Void = { _ in },
        output: @escaping RowSink
    ) {
        self.jobID = jobID
        self.benchmark = benchmark
        self.configuration = configuration
        self.functions = functions ?? benchmark.functions
        self.dataset = dataset
        self.findDataset = findDataset
        self.rowCount = rowCount
        self.inference = inference
        self.cancellation = cancellation
        self.suspension = suspension
        self.progress = progress
        self.state = state
        self.keep = keep
        self.output = output
    }
}

/// How far a run is, kept up to date for whoever shows it.
public final class EvaluationProgress: Sendable {
    private struct State {
        var total: Int?
        var done = 0
        var isWaiting = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Rows that are answered and scored.
    public var done: Int { state.withLock(\.done) }
    /// Rows in all, where that is known.
    public var total: Int? { state.withLock(\.total) }

    /// Whether the provider's engine has taken the job but has not begun with it.
    public var isWaiting: Bool { state.withLock(\.isWaiting) }

    public func update(isWaiting: Bool) {
        state.withLock { $0.isWaiting = isWaiting }
    }

    public func update(done: Int, total: Int? = nil) {
        state.withLock { state in
            state.done = done
            if let total { state.total = total }
        }
    }
}

/// The columns that generation adds to a row.
public enum GeneratedColumn: String, CaseIterable, Sendable {
    /// What scorers see: the generation, or what the benchmark's regexes extracted from it. Null without a generation.
    case generatedAnswer = "generated_answer"
    /// The whole generation, where something was extracted from it.
    case generation
    /// What the model thought before it answered, where its server shows it.
    case reasoning = "generation_reasoning"
    /// The tools that the model wants called, as OpenAI's chat completions have them, where it calls any.
    case toolCalls = "tool_calls"
    /// What an agent retrieved.
    case context
    /// Why there is no whole answer: `length` or `content_filter`, where the model did not come to an end by itself, or
    /// `refusal`, where its server says that it refuses.
    case finishReason = "finish_reason"
    /// Why there is no generation.
    case generationError = "generation_error"
}

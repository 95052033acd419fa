public import Concurrency
public import Inference
public import JSON
public import ScoringEngine
import Synchronization

/// An engine that runs benchmarks. A benchmark chooses it with its `provider_id`.
///
/// All calls may block, and are made on threads that may block.
public protocol EvaluationProvider: Sendable {
    /// Its name in benchmarks, such as `assay`.
    var id: String { get }
    /// The API's type of the provider, such as `inline::assay` or `remote::nvidia`.
    var type: String { get }

    /// Whether metadata of this kind are meant for this engine, if a benchmark names neither a provider nor anything that the
    /// server's own engine could evaluate.
    func owns(_ metadata: JSONObject) -> Bool

    /// Why the configured engine cannot run any benchmark, on one line, if that can be detected at the start. May take some
    /// seconds.
    func startupFault() -> String?

    /// Checks a benchmark before it is registered, and registers it with the engine if necessary.
    func register(_ benchmark: Benchmark) throws(EvaluationError)

    /// Checks what can be checked before a job is started. No request is sent to a model.
    func check(_ run: EvaluationRun) throws(EvaluationError)

    /// Answers and scores the rows of a request, while its client waits.
    func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult

    /// Runs a job until it ends. If the process ended during the job, this is called again in a new process, with the stored
    /// state.
    func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult
}

extension EvaluationProvider {
    public func owns(_ metadata: JSONObject) -> Bool { false }
    public func startupFault() -> String? { nil }
    public func check(_ run: EvaluationRun) {}
}

/// The result of a benchmark, without its rows, which were written to the run's output.
public struct EvaluationResult: Sendable {
    /// The API's ScoringResult of each function, in order, without its `score_rows`.
    public var scores: JSONObject
    /// Statistics of the generation: counts of rows, and the candidate's usage.
    public var generation: JSONObject
    /// The distribution of the scores, by function, for the pages' plots.
    public var distributions: JSONObject
    /// Warnings for the person who started the run, in sentences.
    public var warnings: [String]
    /// Whether the run was cancelled; the result covers the completed rows.
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

/// One run of a benchmark: the request, and the inputs and outputs for its provider.
public final class EvaluationRun: Sendable {
    /// The job's identifier; nil for the rows of a request.
    public let jobID: String?
    public let benchmark: Benchmark
    public let configuration: BenchmarkConfiguration
    /// The scoring functions, in order: those of the benchmark, or those that the request names.
    public let functions: [String]
    /// The rows; nil if the benchmark's dataset is not registered.
    public let dataset: Dataset?
    /// Another dataset, such as one that the benchmark joins; nil if no dataset with that identifier is registered.
    public let findDataset: @Sendable (String) throws(EvaluationError) -> Dataset?
    /// The number of rows of the dataset, if known.
    public let rowCount: Int?
    /// The service that sends requests to models; nil if there are no models.
    public let inference: InferenceService?
    /// Is cancelled when the result is no longer wanted.
    public let cancellation: Cancellation
    /// Is cancelled before `cancellation` if the process is about to end: the job continues in the next process, with the
    /// stored state, so an external engine must not be told to stop it.
    public let suspension: Cancellation
    public let progress: EvaluationProgress
    /// Receives result rows as JSON Lines: the row's own columns, the generated columns (`generated_answer`, see
    /// ``GeneratedColumn``), and `scores` by function. From one thread at a time.
    public let output: RowSink
    /// The state that the provider stored in an earlier run of the job.
    public let state: JSONValue?
    /// Stores the state that the provider needs to continue the job, such as its name on another server. It is on disk when
    /// this returns.
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

/// The progress of a run, updated continuously.
public final class EvaluationProgress: Sendable {
    private struct State {
        var total: Int?
        var done = 0
        var isWaiting = false
        var batches: BatchRunner.OpenBatches?
    }

    private let state = Mutex(State())

    public init() {}

    /// Rows that are answered and scored.
    public var done: Int { state.withLock(\.done) }
    /// The total number of rows, if known.
    public var total: Int? { state.withLock(\.total) }

    /// Whether the provider's engine has accepted the job but not started it.
    public var isWaiting: Bool { state.withLock(\.isWaiting) }

    /// The batches that the run waits for; nil if it does not.
    public var batches: BatchRunner.OpenBatches? { state.withLock(\.batches) }

    public func update(batches: BatchRunner.OpenBatches?) {
        state.withLock { $0.batches = batches }
    }

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
    /// The answer for scorers: the generation, or the part that the benchmark's regexes extracted. Null without a generation.
    case generatedAnswer = "generated_answer"
    /// The whole generation, if a part was extracted from it.
    case generation
    /// The model's thinking before its answer, if its server returns it.
    case reasoning = "generation_reasoning"
    /// The model's tool calls, in the format of OpenAI's chat completions, if there are any.
    case toolCalls = "tool_calls"
    /// What an agent retrieved.
    case context
    /// Why there is no complete answer: `length` or `content_filter` if the model did not finish by itself, or `refusal` if
    /// its server reports a refusal.
    case finishReason = "finish_reason"
    /// Why there is no generation.
    case generationError = "generation_error"
}

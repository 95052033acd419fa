public import Inference
public import JSON
public import ScoringCore
public import ScoringDefinitions

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
let answerColumn = "generated_answer"

extension ScoringRequest {
    /// The dataset's column that a column is mapped to.
    func source(of column: String) -> String { mapping[column] ?? column }

    mutating func separateReasoning() {
        if reasoning == .strip { dataset = dataset.strippingReasoning(from: source(of: answerColumn)) }
    }
}

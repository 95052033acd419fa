public import JSON

/// The stored result of a run over a dataset: the aggregates, and the place of the rows.
public struct StoredResult: Sendable, Hashable {
    public let id: String
    /// When it was recorded, in seconds since 1970, UTC.
    public let created: Int
    /// The dataset that was scored. It may have been deleted.
    public let datasetID: String
    /// The dataset with the rows and their scores; nil if they were not kept. It may have been deleted.
    public let rowsDatasetID: String?
    /// The benchmark that was evaluated, and its job; nil if there was none.
    public let benchmarkID: String?
    public let jobID: String?
    /// The identifiers of the scoring functions, in the order of the request.
    public let functions: [String]
    /// An object by function: its ScoringResult, without the rows.
    public let aggregates: JSONValue
    /// An object by function: the distribution of the scores, in the recorder's format.
    public let distributions: JSONValue
    /// How it came about: `provenance` as in a run folder, and the `definitions` of the functions; null for results of
    /// earlier versions.
    public let origin: JSONValue

    public init(
        id: String, created: Int, datasetID: String, rowsDatasetID: String? = nil, benchmarkID: String? = nil,
        jobID: String? = nil, functions: [String], aggregates: JSONValue, distributions: JSONValue = [:],
        origin: JSONValue = nil
    ) {
        self.id = id
        self.created = created
        self.datasetID = datasetID
        self.rowsDatasetID = rowsDatasetID
        self.benchmarkID = benchmarkID
        self.jobID = jobID
        self.functions = functions
        self.aggregates = aggregates
        self.distributions = distributions
        self.origin = origin
    }
}

public import JSON

/// What a run over a dataset came to, as it is kept: the aggregates, and where the rows are.
public struct StoredResult: Sendable, Hashable {
    public let id: String
    /// When it was recorded, in seconds since 1970, UTC.
    public let created: Int
    /// The dataset that was scored. It may be gone.
    public let datasetID: String
    /// The dataset that holds the rows with their scores; nil where they were not kept. It may be gone.
    public let rowsDatasetID: String?
    /// The benchmark that was evaluated, and the job that did it; nil where there was none.
    public let benchmarkID: String?
    public let jobID: String?
    /// The identifiers of the scoring functions, in the order in which they were asked for.
    public let functions: [String]
    /// An object by function: what a ScoringResult has beside its rows.
    public let aggregates: JSONValue
    /// An object by function: how the scores lie, as whoever recorded it writes that.
    public let distributions: JSONValue

    public init(
        id: String, created: Int, datasetID: String, rowsDatasetID: String? = nil, benchmarkID: String? = nil,
        jobID: String? = nil, functions: [String], aggregates: JSONValue, distributions: JSONValue = [:]
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
    }
}

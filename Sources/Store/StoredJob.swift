public import JSON

/// A run of a benchmark in the background, as stored in the registry.
public struct StoredJob: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        /// It waits for its turn.
        case scheduled
        case inProgress = "in_progress"
        case completed
        case failed
        /// It was stopped, or is being stopped if it has no end time yet.
        case cancelled

        var sql: String { "'\(rawValue)'" }
    }

    public let id: String
    public let benchmarkID: String
    public let providerID: String
    /// The request, as it was when the job was created.
    public let request: JSONValue
    public let status: Status
    /// Completed rows when the job was last stored, which is at its start and its end.
    public let rowsDone: Int
    /// The total number of rows, if known.
    public let rowsTotal: Int?
    /// In seconds since 1970, UTC, as the other times are.
    public let created: Int
    public let started: Int?
    public let finished: Int?
    /// Why it failed.
    public let error: String?
    /// The state of its provider.
    public let state: JSONValue?
    /// Its result, without the rows.
    public let result: JSONValue?
    /// The dataset of its rows; nil if there is none.
    public let datasetID: String?
}

/// The end of a job.
public struct JobEnd: Sendable {
    public var status: StoredJob.Status
    public var rowsDone: Int
    public var rowsTotal: Int?
    public var error: String?
    public var result: JSONValue?

    public init(
        _ status: StoredJob.Status, rowsDone: Int = 0, rowsTotal: Int? = nil, error: String? = nil,
        result: JSONValue? = nil
    ) {
        self.status = status
        self.rowsDone = rowsDone
        self.rowsTotal = rowsTotal
        self.error = error
        self.result = result
    }
}

/// The rows of a job, to be published with its end.
public struct JobDataset: Sendable {
    public var draft: DatasetDraft
    public var id: String
    public var definition: JSONValue

    public init(_ draft: DatasetDraft, id: String, definition: JSONValue) {
        self.draft = draft
        self.id = id
        self.definition = definition
    }
}

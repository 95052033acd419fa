public import JSON

/// A run of a benchmark that goes on by itself, as the registry keeps it.
public struct StoredJob: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        /// It waits for its turn.
        case scheduled
        case inProgress = "in_progress"
        case completed
        case failed
        /// It was stopped, or is being stopped for as long as it has no time of its end.
        case cancelled

        var sql: String { "'\(rawValue)'" }
    }

    public let id: String
    public let benchmarkID: String
    public let providerID: String
    /// What is to be done, as of the moment when it was asked for.
    public let request: JSONValue
    public let status: Status
    /// Rows that were done when the job was stored last, which is at its beginning and its end.
    public let rowsDone: Int
    /// Rows in all, where that is known.
    public let rowsTotal: Int?
    /// In seconds since 1970, UTC, as the other times are.
    public let created: Int
    public let started: Int?
    public let finished: Int?
    /// Why it failed.
    public let error: String?
    /// What its provider keeps of it.
    public let state: JSONValue?
    /// What it came to, but for its rows.
    public let result: JSONValue?
    /// The dataset of its rows; nil where it has none.
    public let datasetID: String?
}

/// How a job came to its end.
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

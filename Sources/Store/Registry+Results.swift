import GRDB
import JSON

extension Registry {
    /// Stores a result, and deletes those that are older than the latest `resultLimit`.
    public func record(_ result: StoredResult) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO result (id, created_at, dataset_id, rows_dataset_id, benchmark_id, job_id, functions,
                        aggregates, distributions, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    result.id, result.created, result.datasetID, result.rowsDatasetID, result.benchmarkID, result.jobID,
                    JSONValue.array(result.functions.map { .string($0) }).text, result.aggregates.text,
                    result.distributions.text, result.origin.text,
                ])
            try database.execute(
                sql: "DELETE FROM result WHERE number <= ?",
                arguments: [database.lastInsertedRowID - Int64(resultLimit)])
        }
    }

    /// The result with this identifier; nil if there is none.
    public func result(_ id: String) throws(StoreError) -> StoredResult? {
        try read { database in
            let sql = "SELECT \(Self.resultColumns), distributions, origin FROM result WHERE id = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [id]).map(StoredResult.init)
        }
    }

    /// The newest result of a job; nil if there is none.
    public func result(ofJob id: String) throws(StoreError) -> StoredResult? { try result("job_id", id) }

    /// The newest result with its rows in a dataset; nil if there is none.
    public func result(rowsIn id: String) throws(StoreError) -> StoredResult? { try result("rows_dataset_id", id) }

    private func result(_ column: String, _ value: String) throws(StoreError) -> StoredResult? {
        try read { database in
            let sql = """
                SELECT \(Self.resultColumns), distributions, origin FROM result WHERE \(column) = ?
                ORDER BY number DESC LIMIT 1
                """
            return try Row.fetchOne(database, sql: sql, arguments: [value]).map(StoredResult.init)
        }
    }

    /// Results without their distributions and origins, newest first.
    ///
    /// - Parameter datasetID: only results of this dataset.
    public func results(_ page: ListPage, of datasetID: String? = nil) throws(StoreError) -> [StoredResult] {
        try read { database in
            let condition = datasetID == nil ? "" : "WHERE dataset_id = ?"
            let sql = """
                SELECT \(Self.resultColumns), '{}', NULL FROM result \(condition) ORDER BY number DESC LIMIT ? OFFSET ?
                """
            let arguments = StatementArguments(datasetID.map { [$0] } ?? []) + [page.limit, page.offset]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map(StoredResult.init)
        }
    }

    /// The number of results.
    public func resultCount() throws(StoreError) -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM result") ?? 0 }
    }

    /// Deletes a result and the dataset of its rows. That of a job is deleted with the job, and stays.
    ///
    /// - Returns: whether it was deleted.
    public func deleteResult(_ id: String) throws(StoreError) -> Bool {
        try deleteResults("id = ?", [id]) > 0
    }

    /// Deletes results that were recorded before a time, in seconds since 1970, and the datasets of their rows. Those of jobs
    /// stay.
    ///
    /// - Returns: how many were deleted.
    public func deleteResults(recordedBefore time: Int) throws(StoreError) -> Int {
        try deleteResults("created_at < ?", [time])
    }

    private func deleteResults(_ condition: String, _ arguments: StatementArguments) throws(StoreError) -> Int {
        let count = try write(deletes: true) { database in
            let results = "FROM result WHERE job_id IS NULL AND \(condition)"
            try database.execute(
                sql: "UPDATE dataset SET id = NULL WHERE id IN (SELECT rows_dataset_id \(results))",
                arguments: arguments)
            try database.execute(sql: "DELETE \(results)", arguments: arguments)
            return database.changesCount
        }
        if count > 0 { purge() }
        return count
    }

    private static let resultColumns =
        "id, created_at, dataset_id, rows_dataset_id, benchmark_id, job_id, functions, aggregates"
}

extension StoredResult {
    fileprivate init(_ row: Row) throws {
        let functions = try JSONValue(parsing: row[6] as String).array ?? []
        self.init(
            id: row[0], created: row[1], datasetID: row[2], rowsDatasetID: row[3], benchmarkID: row[4], jobID: row[5],
            functions: functions.compactMap(\.string), aggregates: try JSONValue(parsing: row[7] as String),
            distributions: try JSONValue(parsing: row[8] as String),
            origin: try (row[9] as String?).map { try JSONValue(parsing: $0) } ?? .null)
    }
}

extension RegistrySchema {
    /// Adds how results came about.
    static func addOrigins(_ database: Database) throws {
        // A JSON object; null in results of earlier versions.
        try database.execute(sql: "ALTER TABLE result ADD COLUMN origin TEXT")
    }

    /// Adds the table of results.
    static func addResults(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE result (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    created_at INTEGER NOT NULL, -- seconds since 1970, UTC
                    dataset_id TEXT NOT NULL, -- as it was called; nothing keeps it from being removed
                    rows_dataset_id TEXT,
                    benchmark_id TEXT,
                    job_id TEXT,
                    functions TEXT NOT NULL, -- a JSON array of identifiers
                    aggregates TEXT NOT NULL, -- a JSON object by function
                    distributions TEXT NOT NULL -- a JSON object by function
                );
                """)
    }
}

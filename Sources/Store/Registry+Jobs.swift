import GRDB
public import JSON

extension Registry {
    /// Stores a waiting job.
    ///
    /// - Parameter id: one that no other job has.
    public func addJob(
        _ id: String, of benchmarkID: String, by providerID: String, request: JSONValue, rowsTotal: Int? = nil
    ) throws(StoreError) -> StoredJob {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO job (id, benchmark_id, provider_id, request, status, rows_total, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, unixepoch())
                    """,
                arguments: [
                    id, benchmarkID, providerID, request.text, StoredJob.Status.scheduled.rawValue, rowsTotal,
                ])
            return try Self.requiredJob(id, in: database)
        }
    }

    /// The job with this identifier; nil if there is none.
    public func job(_ id: String) throws(StoreError) -> StoredJob? {
        try read { try Self.job(id, in: $0) }
    }

    /// Jobs of a benchmark, the newest first.
    public func jobs(of benchmarkID: String, offset: Int = 0, limit: Int) throws(StoreError) -> [StoredJob] {
        try read { database in
            let sql = "\(Self.selection) WHERE benchmark_id = ? ORDER BY number DESC LIMIT ? OFFSET ?"
            return try Row.fetchAll(database, sql: sql, arguments: [benchmarkID, limit, offset]).map(StoredJob.init)
        }
    }

    /// All jobs, newest first, without their results and their providers' states.
    public func jobs(_ page: ListPage) throws(StoreError) -> [StoredJob] {
        try read { database in
            let sql = "\(Self.briefSelection) ORDER BY number DESC LIMIT ? OFFSET ?"
            return try Row.fetchAll(database, sql: sql, arguments: [page.limit, page.offset]).map(StoredJob.init)
        }
    }

    /// The job with this identifier, without its result and its provider's state; nil if there is none.
    public func briefJob(_ id: String) throws(StoreError) -> StoredJob? {
        try read { database in
            try Row.fetchOne(database, sql: "\(Self.briefSelection) WHERE id = ?", arguments: [id]).map(StoredJob.init)
        }
    }

    /// The number of jobs.
    public func jobCount() throws(StoreError) -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM job") ?? 0 }
    }

    /// The newest job of a benchmark that has this status.
    public func newestJob(of benchmarkID: String, _ status: StoredJob.Status) throws(StoreError) -> StoredJob? {
        try read { database in
            let sql = "\(Self.selection) WHERE benchmark_id = ? AND status = ? ORDER BY number DESC LIMIT 1"
            return try Row.fetchOne(database, sql: sql, arguments: [benchmarkID, status.rawValue])
                .map(StoredJob.init)
        }
    }

    /// How many jobs have each status.
    public func jobCounts() throws(StoreError) -> [StoredJob.Status: Int] {
        try read { database in
            var counts: [StoredJob.Status: Int] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT status, count(*) FROM job GROUP BY status") {
                if let status = StoredJob.Status(rawValue: row[0]) { counts[status] = row[1] }
            }
            return counts
        }
    }

    /// The identifiers of the jobs that the previous process left unfinished, oldest first. A job that was being cancelled is
    /// marked as ended, and a job during which the process ended too often fails, because it may be the cause.
    public func takeOverJobs() throws(StoreError) -> [String] {
        try write { database in
            try database.execute(
                sql: "UPDATE job SET finished_at = unixepoch() WHERE status = 'cancelled' AND finished_at IS NULL")
            try database.execute(
                sql: """
                    UPDATE job SET status = \(StoredJob.Status.failed.sql), finished_at = unixepoch(),
                        error = 'the process ended ' || starts || ' times while this job ran; it is not started again'
                    WHERE status = \(StoredJob.Status.inProgress.sql) AND starts >= ?
                    """, arguments: [Self.startLimit])
            return try String.fetchAll(
                database, sql: "SELECT id FROM job WHERE status IN (\(Self.unfinished)) ORDER BY number")
        }
    }

    /// The maximum number of times that a job is started.
    static let startLimit = 100

    /// Marks a job as started. Returns nil if it does not exist or must no longer run.
    public func beginJob(_ id: String) throws(StoreError) -> StoredJob? {
        try write { database in
            try database.execute(
                sql: """
                    UPDATE job SET status = \(StoredJob.Status.inProgress.sql),
                        started_at = coalesce(started_at, unixepoch()), starts = starts + 1
                    WHERE id = ? AND status IN (\(Self.unfinished))
                    """, arguments: [id])
            return database.changesCount > 0 ? try Self.job(id, in: database) : nil
        }
    }

    /// Stores the state that a job's provider needs to continue it.
    public func keepJobState(_ state: JSONValue, of id: String) throws(StoreError) {
        try write { try $0.execute(sql: "UPDATE job SET state = ? WHERE id = ?", arguments: [state.text, id]) }
    }

    /// Marks a job as cancelled; a waiting job ends at once. A job that has ended does not change.
    ///
    /// - Returns: the updated job; nil if there is none.
    public func cancelJob(_ id: String) throws(StoreError) -> StoredJob? {
        try write { database in
            try database.execute(
                sql: """
                    UPDATE job SET status = \(StoredJob.Status.cancelled.sql),
                        finished_at = CASE status WHEN \(StoredJob.Status.scheduled.sql) THEN unixepoch() END
                    WHERE id = ? AND status IN (\(Self.unfinished))
                    """, arguments: [id])
            return try Self.job(id, in: database)
        }
    }

    /// Stores the end of a job and publishes its rows, either both or, on failure, neither. A job that was cancelled in the
    /// meantime stays cancelled, and a job that has ended does not change.
    ///
    /// - Returns: the updated job.
    public func endJob(_ id: String, _ end: JobEnd, rows: JobDataset? = nil) throws(StoreError) -> StoredJob {
        let (job, isEnded) = try write { database -> (StoredJob, Bool) in
            let known = try Self.requiredJob(id, in: database)
            if known.finished != nil { return (known, false) }
            if let rows, try rows.draft.publish(as: rows.id, rows.definition, in: database) == .unchanged {
                throw StoreError.conflict("dataset", rows.id)
            }
            try database.execute(
                sql: """
                    UPDATE job SET status = CASE status WHEN \(StoredJob.Status.cancelled.sql) THEN status ELSE ? END,
                        rows_done = ?, rows_total = coalesce(?, rows_total), error = ?, result = ?, dataset_id = ?,
                        finished_at = unixepoch()
                    WHERE id = ?
                    """,
                arguments: [
                    end.status.rawValue, end.rowsDone, end.rowsTotal, end.error, end.result?.text, rows?.id, id,
                ])
            return (try Self.requiredJob(id, in: database), true)
        }
        if isEnded { rows?.draft.letGo() }
        return job
    }

    /// Deletes a job that has ended, with its result and the dataset of its rows. Returns false if it does not exist.
    ///
    /// - Throws: `conflict` if it has not ended.
    public func deleteJob(_ id: String) throws(StoreError) -> Bool {
        let isDeleted = try write(deletes: true) { database in
            guard let job = try Self.job(id, in: database) else { return false }
            guard job.finished != nil else {
                throw StoreError(.conflict, "the job \(quoted(id)) has not ended; cancel it first")
            }
            try Self.delete("id = ?", [id], in: database)
            return true
        }
        if isDeleted { purge() }
        return isDeleted
    }

    /// Deletes the jobs that ended before a time, in seconds since 1970, UTC. Returns how many there were.
    public func deleteJobs(finishedBefore time: Int) throws(StoreError) -> Int {
        let count = try write(deletes: true) { try Self.delete("finished_at < ?", [time], in: $0) }
        if count > 0 { purge() }
        return count
    }

    @discardableResult
    private static func delete(
        _ condition: String, _ arguments: StatementArguments, in database: Database
    ) throws -> Int {
        let jobs = "FROM job WHERE \(condition)"
        try database.execute(
            sql: "UPDATE dataset SET id = NULL WHERE id IN (SELECT dataset_id \(jobs))", arguments: arguments)
        try database.execute(
            sql: "DELETE FROM result WHERE job_id IN (SELECT id \(jobs))", arguments: arguments)
        try database.execute(sql: "DELETE \(jobs)", arguments: arguments)
        return database.changesCount
    }

    private static let selection = """
        SELECT id, benchmark_id, provider_id, request, status, rows_done, rows_total, created_at, started_at,
            finished_at, error, state, result, dataset_id FROM job
        """

    private static let briefSelection = """
        SELECT id, benchmark_id, provider_id, request, status, rows_done, rows_total, created_at, started_at,
            finished_at, error, NULL, NULL, dataset_id FROM job
        """

    private static let unfinished = [StoredJob.Status.scheduled, .inProgress].map(\.sql).joined(separator: ", ")

    private static func job(_ id: String, in database: Database) throws -> StoredJob? {
        try Row.fetchOne(database, sql: "\(selection) WHERE id = ?", arguments: [id]).map(StoredJob.init)
    }

    private static func requiredJob(_ id: String, in database: Database) throws -> StoredJob {
        guard let job = try job(id, in: database) else { throw StoreError(.gone, "there is no job \(quoted(id))") }
        return job
    }
}

extension StoredJob {
    fileprivate init(_ row: Row) throws {
        let status: String = row[4]
        guard let known = Status(rawValue: status) else {
            throw StoreError(.failed, "the job \(quoted(row[0] as String)) has the unknown status \(quoted(status))")
        }
        func json(_ text: String?) throws -> JSONValue? { try text.map { try JSONValue(parsing: $0) } }
        self.init(
            id: row[0], benchmarkID: row[1], providerID: row[2], request: try JSONValue(parsing: row[3] as String),
            status: known, rowsDone: row[5], rowsTotal: row[6], created: row[7], started: row[8], finished: row[9],
            error: row[10], state: try json(row[11]), result: try json(row[12]), datasetID: row[13])
    }
}

extension RegistrySchema {
    /// Adds the table of jobs.
    static func addJobs(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE job (
                    number INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which jobs were asked for
                    id TEXT NOT NULL UNIQUE,
                    benchmark_id TEXT NOT NULL, -- as it was called; nothing keeps it from being unregistered
                    provider_id TEXT NOT NULL,
                    request TEXT NOT NULL, -- JSON
                    status TEXT NOT NULL,
                    rows_done INTEGER NOT NULL DEFAULT 0,
                    rows_total INTEGER,
                    created_at INTEGER NOT NULL, -- seconds since 1970, UTC
                    started_at INTEGER,
                    starts INTEGER NOT NULL DEFAULT 0, -- how often its turn came
                    finished_at INTEGER,
                    error TEXT,
                    state TEXT, -- JSON
                    result TEXT, -- JSON
                    dataset_id TEXT
                );
                CREATE INDEX job_of_benchmark ON job (benchmark_id, number);
                CREATE INDEX job_by_status ON job (status, number);
                """)
    }
}

import Foundation
import GRDB

/// The tables of batches in the cache, and their statements.
enum BatchTable {
    static func create(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE batch (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    token TEXT NOT NULL UNIQUE,
                    state TEXT NOT NULL,
                    model TEXT NOT NULL,
                    name TEXT NOT NULL,
                    url TEXT NOT NULL,
                    path TEXT NOT NULL,
                    api TEXT NOT NULL,
                    key_variable TEXT,
                    requests INTEGER NOT NULL,
                    reserved REAL NOT NULL,
                    input_file TEXT,
                    remote_id TEXT,
                    progress TEXT NOT NULL,
                    created_at INTEGER NOT NULL, -- seconds since 1970, UTC
                    submitted_at INTEGER,
                    checked_at INTEGER
                );
                -- The requests of batches that have no reply. One with a fault is not in its batch any more.
                CREATE TABLE batch_request (
                    key BLOB NOT NULL PRIMARY KEY,
                    batch INTEGER NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
                    line INTEGER NOT NULL, -- from 1
                    fault TEXT -- JSON
                ) WITHOUT ROWID;
                CREATE INDEX batch_request_batch ON batch_request (batch, line);
                """)
    }

    /// Adds what a command notes of batches that other processes may be working on.
    static func addMarks(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE batch ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE batch ADD COLUMN is_cancelled INTEGER NOT NULL DEFAULT 0; -- written by `cancel` only
                """)
    }

    private static let columns = [
        "token", "state", "model", "name", "url", "path", "api", "key_variable", "requests", "reserved", "input_file",
        "remote_id", "progress", "created_at", "submitted_at", "checked_at", "misses",
    ]

    static let all = "SELECT id, \(columns.joined(separator: ", ")), is_cancelled FROM batch"
    static let insert =
        "INSERT INTO batch (\(columns.joined(separator: ", "))) "
        + "VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
    static let update = "UPDATE batch SET \(columns.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"

    /// Takes a request into a batch, unless it is in another one, or answered.
    static let claim = """
        INSERT INTO batch_request (key, batch, line) SELECT ?1, ?2, ?3
        WHERE NOT EXISTS (SELECT 1 FROM reply WHERE key = ?1)
        ON CONFLICT (key) DO UPDATE SET batch = excluded.batch, line = excluded.line, fault = NULL
        WHERE fault IS NOT NULL
        """
    static let holder = "SELECT batch FROM batch_request WHERE key = ? AND fault IS NULL"
}

extension StoredBatch {
    /// The values of the statements `insert` and `update`.
    var arguments: [(any DatabaseValueConvertible)?] {
        [
            token, state.rawValue, model, name, url, path, api, keyVariable, requests, reserved, inputFile, remoteID,
            progress, createdAt, submittedAt, checkedAt, misses,
        ]
    }

    /// Reads a row of the statement `all`.
    init(_ row: Row) {
        self.init(
            token: row[1], model: row[3], name: row[4], url: row[5], path: row[6], api: row[7], keyVariable: row[8])
        id = row[0]
        // What a newer version writes is left alone.
        state = State(rawValue: row[2]) ?? .ended
        (requests, reserved, inputFile, remoteID) = (row[9], row[10], row[11], row[12])
        (progress, createdAt, submittedAt, checkedAt) = (row[13], row[14], row[15], row[16])
        (misses, isCancelled) = (row[17], row[18])
    }
}

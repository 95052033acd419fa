import Foundation
import GRDB

/// The table of the file, and its statements.
enum ReplyTable {
    static let find = "SELECT model, text, response, input_tokens, output_tokens FROM reply WHERE key = ?"

    /// Does not change a reply that already exists.
    static let insert = "INSERT \(values) ON CONFLICT (key) DO NOTHING"
    static let replace = "INSERT OR REPLACE \(values)"

    private static let values = """
        INTO reply (key, model, text, response, input_tokens, output_tokens, created_at)
        VALUES (?, ?, ?, ?, ?, ?, CAST(strftime('%s', 'now') AS INTEGER))
        """

    static func migrate(_ pool: DatabasePool, path: String) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("replies") { database in
            // A table with row numbers: replies are too long to be part of the index of the keys. Text from models is stored as
            // blobs of UTF-8, because it may contain NUL, at which SQLite's text ends.
            try database.execute(
                sql: """
                    CREATE TABLE reply (
                        key BLOB NOT NULL PRIMARY KEY,
                        model TEXT NOT NULL,
                        text BLOB,
                        response BLOB NOT NULL,
                        input_tokens INTEGER,
                        output_tokens INTEGER,
                        created_at INTEGER NOT NULL -- seconds since 1970, UTC
                    )
                    """)
        }
        migrator.registerMigration("batches", migrate: BatchTable.create)
        migrator.registerMigration("marks of batches", migrate: BatchTable.addMarks)
        if try pool.read(migrator.hasBeenSuperseded) {
            throw StoreError(
                .newerVersion,
                "cannot use \(path): it was written by a newer version of this software; use that version, or another "
                    + "folder"
            )
        }
        var attempts = migrator.migrations.count
        while try !pool.read(migrator.hasCompletedMigrations) {
            do {
                try migrator.migrate(pool)
            } catch {
                // Another process may have carried out one of them in the meantime.
                attempts -= 1
                if attempts < 0 { throw error }
            }
        }
    }
}

extension StoredReply {
    /// The values of the statement `ReplyTable.insert`.
    func arguments(key: ReplyKey) -> StatementArguments {
        [key.bytes, model, text.map { Data($0.utf8) }, Data(response.utf8), inputTokens, outputTokens]
    }

    /// The reply that the statement `ReplyTable.find` finds under the key.
    static func fetch(_ find: Statement, key: ReplyKey) throws -> StoredReply? {
        try Row.fetchOne(find, arguments: [key.bytes]).map { row in
            let text: Data? = row[1]
            let response: Data = row[2]
            return StoredReply(
                model: row[0], text: text.map { String(decoding: $0, as: UTF8.self) },
                response: String(decoding: response, as: UTF8.self), inputTokens: row[3], outputTokens: row[4])
        }
    }
}

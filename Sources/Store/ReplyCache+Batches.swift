import Foundation
import GRDB

/// Batches of requests whose replies are taken into the cache.
///
/// A request is in at most one batch that is open, whichever process submits it.
extension ReplyCache {
    /// Adds a batch.
    ///
    /// - Returns: the batch with its number.
    public func add(_ batch: StoredBatch) throws(StoreError) -> StoredBatch {
        try write { database in
            var batch = batch
            try database.execute(sql: BatchTable.insert, arguments: StatementArguments(batch.arguments))
            batch.id = database.lastInsertedRowID
            return batch
        }
    }

    /// Writes everything that is known of a batch. Does nothing if it has been removed.
    public func update(_ batch: StoredBatch) throws(StoreError) {
        try write { database in
            try database.execute(sql: BatchTable.update, arguments: StatementArguments(batch.arguments + [batch.id]))
        }
    }

    /// Notes that a batch is cancelled, whichever process looks after it.
    public func cancelBatch(_ id: Int64) throws(StoreError) {
        try write { try $0.execute(sql: "UPDATE batch SET is_cancelled = 1 WHERE id = ?", arguments: [id]) }
    }

    /// The requests of a batch without an outcome, in the order of its lines.
    public func openRequests(of batch: Int64) throws(StoreError) -> [ReplyKey] {
        try read { database in
            let sql = "SELECT key FROM batch_request WHERE batch = ? AND fault IS NULL ORDER BY line"
            return try Data.fetchAll(database, sql: sql, arguments: [batch]).map { ReplyKey($0) }
        }
    }

    /// Removes a batch; its requests can be made again.
    public func removeBatch(_ id: Int64) throws(StoreError) {
        try write { try $0.execute(sql: "DELETE FROM batch WHERE id = ?", arguments: [id]) }
    }

    /// Ends a batch: its requests without an outcome can be made again, and the faults of others stay for the processes that
    /// wait for them.
    ///
    /// - Returns: the requests without an outcome.
    public func end(_ batch: StoredBatch) throws(StoreError) -> [ReplyKey] {
        try write { database in
            let open = "batch = ? AND fault IS NULL"
            let left = try Data.fetchAll(
                database, sql: "SELECT key FROM batch_request WHERE \(open) ORDER BY line", arguments: [batch.id])
            try database.execute(sql: "DELETE FROM batch_request WHERE \(open)", arguments: [batch.id])
            try database.execute(sql: BatchTable.update, arguments: StatementArguments(batch.arguments + [batch.id]))
            return left.map { ReplyKey($0) }
        }
    }

    /// All batches, in the order in which they were added.
    public func batches() throws(StoreError) -> [StoredBatch] {
        try read { try Row.fetchAll($0, sql: BatchTable.all + " ORDER BY id").map { StoredBatch($0) } }
    }

    public func batch(_ id: Int64) throws(StoreError) -> StoredBatch? {
        try read {
            try Row.fetchOne($0, sql: BatchTable.all + " WHERE id = ?", arguments: [id]).map { StoredBatch($0) }
        }
    }

    /// The open batch that holds a request; nil if none does. Takes some microseconds.
    public func batch(of key: ReplyKey) throws(StoreError) -> StoredBatch? {
        try read { database in
            let holder = try database.cachedStatement(sql: BatchTable.holder)
            guard let id = try Int64.fetchOne(holder, arguments: [key.bytes]) else { return nil }
            return try Row.fetchOne(database, sql: BatchTable.all + " WHERE id = ?", arguments: [id])
                .map { StoredBatch($0) }
        }
    }

    /// Takes requests into a batch, in one commit.
    ///
    /// - Parameter line: the line of the first request that is taken; the others follow.
    /// - Returns: for each, the number of the batch that holds it now; nil if its reply is in the cache by now.
    public func claim(_ keys: [ReplyKey], for batch: Int64, line: Int) throws(StoreError) -> [Int64?] {
        try write { database in
            let claim = try database.cachedStatement(sql: BatchTable.claim)
            let holder = try database.cachedStatement(sql: BatchTable.holder)
            var line = line
            return try keys.map { key in
                try claim.execute(arguments: [key.bytes, batch, line])
                let result = try Int64.fetchOne(holder, arguments: [key.bytes])
                if result == batch { line += 1 }
                return result
            }
        }
    }

    /// Stores the outcomes of requests of a batch, in one commit. What is not in the batch, or no longer, is ignored.
    ///
    /// - Parameter faults: why requests have no reply, as JSON.
    /// - Returns: the keys whose replies or faults were stored.
    public func take(
        _ replies: [(key: ReplyKey, reply: StoredReply)], faults: [(key: ReplyKey, text: String)], of batch: Int64
    ) throws(StoreError) -> Set<ReplyKey> {
        try write { database in
            var taken: Set<ReplyKey> = []
            let insert = try database.cachedStatement(sql: ReplyTable.insert)
            let remove = try database.cachedStatement(sql: "DELETE FROM batch_request WHERE key = ? AND batch = ?")
            for (key, reply) in replies {
                try remove.execute(arguments: [key.bytes, batch])
                guard database.changesCount > 0 else { continue }
                try insert.execute(arguments: reply.arguments(key: key))
                taken.insert(key)
            }
            let fail = try database.cachedStatement(
                sql: "UPDATE batch_request SET fault = ? WHERE key = ? AND batch = ? AND fault IS NULL")
            for (key, text) in faults {
                try fail.execute(arguments: [text, key.bytes, batch])
                if database.changesCount > 0 { taken.insert(key) }
            }
            return taken
        }
    }

    /// The keys of the requests in some lines of a batch.
    public func requests(of batch: Int64, lines: Set<Int>) throws(StoreError) -> [Int: ReplyKey] {
        try read { database in
            let find = try database.cachedStatement(sql: "SELECT key FROM batch_request WHERE batch = ? AND line = ?")
            var found: [Int: ReplyKey] = [:]
            for line in lines {
                found[line] = try Data.fetchOne(find, arguments: [batch, line]).map { ReplyKey($0) }
            }
            return found
        }
    }

    /// Why requests of a batch have no reply, as JSON.
    public func faults(of batch: Int64) throws(StoreError) -> [ReplyKey: String] {
        try read { database in
            let sql = "SELECT key, fault FROM batch_request WHERE batch = ? AND fault IS NOT NULL"
            var found: [ReplyKey: String] = [:]
            for row in try Row.fetchAll(database, sql: sql, arguments: [batch]) {
                let key: Data = row[0]
                found[ReplyKey(key)] = row[1]
            }
            return found
        }
    }

    /// Forgets batches that ended before a time, in seconds since 1970.
    public func forgetBatches(before time: Int) throws(StoreError) {
        try write { database in
            try database.execute(
                sql: "DELETE FROM batch WHERE state = 'ended' AND created_at < ?", arguments: [time])
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, path: path, action: "read")
        }
    }

    private func write<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw StoreError(error, path: path, action: "write")
        }
    }
}

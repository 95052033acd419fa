import GRDB
import Platform
import Synchronization

/// Commits replies, many at a time if many arrive.
///
/// If the writer is idle, a reply is committed at once; replies that arrive during a commit wait for it and then share the
/// next one.
final class ReplyWriter: Sendable {
    private typealias Outcome = Result<StoredReply, StoreError>

    private struct Pending {
        var key: ReplyKey
        var reply: StoredReply
        var replaces: Bool
        var continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var pending: [Pending] = []
        var isWriting = false
    }

    private let database: DatabasePool
    private let path: String
    private let state = Mutex(State())

    init(database: DatabasePool, path: String) {
        self.database = database
        self.path = path
    }

    func store(_ reply: StoredReply, for key: ReplyKey, replaces: Bool) async throws(StoreError) -> StoredReply {
        let outcome = await withCheckedContinuation { continuation in
            let mustStart = state.withLock { state in
                state.pending.append(Pending(key: key, reply: reply, replaces: replaces, continuation: continuation))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if mustStart { database.asyncWriteWithoutTransaction { self.writeAll(to: $0) } }
        }
        return try outcome.get()
    }

    /// Writes until nothing is left. Runs on the database's own queue.
    private func writeAll(to database: Database) {
        while true {
            let batch = state.withLock { state in
                let batch = state.pending
                state.pending = []
                state.isWriting = !batch.isEmpty
                return batch
            }
            if batch.isEmpty { return }
            for (pending, outcome) in zip(batch, write(batch, to: database)) {
                pending.continuation.resume(returning: outcome)
            }
        }
    }

    private func write(_ batch: [Pending], to database: Database) -> [Outcome] {
        do {
            var stored: [Outcome] = []
            try database.inTransaction(.immediate) {
                for pending in batch {
                    let sql = pending.replaces ? ReplyTable.replace : ReplyTable.insert
                    let insert = try database.cachedStatement(sql: sql)
                    try insert.execute(arguments: pending.reply.arguments(key: pending.key))
                    let isFirst = database.changesCount > 0
                    stored.append(.success(try isFirst ? pending.reply : first(for: pending, in: database)))
                }
                return .commit
            }
            return stored
        } catch {
            let error = StoreError(error, path: path, action: "write")
            return batch.map { _ in .failure(error) }
        }
    }

    /// The reply that was stored under the key before.
    private func first(for pending: Pending, in database: Database) throws -> StoredReply {
        let find = try database.cachedStatement(sql: ReplyTable.find)
        return try StoredReply.fetch(find, key: pending.key) ?? pending.reply
    }
}

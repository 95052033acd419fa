import GRDB
import Glibc
import Platform

/// The replies of models, stored in the file `replies.sqlite` of a folder, one reply per key.
///
/// Several threads and several processes may use the same file. A reply whose `store` has returned survives the end of
/// the process, even by SIGKILL. A power failure or system crash may lose the most recent replies, but never damages
/// the file: SQLite runs with a write-ahead log and `synchronous = NORMAL`.
public final class ReplyCache: Sendable {
    /// The path of the file.
    public let path: String
    let database: DatabasePool
    public let batchWaits = BatchWaits()
    private let writer: ReplyWriter
    /// Nil if the file system does not support locks; then nothing is reserved.
    private let reservations: ClaimFile?

    /// Opens the file, and creates it and the folder if they are missing.
    ///
    /// - Throws: if the file cannot be written, is not a database, or has a newer version.
    public init(folder: String) throws(StoreError) {
        let path = folder.hasSuffix("/") ? folder + "replies.sqlite" : folder + "/replies.sqlite"
        try makeFolder(folder)
        self.path = path
        // Before the database, so that all later writers are noticed.
        reservations = try? ClaimFile(path + "-reservations")
        do {
            database = try Self.open(path)
        } catch {
            throw StoreError(error, path: path, action: "open")
        }
        writer = ReplyWriter(database: database, path: path)
    }

    /// The stored replies for `keys`, from one consistent snapshot.
    ///
    /// Blocks for about 5 µs per key. A pending `store` of this process may not be visible yet.
    public func replies(for keys: some Sequence<ReplyKey>) throws(StoreError) -> [ReplyKey: StoredReply] {
        try read { database in
            let statement = try database.cachedStatement(sql: ReplyTable.find)
            var found: [ReplyKey: StoredReply] = [:]
            for key in keys {
                found[key] = try StoredReply.fetch(statement, key: key)
            }
            return found
        }
    }

    /// Stores a reply, and returns the reply that is now stored under the key: the new one, or one that was already
    /// there.
    ///
    /// Returns when the reply is committed. Replies that arrive while another commit runs are committed together.
    ///
    /// - Parameter replaces: whether the reply replaces one that is already stored.
    public func store(
        _ reply: StoredReply, for key: ReplyKey, replaces: Bool = false
    ) async throws(StoreError) -> StoredReply {
        try await writer.store(reply, for: key, replaces: replaces)
    }

    /// Stores replies in one commit. Keys under which there is a reply keep it.
    ///
    /// Blocks for about 20 µs a reply.
    public func store(_ replies: some Sequence<(reply: StoredReply, key: ReplyKey)>) throws(StoreError) {
        do {
            try database.write { database in
                let insert = try database.cachedStatement(sql: ReplyTable.insert)
                for (reply, key) in replies { try insert.execute(arguments: reply.arguments(key: key)) }
            }
        } catch {
            throw StoreError(error, path: path, action: "write")
        }
    }

    /// Reserves a key for a caller that requests its reply, so that no other caller requests it at the same time,
    /// either in this process or in another one that uses the cache. Does not wait; takes some microseconds.
    ///
    /// The reservation lasts until `cancelReservation`, or until the process ends, in whatever way.
    ///
    /// - Returns: false if the key is already reserved.
    public func reserve(_ key: ReplyKey) -> Bool {
        reservations?.claim(key.reservation) ?? true
    }

    /// Ends a reservation.
    public func cancelReservation(of key: ReplyKey) {
        reservations?.release(key.reservation)
    }

    /// Whether other processes have used the cache since it was opened, so that it may contain newer replies.
    public var isShared: Bool { reservations?.isShared ?? false }

    /// The number of replies in the file. Reads the whole index.
    public func count() throws(StoreError) -> Int {
        try read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM reply") ?? 0
        }
    }

    /// The size of the database in bytes, without what its log still holds.
    public func size() throws(StoreError) -> Int {
        try read { database in
            let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return try Int.fetchOne(database, sql: sql) ?? 0
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError(error, path: path, action: "read")
        }
    }

    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            if !database.configuration.readonly { try database.execute(sql: "PRAGMA synchronous = NORMAL") }
        }
        // While another process creates the file, SQLite reports it as busy at once, regardless of the timeout.
        var attempts = 100
        while true {
            do {
                let pool = try DatabasePool(path: path, configuration: configuration)
                try ReplyTable.migrate(pool, path: path)
                return pool
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && attempts > 0 {
                attempts -= 1
                usleep(20_000)
            }
        }
    }
}

/// Creates the folder and its parents if they are missing.
func makeFolder(_ folder: String) throws(StoreError) {
    if let path = Folder.create(folder) {
        throw StoreError(.notWritable, "cannot create the folder \(path): \(systemMessage())")
    }
}

import GRDB
import Glibc
import Platform

/// The replies of models, kept in the file `replies.sqlite` of a folder, one reply a key.
///
/// Several threads and several processes may use one file. A reply whose `store` has returned survives the end of the
/// process, however it comes, SIGKILL included. A failure of power or of the system may cost the replies of the last
/// moments, never the file: SQLite runs with a write-ahead log and `synchronous = NORMAL`.
public final class ReplyCache: Sendable {
    /// The path of the file.
    public let path: String
    private let database: DatabasePool
    private let writer: ReplyWriter
    /// Nil where the file system has no locks: nothing is reserved then.
    private let reservations: ClaimFile?

    /// Opens the file, and makes it and the folder where they are missing.
    ///
    /// - Throws: where the file cannot be written, is no database, or is of a newer version.
    public init(folder: String) throws(StoreError) {
        let path = folder.hasSuffix("/") ? folder + "replies.sqlite" : folder + "/replies.sqlite"
        try makeFolder(folder)
        self.path = path
        // Before the database, so that whoever may write to it from now on is seen.
        reservations = try? ClaimFile(path + "-reservations")
        do {
            database = try Self.open(path)
        } catch {
            throw StoreError(error, path: path, action: "open")
        }
        writer = ReplyWriter(database: database, path: path)
    }

    /// The replies stored for `keys`, as of one moment.
    ///
    /// Blocks for about 5 µs a key. A pending `store` of this process may not be seen yet.
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

    /// Stores a reply, and returns what is stored under the key from then on: the reply itself, or the one that was
    /// there before.
    ///
    /// Returns when the reply is committed. Replies that arrive while another commit runs are committed together.
    ///
    /// - Parameter replaces: whether the reply takes the place of one that is stored already.
    public func store(
        _ reply: StoredReply, for key: ReplyKey, replaces: Bool = false
    ) async throws(StoreError) -> StoredReply {
        try await writer.store(reply, for: key, replaces: replaces)
    }

    /// Reserves a key for a caller that asks for its reply, so that nobody else asks for it at the same time: neither in this
    /// process nor in another that uses the cache. Does not wait; takes some microseconds.
    ///
    /// The reservation lasts until `cancelReservation`, or until the process ends, however it does.
    ///
    /// - Returns: false where the key is reserved already.
    public func reserve(_ key: ReplyKey) -> Bool {
        reservations?.claim(key.reservation) ?? true
    }

    /// Ends a reservation.
    public func cancelReservation(of key: ReplyKey) {
        reservations?.release(key.reservation)
    }

    /// Whether others than this object have used the cache since it was opened, so that it may hold replies that it did not
    /// hold a moment ago.
    public var isShared: Bool { reservations?.isShared ?? false }

    /// How many replies the file holds. Reads the whole index.
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
        // While another process makes the file, SQLite reports it as busy at once, whatever the timeout.
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

/// Makes the folder and those that it is in, where they are missing.
func makeFolder(_ folder: String) throws(StoreError) {
    var path = folder.hasPrefix("/") ? "/" : ""
    for component in folder.split(separator: "/") {
        path += component
        if mkdir(path, 0o777) != 0, errno != EEXIST, errno != EISDIR {
            let reason = systemMessage()
            throw StoreError(.notWritable, "cannot create the folder \(path): \(reason)")
        }
        path += "/"
    }
}

import GRDB
import Glibc
public import JSON
import Platform
import Synchronization

/// The persistent data of a server, in the file `registry.sqlite` of a folder: datasets with their rows, scoring functions,
/// benchmarks, models and jobs.
///
/// When a call returns, its changes are on disk, and survive the end of the process and a power failure: SQLite runs with a
/// write-ahead log and `synchronous = FULL`. One process at a time uses the folder. All calls block, most of them for
/// some milliseconds.
public final class Registry: Sendable {
    /// The kinds of resources that consist of an identifier and a definition.
    public enum Kind: String, Sendable, CaseIterable {
        case scoringFunction = "scoring_function"
        case benchmark
        case model
    }

    /// The result of a registration.
    public enum Registration: Hashable, Sendable {
        case added
        /// The same object already existed.
        case unchanged
    }

    /// The path of the file.
    public let path: String
    let database: DatabasePool
    private let lock: FolderLock
    /// The file as it was opened.
    private let file: FileIdentity?
    let reserve: DiskReserve
    /// The maximum number of results that are kept.
    public let resultLimit: Int
    /// The damage that was found in the file, if any.
    private let damage = Mutex<StoreError?>(nil)

    /// Opens the file, and creates it and the folder if they are missing.
    ///
    /// - Parameter resultLimit: the maximum number of results that are kept.
    /// - Throws: if the file cannot be written, is not a database, has a newer version, or is used by another process.
    public init(folder: String, resultLimit: Int = 1_000) throws(StoreError) {
        self.resultLimit = resultLimit
        try makeFolder(folder)
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        let path = prefix + "registry.sqlite"
        lock = try FolderLock(prefix + "registry.lock")
        self.path = path
        do {
            database = try Self.open(path)
        } catch {
            throw StoreError(error, path: path, action: "open")
        }
        file = FileIdentity(of: path)
        reserve = DiskReserve(prefix + "registry.reserve")
        try checkWhole()
        // Drafts of an earlier process are abandoned.
        try write { try $0.execute(sql: "UPDATE dataset SET is_draft = 0 WHERE id IS NULL") }
        purge()
    }

    /// Stores a definition.
    ///
    /// - Throws: `conflict` if the identifier is already used for something else.
    public func register(_ kind: Kind, _ id: String, _ definition: JSONValue) throws(StoreError) -> Registration {
        try write { database in
            if let known = try Self.definition(kind, id, in: database) {
                guard known == definition else { throw StoreError.conflict(kind.noun, id) }
                return .unchanged
            }
            try database.execute(
                sql: "INSERT INTO resource (kind, id, definition, created_at) VALUES (?, ?, ?, unixepoch())",
                arguments: [kind.rawValue, id, definition.text])
            return .added
        }
    }

    /// The definition with this identifier; nil if there is none.
    public func definition(_ kind: Kind, _ id: String) throws(StoreError) -> JSONValue? {
        try read { try Self.definition(kind, id, in: $0) }
    }

    /// All definitions of a kind, by identifier.
    public func definitions(_ kind: Kind) throws(StoreError) -> [(id: String, definition: JSONValue)] {
        try read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT id, definition FROM resource WHERE kind = ? ORDER BY id",
                arguments: [kind.rawValue])
            return try rows.map { ($0[0], try JSONValue(parsing: $0[1] as String)) }
        }
    }

    /// Removes a definition. Returns false if it did not exist.
    public func unregister(_ kind: Kind, _ id: String) throws(StoreError) -> Bool {
        try write(deletes: true) { database in
            try database.execute(
                sql: "DELETE FROM resource WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id])
            return database.changesCount > 0
        }
    }

    private static func definition(_ kind: Kind, _ id: String, in database: Database) throws -> JSONValue? {
        try String.fetchOne(
            database, sql: "SELECT definition FROM resource WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id]
        ).map { try JSONValue(parsing: $0) }
    }

    /// The size up to which the whole file is checked when it is opened, in bytes: a second or two of reading.
    private static let checkedSize = 1 << 30

    /// Checks the whole file for damage, unless that would take too long. Other damage is found when the data is read, see
    /// ``check()``.
    private func checkWhole() throws(StoreError) {
        let findings = try read { database -> String in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let size = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            if pages * size > Self.checkedSize { return "ok" }
            return try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
        }
        if findings != "ok" { throw StoreError.damaged(path, findings) }
    }

    /// Checks that the file exists, can be locked, read and written, and that no damage has been found. Does not check
    /// whether the disk has free space.
    public func check() throws(StoreError) {
        if let damage = damage.withLock({ $0 }) { throw damage }
        try write { try $0.execute(sql: "UPDATE dataset SET row_count = row_count WHERE number = -1") }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw noted(StoreError(error, path: path, action: "read"))
        }
    }

    /// - Parameter deletes: whether the transaction frees space, and may use the reserve for that on a full disk.
    func write<Value>(deletes: Bool = false, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
        let value: Value
        do {
            value = try writing(deletes, body)
        } catch {
            throw noted(StoreError(error, path: path, action: "write"))
        }
        // SQLite would continue to write to a file that was removed.
        guard let file, file == FileIdentity(of: path) else {
            throw StoreError(
                .notWritable,
                "cannot write \(path): it was removed or replaced while it was in use; restart the program")
        }
        return value
    }

    private func writing<Value>(_ deletes: Bool, _ body: (Database) throws -> Value) throws -> Value {
        do {
            return try database.write(body)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL && deletes && reserve.giveUp() {
            return try database.write(body)
        }
    }

    /// Records damage: from then on, no data can be relied on.
    private func noted(_ error: StoreError) -> StoreError {
        if error.code == .noDatabase { damage.withLock { $0 = error } }
        return error
    }

    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 16
        configuration.prepareDatabase { database in
            guard !database.configuration.readonly else { return }
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // A large import leaves a large log, which is truncated after the checkpoint.
            try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        let migrator = RegistrySchema.migrator
        if try pool.read(migrator.hasBeenSuperseded) {
            throw StoreError(
                .newerVersion,
                "cannot use \(path): it was written by a newer version of this software; use that version, or another "
                    + "folder"
            )
        }
        try migrator.migrate(pool)
        return pool
    }
}

extension Registry.Kind {
    /// Its name in messages.
    var noun: String {
        switch self {
        case .scoringFunction: "scoring function"
        case .benchmark: "benchmark"
        case .model: "model"
        }
    }
}

/// The tables of the registry.
enum RegistrySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("registry") { database in
            try database.execute(
                sql: """
                    CREATE TABLE resource (
                        kind TEXT NOT NULL,
                        id TEXT NOT NULL,
                        definition TEXT NOT NULL, -- JSON
                        created_at INTEGER NOT NULL, -- seconds since 1970, UTC
                        PRIMARY KEY (kind, id)
                    ) WITHOUT ROWID;
                    -- A number is never used again, so that rows that are left of a dataset are nobody else's.
                    CREATE TABLE dataset (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        id TEXT UNIQUE, -- null while the dataset is a draft, and when it is to be removed
                        is_draft INTEGER NOT NULL,
                        definition TEXT, -- JSON
                        row_count INTEGER NOT NULL,
                        created_at INTEGER NOT NULL
                    );
                    -- The key is the dataset's number times 2^40, plus the row's index: one B-tree, in the order of
                    -- the rows, and rows of any length lie in it well, as they would not without a row number.
                    CREATE TABLE dataset_row (
                        key INTEGER PRIMARY KEY,
                        row BLOB NOT NULL -- a JSON object on one line, UTF-8
                    );
                    """)
        }
        migrator.registerMigration("jobs", migrate: addJobs)
        migrator.registerMigration("results", migrate: addResults)
        migrator.registerMigration("origins of results", migrate: addOrigins)
        return migrator
    }

    /// The keys of a dataset's rows.
    static func keys(of number: Int64, rows: Range<Int>) -> Range<Int64> {
        number << 40 + Int64(rows.lowerBound)..<number << 40 + Int64(rows.upperBound)
    }

    /// No dataset has this many rows.
    static let maximumRows = 1 << 40
}

/// The identity of the file at a path.
private struct FileIdentity: Equatable {
    private let device: UInt64
    private let number: UInt64

    /// Returns nil if there is no file.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}

/// A lock on a file that ends with the process that holds it.
private final class FolderLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(StoreError) {
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(.notWritable, "cannot open \(path): \(systemMessage())")
        }
        // A child of the process that had it may keep the lock for the moment between fork and exec.
        let isHeld = (0..<20).contains { attempt in
            if attempt > 0 { usleep(50_000) }
            return flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isHeld else {
            close(descriptor)
            throw StoreError(
                .busy,
                "cannot use the folder of \(path): another process is using it; stop that process, or use another "
                    + "folder"
            )
        }
    }

    deinit { close(descriptor) }
}

import GRDB
import JSON

/// Why a file of the store could not be opened, read or written.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    /// The file, what went wrong with it, and what to do about it.
    public var message: String
    /// The error behind it, where there is one: that of SQLite, say.
    public var cause: (any Error)?

    public var description: String { message }

    /// A kind of failure.
    @nonexhaustive
    public enum Code: Hashable, Sendable {
        /// The file or its folder cannot be created or written.
        case notWritable
        /// The file holds something else than a database, or a damaged one.
        case noDatabase
        /// A newer version of this software wrote the file.
        case newerVersion
        /// Another process kept the file locked for longer than one waits.
        case busy
        /// The disk, or the file's quota, is full.
        case full
        /// Something else is registered under the identifier.
        case conflict
        /// What was read was removed in the meantime.
        case gone
        /// There would be more than is allowed.
        case tooLarge
        /// SQLite reported anything else.
        case failed
    }

    /// Explains an error that occurred during `action` ("open", "write") on `path`.
    init(_ error: any Error, path: String, action: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        cause = error
        let result = (error as? DatabaseError)?.resultCode
        switch result {
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
            code = .notWritable
            message = "cannot \(action) \(path): the file or its folder is not writable; check the permissions"
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            code = .noDatabase
            message =
                "cannot \(action) \(path): it is damaged or not a SQLite database; move it away to create a new one"
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            code = .busy
            message =
                "cannot \(action) \(path): another process has locked it; stop that process, or use another folder"
        case .SQLITE_FULL:
            code = .full
            message = "cannot \(action) \(path): the disk is full"
        default:
            code = .failed
            let reason = (error as? DatabaseError)?.message ?? "\(error)"
            message = "cannot \(action) \(path): \(reason)"
        }
    }

    static func damaged(_ path: String, _ findings: String) -> StoreError {
        let first = findings.split(separator: "\n").first.map(String.init) ?? findings
        return StoreError(
            .noDatabase,
            "cannot use \(path): it is damaged (\(first)); restore it from a backup, or move it away to start with an "
                + "empty one")
    }

    static func conflict(_ noun: String, _ id: String) -> StoreError {
        StoreError(
            .conflict,
            "another \(noun) \(quoted(id)) already exists; unregister it first, or choose another identifier")
    }

    static func gone(_ dataset: StoredDataset) -> StoreError {
        StoreError(.gone, "the dataset \(quoted(dataset.id)) was unregistered while it was being read")
    }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

import Glibc

/// The status of a file.
///
/// NIO's modules also declare C's `stat`, so in files that import them, the compiler finds the name ambiguous. This module
/// does not import them.
public struct FileStatus: Sendable {
    /// The kind of object at a path or behind a descriptor.
    public enum Kind: Sendable {
        case regular
        case folder
        case pipe
        /// A device or a socket.
        case other
    }

    /// Identifies a file on this machine: two paths with the same identity are the same file.
    public struct Identity: Hashable, Sendable {
        var device: UInt64
        var number: UInt64
    }

    public let kind: Kind
    public let identity: Identity
    /// In bytes; only meaningful for regular files.
    public let size: Int
    /// The permissions, as for `chmod`.
    public let permissions: UInt32

    /// Follows symbolic links; nil if the path cannot be examined, and `errno` says why.
    public init?(ofPath path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Nil if the descriptor is not open; `errno` is set.
    public init?(ofDescriptor descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFIFO: .pipe
            default: .other
            }
        identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        size = Int(status.st_size)
        permissions = status.st_mode & 0o7777
    }
}

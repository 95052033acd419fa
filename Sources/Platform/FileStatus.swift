import Glibc

/// What is known of a file without reading it.
///
/// Beside NIO's modules, which declare C's `stat` again, the compiler cannot tell which one is meant. This module does
/// not import them, so this is where files are asked about.
public struct FileStatus: Sendable {
    /// What a path or a descriptor leads to.
    public enum Kind: Sendable {
        case regular
        case folder
        case pipe
        /// A device or a socket.
        case other
    }

    /// Tells files of one machine apart: two paths with the same identity are one file.
    public struct Identity: Hashable, Sendable {
        var device: UInt64
        var number: UInt64
    }

    public let kind: Kind
    public let identity: Identity
    /// In bytes; of no meaning for what is not a regular file.
    public let size: Int
    /// Who may read, write and run it, as `chmod` takes it.
    public let permissions: UInt32

    /// Follows symbolic links; nil where the path leads to nothing that can be seen, and `errno` says why.
    public init?(ofPath path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Nil where the descriptor is not open, and `errno` says so.
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

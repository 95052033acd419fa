import Glibc

/// What is at a path, or behind a descriptor.
///
/// Beside NIO's modules, which declare C's `stat` once more, the compiler does not know whose is meant; so it is asked
/// here.
package enum FileKind: Sendable {
    case regular
    case folder
    /// A pipe, a device, a socket.
    case other

    /// The kind of a file, symbolic links followed; nil where there is none.
    package init?(ofPath path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    package init?(ofDescriptor descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .folder
        default: self = .other
        }
    }
}

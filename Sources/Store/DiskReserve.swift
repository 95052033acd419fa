import Glibc

/// A file that holds room on the disk, to be given up where a deletion needs some: on a full disk nothing could be deleted
/// otherwise, as SQLite writes what it deletes into its log first.
final class DiskReserve: Sendable {
    /// In bytes. A deletion writes some hundred kilobytes at once.
    static let size = 1 << 20

    private let path: String

    init(_ path: String) {
        self.path = path
        restore()
    }

    /// Takes the room where it is not taken yet, as far as there is any.
    func restore() {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Half of it would be of no use, and keep others from having it.
        if posix_fallocate(descriptor, 0, off_t(Self.size)) != 0 { unlink(path) }
    }

    /// Gives the room back to the disk. Returns whether there was any.
    func giveUp() -> Bool { unlink(path) == 0 }
}

import Glibc

/// A file that reserves disk space, to be released when a deletion needs it: otherwise nothing could be deleted on a full
/// disk, because SQLite first writes deletions to its log.
final class DiskReserve: Sendable {
    /// In bytes. A deletion writes some hundred kilobytes at once.
    static let size = 1 << 20

    private let path: String

    init(_ path: String) {
        self.path = path
        restore()
    }

    /// Reserves the space, unless it is already reserved or the disk is full.
    func restore() {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A part of it would be useless, and unavailable to others.
        if posix_fallocate(descriptor, 0, off_t(Self.size)) != 0 { unlink(path) }
    }

    /// Releases the space. Returns whether there was any.
    func giveUp() -> Bool { unlink(path) == 0 }
}

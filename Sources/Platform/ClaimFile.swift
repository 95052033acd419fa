import Glibc
import Synchronization

/// Claims on numbers, each held by one owner at a time among all processes of the machine that open the same file.
///
/// A claim is a lock on one byte of the file (an open file description lock, see `fcntl(2)`); the byte need not exist.
/// The kernel releases the claims of a process however it ends, including one in another container that shares the
/// folder, so that there is no need to search for dead processes.
package final class ClaimFile: Sendable {
    private struct State {
        /// The claims of this object, because the kernel does not distinguish the claims of one opening.
        var claims: Set<UInt64> = []
        var hasOthers = false
    }

    private let descriptor: Int32
    /// The size of the file in bytes after this opening was counted in it; each opening adds one byte.
    private let size: Int
    private let state = Mutex(State())

    /// Numbers below this can be claimed.
    package static let limit = UInt64(1) << 62

    /// The byte on which each opening holds a shared lock, so that others notice it.
    private static let presence = off_t(limit)

    /// Opens the file, and creates it if it is missing.
    package init(_ path: String) throws(RegularFile.Fault) {
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.fault("opened") }
        // In this order, two simultaneous openings notice each other: the one counted first by the count, the other by
        // the lock.
        guard Self.set(F_RDLCK, on: Self.presence, of: descriptor), write(descriptor, ".", 1) == 1 else {
            let fault = Self.fault("locked")
            close(descriptor)
            throw fault
        }
        // After the byte that was written, wherever the end of the file is now.
        size = Int(lseek(descriptor, 0, SEEK_CUR))
        let hasOthers = Self.isLocked(Self.presence, of: descriptor)
        state.withLock { $0.hasOthers = hasOthers }
    }

    deinit { close(descriptor) }

    /// Claims a number until it is released. Does not wait; takes some microseconds.
    ///
    /// - Returns: false if somebody else has claimed it.
    package func claim(_ number: UInt64) -> Bool {
        state.withLock { state in
            guard state.claims.insert(number).inserted else { return false }
            if Self.set(F_WRLCK, on: off_t(number), of: descriptor) { return true }
            // If the file system does not support locks after all, claims hold only within this object.
            if errno != EAGAIN && errno != EACCES { return true }
            state.claims.remove(number)
            return false
        }
    }

    /// Gives up a claim.
    package func release(_ number: UInt64) {
        state.withLock { state in
            guard state.claims.remove(number) != nil else { return }
            _ = Self.set(F_UNLCK, on: off_t(number), of: descriptor)
        }
    }

    /// Whether others have had the file open since this object was created, or just before.
    package var isShared: Bool {
        state.withLock { state in
            if !state.hasOthers {
                state.hasOthers = FileStatus(ofDescriptor: descriptor).map { $0.size != size } ?? true
            }
            return state.hasOthers
        }
    }

    private static func set(_ type: Int32, on byte: off_t, of descriptor: Int32) -> Bool {
        var lock = lock(type, on: byte)
        return fcntl(descriptor, setCommand, &lock) == 0
    }

    /// Whether another opening holds a lock of any type on the byte.
    private static func isLocked(_ byte: off_t, of descriptor: Int32) -> Bool {
        var lock = lock(F_WRLCK, on: byte)
        return fcntl(descriptor, getCommand, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }

    private static func lock(_ type: Int32, on byte: off_t) -> flock {
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = byte
        lock.l_len = 1
        return lock
    }

    /// `F_OFD_GETLK` and `F_OFD_SETLK` of Linux (since 3.15), which are not visible to the compiler. They have the same
    /// values on all architectures.
    private static let getCommand: Int32 = 36
    private static let setCommand: Int32 = 37

    private static func fault(_ action: String) -> RegularFile.Fault {
        RegularFile.Fault("cannot be \(action): \(systemMessage())")
    }
}

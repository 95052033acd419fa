import Glibc
import Synchronization

/// Bytes in a file without a name. Its disk space is released with the last reference to it, and whenever the process
/// ends.
package final class UnnamedFile: Sendable {
    private let descriptor: Int32
    private let count = Atomic<Int>(0)

    /// - Parameter folder: decides which disk the bytes are on.
    package init(in folder: String) throws(RegularFile.Fault) {
        var template = Array("\(folder)/unnamed-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw RegularFile.Fault("no file can be made in \(folder): \(systemMessage())")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// The bytes written so far.
    package var size: Int { count.load(ordering: .relaxed) }

    /// Appends bytes. Used by one thread at a time.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(RegularFile.Fault) {
        guard writeAll(bytes, to: descriptor) else {
            throw RegularFile.Fault("cannot be written: \(systemMessage())")
        }
        count.add(bytes.count, ordering: .relaxed)
    }

    /// Reads bytes, starting at an offset.
    ///
    /// - Returns: how many were read; 0 at the end.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(RegularFile.Fault) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw RegularFile.Fault("cannot be read back: \(systemMessage())") }
        }
    }
}

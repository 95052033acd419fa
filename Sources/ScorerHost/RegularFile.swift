package import Glibc
import Platform

/// Files that are read as they are. Whatever else has a name is not opened: opening a FIFO waits for a writer, and opening a
/// device can do anything.
package enum RegularFile {
    /// Why a file could not be opened, in words.
    package struct Fault: Error {
        package var message: String
        /// Whether nothing has that name.
        package var isMissing: Bool
    }

    /// Opens a file to be read.
    ///
    /// - Returns: its descriptor, which is the caller's to close, and what the system says of it.
    package static func open(_ path: String) throws(Fault) -> (descriptor: Int32, status: stat) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw fault() }
        try check(status)
        // The name may have become another file's since.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw fault() }
        guard fstat(descriptor, &status) == 0 else {
            defer { close(descriptor) }
            throw fault()
        }
        do {
            try check(status)
        } catch {
            close(descriptor)
            throw error
        }
        return (descriptor, status)
    }

    /// The bytes of a file.
    ///
    /// - Parameter limit: the size in bytes above which it is not read.
    package static func read(_ path: String, limit: Int) throws(Fault) -> [UInt8] {
        let (descriptor, status) = try open(path)
        defer { close(descriptor) }
        guard status.st_size <= limit else {
            throw Fault(
                message: "has \(status.st_size >> 20) MiB; at most \(limit >> 20) MiB were expected", isMissing: false)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Fault(message: "cannot be read: \(systemMessage())", isMissing: false) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    private static func check(_ status: stat) throws(Fault) {
        let kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: nil as String?
            case S_IFDIR: "a folder"
            case S_IFIFO: "a FIFO"
            case S_IFSOCK: "a socket"
            default: "a device"
            }
        if let kind { throw Fault(message: "is \(kind); a regular file was expected", isMissing: false) }
    }

    private static func fault() -> Fault {
        Fault(message: "cannot be opened: \(systemMessage())", isMissing: errno == ENOENT)
    }
}

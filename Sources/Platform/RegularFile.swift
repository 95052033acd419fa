package import Glibc

/// Reads and writes regular files. Other kinds of files are not opened: opening a FIFO waits for a writer, and opening a
/// device can have any effect.
package enum RegularFile {
    /// Why a file could not be opened, read or written.
    package struct Fault: Error, CustomStringConvertible {
        /// The end of a sentence that starts with the file's name.
        package var message: String
        /// What was found instead of a usable file: `a FIFO`, `no readable file (Permission denied)`.
        package var found: String
        /// Whether nothing has that name.
        package var isMissing = false

        package var description: String { message }

        package init(_ message: String, found: String? = nil) {
            self.message = message
            self.found = found ?? message
        }
    }

    /// Opens a file for reading.
    ///
    /// - Returns: its descriptor, which the caller must close, and its status.
    package static func open(_ path: String) throws(Fault) -> (descriptor: Int32, status: stat) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw fault() }
        try check(status)
        // The name may refer to another file by now.
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
    /// - Parameters:
    ///   - limit: the size in bytes above which it is not read.
    ///   - check: is called before anything is read.
    package static func read(
        _ path: String, limit: Int, checking check: (stat) throws(Fault) -> Void = { _ in }
    ) throws(Fault) -> [UInt8] {
        let (descriptor, status) = try open(path)
        defer { close(descriptor) }
        try check(status)
        guard status.st_size <= limit else {
            throw tooLarge(Int(status.st_size), limit)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw fault("read") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
        // It has grown in the meantime.
        throw tooLarge(bytes.count, limit)
    }

    /// The bytes of a file; nil if the file does not exist.
    package static func readIfPresent(
        _ path: String, limit: Int = 16 << 20, checking check: (stat) throws(Fault) -> Void = { _ in }
    ) throws(Fault) -> [UInt8]? {
        do throws(Fault) {
            return try read(path, limit: limit, checking: check)
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// Replaces a file atomically: readers see either the old text or the new one.
    package static func write(_ text: String, to path: String, mode: mode_t) throws(Fault) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Replaces a file atomically: readers see either the old bytes or the new ones.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(Fault) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw fault("written") }
        let isWritten = bytes.withUnsafeBytes { writeAll($0, to: file) && fchmod(file, mode) == 0 }
        guard close(file) == 0, isWritten, rename(template, path) == 0 else {
            let fault = fault("written")
            unlink(template)
            throw fault
        }
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
        if let kind { throw Fault("is \(kind); expected a regular file", found: kind) }
    }

    private static func fault(_ action: String = "opened") -> Fault {
        let code = errno
        let message = systemMessage(code)
        var fault = Fault("cannot be \(action): \(message)", found: "no readable file (\(message))")
        fault.isMissing = code == ENOENT
        return fault
    }

    private static func tooLarge(_ size: Int, _ limit: Int) -> Fault {
        Fault("has \(size) bytes; expected at most \(limit >> 20) MiB", found: "\(size) bytes")
    }
}

/// Writes all bytes to a descriptor, repeating the call as needed.
///
/// - Returns: false if that failed; `errno` says why.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let count = write(descriptor, part.baseAddress, part.count)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return false }
        rest = rest.dropFirst(count)
    }
    return true
}

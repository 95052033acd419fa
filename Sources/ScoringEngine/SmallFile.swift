import Glibc
import Platform
import ScorerHost

/// A file that is read or written as a whole.
enum SmallFile {
    /// Why that failed, in words.
    struct Fault: Error {
        var message: String
    }

    /// - Parameter limit: the size in bytes above which it is not read.
    /// - Returns: nil where there is no such file.
    static func read(
        _ path: String, limit: Int = 16 << 20, checking check: (stat) throws(Fault) -> Void = { _ in }
    ) throws(Fault) -> [UInt8]? {
        let (file, status): (Int32, stat)
        do throws(RegularFile.Fault) {
            (file, status) = try RegularFile.open(path)
        } catch {
            if error.isMissing { return nil }
            throw Fault(message: error.message)
        }
        defer { close(file) }
        try check(status)
        guard status.st_size <= limit else {
            throw Fault(message: "has \(status.st_size >> 20) MiB; at most \(limit >> 20) MiB were expected")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Fault(message: "cannot be read: \(reason)") }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Puts a file in the place of what is there, at once.
    static func write(_ text: String, to path: String, mode: mode_t) throws(Fault) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw Fault(message: "cannot be written: \(reason)") }
        var text = text
        let isWritten = text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(file, part.baseAddress, part.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                rest = rest.dropFirst(count)
            }
            return fchmod(file, mode) == 0
        }
        guard close(file) == 0, isWritten, rename(template, path) == 0 else {
            let fault = Fault(message: "cannot be written: \(reason)")
            unlink(template)
            throw fault
        }
    }

    private static var reason: String { systemMessage() }
}

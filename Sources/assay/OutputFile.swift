import Glibc
import ScoringEngine

/// A file that output lines are written to. One thread at a time writes.
///
/// `@unchecked Sendable`: the run hands it lines from one thread at a time.
final class OutputFile: @unchecked Sendable {
    private let path: String
    private var descriptor: Int32
    /// The length of the lines that were written whole.
    private var length: off_t = 0

    /// Creates the file, or empties it.
    ///
    /// - Parameter input: the dataset, which must not be the same file.
    init(_ path: String, unlessSameAs input: String?) throws {
        self.path = path
        if let input, areSameFile(path, input) {
            throw EngineError(.output, "\(path): the output would overwrite the dataset; name another file")
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("cannot be written") }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    func write(_ lines: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < lines.count {
            let count = Glibc.write(descriptor, lines.baseAddress?.advanced(by: written), lines.count - written)
            if count < 0 && errno == EINTR { continue }
            if count < 0 {
                let error = failure("could not be written to its end")
                // Half a line would make the file unreadable.
                let whole = lines[..<written].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
                _ = ftruncate(descriptor, length + off_t(whole))
                throw error
            }
            written += count
        }
        length += off_t(written)
    }

    func close() throws {
        let result = Glibc.close(descriptor)
        descriptor = -1
        if result != 0 && errno != EINTR { throw failure("could not be written to its end") }
    }

    private func failure(_ what: String) -> EngineError {
        EngineError(.output, "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}

private func areSameFile(_ one: String, _ other: String) -> Bool {
    var first = stat()
    var second = stat()
    guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino && first.st_mode & S_IFMT == S_IFREG
}

/// Writes results to standard output.
func printOutput(_ text: String) throws {
    var text = text
    let failure: Int32? = text.withUTF8 { bytes in
        var written = 0
        while written < bytes.count {
            let count = write(STDOUT_FILENO, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return errno }
            written += count
        }
        return nil
    }
    if let failure {
        throw Failure("standard output: the results could not be written: \(String(cString: strerror(failure)))")
    }
}

import Glibc
import ScoringEngine
import System

/// A file that output lines are written to. One thread at a time writes.
///
/// `@unchecked Sendable`: the run hands it lines from one thread at a time.
final class OutputFile: @unchecked Sendable {
    private let path: String
    private var descriptor: Int32
    /// The length of the lines that were written whole.
    private var length: off_t = 0

    /// Whether the file was there before.
    private let existed: Bool
    /// Whether what was in the file before is gone.
    private var isBegun = false

    /// Opens the file, or makes it. What is in it stays until the first lines are written, or the file is closed.
    ///
    /// - Parameters:
    ///   - input: the dataset, nil for standard input; it must not be the same file.
    ///   - others: other files that the run reads; it must be none of these.
    init(_ path: String, unlessSameAs input: String?, or others: [String]) throws {
        self.path = path
        if isSameFile(path, as: input) {
            throw EngineError(.output, "\(path): the output would overwrite the dataset; name another file")
        }
        if others.contains(where: { isSameFile(path, as: $0) }) {
            throw EngineError(.output, "\(path): the output would overwrite a file that the run reads; name another")
        }
        existed = access(path, F_OK) == 0
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw failure("cannot be written") }
    }

    /// Forgets the file: nothing was scored. One that was not there before goes.
    func abandon() {
        if !isBegun && !existed { unlink(path) }
    }

    private func begin() throws {
        if isBegun { return }
        isBegun = true
        // A device or pipe has no length to cut.
        if ftruncate(descriptor, 0) != 0 && errno != EINVAL { throw failure("cannot be written") }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    func write(_ lines: UnsafeRawBufferPointer) throws {
        try begin()
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
        try begin()
        let result = Glibc.close(descriptor)
        descriptor = -1
        if result != 0 && errno != EINTR { throw failure("could not be written to its end") }
    }

    private func failure(_ what: String) -> EngineError {
        EngineError(.output, "\(path): \(what): \(String(cString: strerror(errno)))")
    }
}

/// Whether `path` is the regular file `other`, or for nil the one that standard input is.
private func isSameFile(_ path: String, as other: String?) -> Bool {
    let second = if let other { FileStatus(ofPath: other) } else { FileStatus(ofDescriptor: STDIN_FILENO) }
    guard let first = FileStatus(ofPath: path), let second else { return false }
    return first.kind == .regular && first.identity == second.identity
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

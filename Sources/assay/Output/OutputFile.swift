import Concurrency
import Glibc
import JSON
import Platform
import ScoringEngine

/// The destination of output lines. Only one thread writes at a time.
///
/// For a regular file, lines are written to `FILE.partial` next to it, which replaces FILE when the run is complete. An
/// incomplete run leaves FILE unchanged, and its own lines in `FILE.partial`. Pipes, devices and the program's own
/// standard output are written to directly.
///
/// `@unchecked Sendable`: the run passes lines from one thread at a time.
final class OutputFile: @unchecked Sendable {
    private let path: String
    private let cancellation: Cancellation
    private let target: Target
    private var descriptor: Int32
    /// The total length of the complete lines.
    private var length: off_t = 0
    /// Whether the partial file was created for this run.
    private var isNew = false
    /// Whether the lines of an earlier run in the partial file have been removed.
    private var isBegun = false

    private enum Target {
        /// A file that a complete run replaces, with symbolic links resolved, and its permissions if it exists.
        case file(String, mode: mode_t?)
        /// A pipe or a device.
        case inPlace
    }

    /// Opens the partial file. The lines of an earlier run stay in it until the first lines are written.
    ///
    /// - Parameters:
    ///   - input: the dataset, nil for standard input; it must not be the same file.
    ///   - others: other files that the run reads and the output must not overwrite.
    ///   - cancellation: ends the wait for a reader of a pipe.
    init(_ path: String, unlessSameAs input: String?, or others: [String], _ cancellation: Cancellation) throws {
        self.path = path
        self.cancellation = cancellation
        for name in [path, path + partialEnding] {
            if isSameFile(name, as: input) {
                throw EngineError(.output, "\(path): the output would overwrite the dataset; name another file")
            }
            if others.contains(where: { isSameFile(name, as: $0) }) {
                throw EngineError(
                    .output, "\(path): the output would overwrite a file that the run reads; name another file")
            }
        }
        let status = FileStatus(ofPath: path)
        let streams = [STDOUT_FILENO, STDERR_FILENO]
        if let status, let stream = streams.first(where: { FileStatus(ofDescriptor: $0)?.identity == status.identity })
        {
            target = .inPlace
            isBegun = true
            descriptor = fcntl(stream, F_DUPFD_CLOEXEC, 3)
        } else if status?.kind == .folder {
            throw EngineError(.output, "\(path): is a folder; name a file in it")
        } else if let status, status.kind != .regular {
            target = .inPlace
            isBegun = true
            descriptor = try openWaiting(path, cancellation)
        } else {
            let file = isLink(path) ? realPath(path) ?? path : path
            target = .file(file, mode: status?.permissions)
            isNew = access(file + partialEnding, F_OK) != 0
            descriptor = open(file + partialEnding, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        }
        if descriptor < 0 { throw failure("cannot be written") }
        if case .file(let file, _) = target, !isLocked(file + partialEnding) {
            throw EngineError(
                .output,
                "\(path)\(partialEnding): another run is writing to it; wait until that run ends, or name another file"
            )
        }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Whether the lines would replace earlier ones.
    var replacesOthers: Bool { if case .file(_, mode: .some) = target { true } else { false } }

    /// The file with the lines of an incomplete run; nil if there are none.
    var unfinishedPath: String? {
        guard length > 0 else { return nil }
        return if case .file(let file, _) = target { file + partialEnding } else { path }
    }

    func write(_ lines: UnsafeRawBufferPointer) throws {
        try begin()
        guard isatty(descriptor) == 1 else { return try writeAsTheyAre(lines) }
        // What a dataset or a model says must not give orders to a terminal. As JSON, the lines mean the same.
        var text = String(decoding: lines, as: UTF8.self).visible
        try text.withUTF8 { try writeAsTheyAre(UnsafeRawBufferPointer($0)) }
    }

    private func writeAsTheyAre(_ lines: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < lines.count {
            let count = Glibc.write(descriptor, lines.baseAddress?.advanced(by: written), lines.count - written)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN {
                try waitForReader()
                continue
            }
            if count < 0 {
                let error = failure("could not be written completely")
                // An incomplete line would make the file unreadable.
                let whole = lines[..<written].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
                if case .file = target { _ = ftruncate(descriptor, length + off_t(whole)) }
                length += off_t(whole)
                throw error
            }
            written += count
        }
        length += off_t(written)
    }

    /// Replaces the file with the lines of a complete run.
    func finish() throws {
        try begin()
        if case .file(_, let mode?) = target { fchmod(descriptor, mode) }
        let result = Glibc.close(descriptor)
        descriptor = -1
        if result != 0 && errno != EINTR { throw failure("could not be written completely") }
        if case .file(let file, _) = target, rename(file + partialEnding, file) != 0 {
            throw failure("cannot be replaced; the lines are in \(file)\(partialEnding)")
        }
    }

    /// Leaves the lines of an incomplete run in the partial file. An empty partial file is removed if it was created for
    /// this run.
    func leave() {
        if case .file(let file, _) = target, isNew && length == 0 { unlink(file + partialEnding) }
    }

    /// Removes the lines of an incomplete run, which are of no use without the others.
    func discard() {
        if case .file(let file, _) = target { unlink(file + partialEnding) }
    }

    /// Locks the partial file against other runs. False if another run has it, or has just renamed it.
    private func isLocked(_ file: String) -> Bool {
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
            && FileStatus(ofPath: file)?.identity == FileStatus(ofDescriptor: descriptor)?.identity
    }

    private func begin() throws {
        if isBegun { return }
        isBegun = true
        if ftruncate(descriptor, 0) != 0 { throw failure("cannot be written") }
    }

    /// Waits until a pipe accepts more. A stopped run only waits for a short time.
    private func waitForReader() throws {
        var patience = 150
        while true {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&request, 1, 100) != 0 { return }
            if cancellation.isCancelled { patience -= 1 }
            if patience == 0 {
                throw EngineError(.output, "\(path): the run was stopped, and nothing reads the pipe that it writes to")
            }
        }
    }

    private func failure(_ what: String) -> EngineError {
        EngineError(.output, "\(path): \(what): \(systemMessage())")
    }
}

/// The ending of the partial file's name.
private let partialEnding = ".partial"

/// Opens a pipe or device for writing; waits for a reader of a pipe until the run is stopped.
private func openWaiting(_ path: String, _ cancellation: Cancellation) throws -> Int32 {
    while true {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
        // For a pipe without a reader, the system reports that there is no such device.
        guard descriptor < 0 && errno == ENXIO else { return descriptor }
        if cancellation.isCancelled { throw EngineError(.output, "\(path): nothing reads the pipe") }
        usleep(50_000)
    }
}

private func isLink(_ path: String) -> Bool {
    var byte: CChar = 0
    return readlink(path, &byte, 1) >= 0
}

/// Whether `path` is the regular file `other`, or, if that is nil, the file that is standard input.
private func isSameFile(_ path: String, as other: String?) -> Bool {
    let second = if let other { FileStatus(ofPath: other) } else { FileStatus(ofDescriptor: STDIN_FILENO) }
    guard let first = FileStatus(ofPath: path), let second else { return false }
    return first.kind == .regular && first.identity == second.identity
}

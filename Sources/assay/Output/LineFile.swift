import Glibc
import Platform

/// A file of lines that takes its place when it is whole.
final class LineFile {
    private let path: String
    private let partial: String
    private var descriptor: Int32
    private var pending: [UInt8] = []

    init(_ path: String) throws {
        self.path = path
        let isRegular = FileStatus(ofPath: path).map { $0.kind == .regular } ?? true
        partial = isRegular ? path + ".partial" : path
        descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw Failure("\(path): cannot be written: \(systemMessage())") }
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            if partial != path { unlink(partial) }
        }
    }

    func write(_ text: String) throws {
        pending += text.utf8
        if pending.count >= 1 << 16 { try flush() }
    }

    func finish() throws {
        try flush()
        guard close(descriptor) == 0, partial == path || rename(partial, path) == 0 else {
            throw Failure("\(path): cannot be written: \(systemMessage())")
        }
        descriptor = -1
    }

    private func flush() throws {
        let isWritten = pending.withUnsafeBytes { writeAll($0, to: descriptor) }
        guard isWritten else { throw Failure("\(path): could not be written to its end: \(systemMessage())") }
        pending.removeAll(keepingCapacity: true)
    }
}

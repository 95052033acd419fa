import Glibc
import Inference
import Platform
import Synchronization

/// The files of exported requests, one or more for each model.
///
/// Each is written as `FILE.partial`, and renamed when it is complete.
final class BatchFiles: Sendable {
    struct Written {
        var path: String
        var model: String
        var target: String
        var requests: Int
    }

    private struct Open {
        var file: Written
        var descriptor: Int32
        var bytes = 0
    }

    private struct State {
        /// By the model and the operation, which all requests of a file share.
        var open: [String: Open] = [:]
        var complete: [Written] = []
        var count = 0
    }

    private let path: String
    private let maxRequests: Int
    private let maxBytes: Int
    private let state = Mutex(State())

    init(_ path: String, maxRequests: Int, maxBytes: Int) {
        self.path = path
        self.maxRequests = maxRequests
        self.maxBytes = maxBytes
    }

    /// Writes a request.
    func add(_ request: BatchRequest) throws {
        try state.withLock { state in
            let line = request.line
            let name = "\(request.model.id)\n\(request.path)"
            if let open = state.open[name], open.file.requests >= maxRequests || open.bytes + line.count > maxBytes {
                try close(open)
                state.complete.append(open.file)
                state.open[name] = nil
            }
            if state.open[name] == nil {
                state.count += 1
                state.open[name] = try begin(request, number: state.count)
            }
            guard var open = state.open[name] else { return }
            let isWritten = line.withUnsafeBytes { writeAll($0, to: open.descriptor) }
            guard isWritten else { throw failure(open.file.path) }
            open.file.requests += 1
            open.bytes += line.count
            state.open[name] = open
        }
    }

    /// Completes the files.
    ///
    /// - Returns: the files in the order in which they were begun.
    func finish() throws -> [Written] {
        try state.withLock { state in
            for open in state.open.values {
                try close(open)
                state.complete.append(open.file)
            }
            state.open = [:]
            return state.complete.sorted {
                $0.path.utf8.count == $1.path.utf8.count ? $0.path < $1.path : $0.path.utf8.count < $1.path.utf8.count
            }
        }
    }

    private func begin(_ request: BatchRequest, number: Int) throws -> Open {
        let file = Written(
            path: number == 1 ? path : numbered(number), model: "model \"\(request.model.id)\"",
            target: "POST \(request.path)", requests: 0)
        let descriptor = open(file.path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw failure(file.path) }
        return Open(file: file, descriptor: descriptor)
    }

    private func close(_ open: Open) throws {
        let isClosed = Glibc.close(open.descriptor) == 0 || errno == EINTR
        if !isClosed || rename(open.file.path + ".partial", open.file.path) != 0 { throw failure(open.file.path) }
    }

    /// `requests-2.jsonl` for `requests.jsonl`.
    private func numbered(_ number: Int) -> String {
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "\(path)-\(number)" }
        return "\(path.dropLast(name[dot...].count))-\(number)\(name[dot...])"
    }

    private func failure(_ path: String) -> Failure { Failure("\(path): cannot be written: \(systemMessage())") }
}

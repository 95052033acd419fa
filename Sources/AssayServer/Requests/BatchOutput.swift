import Glibc
import JSON
import Platform
import ScoringDefinitions
import ScoringEngine
import Synchronization

/// Writes the answer of score-batch while the run goes on: the first function's rows as they come. In JSON those of the
/// others follow it, so they wait in files without a name.
final class BatchOutput: Sendable {
    private let functions: [String]
    private let output: ResponseStream
    private let folder: String
    private let state: Mutex<State>

    private struct State {
        var files: [UnnamedFile?]
        var hasBegun = false
    }

    init(_ functions: [String], folder: String, _ output: ResponseStream) {
        self.functions = functions
        self.folder = folder
        self.output = output
        state = Mutex(State(files: functions.map { _ in nil }))
    }

    /// Takes results of a function. Blocks while the client does not read.
    func add(_ results: UnsafeRawBufferPointer, of function: Int) throws {
        if function > 0 {
            try state.withLock { state in
                let file = try state.files[function] ?? UnnamedFile(folder: folder)
                state.files[function] = file
                try file.append(results)
            }
            return
        }
        try output.write(
            begin() ? UnsafeRawBufferPointer(rebasing: results.dropFirst(ScoringRoutes.separatorLength)) : results)
    }

    /// Writes what stands before the first row. Returns false where that was done.
    private func begin() throws -> Bool {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        if isFirst, let first = functions.first {
            try output.write("{\"results\": {" + ScoringRoutes.head(of: first, isFirst: true))
        }
        return isFirst
    }

    /// Writes the rest.
    ///
    /// - Parameter end: the text of further members.
    func end(_ results: ScoringResults, datasetID: String?, end: String) throws {
        _ = try begin()
        for (index, result) in results.functions.enumerated() {
            if index > 0 {
                try output.write(ScoringRoutes.head(of: result.function.identifier, isFirst: false))
                if let file = state.withLock({ $0.files[index] }) {
                    try file.read(from: ScoringRoutes.separatorLength) { try output.write($0) }
                }
            }
            try output.write(ScoringRoutes.tail(of: result))
        }
        try output.write("}, \"dataset_id\": \((datasetID.map { JSONValue.string($0) } ?? .null).text)\(end)}")
    }
}

/// Bytes in a file that has no name and goes with its owner.
private final class UnnamedFile: Sendable {
    private let descriptor: Int32

    init(folder: String) throws(EngineError) {
        var template = Array("\(folder)/results-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.failure("no file for results can be made in \(folder)") }
        unlink(template)
    }

    deinit { close(descriptor) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        guard writeAll(bytes, to: descriptor) else {
            throw Self.failure("the results cannot be kept until they are sent")
        }
    }

    /// Hands out the bytes from `start` on.
    func read(from start: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var offset = start
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw Self.failure("the results cannot be read back") }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    private static func failure(_ what: String) -> EngineError {
        EngineError(.output, "\(what): \(systemMessage())")
    }
}

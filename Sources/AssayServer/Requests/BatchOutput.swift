import JSON
import Platform
import ScoringDefinitions
import ScoringEngine
import Synchronization

/// Writes the response of score-batch during the run: the first function's rows as they become available. In the JSON, the
/// rows of the other functions come later, so they wait in unnamed files.
final class BatchOutput: Sendable {
    /// The identifier of the first function.
    private let first: String
    private let output: ResponseStream
    private let folder: String
    private let hasFlatAggregates: Bool
    private let state: Mutex<State>

    private struct State {
        /// By the index of the function.
        var files: [Int: UnnamedFile] = [:]
        var hasBegun = false
    }

    /// - Parameter hasFlatAggregates: see ``APIGeneration/aggregatesAreFlat``.
    init(first: String, folder: String, hasFlatAggregates: Bool, _ output: ResponseStream) {
        self.hasFlatAggregates = hasFlatAggregates
        self.first = first
        self.folder = folder
        self.output = output
        state = Mutex(State())
    }

    /// Accepts results of a function. Blocks while the client does not read.
    func add(_ results: UnsafeRawBufferPointer, of function: Int) throws {
        if function > 0 {
            try state.withLock { state in
                do throws(RegularFile.Fault) {
                    if state.files[function] == nil { state.files[function] = try UnnamedFile(in: folder) }
                    try state.files[function]?.append(results)
                } catch {
                    throw EngineError(.output, "the results cannot be kept until they are sent: \(error.message)")
                }
            }
            return
        }
        try output.write(
            begin() ? UnsafeRawBufferPointer(rebasing: results.dropFirst(ScoringRoutes.separatorLength)) : results)
    }

    /// Writes the text before the first row. Returns false if that was already done.
    private func begin() throws -> Bool {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        if isFirst {
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
                    try write(file, from: ScoringRoutes.separatorLength)
                }
            }
            try output.write(ScoringRoutes.tail(of: result, isFlat: hasFlatAggregates))
        }
        try output.write("}, \"dataset_id\": \((datasetID.map { JSONValue.string($0) } ?? .null).text)\(end)}")
    }

    /// Writes the contents of a file, starting at an offset.
    private func write(_ file: UnnamedFile, from start: Int) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var offset = start
        while true {
            let count: Int
            do throws(RegularFile.Fault) {
                count = try file.read(at: offset, into: buffer)
            } catch {
                throw EngineError(.output, "the results cannot be sent: \(error.message)")
            }
            if count == 0 { return }
            try output.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }
}

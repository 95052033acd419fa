// The functions have the names of the C header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import AssayCommands
public import CArrow
import CAssay
import Concurrency
import Datasets
import Glibc
import JSON
import ScoringCore
import ScoringEngine
import Synchronization

/// A run.
///
/// `@unchecked Sendable`: `cancellation` may be used by any thread, the rest by one at a time, as the header says.
final class RunHandle: @unchecked Sendable {
    let engine: EngineHandle
    let options: [String]
    /// What the options ask for, of a dataset without rows. Reading options takes as long as scoring thousands of rows.
    private let request: ScoringRequest
    let cancellation = Cancellation()
    var isStarted = false
    var results: ScoringResults?
    var warnings = RunWarnings()

    init(_ engine: EngineHandle, _ options: [String]) throws {
        try engine.check()
        self.engine = engine
        self.options = options
        // Faults of options are found before there are rows.
        request = try EmbeddedCommand.request(
            engine.options, options, dataset: Dataset(jsonLines: "", named: "the rows"))
    }

    /// The request for rows.
    ///
    /// - Parameter dataset: where they come from; nil if they are brought.
    func request(for dataset: Dataset? = nil) -> ScoringRequest {
        var request = request
        if let dataset { request.dataset = dataset }
        let warnings = warnings
        request.warn = { warnings.add($0) }
        request.keepsState = true
        return request
    }

    func start() throws {
        try engine.check()
        if isStarted { throw LibraryFault("a run scores rows once; create another run") }
        isStarted = true
    }

    func finished() throws -> ScoringResults {
        guard let results else { throw LibraryFault("the run has no results before its stream has ended") }
        return results
    }
}

extension ScoringResults {
    /// The results, with what the command line writes to standard error.
    func json(warnings: [String]) -> JSONValue {
        var json = self.json.object ?? [:]
        json["hints"] = .array(hints.map { .string($0.text) })
        json["warnings"] = .array(warnings.map { .string($0) })
        json["unscored"] = .array(
            unscored.map { row in
                [
                    "row": JSONValue(row.row), "function": .string(row.function), "outcome": .string(row.outcome.name),
                    "message": .string(row.reason),
                ]
            })
        return .object(json)
    }
}

@c @implementation
public func assay_run_new(_ engine: OpaquePointer?, _ options: UnsafePointer<CChar>?) -> OpaquePointer? {
    reporting(nil) {
        OpaquePointer(retaining: try RunHandle(try object(engine, EngineHandle.self), try texts(options)))
    }
}

@c @implementation
public func assay_run_free(_ run: OpaquePointer?) { run?.release(RunHandle.self) }

@c @implementation
public func assay_run_cancel(_ run: OpaquePointer?) { run?.object(RunHandle.self).cancellation.cancel() }

@c @implementation
public func assay_run_stream(
    _ run: OpaquePointer?, _ input: UnsafeMutablePointer<ArrowArrayStream>?,
    _ output: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 { scoreStream(run, input, output, keepsRows: true) }

@c @implementation
public func assay_run_counts(
    _ run: OpaquePointer?, _ input: UnsafeMutablePointer<ArrowArrayStream>?,
    _ output: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 { scoreStream(run, input, output, keepsRows: false) }

private func scoreStream(
    _ run: OpaquePointer?, _ input: UnsafeMutablePointer<ArrowArrayStream>?,
    _ output: UnsafeMutablePointer<ArrowArrayStream>?, keepsRows: Bool
) -> Int32 {
    reporting(EINVAL) {
        // One stream may be both.
        let source = input.map { ArrowSource(taking: $0) }
        output?.pointee = ArrowArrayStream()
        guard let source else { throw LibraryFault("the stream of rows is NULL") }
        guard let output else { throw LibraryFault("the stream of results is NULL") }
        let handle = try object(run, RunHandle.self)
        try handle.start()
        try ResultStream(handle, source, keepsRows: keepsRows).export(to: output)
        return 0
    }
}

@c @implementation
public func assay_run_dataset(
    _ run: OpaquePointer?, _ paths: UnsafePointer<CChar>?, _ output: UnsafeMutablePointer<ArrowArrayStream>?
) -> Int32 {
    reporting(EINVAL) {
        output?.pointee = ArrowArrayStream()
        let handle = try object(run, RunHandle.self)
        try handle.start()
        let input = try EmbeddedCommand.dataset(handle.engine.options, handle.options, paths: try texts(paths))
        handle.cancellation.onCancel(input.stop)
        let kept = Mutex<[ReadyBatch]>([])
        var sink: (@Sendable (ArrowArray) -> Void)?
        if output != nil {
            sink = { array in
                let batch = ReadyBatch(array: array)
                kept.withLock { $0.append(batch) }
            }
        }
        let results = try handle.engine.engine.score(
            handle.request(for: input.dataset), cancellation: handle.cancellation, columnSink: sink)
        let arrays = kept.withLock { $0 }.map(\.array)
        do {
            if let failure = results.results.failure { throw failure }
            if results.results.isCancelled { throw LibraryFault("the run was cancelled") }
            handle.results = results.results
            for warning in input.dataset.notices.warnings { handle.warnings.add(warning) }
            if let output { try ResultStream(handle, ready: arrays, schema: results.schema).export(to: output) }
        } catch {
            for var array in arrays { array.release?(&array) }
            throw error
        }
        return 0
    }
}

/// `@unchecked Sendable`: handed from the thread that made it to the one that takes it.
private struct ReadyBatch: @unchecked Sendable { var array: ArrowArray }

@c @implementation
public func assay_run_results(_ run: OpaquePointer?) -> UnsafeMutablePointer<CChar>? {
    reporting(nil) {
        let handle = try object(run, RunHandle.self)
        return try copied(try handle.finished().json(warnings: handle.warnings.texts).text)
    }
}

@c @implementation
public func assay_run_state(_ run: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<UInt8>?
{
    reporting(nil) {
        guard let state = try object(run, RunHandle.self).finished().state else {
            throw LibraryFault("the run has no state")
        }
        return try copied(state.bytes, length)
    }
}

import CArrow
import CAssay
import Datasets
import Glibc
import ScoringEngine

/// The results of a run as a stream of record batches, which scores rows as they are taken. Used by one thread at a time.
final class ResultStream {
    private let handle: RunHandle
    private let source: ArrowSource?
    private let columns: ArrowColumns?
    private let run: BatchRun?
    private var schema: ArrowSchema
    /// Batches to be taken.
    private var ready: [ArrowArray]
    /// Rows that were read and not scored.
    private var rest: [ArrowSlice] = []
    private var hasEnded = false
    /// Why the stream has failed. It stays failed: a further batch would hide that rows are missing.
    private var failure: (any Error)?
    private var error: UnsafeMutablePointer<CChar>?

    init(_ handle: RunHandle, _ source: ArrowSource, keepsRows: Bool) throws {
        let columns = try source.columns()
        let run = try BatchRun(
            handle.request(), on: handle.engine.engine, rows: columns, keepsRows: keepsRows,
            cancellation: handle.cancellation)
        (self.handle, self.source, self.columns, self.run) = (handle, source, columns, run)
        schema = try run.schema()
        ready = []
    }

    /// A stream of results that are complete.
    init(_ handle: RunHandle, ready: [ArrowArray], schema: ArrowSchema) throws {
        (self.handle, source, columns, run) = (handle, nil, nil, nil)
        self.schema = schema
        self.ready = ready
        hasEnded = true
    }

    deinit {
        for var array in ready { array.release?(&array) }
        schema.release?(&schema)
        free(error)
    }

    private func next() throws -> ArrowArray {
        if let failure { throw failure }
        do {
            try handle.engine.check()
            while ready.isEmpty, !hasEnded { try scoreMore() }
        } catch {
            failure = error
            throw error
        }
        return ready.isEmpty ? ArrowArray() : ready.removeFirst()
    }

    private func scoreMore() throws {
        guard let source, let columns, let run else { return }
        var taken: [ArrowSlice] = []
        var room = run.isComplete ? 0 : run.rowsAtOnce
        while room > 0 {
            if rest.isEmpty {
                guard let rows = try source.next(columns) else { break }
                rest.append(ArrowSlice(rows, 0..<rows.count))
            }
            let slice = rest.removeFirst()
            let end = min(slice.range.lowerBound + room, slice.range.upperBound)
            if end < slice.range.upperBound { rest.append(ArrowSlice(slice.rows, end..<slice.range.upperBound)) }
            if end > slice.range.lowerBound { taken.append(ArrowSlice(slice.rows, slice.range.lowerBound..<end)) }
            room -= end - slice.range.lowerBound
        }
        do throws(BatchRun.Ending) {
            if !taken.isEmpty {
                ready = try run.score(taken)
            } else {
                hasEnded = true
                rest = []
                handle.results = run.results()
            }
        } catch {
            switch error {
            case .failed(let failure): throw failure
            case .cancelled: throw Cancelled()
            }
        }
    }

    struct Cancelled: Error {}

    private func report(_ fault: any Error) -> Int32 {
        free(error)
        let isCancelled = fault is Cancelled
        let text = isCancelled ? "the run was cancelled" : message(for: fault)
        error = strdup(text)
        assay_internal_set_error(text)
        return isCancelled ? ECANCELED : EIO
    }

    /// Hands itself over to whoever takes the results.
    func export(to stream: UnsafeMutablePointer<ArrowArrayStream>) throws {
        stream.pointee = ArrowArrayStream()
        stream.pointee.get_schema = { stream, out in
            guard let own = ResultStream.behind(stream), let out else { return EINVAL }
            return ca_schema_copy(&own.schema, out) ? 0 : ENOMEM
        }
        stream.pointee.get_next = { stream, out in
            guard let own = ResultStream.behind(stream), let out else { return EINVAL }
            do {
                out.pointee = try own.next()
                return 0
            } catch {
                return own.report(error)
            }
        }
        stream.pointee.get_last_error = { stream in ResultStream.behind(stream).flatMap { UnsafePointer($0.error) } }
        stream.pointee.release = { stream in
            guard let stream, let own = stream.pointee.private_data else { return }
            stream.pointee.private_data = nil
            stream.pointee.release = nil
            Unmanaged<ResultStream>.fromOpaque(own).release()
        }
        stream.pointee.private_data = Unmanaged.passRetained(self).toOpaque()
    }

    private static func behind(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> ResultStream? {
        stream?.pointee.private_data.map { Unmanaged<ResultStream>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Receives the results of one function, by its index among the results of the run and its identifier, in the order of the
/// rows, from one thread at a time: many at once, each as an element of a JSON array with the preceding separator:
/// `, {"score": 1.0}`.
public typealias ResultSink = @Sendable (_ index: Int, _ function: String, UnsafeRawBufferPointer) throws -> Void

/// The results of a chunk's rows, as text. Reused for another chunk after it is written.
final class RowOutput: Sendable {
    /// A line for each row.
    let lines: OutputBuffer
    /// A result for each row, by function; empty if results are not wanted.
    let results: [OutputBuffer]
    /// The results as columns; nil if they are not wanted.
    let columns: ColumnOutput?

    init(_ plan: RunPlan) {
        columns = plan.resultColumns.map { ColumnOutput($0) }
        lines = OutputBuffer(capacity: plan.writesRows ? 64 << 10 : 0)
        results = plan.writesResults ? plan.functions.map { _ in OutputBuffer() } : []
    }

    func removeAll() {
        lines.writer.removeAll()
        for result in results { result.writer.removeAll() }
    }
}

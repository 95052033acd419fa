/// Takes the results of one function, by its place among those asked for, in the order of the rows, from one thread at a
/// time: many at once, each as an element of a JSON array with what separates it from the one before: `, {"score": 1.0}`.
public typealias ResultSink = @Sendable (_ function: Int, UnsafeRawBufferPointer) throws -> Void

/// What the rows of a chunk came to, as text. Used again for another chunk when it is written.
final class RowOutput: Sendable {
    /// A line for each row.
    let lines: OutputBuffer
    /// A result for each row, by function; none where nobody wants them.
    let results: [OutputBuffer]

    init(_ plan: RunPlan) {
        lines = OutputBuffer(capacity: plan.writesRows ? 64 << 10 : 0)
        results = plan.writesResults ? plan.functions.map { _ in OutputBuffer() } : []
    }

    func removeAll() {
        lines.writer.removeAll()
        for result in results { result.writer.removeAll() }
    }
}

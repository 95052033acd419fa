import Datasets

/// A chunk of the dataset in progress. Reused for another chunk when it is done.
///
/// `@unchecked Sendable`: one thread at a time reads it, divides it and settles its slices; meanwhile the rows are only
/// read, and `holds` is only accessed under the run's lock.
final class ChunkWork: @unchecked Sendable {
    let chunk = Chunk()
    let batch: RowBatch
    /// The counts of the chunks before this one.
    var base = ChunkCounts()
    /// The destination of results, if any.
    var out: RowOutput?
    /// The slices whose rows are not in the output yet, in order.
    var slices: [SliceWork] = []
    /// The number of reasons why the chunk is not done: slices that wait for a model, and a thread that still divides it.
    var holds = 0
    /// The index of each row's value, for each grouping column.
    var groups: [[Int]] = []
    /// A number for each row's cluster, and for the question that it is a sample of; empty without them.
    var clusters: [Int] = []
    var questions: [Int] = []
    /// The settled rows that all functions scored, and the others.
    var scored = 0
    var unscored = 0
    private var nextRow = 0
    private let sliceSize: Int

    init(_ plan: RunPlan) {
        sliceSize = plan.sliceSize
        batch = RowBatch(plan.columns.requests, isUntyped: plan.dataset.isUntyped)
        // Calls that wait for models may be started again on any thread.
        batch.readsArrowInPlace = !plan.asksModels
    }

    /// Starts to process the rows that were read.
    func begin(base: ChunkCounts, out: RowOutput?) {
        self.base = base
        self.out = out
        (scored, unscored, nextRow, holds) = (0, 0, 0, 1)
    }

    /// The next rows to be scored.
    func nextRows() -> Range<Int>? {
        guard nextRow < batch.count else { return nil }
        let rows = nextRow..<min(nextRow + sliceSize, batch.count)
        nextRow = rows.upperBound
        return rows
    }

    /// Whether some rows are not in a slice yet.
    var hasRowsLeft: Bool { nextRow < batch.count }
}

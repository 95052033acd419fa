import Datasets

/// A chunk of the dataset on its way through a run. Used again for another one when it is done.
///
/// `@unchecked Sendable`: one thread at a time reads it, cuts it and settles its slices; the rows are only read meanwhile,
/// and `holds` is touched under the run's lock only.
final class ChunkWork: @unchecked Sendable {
    let chunk = Chunk()
    let batch: RowBatch
    /// What was counted in the chunks before this one.
    var base = ChunkCounts()
    /// Where results go, if any are wanted.
    var out: RowOutput?
    /// The slices whose rows are not in the output yet, in order.
    var slices: [SliceWork] = []
    /// What keeps the chunk from being done: slices that wait for a model, and whoever still cuts slices.
    var holds = 0
    /// The place of each row's value among those of each column that results are told apart by.
    var groups: [[Int]] = []
    /// A number for each row's cluster, and for the question that it is a sample of; empty without them.
    var clusters: [Int] = []
    var questions: [Int] = []
    /// The rows settled so far that all functions scored, and the others.
    var scored = 0
    var unscored = 0
    private var nextRow = 0
    private let sliceSize: Int

    init(_ plan: RunPlan) {
        sliceSize = plan.sliceSize
        batch = RowBatch(plan.columns.requests, isUntyped: plan.dataset.isUntyped)
    }

    /// Begins on the rows that were read.
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

    /// Whether there are rows left that are in no slice.
    var hasRowsLeft: Bool { nextRow < batch.count }
}

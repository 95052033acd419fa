import Datasets
import ScorerHost
public import ScoringCore
import ScoringDefinitions

/// A row that a function could not score, and why.
public struct UnscoredRow: Sendable, Hashable {
    /// Counts the rows of the dataset from 0.
    public var row: Int
    public var function: String
    public var outcome: RowOutcome
    public var reason: String
}

/// What one thread needs to score chunks, one after the other; nothing of it is shared while it works.
///
/// `@unchecked Sendable`: made by the run, used by one thread, and read by the run after that has ended.
final class Worker: @unchecked Sendable {
    /// Rows that a scorer gets at once.
    private static let sliceSize = 1024

    let chunk = Chunk()
    private let batch: RowBatch
    private let plan: RunPlan
    private let calls: [ScorerCall]
    private let binders: [SliceBinder]
    private(set) var aggregators: [Aggregator]
    /// The first rows without a score, in their order.
    private(set) var unscored: [UnscoredRow] = []

    init(_ plan: RunPlan, cancellation: Cancellation) {
        self.plan = plan
        batch = RowBatch(plan.columns.requests, isUntyped: plan.dataset.isUntyped)
        calls = plan.functions.map { ScorerCall($0.scorer, cancellation: cancellation) }
        binders = plan.functions.map(SliceBinder.init)
        aggregators = plan.functions.map {
            Aggregator(functions: $0.function.aggregationFunctions, kind: $0.scoreKind)
        }
    }

    /// Reads the rows of `chunk`, drops those that no filter lets through, and returns what it counted.
    func readRows() -> ChunkCounts {
        batch.read(chunk)
        if plan.includesInput { batch.checkWholeRows() }
        if !plan.filters.isEmpty {
            // A row that cannot be read stays: nobody knows whether the filters would want it.
            batch.keep { row in !batch.isReadable(row) || plan.filters.allSatisfy { $0.accepts(row, of: batch) } }
        }
        return ChunkCounts(rows: batch.rowsRead, lines: batch.linesRead, selected: batch.count)
    }

    /// Scores the rows that were read.
    ///
    /// - Parameters:
    ///   - base: what was counted in the chunks before this one.
    ///   - out: where output lines go, if any are wanted.
    /// - Returns: the number of rows scored by all functions, and the number of the others.
    func score(base: ChunkCounts, out: ByteBuffer?) -> (scored: Int, unscored: Int) {
        if let limit = plan.limit, base.selected + batch.count > limit {
            batch.keep(limit: max(0, limit - base.selected)) { _ in true }
        }
        var unscoredRows = 0
        for start in stride(from: 0, to: batch.count, by: Self.sliceSize) {
            let slice = start..<min(start + Self.sliceSize, batch.count)
            var isComplete = true
            for index in calls.indices {
                let progress = binders[index].score(batch, slice, with: calls[index]) { row in
                    plan.dataset.hasLines ? "line \(base.lines + batch.lineIndex(row) + 1): " : ""
                }
                if progress != .finished {
                    calls[index].cancel(.modelError, "no model is there to answer the scorer's requests")
                }
                if aggregate(index) > 0 { isComplete = false }
            }
            if !isComplete { unscoredRows += countUnscored(slice, base) }
            if let out { format(slice, base, to: out) }
        }
        return (batch.count - unscoredRows, unscoredRows)
    }

    /// Adds the results of a call to its function's aggregates; returns how many rows have no score.
    private func aggregate(_ index: Int) -> Int {
        let before = aggregators[index].counts.unscored
        calls[index].results.add(to: &aggregators[index], plan.functions[index].description)
        return aggregators[index].counts.unscored - before
    }

    /// Counts the rows that some function could not score, and keeps the first of them, to show.
    private func countUnscored(_ slice: Range<Int>, _ base: ChunkCounts) -> Int {
        var count = 0
        for row in slice {
            let place = row - slice.lowerBound
            var isScored = true
            for (index, call) in calls.enumerated() where call.results.outcomes[place] != .scored {
                isScored = false
                if unscored.count >= plan.examples { continue }
                unscored.append(
                    UnscoredRow(
                        row: base.rows + batch.rowIndex(row), function: plan.functions[index].function.identifier,
                        outcome: call.results.outcomes[place], reason: call.results.reason(of: place) ?? ""))
            }
            if !isScored { count += 1 }
        }
        return count
    }

    private func format(_ slice: Range<Int>, _ base: ChunkCounts, to out: ByteBuffer) {
        plan.formatter.append(slice, of: batch, firstRow: base.rows, calls.map(\.results), to: &out.writer)
    }
}

extension RowResults {
    /// Adds the rows to a function's aggregates.
    fileprivate func add(to aggregator: inout Aggregator, _ description: ScorerDescription) {
        let score = outputs[description.scoreOutput]
        var weights: [Double]?
        if let index = description.weightOutput {
            let weight = outputs[index]
            weights = (0..<count).map { weight.hasValue($0) ? weight.numbers[$0] : .nan }
        }
        switch score.type {
        case .f64: aggregator.add(outcomes: outcomes.span, scores: score.numbers.span, weights: weights?.span)
        case .i64, .bool:
            let scores = (0..<count).map { score.hasValue($0) ? Double(score.view.integer($0)) : 0 }
            aggregator.add(outcomes: outcomes.span, scores: scores.span, weights: weights?.span)
        case .text, .json, .textList:
            let texts = (0..<count).map {
                score.hasValue($0) ? String(decoding: score.view.text($0), as: UTF8.self) : ""
            }
            aggregator.add(outcomes: outcomes.span, texts: texts.span, weights: weights?.span)
        }
    }
}

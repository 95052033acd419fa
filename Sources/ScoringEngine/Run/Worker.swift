import Concurrency
import Datasets
import JSON
import ScorerHost
import ScoringCore
import ScoringDefinitions
import Statistics

/// The state of one thread that scores slices, and the aggregates of the slices that it has settled.
///
/// `@unchecked Sendable`: created by the run, used by one thread, and read by the run after that thread has ended.
final class Worker: @unchecked Sendable {
    private let plan: RunPlan
    private let callers: [BoundFunction]
    private let cancellation: Cancellation
    private(set) var aggregators: [Aggregator]
    /// For each grouping column.
    private(set) var groups: [GroupAggregators]
    private(set) var unscored: FirstUnscored
    /// For each function.
    private(set) var samples: [ScoreSamples]
    /// For each function.
    private(set) var positions: [PositionBias]
    private var spareSlice: SliceWork?

    init(_ plan: RunPlan, cancellation: Cancellation) {
        self.plan = plan
        callers = plan.callers
        self.cancellation = cancellation
        aggregators = plan.functions.map {
            Aggregator(
                functions: $0.function.aggregationFunctions, kind: $0.scoreKind,
                keepsDistribution: plan.keepsDistribution, units: plan.units,
                statistics: $0.description.statistics.count)
        }
        groups = plan.groups.map { _ in GroupAggregators(plan.functions, units: plan.units) }
        unscored = FirstUnscored(limit: plan.examples)
        samples = plan.functions.map { _ in ScoreSamples() }
        positions = plan.functions.map { _ in PositionBias() }
    }

    /// Reads the rows of a chunk, drops those that do not match the filters, and returns the counts.
    func readRows(of work: ChunkWork) -> ChunkCounts {
        let batch = work.batch
        batch.read(work.chunk)
        if plan.includesInput { plan.dataset.notices.add(repairs: batch.checkWholeRows()) }
        plan.dataset.notices.add(nonFinite: batch.nonFiniteCount)
        if !plan.filters.isEmpty {
            // An unreadable row stays, because it is not known whether it matches the filters.
            batch.keep { row in !batch.isReadable(row) || plan.filters.allSatisfy { $0.accepts(row, of: batch) } }
        }
        if let skipColumn = plan.skipColumn {
            batch.keep { batch.states(skipColumn)[$0] != CellState.value.rawValue }
        }
        return ChunkCounts(rows: batch.rowsRead, lines: batch.linesRead, selected: batch.count)
    }

    /// Keeps the first rows that a function scored 0.0 and 1.0.
    private func takeSamples(_ function: Int, _ results: RowResults, _ rows: Range<Int>, of work: ChunkWork) {
        guard let first = rows.first, samples[function].wants(work.base.rows + work.batch.rowIndex(first)) else {
            return
        }
        let bound = plan.functions[function]
        let score = results.outputs[bound.description.scoreOutput]
        guard score.type == .f64, bound.models.isEmpty, !bound.isFurtherScore else {
            return samples[function].sawOther()
        }
        let (outcomes, numbers) = (results.outcomes, score.numbers)
        let datasetRow = work.base.rows + work.batch.rowIndex(first)
        let wantsZeros = samples[function].zeros.wants(datasetRow)
        let wantsOnes = samples[function].ones.wants(datasetRow)
        var hasOthers = samples[function].hasOthers
        for place in 0..<rows.count where outcomes[place] == .scored {
            let number = numbers[place]
            if number != 0 {
                hasOthers = true
                if !wantsZeros && !wantsOnes { break }
            }
            guard number == 0 ? wantsZeros : number == 1 && wantsOnes else { continue }
            let row = rows.lowerBound + place
            let datasetRow = work.base.rows + work.batch.rowIndex(row)
            if number == 0 {
                samples[function].addZero(datasetRow, work.batch.line(row))
            } else {
                samples[function].addOne(datasetRow, work.batch.line(row))
            }
        }
        if hasOthers { samples[function].sawOther() }
    }

    /// Starts a call of each function on some rows.
    ///
    /// - Returns: the slice, and the requests of its calls, by call; finished calls have none.
    func start(_ rows: Range<Int>, of work: ChunkWork) -> (slice: SliceWork, requests: [Int: [ModelRequest]]) {
        let slice = spareSlice ?? SliceWork(plan, cancellation: cancellation)
        spareSlice = nil
        slice.rows = rows
        var waiting: [Int: [ModelRequest]] = [:]
        for (index, call) in slice.calls.enumerated() {
            let progress = score(slice, index, with: call, of: work)
            if case .waiting(let requests) = progress { waiting[index] = requests }
        }
        return (slice, waiting)
    }

    /// Starts a call of one function again, on the same rows.
    func start(again function: Int, of slice: SliceWork, _ work: ChunkWork) -> ScorerCall.Progress {
        let call = ScorerCall(callers[function].scorer, cancellation: cancellation)
        slice.slots[function].call = call
        return score(slice, function, with: call, of: work)
    }

    private func score(
        _ slice: SliceWork, _ function: Int, with call: ScorerCall, of work: ChunkWork
    ) -> ScorerCall.Progress {
        slice.binders[function].score(work.batch, slice.rows, with: call) { row in
            plan.dataset.hasLines ? "line \(work.base.lines + work.batch.lineIndex(row) + 1): " : ""
        }
    }

    /// Processes the results of a slice whose calls have all ended.
    func settle(_ slice: SliceWork, of work: ChunkWork) {
        var isComplete = true
        let units = units(of: slice.rows, work)
        let results = plan.functions.map { slice.slots[$0.call].call.results }
        for (index, results) in results.enumerated() {
            let before = aggregators[index].counts.unscored
            results.add(to: &aggregators[index], plan.functions[index].description, units)
            if let orders = plan.functions[index].ordersOutput { results.add(orders: orders, to: &positions[index]) }
            takeSamples(index, results, slice.rows, of: work)
            if aggregators[index].counts.unscored > before { isComplete = false }
        }
        for index in groups.indices { groups[index].add(work.groups[index][slice.rows], results, units) }
        let unscoredRows = isComplete ? 0 : countUnscored(slice.rows, results, of: work)
        work.unscored += unscoredRows
        work.scored += slice.rows.count - unscoredRows
        if let out = work.out { append(slice.rows, results, of: work, to: out) }
        // A late reply may still arrive for a call that asked, and must not reach the next call.
        if !plan.asksModels { spareSlice = slice }
    }

    /// What the rows of a slice belong to; nil where they are on their own.
    private func units(of rows: Range<Int>, _ work: ChunkWork) -> RowUnits? {
        guard plan.cluster != nil || plan.question != nil || plan.samples > 1 else { return nil }
        var units = RowUnits()
        if plan.cluster != nil { units.clusters = Array(work.clusters[rows]) }
        if plan.question != nil {
            units.questions = Array(work.questions[rows])
        } else if plan.samples > 1 {
            units.questions = rows.map { (work.base.rows + work.batch.rowIndex($0)) / plan.samples }
        }
        return units
    }

    private func append(_ rows: Range<Int>, _ results: [RowResults], of work: ChunkWork, to out: RowOutput) {
        if plan.writesRows {
            plan.formatter.append(rows, of: work.batch, firstRow: work.base.rows, results, to: &out.lines.writer)
        }
        if let columns = out.columns {
            plan.resultColumns?.append(rows, of: work.batch, firstRow: work.base.rows, results, to: columns)
        }
        for (index, buffer) in out.results.enumerated() {
            plan.formatter.append(rows.count, resultsOf: index, results[index], to: &buffer.writer)
        }
    }

    /// Counts the rows that at least one function could not score, and keeps the first of them for display.
    private func countUnscored(_ rows: Range<Int>, _ results: [RowResults], of work: ChunkWork) -> Int {
        var count = 0
        for row in rows {
            let place = row - rows.lowerBound
            var isScored = true
            for (function, results) in zip(plan.functions, results) {
                let output = function.description.scoreOutput
                let outcome = results.outcomes(of: output)[place]
                if outcome == .scored { continue }
                isScored = false
                // The reason is that of the function, which is shown already.
                if function.isFurtherScore, results.outcomes[place] != .scored { continue }
                let datasetRow = work.base.rows + work.batch.rowIndex(row)
                guard unscored.wants(datasetRow) else { continue }
                unscored.add(
                    UnscoredRow(
                        row: datasetRow / plan.samples, function: function.function.identifier, outcome: outcome,
                        reason: results.reason(of: place, output: output) ?? ""))
            }
            if !isScored { count += 1 }
        }
        return count
    }
}

extension RowResults {
    /// Adds the verdicts on both orders of two answers, `["A", "tie"]` for a row.
    fileprivate func add(orders output: Int, to position: inout PositionBias) {
        let orders = outputs[output]
        for row in 0..<count where orders.hasValue(row) {
            let text = String(decoding: orders.view.text(row), as: UTF8.self)
            guard let pair = try? JSONValue(parsing: text).array, pair.count == 2 else { continue }
            let verdicts = pair.map { $0.string.flatMap { PairwiseVerdict(rawValue: $0) } }
            position.add(verdicts[0], verdicts[1])
        }
    }

    /// Adds the rows to a function's aggregates.
    fileprivate func add(to aggregator: inout Aggregator, _ description: ScorerDescription, _ units: RowUnits?) {
        let score = outputs[description.scoreOutput]
        if score.type == .f64 && description.weightOutput == nil {
            let outcomes = outcomes(of: description.scoreOutput)
            aggregator.add(outcomes: outcomes.span, scores: score.numbers.span, weights: nil, units: units)
        } else {
            RowScores(self, description, isNumber: aggregator.kind == .number, units: units).add(to: &aggregator)
        }
        if aggregator.wantsStatistics { aggregator.add(statistics: statistics.values.span, outcomes: outcomes.span) }
    }
}

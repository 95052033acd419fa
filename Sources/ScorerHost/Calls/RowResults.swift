import CScorerPlugin
public import ScoringCore

/// The results of one call for each of its rows: outcomes, output cells and reasons. Reused from batch to batch.
///
/// Used by one thread at a time: the one that runs the call.
public final class RowResults {
    public let outputs: [OutputCells]
    public let statistics: RowStatistics
    public private(set) var count = 0
    private var outcomeOfRow: UnsafeMutableBufferPointer<RowOutcome>
    /// Whether the outcome of a row is known.
    private var isDecided: UnsafeMutableBufferPointer<Bool>
    /// Why rows have no score, by row.
    private var reasons: [Int: UnscoredReason] = [:]
    private let scoreOutput: Int
    /// The outputs that are scores beside "score", and the outcomes of their rows, which are set when the call ends.
    private let furtherScores: [Int]
    private var furtherOutcomes: [UnsafeMutableBufferPointer<RowOutcome>]

    init(for description: ScorerDescription) {
        outputs = description.outputs.map(OutputCells.init)
        statistics = RowStatistics(width: description.statistics.count)
        scoreOutput = description.scoreOutput
        furtherScores = description.furtherScores
        furtherOutcomes = furtherScores.map { _ in .allocate(capacity: 0) }
        outcomeOfRow = .allocate(capacity: 0)
        isDecided = .allocate(capacity: 0)
    }

    deinit {
        outcomeOfRow.deallocate()
        isDecided.deallocate()
        for outcomes in furtherOutcomes { outcomes.deallocate() }
    }

    /// Forgets everything and makes room for `count` rows.
    func reset(count: Int) {
        if count > outcomeOfRow.count {
            outcomeOfRow.deallocate()
            isDecided.deallocate()
            outcomeOfRow = .allocate(capacity: count)
            isDecided = .allocate(capacity: count)
            for index in furtherOutcomes.indices {
                furtherOutcomes[index].deallocate()
                furtherOutcomes[index] = .allocate(capacity: count)
            }
        }
        for outcomes in furtherOutcomes { outcomes.update(repeating: .scored) }
        outcomeOfRow.update(repeating: .scored)
        isDecided.update(repeating: false)
        self.count = count
        if !reasons.isEmpty { reasons.removeAll(keepingCapacity: true) }
        for output in outputs { output.reset(count: count) }
        statistics.reset(count: count)
    }

    /// The outcome of each row. Valid until the results are next changed.
    public var outcomes: UnsafeBufferPointer<RowOutcome> {
        UnsafeBufferPointer(rebasing: outcomeOfRow[..<count])
    }

    /// Why the row has no score, in words.
    public func reason(of row: Int) -> String? { reasons[row]?.description }

    /// The outcome of each row for one of the outputs that are scores. Valid until the results are next changed.
    public func outcomes(of output: Int) -> UnsafeBufferPointer<RowOutcome> {
        guard let index = furtherScores.firstIndex(of: output) else { return outcomes }
        return UnsafeBufferPointer(rebasing: furtherOutcomes[index][..<count])
    }

    /// Why the row does not have one of the outputs that are scores, in words.
    public func reason(of row: Int, output: Int) -> String? {
        if !furtherScores.contains(output) { return reason(of: row) }
        if outcomes(of: output)[row] == .scored { return nil }
        return reason(of: row) ?? "the scorer returned no \"\(outputs[output].name)\" for this row"
    }

    /// Why the row has no score.
    func cause(of row: Int) -> UnscoredReason? { reasons[row] }

    /// Marks a row as unscored. A row keeps the first reason that it was given.
    public func fail(_ row: Int, _ outcome: RowOutcome, _ reason: String) { fail(row, outcome, .words(reason)) }

    func fail(_ row: Int, _ outcome: RowOutcome, _ reason: UnscoredReason) {
        outputs[scoreOutput].clear(row)
        guard outcomeOfRow[row] == .scored else { return }
        outcomeOfRow[row] = outcome
        isDecided[row] = true
        reasons[row] = reason
    }

    /// Marks all rows that nothing was said of and that have no score.
    func failRemaining(_ outcome: RowOutcome, _ reason: UnscoredReason) {
        for row in 0..<count { failUnlessScored(row, outcome, reason) }
    }

    /// Marks a row if nothing was said of it and it has no score.
    func failUnlessScored(_ row: Int, _ outcome: RowOutcome, _ reason: UnscoredReason) {
        if !isDecided[row] && !outputs[scoreOutput].hasValue(row) { fail(row, outcome, reason) }
    }

    /// Marks a row as unscored, whatever was said of it, and drops what was given for it.
    func lose(_ row: Int, _ outcome: RowOutcome, _ reason: UnscoredReason) {
        for output in outputs { output.clear(row) }
        statistics.clear(row)
        outcomeOfRow[row] = outcome
        isDecided[row] = true
        reasons[row] = reason
    }

    /// Ends the call: rows with a score are scored, the rest are the scorer's errors.
    func finish() {
        let score = outputs[scoreOutput]
        for output in outputs {
            output.checkTexts { self.fail($0, .scorerError, .badOutput(name: output.name, $1)) }
        }
        defer { decideFurtherScores() }
        if reasons.isEmpty && score.isComplete && statistics.isComplete { return }
        for row in 0..<count where !isDecided[row] {
            if !score.hasValue(row) {
                fail(row, .scorerError, .noScore)
            } else if !statistics.hasValues(row) {
                fail(row, .scorerError, .noStatistics)
            } else {
                isDecided[row] = true
            }
        }
        // A failed row has no score, also where the scorer gave it one after all.
        for row in 0..<count where outcomeOfRow[row] != .scored { score.clear(row) }
    }

    /// A row without a further score has the outcome of its score, or is unparsed if it has that.
    private func decideFurtherScores() {
        for (output, outcomes) in zip(furtherScores, furtherOutcomes) {
            for row in 0..<count {
                let own: RowOutcome = outcomeOfRow[row] == .scored ? .unparsed : outcomeOfRow[row]
                outcomes[row] = outputs[output].hasValue(row) ? .scored : own
            }
        }
    }
}

/// Finds the rows that a plugin cannot survive: what to try next after a worker was lost. No I/O.
///
/// The rows of a batch are tried together. Where that costs the worker, the row that it had come to, as far as can be seen,
/// is tried alone; where that is not it, the rows are halved, and so on. A row that costs a worker on its own is poison. With
/// one such row in a batch, two workers are lost if it could be seen how far the first had come, else one for about every
/// second halving.
struct PoisonSearch {
    /// Rows to be tried next.
    struct Attempt: Equatable {
        var rows: Range<Int>
        /// Whether they are among rows on which the plugin hung, so that it need not be waited for as long as else: what
        /// hangs in vain is tried again in smaller parts, and alone with all the time there is.
        var isHurried = false
    }

    private struct Part {
        var attempt: Attempt
        /// Whether the poison must be in it, so that it is halved without being tried.
        var isTainted = false
        /// Whether it must be if the part before it is not to blame.
        var dependsOnPrevious = false
    }

    /// What is still to be tried; the last comes first.
    private var parts: [Part] = []
    private var current: Part?

    init(_ rows: Range<Int>) {
        if !rows.isEmpty { parts = [Part(attempt: Attempt(rows: rows))] }
    }

    /// A search in rows that have cost a worker already.
    init(afterLossOf rows: Range<Int>, suspect: Int?, isHang: Bool) {
        self.init(rows)
        _ = next()
        _ = lost(suspect: suspect, isHang: isHang)
    }

    /// The rows to try; nil when all have been. To be followed by `survived` or `lost`.
    mutating func next() -> Attempt? {
        while let part = parts.popLast() {
            if !part.isTainted || part.attempt.rows.count == 1 {
                current = part
                return part.attempt
            }
            let rows = part.attempt.rows
            let middle = rows.lowerBound + rows.count / 2
            push(middle..<rows.upperBound, like: part, dependsOnPrevious: true)
            push(rows.lowerBound..<middle, like: part)
        }
        current = nil
        return nil
    }

    /// The rows that were tried are done.
    mutating func survived() {
        current = nil
        if let last = parts.last, last.dependsOnPrevious {
            parts[parts.count - 1].isTainted = true
            parts[parts.count - 1].dependsOnPrevious = false
        }
    }

    /// The rows that were tried have cost their worker.
    ///
    /// - Parameters:
    ///   - suspect: the row of the batch that the worker had come to, as far as can be seen.
    ///   - isHang: whether it was stopped for showing no progress.
    /// - Returns: the row that is poison, if that is known now; it is not tried again.
    mutating func lost(suspect: Int?, isHang: Bool) -> Int? {
        guard var part = current else { return nil }
        current = nil
        if let last = parts.last, last.dependsOnPrevious { parts[parts.count - 1].dependsOnPrevious = false }
        let rows = part.attempt.rows
        if rows.count == 1 { return rows.lowerBound }
        part.attempt.isHurried = isHang || part.attempt.isHurried
        part.isTainted = true
        guard let suspect, rows.contains(suspect) else {
            parts.append(part)
            return nil
        }
        let isFirst = suspect == rows.lowerBound
        push(suspect + 1..<rows.upperBound, like: part, dependsOnPrevious: isFirst)
        push(rows.lowerBound..<suspect, like: part)
        push(suspect..<suspect + 1, like: part)
        return nil
    }

    private mutating func push(_ rows: Range<Int>, like part: Part, dependsOnPrevious: Bool = false) {
        if rows.isEmpty { return }
        let attempt = Attempt(rows: rows, isHurried: part.attempt.isHurried && rows.count > 1)
        parts.append(Part(attempt: attempt, dependsOnPrevious: dependsOnPrevious))
    }
}

/// How many more workers a plugin may cost before nothing more is tried. No I/O.
///
/// A plugin that crashes now and then earns new attempts with the rows that it scores; one that crashes on everything is at
/// an end soon.
struct WorkerAllowance {
    /// The workers that may be lost at once.
    static let full = 50
    /// The rows that have to be scored for another one.
    static let rowsForOne = 10
    /// What a hang counts, which costs much more time than a crash.
    static let hangCost = 5

    private var left = Double(full)
    /// How many were lost.
    private(set) var lost = 0
    /// The last of them.
    private(set) var lastLoss: WorkerLoss?

    var isExhausted: Bool { left < 1 }

    mutating func lose(_ loss: WorkerLoss, wasHurried: Bool = false) {
        lost += 1
        lastLoss = loss
        left -= loss.isHang && !wasHurried ? Double(Self.hangCost) : 1
    }

    mutating func score(rows: Int) {
        if left < Double(Self.full) { left = min(Double(Self.full), left + Double(rows) / Double(Self.rowsForOne)) }
    }
}

public import ScorerKit

/// Checks from time to time whether a batch has been cancelled.
public struct CancellationCheck {
    private let results: Results
    @usableFromInline internal var work = 0
    @usableFromInline internal let workBetweenQuestions: Int

    /// - Parameter work: bytes of the rows, or steps, between two checks. For the default, the slowest scorer takes some tenths
    ///   of a second.
    public init(_ results: Results, every work: Int = 1 << 22) {
        self.results = results
        workBetweenQuestions = work
    }

    /// Whether to skip `row`, which has `bytes` to read, and the rows after it; if so, reports them as not scored.
    @inlinable
    public mutating func stops(before row: Int, of rows: Rows, reading bytes: Int) -> Bool {
        work += bytes
        return work > workBetweenQuestions && asks(before: row, of: rows)
    }

    /// Whether to leave out a row that has already taken so much more work.
    @inlinable
    public mutating func stopsWithin(_ more: Int) -> Bool {
        work &+= more
        return work > workBetweenQuestions && asks()
    }

    @inline(never)
    @usableFromInline
    internal mutating func asks() -> Bool {
        work = 0
        return results.isCancelled
    }

    @inline(never)
    @usableFromInline
    internal mutating func asks(before row: Int, of rows: Rows) -> Bool {
        guard asks() else { return false }
        leaveOut(row, of: rows)
        return true
    }

    /// Reports a row and the rows after it as not scored.
    public func leaveOut(_ row: Int, of rows: Rows) {
        for row in row..<rows.count {
            results.fail(row, .notAsked, "the run was cancelled before this row was scored")
        }
    }
}

/// Why a row has no score.
public struct RowFault: Error {
    public var outcome: Unscored
    public var message: String
    /// Whether the batch has been cancelled.
    public var isCancellation = false

    public init(_ outcome: Unscored, _ message: String) {
        (self.outcome, self.message) = (outcome, message)
    }

    /// The batch has been cancelled.
    public static var cancelled: RowFault {
        var fault = RowFault(.notAsked, "the run was cancelled")
        fault.isCancellation = true
        return fault
    }
}

/// The outcome of one row under one scoring function.
///
/// The raw values are those of the scorer plugin ABI. With every outcome except `scored`, the row has no score: it is
/// null with a reason, never 0.0 and never NaN.
public enum RowOutcome: UInt8, CaseIterable, Sendable {
    /// The row has a score.
    case scored = 0
    /// No score could be read, for instance from a judge's reply.
    case unparsed = 1
    /// A column the scorer needs is missing in this row or has the wrong type.
    case inputError = 2
    /// The scorer reported that it cannot score this row.
    case scorerError = 3
    /// A model request for this row failed after all retries.
    case modelError = 4
    /// The scorer did not finish this row by its deadline.
    case timedOut = 5
    /// The scorer's process ended while it worked on this row.
    case pluginCrashed = 6
    /// A model request for this row was never sent: the run was stopped, or its budget was spent.
    case notAsked = 7

    /// The outcome as it is spelled in results, for instance `input_error`.
    public var name: String {
        switch self {
        case .scored: "scored"
        case .unparsed: "unparsed"
        case .inputError: "input_error"
        case .scorerError: "scorer_error"
        case .modelError: "model_error"
        case .timedOut: "timed_out"
        case .pluginCrashed: "plugin_crashed"
        case .notAsked: "not_asked"
        }
    }
}

/// How many rows had each outcome.
public struct OutcomeCounts: Hashable, Sendable {
    public private(set) var scored = 0
    public private(set) var unparsed = 0
    public private(set) var inputError = 0
    public private(set) var scorerError = 0
    public private(set) var modelError = 0
    public private(set) var timedOut = 0
    public private(set) var pluginCrashed = 0
    public private(set) var notAsked = 0

    /// No rows.
    public init() {}

    /// The number of rows with an outcome; iterate over `RowOutcome.allCases` to print all of them.
    public subscript(outcome: RowOutcome) -> Int {
        switch outcome {
        case .scored: scored
        case .unparsed: unparsed
        case .inputError: inputError
        case .scorerError: scorerError
        case .modelError: modelError
        case .timedOut: timedOut
        case .pluginCrashed: pluginCrashed
        case .notAsked: notAsked
        }
    }

    /// All rows.
    public var total: Int { scored + unscored }

    /// The rows with any outcome except `scored`.
    public var unscored: Int { unparsed + inputError + scorerError + modelError + timedOut + pluginCrashed + notAsked }

    /// Counts `count` more rows with an outcome.
    public mutating func add(_ outcome: RowOutcome, count: Int = 1) {
        switch outcome {
        case .scored: scored += count
        case .unparsed: unparsed += count
        case .inputError: inputError += count
        case .scorerError: scorerError += count
        case .modelError: modelError += count
        case .timedOut: timedOut += count
        case .pluginCrashed: pluginCrashed += count
        case .notAsked: notAsked += count
        }
    }

    /// Adds the counts of `other`.
    public mutating func merge(_ other: OutcomeCounts) {
        for outcome in RowOutcome.allCases {
            add(outcome, count: other[outcome])
        }
    }
}

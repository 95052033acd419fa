package import Statistics

/// How runs are compared.
public struct ComparisonOptions: Sendable {
    /// Columns to pair rows by; nil: the key that was saved, else row numbers.
    public var key: [String]?
    /// Only these aggregations; empty: all.
    public var aggregations: [String] = []
    /// Of three and more runs, whether only the first is compared with the others.
    public var againstFirst = false
    /// Scores from here on are passes, 1, and others 0.
    public var passThreshold: Double?
    /// The test of means; nil: the usual one.
    package var test: RequestedTest?
    /// Only these functions; empty: all that the runs have in common.
    public var functions: [String] = []
    /// Columns that name a row's cluster; nil: those that were saved.
    public var cluster: [String]?
    /// Whether rows with one key are samples of one question.
    public var averagesSamples = false
    /// Columns for each of whose values there is a comparison of its own.
    public var sliceColumns: [String] = []
    /// Columns that are compared, and are not data, in addition to `generated_answer`, `context` and `generation`.
    public var answerColumns: [String] = []
    /// Of intervals and tests.
    public var level = 0.95
    public var power = 0.8
    /// How p values are adjusted for the number of tests.
    package var adjustment = Adjustment.holm
    /// The largest loss that does not matter.
    public var margin: Double?
    /// The difference that `pairsNeeded` is for; nil: the one that was seen.
    public var detect: Double?
    /// How many rows that got worse are kept.
    public var regressions = 3
    /// Refusals that are turned into warnings.
    public var allowed: Set<Refusal.Code> = []
    /// How often units are resampled, and from which seed.
    public var resamples = 9_999
    public var seed: UInt64 = 0

    public init() {}
}

/// The aggregates of one scoring function over all rows.
public struct AggregateResult: Hashable, Sendable {
    /// One requested function with its value.
    public struct Entry: Hashable, Sendable {
        public let function: AggregationFunction
        /// Nil if there were no scores, or if the value is too large for a Double.
        public let value: Value?
        /// The standard error of `accuracy`, `average` or `weightedAverage`; nil for fewer than two scores.
        public let standardError: Double?
        /// The lowest and the highest possible value if the rows without a number had any score in the range of the scores. Nil
        /// if there are no such rows, or if any value is possible.
        public let bounds: ClosedRange<Double>?
    }

    /// The value of a function over the scored rows.
    public enum Value: Hashable, Sendable {
        /// `numCorrect` is the sum of the scores, `numTotal` their number, and `accuracy` their exact quotient, rounded.
        case accuracy(accuracy: Double, numCorrect: Double, numTotal: Int)
        case average(Double)
        case weightedAverage(Double)
        case median(Double)
        /// Sorted by code point.
        case categoricalCount([Category])
    }

    /// A score and how often it occurred.
    public struct Category: Hashable, Sendable {
        /// A text score unchanged, a number in the form of Python's `str`, a boolean as `True` or `False`.
        public let name: String
        public let count: Int
        /// The smallest and the largest possible count; nil if every row was scored.
        public let bounds: ClosedRange<Int>?
    }

    /// The same, without standard errors.
    public var withoutStandardErrors: AggregateResult {
        AggregateResult(
            entries: entries.map {
                Entry(function: $0.function, value: $0.value, standardError: nil, bounds: $0.bounds)
            }, counts: counts, nonNumeric: nonNumeric, distribution: distribution)
    }

    /// One entry per requested function, in the order of the request.
    public let entries: [Entry]
    public let counts: OutcomeCounts
    /// The scored rows with a non-numeric score: they are excluded from all functions except `categoricalCount`.
    public let nonNumeric: Int
    /// The distribution of the scores; nil if the aggregator did not keep it.
    public let distribution: [ScoreDistribution.Bar]?
}

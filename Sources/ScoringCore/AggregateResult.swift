public import Statistics

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
        /// Where the value may lie, as far as the rows tell, at a level of 0.95; nil where that is not defined.
        public let interval: Interval?
        /// Why there is no interval.
        public let reasonWithoutInterval: String?
        /// The clusters that the standard error and the interval rest on.
        public let clusters: Int?
    }

    /// What the samples of questions show, where rows are samples.
    public struct Samples: Hashable, Sendable {
        /// Questions with a scored sample.
        public let questions: Int
        /// The fewest and the most scored samples of a question.
        public let least: Int
        public let most: Int
        /// Questions whose samples all have one score.
        public let consistent: Int
        /// By number of samples, in ascending order.
        package let passes: [Passes]
    }

    /// How likely k samples of a question pass.
    package struct Passes: Hashable, Sendable {
        package let k: Int
        /// pass@k: that one of them does. The mean over questions.
        package let anyPasses: Estimate
        /// pass^k: that all of them do.
        package let allPass: Estimate
        /// Questions with fewer than k scored samples.
        package let leftOut: Int
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
        case corpus(CorpusValue)
    }

    /// The value of an aggregation that the scorer computes itself.
    public struct CorpusValue: Hashable, Sendable {
        /// A JSON object.
        public let json: String
        /// The figure that stands for it; nil if it has none.
        public let number: Double?

        public init(json: String, number: Double?) {
            self.json = json
            self.number = number
        }
    }

    /// A score and how often it occurred.
    public struct Category: Hashable, Sendable {
        /// A text score unchanged, a number in the form of Python's `str`, a boolean as `True` or `False`.
        public let name: String
        public let count: Int
        /// The smallest and the largest possible count; nil if every row was scored.
        public let bounds: ClosedRange<Int>?
        /// Of the category's share of the scored rows; nil where rows are not independent of one another.
        public let interval: Interval?
    }

    /// One entry per requested function, in the order of the request.
    public let entries: [Entry]
    public let counts: OutcomeCounts
    /// The scored rows with a non-numeric score: they are excluded from all functions except `categoricalCount`.
    public let nonNumeric: Int
    /// The distribution of the scores; nil if the aggregator did not keep it.
    public let distribution: [ScoreDistribution.Bar]?
    /// What the samples show; nil where rows are not samples of questions.
    public let samples: Samples?
}

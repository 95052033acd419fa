/// Where a value may lie, as far as the rows tell: a confidence interval.
public struct Interval: Hashable, Sendable {
    /// How an interval was computed. The raw values are the names that results use.
    public enum Method: String, Sendable {
        /// The score interval of a proportion (E. B. Wilson, 1927).
        case wilson
        /// The estimate, plus and minus its standard error times a quantile of Student's t.
        case t
        /// The same with the standard error of clusters.
        case clusteredT = "t_clustered"
        /// Two scores of the sample, by the binomial distribution.
        case orderStatistics = "order_statistics"
        /// The difference of two paired proportions (R. G. Newcombe, 1998, method 10).
        case newcombe
        /// Percentiles of resampled estimates.
        case bootstrap
        /// The same, corrected for bias and skewness (B. Efron, 1987).
        case bca
        /// The estimate, plus and minus its standard error times a quantile of the normal distribution.
        case normal
        /// As `normal`, on the scale of Fisher's z.
        case fisher
    }

    /// The share of such intervals that hold the true value, for instance 0.95.
    public var level: Double
    public var lower: Double
    public var upper: Double
    public var method: Method

    public init(level: Double, lower: Double, upper: Double, method: Method) {
        self.level = level
        self.lower = lower
        self.upper = upper
        self.method = method
    }

    /// The interval with both ends in a range.
    func clipped(to range: ClosedRange<Double>) -> Interval {
        Interval(
            level: level, lower: max(range.lowerBound, min(range.upperBound, lower)),
            upper: max(range.lowerBound, min(range.upperBound, upper)), method: method)
    }
}

/// A value with how sure it is. What is nil is not defined, and `reason` says why.
package struct Estimate: Hashable, Sendable {
    package var value: Double?
    package var standardError: Double?
    package var interval: Interval?
    package var reason: String?

    package init(
        _ value: Double?, standardError: Double? = nil, interval: Interval? = nil, reason: String? = nil
    ) {
        self.value = value
        self.standardError = standardError
        self.interval = interval
        self.reason = reason
    }

    /// `value ± t · standardError`; without an interval where the standard error is 0 or missing.
    init(
        _ value: Double, standardError: Double?, level: Double, degreesOfFreedom: Double,
        method: Interval.Method = .t, reason: String?
    ) {
        self.init(value, standardError: standardError, reason: reason)
        guard let standardError, standardError > 0 else { return }
        let half = StudentT.halfWidth(level: level, degreesOfFreedom: degreesOfFreedom) * standardError
        interval = Interval(level: level, lower: value - half, upper: value + half, method: method)
        self.reason = nil
    }
}

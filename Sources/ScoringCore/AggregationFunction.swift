/// A function from the scores of all rows to one value. The raw values are the names in definitions and results.
///
/// Initialise from text with `init(rawValue:)`, which is nil for an unknown name, and list `allCases` in the message.
public enum AggregationFunction: String, CaseIterable, Sendable {
    /// The sum of the scores, their number, and the quotient of the two.
    case accuracy
    /// The arithmetic mean.
    case average
    /// The mean of the scores, weighted by the weights of their rows.
    case weightedAverage = "weighted_average"
    /// The middle score; the mean of the two middle ones for an even count.
    case median
    /// How often each score occurs.
    case categoricalCount = "categorical_count"
}

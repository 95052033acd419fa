/// A function from the scores of all rows to one value. The raw values are the names in definitions and results.
public enum AggregationFunction: Hashable, Sendable, RawRepresentable {
    /// The sum of the scores, their number, and the quotient of the two.
    case accuracy
    /// The arithmetic mean.
    case average
    /// The mean of the scores, weighted by the weights of their rows.
    case weightedAverage
    /// The middle score; the mean of the two middle ones for an even count.
    case median
    /// How often each score occurs.
    case categoricalCount
    /// An aggregation that the scorer declares and computes, from the sums of its statistics.
    case corpus(String)

    /// The functions that every scorer has.
    public static let common: [AggregationFunction] = [
        .accuracy, .average, .weightedAverage, .median, .categoricalCount,
    ]

    /// The function that every scorer has with this name; nil if there is none.
    ///
    /// List `common` in the message.
    public init?(rawValue: String) {
        guard let function = Self.common.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = function
    }

    public var rawValue: String {
        switch self {
        case .accuracy: "accuracy"
        case .average: "average"
        case .weightedAverage: "weighted_average"
        case .median: "median"
        case .categoricalCount: "categorical_count"
        case .corpus(let name): name
        }
    }

    /// Whether a scorer may give an aggregation of its own this name: lower-case letters, digits and at least one underscore,
    /// a letter first, and not the name of a common function. Thanks to the underscore, most misspelled names are found
    /// without the plugin.
    package static func isName(ofCorpus name: String) -> Bool {
        guard let first = name.utf8.first, first >= UInt8(ascii: "a"), first <= UInt8(ascii: "z"),
            name.utf8.count <= 100
        else { return false }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
        return isPlain && name.utf8.contains(UInt8(ascii: "_")) && AggregationFunction(rawValue: name) == nil
    }
}

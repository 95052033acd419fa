/// The type of a column that a scorer reads or of an output that it writes.
///
/// The raw values are those of the scorer plugin ABI.
public enum ValueType: UInt32, CaseIterable, Sendable {
    case text = 1
    case f64 = 2
    case i64 = 3
    case bool = 4
    /// A value as its own JSON text.
    case json = 5
    case textList = 6

    /// The type as messages name it.
    public var name: String {
        switch self {
        case .text: "text"
        case .f64: "number"
        case .i64: "integer"
        case .bool: "bool"
        case .json: "json"
        case .textList: "list of text"
        }
    }
}

/// The kind of a scoring function's scores, for aggregation.
public enum ScoreKind: Sendable {
    /// Numbers; a text that reads as a decimal number counts as a number.
    case number
    /// Texts, even if they read as numbers.
    case text
    /// True as 1.0 and false as 0.0.
    case boolean
    /// JSON texts of any other type.
    case json
}

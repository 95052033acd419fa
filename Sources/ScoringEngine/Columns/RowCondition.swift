import Datasets

/// A filter for rows: those whose column has one of the given values, or none of them.
public struct RowCondition: Sendable, Hashable {
    public var column: String
    /// Texts, or the JSON texts of numbers and booleans.
    public var values: [String]
    /// Whether rows with none of the values match; this includes rows without the column.
    public var isNegated: Bool

    public init(column: String, values: [String], isNegated: Bool = false) {
        self.column = column
        self.values = values
        self.isNegated = isNegated
    }

    /// - Parameter value: the value of the column, as text; nil if the row has none.
    package func accepts(_ value: String?) -> Bool {
        let isOneOfThem = value.map { value in values.contains { $0.utf8.elementsEqual(value.utf8) } } ?? false
        return isOneOfThem != isNegated
    }
}

/// A condition on one of the run's columns.
struct RowSelection: Sendable {
    /// The index in the run's columns, of type text.
    var column: Int
    var values: [[UInt8]]
    var isNegated: Bool

    init(_ condition: RowCondition, column: Int) {
        self.column = column
        values = condition.values.map { Array($0.utf8) }
        isNegated = condition.isNegated
    }

    func accepts(_ row: Int, of batch: RowBatch) -> Bool {
        guard batch.states(column)[row] == CellState.value.rawValue else { return isNegated }
        let text = batch.text(column, row: row)
        return values.contains { text.elementsEqual($0) } != isNegated
    }
}

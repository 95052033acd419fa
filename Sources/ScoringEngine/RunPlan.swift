import Datasets
import ScoringCore

/// A run, worked out: what is read, scored and written.
struct RunPlan: Sendable {
    var dataset: Dataset
    var functions: [BoundFunction]
    var columns: ColumnPlan
    var filters: [RowFilter]
    /// The column that says why a row is not to be scored.
    var failureColumn: Int?
    /// The column of rows that are not selected.
    var skipColumn: Int?
    var limit: Int?
    var includesInput: Bool
    var writesRows: Bool
    var writesResults: Bool
    var writesAnything: Bool { writesRows || writesResults }
    /// Whether the results say how the scores lie.
    var keepsDistribution: Bool
    /// How many unscored rows each worker keeps, to show.
    var examples: Int

    var formatter: RowFormatter

    /// Whether any function asks a model.
    var asksModels: Bool { functions.contains { !$0.models.isEmpty } }

    /// The columns that a table has to be read for.
    var columnNames: ColumnSelection {
        ColumnSelection(columns.requests.columnNames, includesOthers: includesInput)
    }
}

/// Keeps the rows whose column has a value: a text's contents, or the JSON text of a number or boolean.
struct RowFilter: Sendable {
    /// The index in the run's columns, of type text.
    var column: Int
    var value: [UInt8]

    func accepts(_ row: Int, of batch: RowBatch) -> Bool {
        batch.states(column)[row] == CellState.value.rawValue && batch.text(column, row: row).elementsEqual(value)
    }
}

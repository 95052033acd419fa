import Datasets
import ScoringCore

/// A run, worked out: what is read, scored and written.
struct RunPlan: Sendable {
    var dataset: Dataset
    var functions: [BoundFunction]
    var columns: ColumnPlan
    var filters: [RowSelection]
    /// The column that says why a row is not to be scored.
    var failureColumn: Int?
    /// The column of rows that are not selected.
    var skipColumn: Int?
    /// The columns whose values results are told apart by, and how many values of each.
    var groups: [Int]
    var groupNames: [String]
    var groupLimit: Int
    var limit: Int?
    /// Rows of the dataset that are one row of the data that it was made of, one after the other.
    var samples: Int
    /// Outcomes of rows whose requests are sent again where the cache had the replies.
    var retriedOutcomes: Set<RowOutcome>
    /// Whether a column that holds lists or objects in place of texts is refused.
    var refusesWrongShapes: Bool
    var includesInput: Bool
    var writesRows: Bool
    var writesResults: Bool
    var writesAnything: Bool { writesRows || writesResults }
    /// Whether the results say how the scores lie.
    var keepsDistribution: Bool
    /// How many unscored rows each worker keeps, to show.
    var examples: Int

    var formatter: RowFormatter

    /// Rows that a scorer gets at once. Where models are asked, rows wait for those that they are with; and what is asked
    /// again is all that a call has asked.
    var sliceSize: Int { asksModels ? (retriedOutcomes.isEmpty ? 16 : 1) : 1024 }

    /// Whether any function asks a model.
    var asksModels: Bool { functions.contains { !$0.models.isEmpty } }

    /// The columns that a table has to be read for.
    var columnNames: ColumnSelection {
        ColumnSelection(columns.requests.columnNames, includesOthers: includesInput)
    }
}

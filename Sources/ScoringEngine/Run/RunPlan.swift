import Datasets
import JSON
import ScoringCore

/// The plan of a run: what to read, score and write.
struct RunPlan: Sendable {
    var dataset: Dataset
    /// The functions of the run, each followed by the scores that it has beside "score".
    var functions: [BoundFunction]
    /// The functions themselves: those that are called, by the index of the call.
    var callers: [BoundFunction] { functions.filter { !$0.isFurtherScore } }
    var columns: ColumnPlan
    var filters: [RowSelection]
    /// The column that says why a row must not be scored.
    var failureColumn: Int?
    /// The column that marks rows to skip.
    var skipColumn: Int?
    /// The grouping columns, and the maximum number of values of each.
    var groups: [Int]
    var groupNames: [String]
    var groupLimit: Int
    /// The columns whose values say which rows belong together: clusters, and the questions that rows are samples of.
    var cluster: UnitColumns?
    var question: UnitColumns?
    /// The lowest score at which a sample passes.
    var passThreshold: Double
    var limit: Int?
    /// The number of consecutive rows of the dataset that are samples of one row.
    var samples: Int
    /// Outcomes of rows whose requests are sent again if the cache had the replies.
    var retriedOutcomes: Set<RowOutcome>
    /// Whether to reject a column with lists or objects instead of strings.
    var refusesWrongShapes: Bool
    var includesInput: Bool
    var writesRows: Bool
    var writesResults: Bool
    /// The columns of results, where these are taken as Arrow.
    var resultColumns: ResultColumns?
    var writesAnything: Bool { writesRows || writesResults || resultColumns != nil }
    /// Whether the results include the distribution of the scores.
    var keepsDistribution: Bool
    /// The number of unscored rows that each worker keeps for display.
    var examples: Int

    var formatter: RowFormatter

    /// Whether columns say which rows belong together.
    var tellsRowsApart: Bool { !groups.isEmpty || cluster != nil || question != nil }

    /// What rows belong to, for the aggregates.
    var units: UnitTallies.Kinds {
        UnitTallies.Kinds(
            hasClusters: cluster != nil, hasQuestions: question != nil || samples > 1, passThreshold: passThreshold)
    }

    /// The number of rows in a slice. If models are asked, the rows of a slice wait for each other, and a retry repeats all
    /// requests of a call.
    var sliceSize: Int { asksModels ? (retriedOutcomes.isEmpty ? 16 : 1) : 1024 }

    /// Whether any function asks a model.
    var asksModels: Bool { functions.contains { !$0.models.isEmpty } }

    /// The columns that must be read from a table.
    var columnNames: ColumnSelection {
        ColumnSelection(columns.requests.columnNames, includesOthers: includesInput)
    }
}

/// Columns whose values together say what a row belongs to.
struct UnitColumns: Sendable {
    /// The indices among the run's columns.
    var columns: [Int]
    var names: [String]
    /// The option that asks for them, for messages.
    var option: String

    /// The failure of a run with a row that has no value in one of them.
    func missing(in dataset: String, row: Int) -> EngineError {
        let columns = names.map(quoted).joined(separator: " and ")
        return EngineError(
            .dataset,
            "\(dataset): row \(row): the column \(columns) is missing or null; with \(option), every row needs a value. "
                + "To leave such rows out, use --where, or add the value")
    }
}

import ArgumentParser

/// Which rows belong together, for commands that score.
struct StatisticsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Rows with one value of COLUMN resemble one another, such as questions about one text: standard errors and "
                + "intervals allow for that. Every row needs a value. With commas between several columns.",
            valueName: "column"))
    var cluster: ColumnList?

    @Option(
        help: ArgumentHelp(
            "The columns that say which question a row is, with commas between several.", valueName: "column"))
    var key: ColumnList?

    @Option(
        name: .customLong("pass-at"),
        help: ArgumentHelp("The least score of a sample that passes, for pass@k (default: 1).", valueName: "score"))
    var passAt: Double?

    func validate() throws {
        if let passAt, !passAt.isFinite { throw ValidationError("--pass-at \(passAt): a number was expected") }
    }
}

/// Names of columns, with commas between them.
struct ColumnList: ExpressibleByArgument {
    var names: [String]

    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        if names.contains("") || Set(names).count < names.count { return nil }
    }
}

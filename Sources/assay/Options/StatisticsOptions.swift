import ArgumentParser

/// Which rows belong together, for commands that score.
struct StatisticsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Rows with the same value of COLUMN, such as questions about one text, resemble one another: take that into "
                + "account in standard errors and intervals. Every row needs a value. Separate several columns with commas.",
            valueName: "column"))
    var cluster: ColumnList?

    @Option(
        help: ArgumentHelp(
            "The columns that identify a question; separate several with commas.", valueName: "column"))
    var key: ColumnList?

    @Option(
        name: .customLong("pass-at"),
        help: ArgumentHelp("The lowest score at which a sample passes, for pass@k (default: 1).", valueName: "score"))
    var passAt: Double?

    func validate() throws {
        if let passAt, !passAt.isFinite { throw ValidationError("--pass-at \(passAt): expected a number") }
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

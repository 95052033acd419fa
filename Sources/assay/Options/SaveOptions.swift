import ArgumentParser

/// Where a run is kept, for commands that score.
struct SaveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep the run in the folder DIR: results, rows, definitions, how it came about, and report.html. 'assay "
                + "compare', 'assay agree' and 'assay report' read it. While the run is under way, it is in DIR.partial.",
            valueName: "dir"))
    var save: String?

    @Flag(help: "Replace a run that --save finds in its folder.")
    var overwrite = false

    @Flag(name: .customLong("no-report"), help: "Do not write report.html into the folder of --save.")
    var withoutReport = false

    @Option(help: ArgumentHelp("The name of the saved run (default: the model, else the folder's).", valueName: "text"))
    var name: String?

    @Option(
        name: .customLong("save-column"),
        help: ArgumentHelp(
            "A column to save with each row, such as people's labels, beside those that functions read; repeatable.",
            valueName: "column"))
    var columns: [String] = []

    func validate() throws {
        if save == nil && (overwrite || withoutReport || name != nil || !columns.isEmpty) {
            throw ValidationError("--overwrite, --no-report, --name and --save-column need --save DIR")
        }
        if save == "" { throw ValidationError("--save needs a folder") }
    }
}

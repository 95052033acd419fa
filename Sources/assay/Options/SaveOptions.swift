import ArgumentParser

/// Where a run is kept, for commands that score.
struct SaveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep the run in the folder DIR: results, rows, definitions, and how it came about. 'assay compare' and 'assay "
                + "agree' read it. While the run is under way, it is in DIR.partial.", valueName: "dir"))
    var save: String?

    @Flag(help: "Replace a run that --save finds in its folder.")
    var overwrite = false

    @Option(help: ArgumentHelp("The name of the saved run (default: the model, else the folder's).", valueName: "text"))
    var name: String?

    @Option(
        name: .customLong("save-column"),
        help: ArgumentHelp(
            "A column to save with each row, such as people's labels, beside those that functions read; repeatable.",
            valueName: "column"))
    var columns: [String] = []

    func validate() throws {
        if save == nil && (overwrite || name != nil || !columns.isEmpty) {
            throw ValidationError("--overwrite, --name and --save-column need --save DIR")
        }
        if save == "" { throw ValidationError("--save needs a folder") }
    }
}

import ArgumentParser

/// Where a run is kept, for commands that score.
struct SaveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Save the run in the folder DIR, with results, rows, definitions, provenance and report.html, for 'assay "
                + "compare', 'assay agree' and 'assay report'. During the run, the folder is DIR.partial.",
            valueName: "dir"))
    var save: String?

    @Flag(help: "Replace the run that is already in the folder of --save.")
    var overwrite = false

    @Flag(name: .customLong("no-report"), help: "Do not write report.html into the folder of --save.")
    var withoutReport = false

    @Option(
        help: ArgumentHelp(
            "The name of the saved run (default: the name of the model, or else of the folder).", valueName: "text"))
    var name: String?

    @Option(
        name: .customLong("save-column"),
        help: ArgumentHelp(
            "Also save COLUMN with each row, such as people's labels; repeatable. Columns that functions read are always "
                + "saved.",
            valueName: "column"))
    var columns: [String] = []

    func validate() throws {
        if save == nil && (overwrite || withoutReport || name != nil || !columns.isEmpty) {
            throw ValidationError("--overwrite, --no-report, --name and --save-column need --save DIR")
        }
        if save == "" { throw ValidationError("--save needs a folder") }
    }
}

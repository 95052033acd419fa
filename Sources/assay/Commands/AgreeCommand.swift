import ArgumentParser
import Glibc
import JSON
import Platform
import Runs
import Statistics

struct AgreeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agree",
        abstract: "Measure how well judgements agree with people's labels, or with one another.",
        discussion: """
            EXAMPLES
              assay agree runs/judged --fn mine::correct --labels human
              assay agree judged.jsonl --labels labels.csv:verdict --key id
              assay agree runs/judged --fn mine::first --fn mine::second
              assay agree runs/monday runs/tuesday --fn mine::rating

            RUN is a folder written by --save, or a file written by --output. With --labels, each function is compared \
            with the labels; without, the functions and runs are compared with one another. Rows are matched by their \
            key, or else by row number.

            Exit status: 0 compared; 4 a requirement is not met; 5 rows do not match; 1 a file cannot be read; 64 the \
            command line is invalid.
            """)

    @Argument(help: ArgumentHelp("The runs.", valueName: "run"))
    var runs: [String]

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp("A function whose scores are judgements; repeatable (default: all).", valueName: "id"))
    var functions: [String] = []

    @Option(
        help: ArgumentHelp(
            "The labels: a column of the rows; or a file (JSON Lines or CSV), joined by --key, followed by a colon and the "
                + "column if that is not called label.", valueName: "column|file[:column]"))
    var labels: String?

    @Option(
        help: ArgumentHelp(
            "The columns that identify a question; separate several with commas (default: the saved key, or else the row "
                + "number).", valueName: "column"))
    var key: ColumnList?

    @Option(
        help: ArgumentHelp(
            "What values mean: nominal (names), ordinal (an order) or interval (distances). By default, it is detected "
                + "from the values.", valueName: "level"))
    var level: LevelArgument?

    @Option(
        help: ArgumentHelp(
            "The weights of kappa for ordinal values.", valueName: "weights"))
    var weights = WeightsArgument.quadratic

    @Option(
        name: .customLong("map-label"),
        help: ArgumentHelp("Read the label OLD as NEW, such as pass=1; repeatable.", valueName: "old=new"))
    var labelMap: [AssignmentArgument] = []

    @Option(help: ArgumentHelp("Read numbers of at least T as 1, and smaller ones as 0.", valueName: "t"))
    var threshold: Double?

    @Flag(help: "Compare the votes in the rows with one another.")
    var votes = false

    @Option(
        help: ArgumentHelp(
            "Each pair of answers has two rows, in both orders: COLUMN has two values, one for each order; A is the "
                + "answer shown first. Both rows of a pair have the same --key. A judge with \"swap\" does not need this.",
            valueName: "column"))
    var swap: String?

    @Option(
        help: ArgumentHelp(
            "Write the agreement with labels to FILE, for --calibration of 'assay score'.", valueName: "file"))
    var save: String?

    @Option(help: ArgumentHelp("List N rows that are judged differently.", valueName: "n"))
    var disagreements = 3

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: RowOptions.Format?

    @Option(
        name: .customLong("require"),
        help: ArgumentHelp(
            "Exit with status 4 if this requirement is not met, such as 'mine::correct kappa.lower >= 0.6'; repeatable. Values: "
                + "agreement, kappa, alpha, spearman, bias, flip_rate, each also with .lower and .upper.",
            valueName: "requirement"
        ))
    var requirements: [RequirementArgument] = []

    func validate() throws {
        if runs.isEmpty { throw ValidationError("name at least one run") }
        guard (0...100_000).contains(disagreements) else {
            throw ValidationError("--disagreements \(disagreements): expected 0 to 100000")
        }
        if labels == nil && !labelMap.isEmpty { throw ValidationError("--map-label needs --labels") }
        if save != nil && labels == nil {
            throw ValidationError("--save stores the agreement with labels; add --labels")
        }
        for requirement in requirements { try requirement.validate(values: Agreement.requirableValues) }
    }

    func run() throws {
        let opened = try comparing { try runs.map { try SavedRun($0) } }
        let agreement = try comparing {
            var options = AgreementOptions()
            options.key = key?.names
            options.functions = functions
            options.labels = labels
            options.labelMap = labelMap.map { ($0.name, $0.value) }
            options.level = level?.level
            options.weights = weights.weights
            options.threshold = threshold
            options.disagreements = disagreements
            options.swapColumn = swap
            options.comparesVotes = votes
            return try Agreement(opened, options: options)
        }
        if let save, let calibration = agreement.calibration(of: opened) {
            do throws(RegularFile.Fault) {
                try RegularFile.write(calibration.prettyText + "\n", to: save, mode: 0o644)
            } catch {
                throw Failure("--save \(save): \(error.message)")
            }
        }
        let checked = requirements.flatMap { agreement.check($0.requirement) }
        switch format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json) {
        case .table: try printOutput(agreement.text)
        case .json: try printOutput(comparisonJSON(agreement.json, checked))
        }
        checked.report()
        if !checked.areMet { throw ExitCode(4) }
    }
}

enum LevelArgument: String, ExpressibleByArgument, CaseIterable {
    case nominal, ordinal, interval

    var level: KrippendorffAlpha.Level {
        switch self {
        case .nominal: .nominal
        case .ordinal: .ordinal
        case .interval: .interval
        }
    }
}

enum WeightsArgument: String, ExpressibleByArgument, CaseIterable {
    case linear, quadratic

    var weights: Kappa.Weights { self == .linear ? .linear : .quadratic }
}

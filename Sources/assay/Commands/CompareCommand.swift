import ArgumentParser
import Concurrency
import Glibc
import JSON
import Runs
import Statistics

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare the scores of two runs, row by row.",
        discussion: """
            EXAMPLES
              assay compare runs/old runs/new
              assay compare old.jsonl new.jsonl --key question_id
              assay compare runs/old runs/new --require 'basic::subset_of difference.lower >= -0.01'

            A and B are folders that --save made, or files of --output. Rows are paired by their key, or else by their \
            numbers, and each function is compared over the rows that both runs have scored. Differences are B's scores \
            less A's. The manual's chapter "Comparing" says what the numbers mean.

            Exit status: 0 compared; 4 a requirement is not met; 5 something was not compared, since it is not the same \
            in both runs; 1 a run cannot be read; 64 the command line was wrong.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, markdown }

    @Argument(help: ArgumentHelp("The run to compare with.", valueName: "a"))
    var runA: String

    @Argument(help: ArgumentHelp("The run that is new.", valueName: "b"))
    var runB: String

    @Option(
        help: ArgumentHelp(
            "Pair rows by the values of these columns, with commas between several. Default: the key that was saved, "
                + "else row numbers.", valueName: "column"))
    var key: ColumnList?

    @Option(name: .customLong("fn"), help: ArgumentHelp("Compare only this function; repeatable.", valueName: "id"))
    var functions: [String] = []

    @Option(
        help: ArgumentHelp(
            "Rows with one value of COLUMN resemble one another; intervals and tests allow for that. Default: what was "
                + "saved.", valueName: "column"))
    var cluster: ColumnList?

    @Flag(help: "Rows with one key are samples of one question: average them first.")
    var samples = false

    @Option(
        name: .customLong("by"),
        help: ArgumentHelp(
            "Also compare the rows of each value of COLUMN by themselves; repeatable.", valueName: "column"))
    var sliceColumns: [String] = []

    @Option(
        name: .customLong("answer-column"),
        help: ArgumentHelp(
            "A column that holds what is compared, and may differ between the runs, beside generated_answer, context and "
                + "generation; repeatable.", valueName: "column"))
    var answerColumns: [String] = []

    @Option(
        help: ArgumentHelp(
            "How p values allow for several tests: holm, bh or none (default: holm).", valueName: "method"))
    var adjust = AdjustmentArgument.holm

    @Option(help: ArgumentHelp("The level of intervals (default: 0.95).", valueName: "share"))
    var level = 0.95

    @Option(
        help: ArgumentHelp(
            "The largest loss that does not matter: say whether B is not worse than that.", valueName: "difference"))
    var margin: Double?

    @Option(help: ArgumentHelp("Say how many pairs a difference of this size takes.", valueName: "difference"))
    var detect: Double?

    @Option(help: ArgumentHelp("List N rows that got worse (default: 3).", valueName: "n"))
    var regressions = 3

    @Option(name: .shortAndLong, help: ArgumentHelp("Write every pair as a JSON line to FILE.", valueName: "file"))
    var output: String?

    @Option(help: "What goes to standard output; table on a terminal, else json.")
    var format: Format?

    @Option(
        name: .customLong("require"),
        help: ArgumentHelp(
            "End with status 4 unless this holds, such as 'basic::subset_of difference.lower >= -0.01'; repeatable. "
                + "Values: difference, difference.lower, difference.upper, difference.lowest, p, better, worse, pairs, "
                + "a, b.", valueName: "requirement"))
    var requirements: [RequirementArgument] = []

    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "Compare in spite of a difference: data_differs, function_differs, judge_differs or unfinished; repeatable.",
            valueName: "what"))
    var allowed: [AllowedRefusal] = []

    @Option(help: ArgumentHelp("The seed of resampled medians (default: 0).", valueName: "n"))
    var seed: UInt64 = 0

    func validate() throws {
        guard level > 0.5, level < 1 else {
            throw ValidationError("--level \(level): above 0.5 and below 1 was expected")
        }
        if let margin, !(margin > 0 && margin.isFinite) {
            throw ValidationError("--margin \(margin): a number above 0 was expected")
        }
        if let detect, !(detect != 0 && detect.isFinite) {
            throw ValidationError("--detect \(detect): a number other than 0 was expected")
        }
        guard (0...100_000).contains(regressions) else {
            throw ValidationError("--regressions \(regressions): 0 to 100000 was expected")
        }
        for requirement in requirements { try requirement.validate(values: Comparison.requirableValues) }
    }

    private var outputFormat: Format { format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json) }

    func run() throws {
        let comparison = try comparing { refusal in
            if outputFormat == .json {
                try printOutput(
                    JSONValue.object(["comparable": false, "refusals": .array([refusal.json])]).prettyText + "\n")
            }
        } _: {
            try compare()
        }
        let checked = try requirements.flatMap { argument in
            let requirement = argument.requirement
            let known = comparison.runs[0].functions + comparison.runs[1].functions
            guard requirement.function == "*" || known.contains(requirement.function) else {
                throw requirement.fault("no run has the function \"\(requirement.function)\"")
            }
            return comparison.check(requirement)
        }
        try printOutput(text(of: comparison, checked))
        checked.report()
        if comparison.hasRefusals { throw ExitCode(5) }
        if !checked.areMet { throw ExitCode(4) }
    }

    private func compare() throws -> Comparison {
        var options = ComparisonOptions()
        options.key = key?.names
        options.functions = functions
        options.cluster = cluster?.names
        options.averagesSamples = samples
        options.sliceColumns = sliceColumns
        options.answerColumns = answerColumns
        options.adjustment = adjust.adjustment
        options.level = level
        options.margin = margin
        options.detect = detect
        options.regressions = regressions
        options.allowed = Set(allowed.map(\.code))
        options.seed = seed
        let (a, b) = (try SavedRun(runA), try SavedRun(runB))
        guard let output else { return try Comparison(a, b, options: options) }
        let file = try OutputFile(output, unlessSameAs: runA, or: [runB], Cancellation())
        do {
            let comparison = try Comparison(a, b, options: options) { pair in
                var line = pair.text + "\n"
                try line.withUTF8 { try file.write(UnsafeRawBufferPointer($0)) }
            }
            try file.finish()
            return comparison
        } catch {
            file.discard()
            throw error
        }
    }

    private func text(of comparison: Comparison, _ checked: [CheckedRequirement]) -> String {
        switch outputFormat {
        case .table: return comparison.text
        case .json: return comparisonJSON(comparison.json, checked)
        case .markdown:
            let failed = checked.filter { !$0.isMet }.map { "- **\(markdownText($0.line))**\n" }.joined()
            return failed + (failed.isEmpty ? "" : "\n") + comparison.markdown
        }
    }
}

struct AllowedRefusal: ExpressibleByArgument {
    var code: Refusal.Code

    init?(argument: String) {
        guard let code = Refusal.Code(rawValue: argument), code.canBeAllowed else { return nil }
        self.code = code
    }
}

enum AdjustmentArgument: String, ExpressibleByArgument, CaseIterable {
    case holm, bh, none

    var adjustment: Adjustment {
        switch self {
        case .holm: .holm
        case .bh: .bh
        case .none: .none
        }
    }
}

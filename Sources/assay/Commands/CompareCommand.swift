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

            A and B are folders written by --save, or files written by --output. Rows are paired by their key, or else by \
            row number, and each function is compared over the rows that both runs have scored. A difference is B's score \
            minus A's. The chapter "Comparing" of the manual explains the numbers.

            Exit status: 0 compared; 4 a requirement is not met; 5 something was not compared because it differs between \
            the runs; 1 a run cannot be read; 64 the command line is invalid.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, markdown }

    @Argument(help: ArgumentHelp("The run to compare with.", valueName: "a"))
    var runA: String

    @Argument(help: ArgumentHelp("The new run.", valueName: "b"))
    var runB: String

    @Option(
        help: ArgumentHelp(
            "Pair rows by the values of these columns; separate several with commas (default: the saved key, or else the "
                + "row number).", valueName: "column"))
    var key: ColumnList?

    @Option(name: .customLong("fn"), help: ArgumentHelp("Compare only this function; repeatable.", valueName: "id"))
    var functions: [String] = []

    @Option(
        help: ArgumentHelp(
            "Rows with the same value of COLUMN resemble one another: take that into account in intervals and tests "
                + "(default: as saved).", valueName: "column"))
    var cluster: ColumnList?

    @Flag(help: "Treat rows with the same key as samples of one question, and average them first.")
    var samples = false

    @Option(
        name: .customLong("by"),
        help: ArgumentHelp(
            "Also compare the rows of each value of COLUMN separately; repeatable.", valueName: "column"))
    var sliceColumns: [String] = []

    @Option(
        name: .customLong("answer-column"),
        help: ArgumentHelp(
            "A column that may differ between the runs, because it is what is compared, in addition to generated_answer, "
                + "context and generation; repeatable.", valueName: "column"))
    var answerColumns: [String] = []

    @Option(
        help: ArgumentHelp(
            "How to adjust p values for several tests.", valueName: "method"))
    var adjust = AdjustmentArgument.holm

    @Option(help: ArgumentHelp("The confidence level of intervals.", valueName: "share"))
    var level = 0.95

    @Option(
        help: ArgumentHelp(
            "The largest loss that is acceptable: say whether B is not worse than that.", valueName: "difference"))
    var margin: Double?

    @Option(
        help: ArgumentHelp(
            "Say how many pairs are needed to detect a difference of this size.", valueName: "difference"))
    var detect: Double?

    @Option(help: ArgumentHelp("List N rows that got worse.", valueName: "n"))
    var regressions = 3

    @Option(name: .shortAndLong, help: ArgumentHelp("Write one line of JSON per pair to FILE.", valueName: "file"))
    var output: String?

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
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
            "Compare despite a difference: data_differs, function_differs, judge_differs or unfinished; repeatable.",
            valueName: "what"))
    var allowed: [AllowedRefusal] = []

    @Option(help: ArgumentHelp("The seed of resampled medians.", valueName: "n"))
    var seed: UInt64 = 0

    func validate() throws {
        guard level > 0.5, level < 1 else {
            throw ValidationError("--level \(level): expected a number above 0.5 and below 1")
        }
        if let margin, !(margin > 0 && margin.isFinite) {
            throw ValidationError("--margin \(margin): expected a number above 0")
        }
        if let detect, !(detect != 0 && detect.isFinite) {
            throw ValidationError("--detect \(detect): expected a number other than 0")
        }
        guard (0...100_000).contains(regressions) else {
            throw ValidationError("--regressions \(regressions): expected 0 to 100000")
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

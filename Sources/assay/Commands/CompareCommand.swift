import ArgumentParser
import Concurrency
import Glibc
import JSON
import Runs
import Statistics

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare the scores of two or more runs, row by row.",
        discussion: """
            EXAMPLES
              assay compare runs/old runs/new
              assay compare old.jsonl new.jsonl --key question_id
              assay compare runs/small runs/medium runs/large
              assay compare runs/all --split model --key input_query
              assay compare runs/judged --systems model_a,model_b
              assay compare runs/old runs/new --require 'basic::subset_of difference.lower >= -0.01'

            A RUN is a folder written by --save, or a file written by --output. The others are compared with the \
            first one, A. Rows are paired by their key, or else by row number, and each function is compared \
            over the rows that all runs have scored. A difference is B's score minus A's. With three or more runs, all \
            pairs are tested, and each run has a range of possible ranks. The chapter "Comparing" of the manual explains \
            the numbers.

            Exit status: 0 compared; 4 a requirement is not met; 5 something was not compared because it differs between \
            the runs; 1 a run cannot be read; 64 the command line is invalid.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, markdown }

    @Argument(help: ArgumentHelp("The runs; with --split, one.", valueName: "run"))
    var runs: [String]

    @Option(
        help: ArgumentHelp(
            "RUN holds several runs, one for each value of COLUMN. Values after an equals sign select and order them; "
                + "the first is A.", valueName: "column[=value,value]"))
    var split: SplitArgument?

    @Option(
        help: ArgumentHelp(
            "Pair rows by the values of these columns; separate several with commas (default: the saved key, or else the "
                + "row number).", valueName: "column"))
    var key: ColumnList?

    @Option(name: .customLong("fn"), help: ArgumentHelp("Compare only this function; repeatable.", valueName: "id"))
    var functions: [String] = []

    @Option(
        help: ArgumentHelp(
            "Rate systems by a judge's verdicts on pairs (A, B or tie); these two columns name the systems whose answers "
                + "are A and B.", valueName: "column,column"))
    var systems: ColumnList?

    @Option(
        help: ArgumentHelp(
            "With --systems, the columns of the two answers, for their lengths (default: "
                + "generated_answer,baseline_answer).", valueName: "column,column"))
    var answers: ColumnList?

    @Option(
        name: .customLong("aggregation"),
        help: ArgumentHelp("Compare only this aggregation, such as median; repeatable.", valueName: "name"))
    var aggregations: [String] = []

    @Flag(name: .customLong("against-first"), help: "Compare the other runs with the first only, not with one another.")
    var againstFirst = false

    @Option(
        help: ArgumentHelp(
            "Rows with the same value of COLUMN resemble one another: take that into account in intervals and tests "
                + "(default: as saved).", valueName: "column"))
    var cluster: ColumnList?

    @Flag(help: "Treat rows with the same key as samples of one question, and average them first.")
    var samples = false

    @Option(
        name: .customLong("pass-at"),
        help: ArgumentHelp(
            "Compare how many rows pass: scores of at least SCORE become 1, all others 0. Samples are averaged after that.",
            valueName: "score"))
    var passAt: Double?

    @Option(
        name: .customLong("by"),
        help: ArgumentHelp(
            "Also compare the rows of each value of COLUMN separately; repeatable.", valueName: "column"))
    var sliceColumns: [String] = []

    @Option(
        name: .customLong("answer-column"),
        help: ArgumentHelp(
            "A further column that may differ between the runs, like generated_answer, context and generation; "
                + "repeatable.", valueName: "column"))
    var answerColumns: [String] = []

    @Option(
        help: ArgumentHelp(
            "The test of means: t, mcnemar-exact, permutation, wilcoxon or bootstrap. Default: McNemar's mid-p for scores "
                + "of 0 and 1, sign flips if at most 16 rows differ, otherwise t.", valueName: "test"))
    var test: TestArgument?

    @Option(
        help: ArgumentHelp(
            "How to adjust p values for several tests.", valueName: "method"))
    var adjust = AdjustmentArgument.holm

    @Option(help: ArgumentHelp("The confidence level of intervals.", valueName: "share"))
    var level = 0.95

    @Option(
        help: ArgumentHelp(
            "The largest acceptable loss: say whether B is worse than A by less than this.", valueName: "difference"))
    var margin: Double?

    @Option(
        help: ArgumentHelp(
            "Say how many pairs are needed to detect a difference of this size.", valueName: "difference"))
    var detect: Double?

    @Option(
        help: ArgumentHelp(
            "The probability of finding a difference; determines the smallest detectable difference.",
            valueName: "share"))
    var power = 0.8

    @Option(
        help: ArgumentHelp(
            "How often medians, --test bootstrap and --test permutation resample.", valueName: "n"))
    var resamples = 9_999

    @Option(help: ArgumentHelp("List N rows that got worse.", valueName: "n"))
    var regressions = 3

    @Option(name: .shortAndLong, help: ArgumentHelp("Write one line of JSON per pair to FILE.", valueName: "file"))
    var output: String?

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: Format?

    @Option(
        name: .customLong("require"),
        help: ArgumentHelp(
            "Exit with status 4 if this requirement is not met, such as 'basic::subset_of difference.lower >= -0.01'; repeatable. "
                + "Values: difference, difference.lower, difference.upper, difference.lowest, p, better, worse, pairs, "
                + "a, b.", valueName: "requirement"))
    var requirements: [RequirementArgument] = []

    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "Compare despite a difference: data_differs, function_differs, judge_differs or unfinished; repeatable.",
            valueName: "what"))
    var allowed: [AllowedRefusal] = []

    @Option(help: ArgumentHelp("The seed of resampling.", valueName: "n"))
    var seed: UInt64 = 0

    /// More runs are not compared: their pairs could not be read by anyone.
    private static let mostRuns = 50

    func validate() throws {
        try validateSystems()
        if split == nil && systems == nil && runs.count < 2 {
            throw ValidationError("name two runs or more; for a file that holds several, use --split COLUMN")
        }
        if split != nil && runs.count > 1 { throw ValidationError("--split needs exactly one run") }
        guard runs.count <= Self.mostRuns else {
            throw ValidationError("at most \(Self.mostRuns) runs are compared")
        }
        guard power > 0, power < 1 else {
            throw ValidationError("--power \(power): expected a number above 0 and below 1")
        }
        guard (1...1_000_000).contains(resamples) else {
            throw ValidationError("--resamples \(resamples): expected 1 to 1000000")
        }
        if let passAt, !passAt.isFinite { throw ValidationError("--pass-at \(passAt): expected a number") }
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

    private func validateSystems() throws {
        if let systems, systems.names.count != 2 {
            throw ValidationError("--systems: expected two columns, such as model_a,model_b")
        }
        if let answers, answers.names.count != 2 {
            throw ValidationError("--answers: expected two columns, such as answer_a,answer_b")
        }
        if answers != nil && systems == nil { throw ValidationError("--answers needs --systems") }
        guard systems != nil else { return }
        if runs.count != 1 || split != nil { throw ValidationError("--systems needs exactly one run, without --split") }
        if functions.count > 1 { throw ValidationError("--systems accepts only one --fn") }
        if !requirements.isEmpty || output != nil || format == .markdown {
            throw ValidationError("--systems cannot be combined with --require, --output or --format markdown")
        }
    }

    private var outputFormat: Format { format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json) }

    func run() throws {
        if let systems { return try rate(systems.names) }
        let outcome = try comparing { refusal in
            if outputFormat == .json {
                try printOutput(
                    JSONValue.object(["comparable": false, "refusals": .array([refusal.json])]).prettyText + "\n")
            }
        } _: {
            try compare()
        }
        let checked = try requirements.flatMap { argument in
            let requirement = argument.requirement
            guard requirement.function == "*" || outcome.functions.contains(requirement.function) else {
                throw requirement.fault("no run has the function \"\(requirement.function)\"")
            }
            return outcome.check(requirement)
        }
        try printOutput(text(of: outcome, checked))
        checked.report()
        if outcome.hasRefusals { throw ExitCode(5) }
        if !checked.areMet { throw ExitCode(4) }
    }

    /// Rates the systems that a judge's verdicts are about.
    private func rate(_ columns: [String]) throws {
        let ratings = try comparing {
            let run = try SavedRun(runs[0])
            return try SystemRatings(
                run, function: functions.first, columns: (columns[0], columns[1]),
                answers: (answers?.names[0] ?? "generated_answer", answers?.names[1] ?? "baseline_answer"),
                key: key?.names ?? run.key, level: level)
        }
        try printOutput(outputFormat == .table ? ratings.text : ratings.json.prettyText + "\n")
    }

    /// Two runs or more, compared.
    private enum Outcome {
        case pair(Comparison)
        case several(Ranking)

        /// The functions of the runs.
        var functions: [String] {
            switch self {
            case .pair(let comparison): comparison.runs.flatMap(\.functions)
            case .several(let ranking): ranking.runs.flatMap(\.functions)
            }
        }

        func check(_ requirement: Requirement) -> [CheckedRequirement] {
            switch self {
            case .pair(let comparison): comparison.check(requirement)
            case .several(let ranking): ranking.check(requirement)
            }
        }

        var hasRefusals: Bool {
            switch self {
            case .pair(let comparison): comparison.hasRefusals
            case .several(let ranking): ranking.hasRefusals
            }
        }
    }

    private var comparisonOptions: ComparisonOptions {
        var options = ComparisonOptions()
        options.key = key?.names
        options.functions = functions
        options.aggregations = aggregations
        options.againstFirst = againstFirst
        options.cluster = cluster?.names
        options.averagesSamples = samples
        options.passThreshold = passAt
        options.sliceColumns = sliceColumns
        options.answerColumns = answerColumns
        options.test = test?.test
        options.adjustment = adjust.adjustment
        options.level = level
        options.power = power
        options.margin = margin
        options.detect = detect
        options.resamples = resamples
        options.regressions = regressions
        options.allowed = Set(allowed.map(\.code))
        options.seed = seed
        return options
    }

    private func openRuns() throws -> [SavedRun] {
        let opened = try runs.map { try SavedRun($0) }
        guard let split else { return opened }
        let (column, values) = split.choice(among: opened[0].columns)
        let parts = try opened[0].split(by: column, values: values, limit: Self.mostRuns)
        if key == nil, parts[0].key == nil {
            throw RunError(
                "--split: rows of different runs are paired by a key, and none was saved; name it with --key COLUMN")
        }
        return parts
    }

    private func compare() throws -> Outcome {
        let opened = try openRuns()
        let options = comparisonOptions
        func compare(_ sink: ((JSONValue) throws -> Void)?) throws -> Outcome {
            opened.count == 2
                ? .pair(try Comparison(opened[0], opened[1], options: options, pair: sink))
                : .several(try Ranking(opened, options: options, row: sink))
        }
        guard let output else { return try compare(nil) }
        let file = try OutputFile(output, unlessSameAs: runs[0], or: Array(runs.dropFirst()), Cancellation())
        do {
            let outcome = try compare { row in
                var line = row.text + "\n"
                try line.withUTF8 { try file.write(UnsafeRawBufferPointer($0)) }
            }
            try file.finish()
            return outcome
        } catch {
            file.discard()
            throw error
        }
    }

    private func text(of outcome: Outcome, _ checked: [CheckedRequirement]) -> String {
        switch (outputFormat, outcome) {
        case (.table, .pair(let comparison)): return comparison.text
        case (.table, .several(let ranking)): return ranking.text
        case (.json, .pair(let comparison)): return comparisonJSON(comparison.json, checked)
        case (.json, .several(let ranking)): return comparisonJSON(ranking.json, checked)
        case (.markdown, _):
            let failed = checked.filter { !$0.isMet }.map { "- **\(markdownText($0.line))**\n" }.joined()
            let body =
                switch outcome {
                case .pair(let comparison): comparison.markdown
                case .several(let ranking): ranking.markdown
                }
            return failed + (failed.isEmpty ? "" : "\n") + body
        }
    }
}

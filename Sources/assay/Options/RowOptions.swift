import ArgumentParser
import Concurrency
import Datasets
import Evaluation
import Glibc
import JSON
import Runs
import ScorerHost
import ScoringCore
import ScoringDefinitions
import ScoringEngine

/// The results of a run.
protocol RunResults {
    /// Whether the run processed all rows that it was meant to.
    var hasReachedEnd: Bool { get }
    var scoring: ScoringResults { get }
}

/// Checks that a run that only collected requests has seen all rows.
func checkCollected(_ results: some RunResults, failure: String?) throws {
    if results.scoring.isCancelled { throw ExitCode(130) }
    if let failure { throw Failure(failure) }
}

extension RunResults {
    /// Whether no row has a score because models failed; such results must not replace earlier ones.
    fileprivate var hasNothing: Bool {
        scoring.functions.allSatisfy { function in
            let counts = function.aggregates.counts
            return counts.scored == 0 && counts[.modelError] + counts[.timedOut] + counts[.notAsked] > 0
        }
    }
}

/// The rows, the functions and the output: options of all commands that score.
struct RowOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json

        /// What is used without `--format`.
        static var usual: Format { isatty(STDOUT_FILENO) == 1 ? .table : .json }
    }

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp(
            "A scoring function; parameters after = override those of its definition in this run, as JSON or the path "
                + "of a JSON file; repeatable.", valueName: "id[=params]"))
    var functions: [FunctionArgument] = []

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "Use the dataset's column OLD as the column NEW of scoring functions; OLD may be a path, such as "
                + "choices[0].text; repeatable.", valueName: "new=old"))
    var mapping: [AssignmentArgument] = []

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Use only rows whose COLUMN equals VALUE (or not, with !=): a string, or a number or boolean in JSON. "
                + "Repeatable: values of the same column are alternatives; different columns must all match.",
            valueName: "column=value"))
    var filters: [ConditionArgument] = []

    @Option(
        name: .customLong("by"),
        help: ArgumentHelp(
            "Also compute aggregates for each value of COLUMN, such as each subject or model; repeatable.",
            valueName: "column"))
    var groupColumns: [String] = []

    @Option(
        name: .customLong("by-limit"),
        help: ArgumentHelp(
            "Aggregate at most N values of a --by column separately, in the order in which they first appear, and the "
                + "other values together (default: 1000).", valueName: "n"))
    var groupLimit: Int?

    @Option(help: ArgumentHelp("Use only the first N rows (of those that match --where).", valueName: "n"))
    var limit: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write one line of JSON per row to FILE, in the order of the dataset. During the run, the lines are in "
                + "FILE.partial; FILE is replaced when the run is complete.", valueName: "file"))
    var output: String?

    @Option(
        name: .customLong("retry"), parsing: .singleValue,
        help: ArgumentHelp(
            "Send new requests for rows that an earlier run left without a score for these reasons, instead of using "
                + "cached replies: unparsed, model_error, timed_out or not_asked, separated by commas. Without this "
                + "option, unparsable replies come from the cache again; failed requests are always repeated.",
            valueName: "outcomes"))
    var retry: [OutcomesArgument] = []

    @Option(help: "The format of standard output (default: table on a terminal, json otherwise).")
    var format: Format?

    @Option(name: .customLong("require"), help: RequirementArgument.helpOnResults)
    var requirements: [RequirementArgument] = []

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The number of worker threads (default: one per core).", valueName: "n")
    )
    var jobs: Int?

    @Flag(inversion: .prefixedNo, help: "Show progress on standard error (default: on a terminal only).")
    var progress: Bool?

    static let noFunction = ValidationError(
        "name at least one scoring function: --fn ID; 'assay functions list' lists them")

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit \(limit): expected a number of rows") }
        if let jobs, jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): expected 1 to 1024") }
        if let groupLimit, !(1...100_000).contains(groupLimit) {
            throw ValidationError("--by-limit \(groupLimit): expected 1 to 100000")
        }
        for (index, name) in groupColumns.enumerated() where groupColumns[..<index].contains(name) {
            throw ValidationError("--by \(name): the column is repeated")
        }
        if let output, let ending = Self.foreignEnding(of: output) {
            throw ValidationError(
                "--output \(output): the output is JSON Lines, which does not match \(ending); use .jsonl instead. "
                    + "pandas reads it with read_json(path, lines=True), DuckDB with read_json(path)")
        }
        if output == "-" { throw ValidationError("--output -: expected a file, such as /dev/stdout") }
        for (index, pair) in mapping.enumerated() where mapping[..<index].contains(where: { $0.name == pair.name }) {
            throw ValidationError("--map \(pair.name)=…: the column is mapped twice")
        }
    }

    /// The files that options name.
    var filesRead: [String] { functions.compactMap(\.parameters?.path) }

    func readFunctions() throws -> [(identifier: String, parameters: JSONObject?)] {
        try functions.map { ($0.identifier, try $0.parameters?.read(for: "--fn \($0.identifier)")) }
    }

    /// The dataset's column for each mapped column.
    var columnMapping: [String: String] {
        Dictionary(mapping.map { ($0.name, $0.value) }) { one, _ in one }
    }

    var retriedOutcomes: Set<RowOutcome> { Set(retry.flatMap(\.outcomes)) }

    /// The conditions; values of the same column are combined.
    var rowFilters: [RowCondition] {
        var conditions: [RowCondition] = []
        for filter in filters {
            let place = conditions.firstIndex { $0.column == filter.name && !$0.isNegated && !filter.isNegated }
            if let place {
                conditions[place].values.append(filter.value)
            } else {
                conditions.append(
                    RowCondition(column: filter.name, values: [filter.value], isNegated: filter.isNegated))
            }
        }
        return conditions
    }

    /// The ending of a file name that means a format other than JSON Lines.
    private static func foreignEnding(of path: String) -> String? {
        let endings = [".csv", ".tsv", ".parquet", ".arrow", ".feather", ".xlsx", ".gz", ".zst", ".zip"]
        return endings.first { path.lowercased().hasSuffix($0) }
    }

    var threads: Int { jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    var outputFormat: Format { format ?? .usual }

    /// Prepares a run that only collects requests, and writes nothing.
    mutating func prepareCollecting() throws {
        if !retry.isEmpty {
            throw ValidationError("--retry replaces replies in the cache, which replies of a batch do not; remove it")
        }
        (output, requirements) = (nil, [])
    }

    /// Runs `body` with a sink for its output lines, and shows its progress.
    ///
    /// - Parameters:
    ///   - filesRead: other files that the output must not overwrite.
    ///   - samples: rows that are scored for each row of the dataset.
    /// - Returns: the result of `body`, and the file with the lines of an incomplete run.
    func run<Results: RunResults>(
        _ input: DatasetInput, _ engineOptions: EngineOptions, filesRead: [String], samples: Int = 1,
        _ cancellation: Cancellation,
        _ body: (RowSink?, RunProgress) throws -> Results
    ) throws -> (results: Results, unfinishedOutput: String?) {
        let progress = RunProgress()
        let start = ContinuousClock.now
        defer {
            input.printNotices(isQuiet: engineOptions.quiet)
            if engineOptions.verbose {
                printError("\(grouped(progress.rows)) rows in \(ContinuousClock.now - start)")
            }
        }
        do {
            let file = try output.map {
                try OutputFile(
                    $0, unlessSameAs: input.path, or: filesRead + [input.joinedPath].compactMap { $0 }, cancellation)
            }
            let display = ProgressDisplay(
                progress, input.reading, byteSize: input.byteSize,
                limit: limit.map { $0.multipliedClamped(by: samples) },
                isWanted: self.progress, isQuiet: engineOptions.quiet)
            defer { display.finish() }
            do {
                var sink: RowSink?
                if let file { sink = { try file.write($0) } }
                let results = try body(sink, progress)
                if results.hasReachedEnd && !(results.hasNothing && file?.replacesOthers ?? false) {
                    try file?.finish()
                    return (results, nil)
                }
                file?.leave()
                return (results, file?.unfinishedPath)
            } catch {
                file?.leave()
                throw error
            }
        } catch {
            if cancellation.isCancelled {
                printError("assay: interrupted before any row was complete")
                throw ExitCode(130)
            }
            if let error = error as? EngineError { throw Failure("\(error)") }
            throw error
        }
    }

    /// Prints the results, and ends the program with the exit status that they require.
    ///
    /// - Parameters:
    ///   - failure: why the run ended early.
    ///   - unfinishedOutput: the file with the lines of the completed rows.
    ///   - text: the results in the given format.
    func report(
        _ results: ScoringResults, failure: String?, unfinishedOutput: String?, isQuiet: Bool,
        _ text: (Format) -> String
    ) throws {
        let requirements = ResultRequirements(requirements)
        let checked = failure == nil && !results.isCancelled ? requirements.check(results) : []
        if failure == nil || results.isCancelled { try printOutput(text(outputFormat)) }
        if outputFormat == .json, !isQuiet, failure == nil { reportUnscored(results) }
        checked.report()
        if let failure, !results.isCancelled {
            throw Failure(failure + (unfinishedOutput.map { "; the completed rows are in \($0)" } ?? ""))
        }
        if results.isCancelled {
            let place = unfinishedOutput.map { ", which are in \($0)" } ?? ""
            printError("assay: interrupted; the results cover only the completed rows\(place)")
            throw ExitCode(130)
        }
        if let unfinishedOutput {
            printError(
                "assay: no row was scored, because models failed; the output file is unchanged, and the lines of this "
                    + "run are in \(unfinishedOutput)")
        }
        if results.functions.allSatisfy({ $0.aggregates.counts.total == 0 }) {
            printError("assay: no row was scored: \(reasonForNoRows)")
            throw ExitCode(checked.areMet ? 3 : 4)
        }
        for hint in results.hints {
            if hint.isFault {
                printError("Error: \(hint.text)")
            } else if !isQuiet {
                printError("hint: \(hint.text)")
            }
        }
        if !checked.areMet { throw ExitCode(4) }
        if results.hints.contains(where: \.isFault) { throw ExitCode(3) }
        let isCovered = results.functions.allSatisfy { function in
            function.aggregates.counts.unscored == 0 || requirements.coversUnscored(function.function.identifier)
                || requirements.coversUnscored(function.function.functionIdentifier)
        }
        if !isCovered { throw ExitCode(3) }
    }

    /// Names the first rows without a score, which are in the table, but not in the JSON.
    private func reportUnscored(_ results: ScoringResults) {
        let rows = ResultsTable(results).unscoredRows
        guard !rows.isEmpty else { return }
        printError("First rows without a score:")
        for row in rows.prefix(3) { printError(row) }
    }

    private var reasonForNoRows: String {
        if limit == 0 { return "--limit is 0" }
        if filters.isEmpty { return "the dataset has no rows" }
        let conditions = filters.map(\.text).joined(separator: " ")
        return "no row of the dataset matches \(conditions)"
    }
}

import ArgumentParser
import Datasets
import Glibc
import JSON
import ScorerHost
import ScoringCore
import ScoringEngine

/// What is done with which rows, and where the results go: for all commands that score.
struct RowOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp(
            "A scoring function; after = parameters that override its definition's in this run, as JSON or as the path "
                + "of a JSON file. Repeatable.", valueName: "id[=params]"))
    var functions: [FunctionArgument] = []

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "Read the column OLD of the dataset where a function names the column NEW; OLD may be a path, such as "
                + "choices[0].text; repeatable.", valueName: "new=old"))
    var mapping: [AssignmentArgument] = []

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Take only rows whose COLUMN is VALUE: a text, or the JSON text of a number or boolean; repeatable.",
            valueName: "column=value"))
    var filters: [AssignmentArgument] = []

    @Option(help: ArgumentHelp("Take only the first N rows (of those that --where lets through).", valueName: "n"))
    var limit: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write one JSON line a row to FILE, in input order.", valueName: "file"))
    var output: String?

    @Option(help: "What goes to standard output; table on a terminal, else json.")
    var format: Format?

    @Option(name: .shortAndLong, help: ArgumentHelp("Worker threads; all cores unless given.", valueName: "n"))
    var jobs: Int?

    @Flag(inversion: .prefixedNo, help: "Show progress on standard error; on a terminal unless said otherwise.")
    var progress: Bool?

    static let noFunction = ValidationError(
        "name at least one scoring function: --fn ID; 'assay functions list' shows all")

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit \(limit): a number of rows was expected") }
        if let jobs, jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): 1 to 1024 was expected") }
        if output == "-" { throw ValidationError("--output -: a file was expected, such as /dev/stdout") }
        for (index, pair) in mapping.enumerated() where mapping[..<index].contains(where: { $0.name == pair.name }) {
            throw ValidationError("--map \(pair.name)=…: the column is mapped twice")
        }
    }

    /// The files that options name.
    var filesRead: [String] { functions.compactMap(\.parameters?.path) }

    func readFunctions() throws -> [(identifier: String, parameters: JSONObject?)] {
        try functions.map { ($0.identifier, try $0.parameters?.read(for: "--fn \($0.identifier)")) }
    }

    /// The column of the dataset for each that is mapped.
    var columnMapping: [String: String] {
        Dictionary(mapping.map { ($0.name, $0.value) }) { one, _ in one }
    }

    var rowFilters: [(column: String, value: String)] { filters.map { ($0.name, $0.value) } }

    var threads: Int { jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    var outputFormat: Format { format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json) }

    /// Runs `body` with what takes its output lines, and shows its progress.
    ///
    /// - Parameter filesRead: files beside the dataset that the output must not overwrite.
    func run<Results>(
        _ input: DatasetInput, _ engineOptions: EngineOptions, filesRead: [String],
        _ body: (RowSink?, RunProgress) throws -> Results
    ) throws -> Results {
        let progress = RunProgress()
        let display = ProgressDisplay(
            progress, input.reading, total: input.byteSize, isWanted: self.progress, isQuiet: engineOptions.quiet)
        let start = ContinuousClock.now
        defer {
            display.finish()
            input.printNotices(isQuiet: engineOptions.quiet)
            if engineOptions.verbose {
                printError("\(grouped(progress.rows)) rows in \(ContinuousClock.now - start)")
            }
        }
        do {
            let file = try output.map {
                try OutputFile($0, unlessSameAs: input.path, or: filesRead + [input.joinedPath].compactMap { $0 })
            }
            do {
                var sink: RowSink?
                if let file { sink = { try file.write($0) } }
                let results = try body(sink, progress)
                try file?.close()
                return results
            } catch {
                file?.abandon()
                throw error
            }
        } catch let error as EngineError {
            throw Failure("\(error)")
        }
    }

    /// Prints results, and ends the program as they call for.
    ///
    /// - Parameters:
    ///   - failure: why the run ended before its dataset did, and whether the rows before are in the output.
    ///   - text: the results in a format.
    func report(
        _ results: ScoringResults, failure: (message: String, keepsRows: Bool)?, isQuiet: Bool,
        _ text: (Format) -> String
    ) throws {
        if failure == nil || results.isCancelled { try printOutput(text(outputFormat)) }
        if let failure, !results.isCancelled {
            let isKept = output != nil && failure.keepsRows
            throw Failure("\(failure.message)\(isKept ? "; the rows before that are in the output" : "")")
        }
        if results.isCancelled {
            printError("assay: interrupted; the results are those of the rows that were done")
            throw ExitCode(130)
        }
        if results.functions.allSatisfy({ $0.aggregates.counts.total == 0 }) && !isQuiet {
            let reason = filters.isEmpty ? "the dataset has none" : "the dataset has none that --where lets through"
            printError("warning: no row was scored: \(reason)")
        }
        if !results.isComplete { throw ExitCode(3) }
    }
}

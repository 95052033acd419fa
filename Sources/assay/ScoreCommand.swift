import ArgumentParser
import Datasets
import Glibc
import JSON
import ScorerHost
import ScoringCore
import ScoringEngine

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Scores the rows of a dataset.",
        discussion: """
            DATASET is a path, a file:// URI, or - for standard input (JSON Lines). Formats: .jsonl or .ndjson (one \
            object a line), .json (an array of objects), .csv and .tsv (with a header row), each also .gz or .zst.

            Exit status: 0 all rows were scored; 1 the run failed; 3 some rows could not be scored, and the results say \
            how many and why; 64 the command line was wrong; 130 interrupted, what was done is kept.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Argument(help: ArgumentHelp("The rows to score.", valueName: "dataset"))
    var dataset: String

    @Option(
        name: .customLong("fn"),
        help: ArgumentHelp(
            "A scoring function; after = parameters that override its definition's in this run, as JSON or as the path "
                + "of a JSON file. Repeatable.", valueName: "id[=params]"))
    var functions: [FunctionArgument] = []

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "Read the column OLD of the dataset where a function names the column NEW; repeatable.",
            valueName: "new=old"))
    var mapping: [AssignmentArgument] = []

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Score only rows whose COLUMN is VALUE: a text, or the JSON text of a number or boolean; repeatable.",
            valueName: "column=value"))
    var filters: [AssignmentArgument] = []

    @Option(help: ArgumentHelp("Score only the first N rows (of those that --where lets through).", valueName: "n"))
    var limit: Int?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write one JSON line a row to FILE, in input order.", valueName: "file"))
    var output: String?

    @Flag(name: .customLong("with-input"), help: "Copy each row's own columns into its output line.")
    var withInput = false

    @Option(help: "What goes to standard output; table on a terminal, else json.")
    var format: Format?

    @Option(name: .shortAndLong, help: ArgumentHelp("Worker threads; all cores unless given.", valueName: "n"))
    var jobs: Int?

    @Flag(inversion: .prefixedNo, help: "Show progress on standard error; on a terminal unless said otherwise.")
    var progress: Bool?

    @OptionGroup var engineOptions: EngineOptions

    func validate() throws {
        if functions.isEmpty {
            throw ValidationError("name at least one scoring function: --fn ID; 'assay functions list' shows all")
        }
        if let limit, limit < 0 { throw ValidationError("--limit \(limit): a number of rows was expected") }
        if let jobs, jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): 1 to 1024 was expected") }
        if withInput && output == nil { throw ValidationError("--with-input needs --output FILE") }
        for (index, pair) in mapping.enumerated() where mapping[..<index].contains(where: { $0.name == pair.name }) {
            throw ValidationError("--map \(pair.name)=…: the column is mapped twice")
        }
    }

    func run() throws {
        let cancellation = Cancellation()
        let interruption = Interruption(cancelling: cancellation)
        let reading = ReadControl()
        let location: DatasetLocation
        do {
            location = try DatasetLocation(dataset)
        } catch {
            throw Failure("\(error)")
        }
        var request = ScoringRequest(
            Dataset(location, control: reading),
            functions: try functions.map { ($0.identifier, try $0.readParameters()) })
        for pair in mapping { request.mapping[pair.name] = pair.value }
        request.filters = filters.map { ($0.name, $0.value) }
        request.limit = limit
        request.includesInput = withInput
        request.jobs = jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        interruption.onCancel { reading.stop() }

        let engine = engineOptions.makeEngine()
        let progress = RunProgress()
        let display = ProgressDisplay(
            progress, reading, total: location.byteSize, isWanted: self.progress, isQuiet: engineOptions.quiet)
        let start = ContinuousClock.now
        let results: ScoringResults
        do {
            defer { display.finish() }
            let file = try output.map { try OutputFile($0, unlessSameAs: location.path) }
            do {
                var sink: RowSink?
                if let file { sink = { try file.write($0) } }
                results = try engine.score(request, sink: sink, progress: progress, cancellation: cancellation)
            } catch {
                file?.abandon()
                throw error
            }
            try file?.close()
        } catch let error as EngineError {
            throw Failure("\(error)")
        }
        if engineOptions.verbose {
            printError("\(grouped(progress.rows)) rows in \(ContinuousClock.now - start)")
        }
        try report(results)
    }

    private func report(_ results: ScoringResults) throws {
        let format = format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json)
        if results.failure == nil || results.isCancelled {
            try printOutput(format == .json ? results.json.prettyText + "\n" : ResultsTable(results).text)
        }
        if let failure = results.failure, !results.isCancelled {
            let isKept = output != nil && failure.code == .dataset
            throw Failure("\(failure)\(isKept ? "; the rows before that are in the output" : "")")
        }
        if results.isCancelled {
            printError("assay: interrupted; the results are those of the rows that were done")
            throw ExitCode(130)
        }
        if results.functions.allSatisfy({ $0.aggregates.counts.total == 0 }) && !engineOptions.quiet {
            let reason = filters.isEmpty ? "the dataset has none" : "the dataset has none that --where lets through"
            printError("warning: no row was scored: \(reason)")
        }
        if !results.isComplete { throw ExitCode(3) }
    }
}

/// Ends the program with status 1 and a message.
struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

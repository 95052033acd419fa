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

    @Flag(
        name: .customLong("dry-run"),
        help: "Ask no model: show the first requests, and estimate how many there are and what they cost.")
    var dryRun = false

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    func validate() throws {
        if functions.isEmpty {
            throw ValidationError("name at least one scoring function: --fn ID; 'assay functions list' shows all")
        }
        if let limit, limit < 0 { throw ValidationError("--limit \(limit): a number of rows was expected") }
        if let jobs, jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): 1 to 1024 was expected") }
        if dryRun && output != nil { throw ValidationError("--dry-run has no rows to write; leave --output out") }
        if output == "-" { throw ValidationError("--output -: a file was expected, such as /dev/stdout") }
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
        request.judgeModel = modelOptions.judgeModel
        request.budget = modelOptions.budget
        request.isDryRun = dryRun
        request.patience = .seconds(15)
        interruption.onCancel { reading.stop() }

        let models = modelOptions
        let isQuiet = engineOptions.quiet
        let engine = engineOptions.makeEngine { () throws(EngineError) in try models.makeInference(isQuiet: isQuiet) }
        let results: Result<ScoringResults, any Error> = Result {
            try score(request, location, reading, engine, cancellation)
        }
        waitFor { await engine.shutDown() }
        try report(results.get())
    }

    /// The files that the run reads beside the dataset, as far as options name them.
    private var filesRead: [String] { functions.compactMap(\.path) + modelOptions.filesRead }

    private func score(
        _ request: ScoringRequest, _ location: DatasetLocation, _ reading: ReadControl, _ engine: Engine,
        _ cancellation: Cancellation
    ) throws -> ScoringResults {
        let progress = RunProgress()
        let display = ProgressDisplay(
            progress, reading, total: location.byteSize, isWanted: self.progress, isQuiet: engineOptions.quiet)
        let start = ContinuousClock.now
        defer {
            display.finish()
            if engineOptions.verbose {
                printError("\(grouped(progress.rows)) rows in \(ContinuousClock.now - start)")
            }
        }
        do {
            let file = try output.map { try OutputFile($0, unlessSameAs: location.path, or: filesRead) }
            do {
                var sink: RowSink?
                if let file { sink = { try file.write($0) } }
                let results = try engine.score(
                    request, sink: sink, progress: progress, cancellation: cancellation)
                try file?.close()
                return results
            } catch {
                file?.abandon()
                throw error
            }
        } catch let error as EngineError {
            throw Failure(error.commandText)
        }
    }

    private func report(_ results: ScoringResults) throws {
        let format = format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .json)
        if let dryRun = results.dryRun, results.failure == nil && !results.isCancelled {
            return try printOutput(format == .json ? dryRun.json.prettyText + "\n" : DryRunText(dryRun).text)
        }
        if results.failure == nil || results.isCancelled {
            try printOutput(format == .json ? results.json.prettyText + "\n" : ResultsTable(results).text)
        }
        if let failure = results.failure, !results.isCancelled {
            let isKept = output != nil && [.dataset, .model].contains(failure.code)
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

/// Runs `body` to its end while this thread waits.
func waitFor(_ body: @escaping @Sendable () async -> Void) {
    let end = Semaphore()
    Task {
        await body()
        end.signal()
    }
    end.wait()
}

/// Lets one thread wait for another.
///
/// `@unchecked Sendable`: a semaphore is for several threads.
private final class Semaphore: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }
    func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}

/// Ends the program with status 1 and a message.
struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

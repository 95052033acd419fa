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
        abstract: "Score the rows of a dataset.",
        discussion: """
            EXAMPLES
              assay score answers.jsonl --fn basic::equality
              assay score answers.csv --fn basic::subset_of --map expected_answer=gold
              assay score answers.jsonl --fn basic::equality --by subject -o out.jsonl
              assay score answers.jsonl --fn mine::rating --fn-dir judges --dry-run
              zcat answers.jsonl.gz | assay score - --fn basic::equality

            DATASET is a path, a file:// URI, - for standard input (JSON Lines), or hf://datasets/OWNER/NAME?split=SPLIT \
            for a dataset of the Hugging Face Hub. Formats: .jsonl or .ndjson (one object a line), .json (an array of \
            objects), .csv and .tsv (with a header row), each also .gz or .zst.

            Exit status: 0 all rows were scored; 1 the run failed; 3 some rows could not be scored, and the results say \
            how many and why, or there were none; 64 the command line was wrong; 130 interrupted, what was done is in \
            FILE.partial.
            """)

    @Argument(help: ArgumentHelp("The rows to score.", valueName: "dataset"))
    var dataset: String

    @OptionGroup var rowOptions: RowOptions

    @OptionGroup(title: "Dataset") var datasetArguments: DatasetArguments

    @Flag(name: .customLong("with-input"), help: "Copy each row's own columns into its output line.")
    var withInput = false

    @Flag(
        name: .customLong("dry-run"),
        help: "Ask no model: show the first requests, and estimate how many there are and what they cost.")
    var dryRun = false

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    func validate() throws {
        if rowOptions.functions.isEmpty { throw RowOptions.noFunction }
        if dryRun && rowOptions.output != nil {
            throw ValidationError("--dry-run has no rows to write; leave --output out")
        }
        if withInput && rowOptions.output == nil { throw ValidationError("--with-input needs --output FILE") }
    }

    func run() throws {
        let cancellation = Cancellation()
        let interruption = Interruption(cancelling: cancellation)
        let input: DatasetInput
        do {
            input = try datasetArguments.input(dataset)
        } catch {
            throw Failure("\(error)")
        }
        var request = ScoringRequest(
            input.dataset,
            functions: try rowOptions.readFunctions())
        request.mapping = rowOptions.columnMapping
        request.filters = rowOptions.rowFilters
        request.limit = rowOptions.limit
        request.groupColumns = rowOptions.groupColumns
        request.groupLimit = rowOptions.groupLimit ?? request.groupLimit
        request.retriedOutcomes = rowOptions.retriedOutcomes
        request.refusesWrongShapes = true
        request.includesInput = withInput
        request.jobs = rowOptions.threads
        request.judgeModel = modelOptions.judgeModel
        request.budget = modelOptions.budget
        request.isDryRun = dryRun
        request.patience = .seconds(15)
        interruption.onCancel { [stop = input.stop] in stop() }

        let models = modelOptions
        let isQuiet = engineOptions.quiet
        let isDryRun = dryRun
        let engine = engineOptions.makeEngine { () throws(EngineError) in
            try models.makeInference(isQuiet: isQuiet, asksNobody: isDryRun)
        }
        let results = Result {
            try score(request, input, engine, cancellation)
        }
        waitFor { await engine.shutDown() }
        let (scoring, unfinishedOutput) = try results.get()
        try report(scoring, unfinishedOutput)
    }

    /// The files that the run reads beside the dataset, as far as options name them.
    private var filesRead: [String] { rowOptions.filesRead + modelOptions.filesRead }

    private func score(
        _ request: ScoringRequest, _ input: DatasetInput, _ engine: Engine,
        _ cancellation: Cancellation
    ) throws -> (results: ScoringResults, unfinishedOutput: String?) {
        try rowOptions.run(input, engineOptions, filesRead: filesRead, cancellation) { sink, progress in
            do throws(EngineError) {
                return try engine.score(request, sink: sink, progress: progress, cancellation: cancellation)
            } catch {
                throw Failure(error.commandText)
            }
        }
    }

    private func report(_ results: ScoringResults, _ unfinishedOutput: String?) throws {
        if let dryRun = results.dryRun, results.failure == nil && !results.isCancelled {
            return try printOutput(
                rowOptions.outputFormat == .json ? dryRun.json.prettyText + "\n" : DryRunText(dryRun).text)
        }
        try rowOptions.report(
            results, failure: results.failure?.commandText, unfinishedOutput: unfinishedOutput,
            isQuiet: engineOptions.quiet
        ) { format in
            format == .json ? results.json.prettyText + "\n" : ResultsTable(results).text
        }
    }
}

extension ScoringResults: RunResults {
    var hasReachedEnd: Bool { failure == nil && !isCancelled }
    var scoring: ScoringResults { self }
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

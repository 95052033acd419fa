import ArgumentParser
import Concurrency
import Datasets
import Glibc
import Inference
import JSON
import Platform
import Reports
import Runs
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
            for a dataset on the Hugging Face Hub. Formats: .jsonl or .ndjson (one object per line), .json (an array of \
            objects), .csv and .tsv (with a header row), each optionally compressed (.gz or .zst).

            Exit status: 0 all rows were scored; 1 the run failed; 3 some rows could not be scored (the results say how \
            many, and why) or there were no rows; 4 a requirement is not met; 64 the command line is invalid; 130 the \
            run was interrupted, and the rows that were done are in FILE.partial. The file of --state is written when \
            the run is complete.
            """)

    @Argument(help: ArgumentHelp("The rows to score.", valueName: "dataset"))
    var dataset: String

    @OptionGroup var rowOptions: RowOptions

    @OptionGroup(title: "Dataset") var datasetArguments: DatasetArguments

    @OptionGroup(title: "Limits") var limitOptions: DataLimitOptions

    @Flag(name: .customLong("with-input"), help: "Copy each row's own columns into its output line.")
    var withInput = false

    @Flag(
        name: .customLong("dry-run"),
        help: "Do not ask any model: show the first requests, and estimate their number and cost.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "What to do with a model's thinking, up to </think>, in generated_answer: keep scores it as part of the "
                + "answer, with a warning; strip moves it to the column generation_reasoning.",
            valueName: "keep|strip"))
    var reasoning = Reasoning.keep

    enum Reasoning: String, ExpressibleByArgument, CaseIterable {
        case keep, strip
    }

    @Flag(help: "Treat rows with the same --key as samples of one question: show pass@k, and intervals by question.")
    var samples = false

    @Option(
        help: ArgumentHelp(
            "Also show the N rows with the lowest scores of each function: key, question, answer, expected answer and "
                + "feedback.", valueName: "n"))
    var worst: Int?

    @OptionGroup(title: "Statistics") var statisticsOptions: StatisticsOptions

    @OptionGroup(title: "Saved run") var saveOptions: SaveOptions

    @OptionGroup var stateOption: StateOption

    @OptionGroup(title: "Statistics") var calibrationOptions: CalibrationOptions

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    @OptionGroup(title: "Batches") var batchOptions: BatchOptions

    func validate() throws {
        if rowOptions.functions.isEmpty { throw RowOptions.noFunction }
        try ResultRequirements(rowOptions.requirements).validate(functions: rowOptions.functions.map(\.identifier))
        if dryRun && rowOptions.output != nil {
            throw ValidationError("--dry-run writes no rows; remove --output")
        }
        if samples && statisticsOptions.key == nil {
            throw ValidationError("--samples needs --key COLUMN, which says which rows are samples of one question")
        }
        if statisticsOptions.key != nil && !samples && saveOptions.save == nil {
            throw ValidationError("--key needs --save or --samples")
        }
        if dryRun && saveOptions.save != nil { throw ValidationError("--dry-run saves no run; remove --save") }
        if dryRun && stateOption.path != nil { throw ValidationError("--dry-run scores no rows; remove --state") }
        if statisticsOptions.passAt != nil && !samples { throw ValidationError("--pass-at needs --samples") }
        if let worst, !(1...1_000).contains(worst) {
            throw ValidationError("--worst \(worst): expected 1 to 1000")
        }
        if withInput && rowOptions.output == nil { throw ValidationError("--with-input needs --output FILE") }
    }

    func run() throws {
        let stage = RunStage()
        guard batchOptions.batch, !dryRun else { return try run(stage) }
        var collecting = self
        try collecting.prepareCollecting()
        collecting.engineOptions.quiet = true
        try BatchedRun(options: batchOptions, models: modelOptions, isQuiet: engineOptions.quiet).run(
            dataset: dataset, stage, collect: { [collecting] in try collecting.run($0) }, score: { try run($0) })
    }

    /// Runs without asking a model, and without output: a collector receives the requests.
    mutating func collect(in collector: BatchCollector) throws {
        if dryRun { throw ValidationError("--dry-run sends nothing; remove it to write the requests") }
        try prepareCollecting()
        try run(RunStage().collecting(BatchMode(collector: collector)))
    }

    private mutating func prepareCollecting() throws {
        try rowOptions.prepareCollecting()
        (worst, withInput, saveOptions.save, stateOption.path) = (nil, false, nil, nil)
    }

    private func run(_ stage: RunStage) throws {
        let (cancellation, interruption) = (stage.cancellation, stage.interruption)
        let calibration = try calibrationOptions.read()
        try stateOption.check(filesRead: [dataset] + filesRead)
        let input: DatasetInput
        do {
            input = try datasetArguments.input(dataset, limitOptions, modelOptions.hubCache())
        } catch {
            throw Failure("\(error)")
        }
        var request = try request(for: input.dataset)
        if !engineOptions.quiet { request.warn = { printError("warning: \(oneLine($0, limit: 1000))") } }
        interruption.onCancel { [stop = input.stop] in stop() }

        let models = modelOptions
        let isQuiet = engineOptions.quiet
        let isDryRun = dryRun
        let engine = engineOptions.makeEngine(
            limits: limitOptions.functionLimits, cancellation: cancellation
        ) { () throws(EngineError) in
            try models.makeInference(isQuiet: isQuiet, asksNobody: isDryRun, stage: stage)
        }
        let worstRows = worst.map { worst in
            let shown = ["input_query", "question", "prompt", "generated_answer", "expected_answer"]
            let columns = (statisticsOptions.key?.names ?? []) + shown
            return WorstRows(
                request.functions.map(\.identifier), limit: worst, columns: columns.map { request.mapping[$0] ?? $0 })
        }
        let results = Result {
            try ResultRequirements(rowOptions.requirements).validate(scoresOf: request.functions, in: engine)
            return try score(
                request, input, engine, try saver(request, input, engine), calibration, worstRows, cancellation)
        }
        waiting { await engine.shutDown() }
        let (scoring, unfinishedOutput) = try results.get()
        if stage.isCollecting { return try checkCollected(scoring, failure: scoring.failure?.commandText) }
        try report(scoring, unfinishedOutput, worstRows)
    }

    /// What the options ask for.
    func request(for dataset: Dataset) throws -> ScoringRequest {
        var request = ScoringRequest(
            dataset,
            functions: try rowOptions.readFunctions())
        request.mapping = rowOptions.columnMapping
        request.filters = rowOptions.rowFilters
        request.limit = rowOptions.limit
        request.groupColumns = rowOptions.groupColumns
        request.groupLimit = rowOptions.groupLimit ?? request.groupLimit
        request.clusterColumns = statisticsOptions.cluster?.names ?? []
        request.questionColumns = samples ? statisticsOptions.key?.names ?? [] : []
        request.passThreshold = statisticsOptions.passAt ?? request.passThreshold
        request.retriedOutcomes = rowOptions.retriedOutcomes
        request.refusesWrongShapes = true
        request.includesInput = withInput
        request.jobs = rowOptions.threads
        request.judgeModel = modelOptions.judgeModel
        request.budget = modelOptions.budget
        request.isDryRun = dryRun
        request.isInBatches = batchOptions.batch
        request.reasoning = reasoning == .strip ? .strip : .keep
        request.patience = .seconds(15)
        request.keepsState = stateOption.path != nil
        return request
    }

    /// The files that options name and the run reads, other than the dataset.
    private var filesRead: [String] { rowOptions.filesRead + modelOptions.filesRead }

    private func saver(_ request: ScoringRequest, _ input: DatasetInput, _ engine: Engine) throws -> RunSaver? {
        try RunSaver(
            RunSaver.Setup(
                command: "score", dataset: dataset, path: input.path, revision: input.revision,
                functions: request.functions,
                mapping: request.mapping, filters: rowOptions.filters.map(\.condition), limit: request.limit,
                jobs: request.jobs, key: statisticsOptions.key?.names ?? [], cluster: request.clusterColumns,
                groups: request.groupColumns, samples: nil, judgeModel: request.judgeModel,
                requirements: rowOptions.requirements), saveOptions, engine)
    }

    private func score(
        _ request: ScoringRequest, _ input: DatasetInput, _ engine: Engine, _ saver: RunSaver?,
        _ calibration: Calibration?, _ worst: WorstRows?, _ cancellation: Cancellation
    ) throws -> (results: ScoringResults, unfinishedOutput: String?) {
        var request = request
        if saver != nil || worst != nil { request.includesInput = true }
        return try rowOptions.run(input, engineOptions, filesRead: filesRead, cancellation) {
            [request] sink, progress in
            var results: ScoringResults
            do throws(EngineError) {
                let next = worst.map { $0.sink(to: sink, withInput: withInput) } ?? sink
                let saved = saver?.sink(to: next, withInput: withInput || worst != nil) ?? next
                results = try engine.score(request, sink: saved, progress: progress, cancellation: cancellation)
            } catch {
                throw Failure(error.commandText)
            }
            calibration?.apply(to: &results, judgeModel: request.judgeModel)
            if results.failure == nil { try saver?.finish(results) }
            try stateOption.write(results)
            return results
        }
    }

    private func report(_ results: ScoringResults, _ unfinishedOutput: String?, _ worst: WorstRows?) throws {
        if let dryRun = results.dryRun, results.failure == nil && !results.isCancelled {
            return try printOutput(
                rowOptions.outputFormat == .json ? dryRun.json.prettyText + "\n" : DryRunText(dryRun).text)
        }
        try rowOptions.report(
            results, failure: results.failure?.commandText, unfinishedOutput: unfinishedOutput,
            isQuiet: engineOptions.quiet
        ) { format in
            guard format == .json else { return ResultsTable(results).text + (worst?.text ?? "") }
            var json = results.json.object ?? [:]
            if let worst { json["worst"] = worst.json }
            return JSONValue.object(json).prettyText + "\n"
        }
    }
}

extension WorstRows {
    /// What takes the run's output lines, which hold the rows' own columns, and passes them on.
    ///
    /// - Parameter withInput: whether the lines that are passed on are to hold them, too.
    fileprivate func sink(to next: RowSink?, withInput: Bool) -> RowSink {
        { lines in
            if withInput, let next {
                try self.add(lines)
                try next(lines)
            } else {
                try self.add(lines, withoutInput: next)
            }
        }
    }
}

extension ScoringResults: RunResults {
    var hasReachedEnd: Bool { failure == nil && !isCancelled }
    var scoring: ScoringResults { self }
}

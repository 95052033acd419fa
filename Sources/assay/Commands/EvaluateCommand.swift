import ArgumentParser
import Concurrency
import Datasets
import Evaluation
import Inference
import JSON
import Platform
import Runs
import ScoringEngine

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Generate answers for the rows of a dataset with a model, and score them.",
        discussion: """
            EXAMPLES
              assay evaluate questions.jsonl --model my-model --fn basic::subset_of
              assay evaluate --benchmark gsm8k --model my-model --limit 100
              assay evaluate questions.jsonl --model my-model --fn basic::subset_of \\
                --sampling '{"temperature": 0.7}' --samples 5 -o answers.jsonl

            DATASET is the same as for 'assay score'. The prompt is the row's chat_completion_input or messages, \
            completion_input, input_query or question, or the text that the prompt template of --benchmark makes from \
            the row's columns. Answers are scored while others are still being generated. Model replies are cached, so \
            after an interruption the same command continues where it stopped, and no request is paid for twice.

            Each line of --output has the row's own columns, generated_answer and the scores; 'assay score' accepts it \
            as a dataset. The exit status is the same as that of 'assay score'.
            """)

    @Argument(
        help: ArgumentHelp("The rows to answer (default: those of the benchmark).", valueName: "dataset"))
    var dataset: String?

    @Option(help: ArgumentHelp("The model that answers the rows.", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Use an agent instead of a model: its AgentConfig, as JSON or the path of a JSON file. It runs on the "
                + "Llama Stack server that the configuration names.", valueName: "config"))
    var agent: JSONArgument?

    @Option(help: ArgumentHelp("The system message of each prompt.", valueName: "text"))
    var systemMessage: String?

    @Option(
        help: ArgumentHelp(
            "Sampling parameters, as JSON or the path of a JSON file: those of the OpenAI API, such as "
                + "{\"temperature\": 0.7, \"max_tokens\": 256}, or a Llama Stack \"strategy\" (default: temperature "
                + "0).",
            valueName: "params"))
    var sampling: JSONArgument?

    @Option(
        help: ArgumentHelp(
            "An open benchmark ('assay benchmarks list'), or a benchmark in the form in which a server registers it, as "
                + "JSON or the path of a JSON file. Its metadata's \"generation\" says how prompts are built and answers are extracted; its "
                + "scoring_functions are used when there is no --fn.",
            valueName: "benchmark"))
    var benchmark: JSONArgument?

    @Option(
        help: ArgumentHelp(
            "Generate N answers for each row, each with its own request, and score them all (default: 1). The answers "
                + "differ only at a temperature above 0.", valueName: "n"))
    var samples: Int?

    @OptionGroup var rowOptions: RowOptions

    @OptionGroup(title: "Dataset") var datasetArguments: DatasetArguments

    @OptionGroup(title: "Limits") var limitOptions: DataLimitOptions

    @OptionGroup(title: "Statistics") var statisticsOptions: StatisticsOptions

    @OptionGroup(title: "Saved run") var saveOptions: SaveOptions

    @OptionGroup var stateOption: StateOption

    @OptionGroup(title: "Statistics") var calibrationOptions: CalibrationOptions

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    @OptionGroup(title: "Batches") var batchOptions: BatchOptions

    @OptionGroup(title: "Agents") var agentOptions: AgentOptions

    func validate() throws {
        if let samples, !(1...1000).contains(samples) {
            throw ValidationError("--samples \(samples): expected 1 to 1000")
        }
        if statisticsOptions.passAt != nil && samples ?? 1 == 1 {
            throw ValidationError("--pass-at needs --samples N with at least 2 samples")
        }
        if statisticsOptions.key != nil && saveOptions.save == nil { throw ValidationError("--key needs --save") }
        if stateOption.path != nil && samples ?? 1 > 1 {
            throw ValidationError(
                "--state cannot be used with several answers to a row; write them with --output, and score that file with "
                    + "'assay score --samples --key COLUMN --state FILE'")
        }
        if rowOptions.functions.isEmpty && benchmark == nil { throw RowOptions.noFunction }
        if (model == nil) == (agent == nil) {
            throw ValidationError("choose either a model or an agent: --model MODEL or --agent CONFIG")
        }
        if agent != nil && (systemMessage != nil || sampling != nil) {
            throw ValidationError("--system-message and --sampling apply to models only; an agent's config has its own")
        }
    }

    func run() throws {
        let stage = RunStage()
        guard batchOptions.batch else { return try run(stage) }
        var collecting = self
        try collecting.prepareCollecting()
        collecting.engineOptions.quiet = true
        try BatchedRun(options: batchOptions, models: modelOptions, isQuiet: engineOptions.quiet).run(
            dataset: dataset ?? "", stage, collect: { [collecting] in try collecting.run($0) },
            score: { try run($0) })
    }

    /// Runs without asking a model, and without output: a collector receives the requests.
    mutating func collect(in collector: BatchCollector) throws {
        try prepareCollecting()
        try run(RunStage().collecting(BatchMode(collector: collector)))
    }

    private mutating func prepareCollecting() throws {
        if agent != nil { throw ValidationError("turns of agents cannot be asked for in batches") }
        try rowOptions.prepareCollecting()
        saveOptions.save = nil
        stateOption.path = nil
    }

    private func run(_ stage: RunStage) throws {
        let (cancellation, interruption) = (stage.cancellation, stage.interruption)
        let calibration = try calibrationOptions.read()
        let benchmark = try benchmark.map { try readDefinition($0) }
        let rows = try dataset ?? Self.rows(of: benchmark)
        let input: DatasetInput
        do {
            input = try datasetArguments.input(rows, limitOptions, modelOptions.hubCache())
        } catch {
            throw Failure("\(error)")
        }
        interruption.onCancel { [stop = input.stop] in stop() }
        let (functions, settings) = try read(benchmark)
        try ResultRequirements(rowOptions.requirements).validate(functions: functions.map(\.identifier))
        let inference: InferenceService
        do throws(EngineError) {
            inference = try modelOptions.makeInference(
                agentsURL: agentOptions.agentsURL, isQuiet: engineOptions.quiet, stage: stage)
        } catch {
            throw Failure("\(error)")
        }
        var request = EvaluationRequest(
            input.dataset, candidate: try candidate(), functions: functions, inference: inference)
        request.settings = settings
        request.mapping = rowOptions.columnMapping
        request.filters = rowOptions.rowFilters
        request.limit = rowOptions.limit
        request.samples = samples ?? 1
        request.clusterColumns = statisticsOptions.cluster?.names ?? []
        request.passThreshold = statisticsOptions.passAt ?? request.passThreshold
        request.groupColumns = rowOptions.groupColumns
        request.groupLimit = rowOptions.groupLimit ?? request.groupLimit
        request.retriedOutcomes = rowOptions.retriedOutcomes
        request.refusesWrongShapes = true
        let isQuiet = engineOptions.quiet
        request.notice = { if !isQuiet { printError("assay: \($0)") } }
        request.warn = { if !isQuiet { printError("warning: \(oneLine($0, limit: 1000))") } }
        request.jobs = rowOptions.threads
        request.judgeModel = modelOptions.judgeModel
        request.budget = modelOptions.budget
        request.patience = .seconds(15)
        request.stopReading = input.stop
        request.keepsState = stateOption.path != nil
        try stateOption.check(filesRead: [rows] + filesRead)
        let engine = engineOptions.makeEngine(
            limits: limitOptions.functionLimits, cancellation: cancellation
        ) { inference }
        let results = Result {
            try ResultRequirements(rowOptions.requirements).validate(scoresOf: functions, in: engine)
            return try evaluate(
                request, input, engine, try saver(request, input, engine, rows), calibration, cancellation)
        }
        waiting {
            await engine.shutDown()
            await inference.shutDown()
        }
        let (evaluation, unfinishedOutput) = try results.get()
        if stage.isCollecting { return try checkCollected(evaluation, failure: evaluation.failure?.message) }
        try report(evaluation, unfinishedOutput)
    }

    /// The definition of a benchmark: an open one, if no file has that name.
    private func readDefinition(_ benchmark: JSONArgument) throws -> JSONObject {
        if let id = benchmark.path, !exists(id), !id.contains("/"), !id.hasSuffix(".json") {
            let known = try BenchmarkCatalog.installed().find(id)
            if let note = known.note, dataset == nil, !engineOptions.quiet { printError("assay: \(note)") }
            return known.json
        }
        return try benchmark.read(for: "--benchmark")
    }

    /// The address of a benchmark's own rows.
    private static func rows(of benchmark: JSONObject?) throws -> String {
        guard let uri = benchmark?["dataset"]?["uri"]?.string else {
            throw ValidationError(
                "name the rows to answer: a file, or an open benchmark with --benchmark "
                    + "('assay benchmarks list' lists them)")
        }
        return uri
    }

    private func read(
        _ json: JSONObject?
    ) throws -> ([(identifier: String, parameters: JSONObject?)], GenerationSettings) {
        var functions = try rowOptions.readFunctions()
        guard let json else { return (functions, GenerationSettings()) }
        if functions.isEmpty {
            let elements = json["scoring_functions"]?.array ?? []
            functions = elements.compactMap(\.string).map { ($0, nil) }
            if functions.isEmpty || functions.count < elements.count {
                throw ValidationError(
                    "--benchmark: scoring_functions is not an array of identifiers; name at least one function: --fn ID"
                )
            }
        }
        do throws(EvaluationError) {
            let settings = try GenerationSettings(benchmark: json)
            if settings.joinsDataset {
                throw EvaluationError(
                    .invalid, "names a dataset of a server; here, a file is joined: --join FILE --on COLUMN",
                    at: "/metadata/generation/join")
            }
            return (functions, settings)
        } catch {
            throw Failure("\(benchmark?.path ?? "--benchmark"): \(error)")
        }
    }

    private func candidate() throws -> BenchmarkConfiguration.Candidate {
        if let agent { return .agent(try agent.read(for: "--agent")) }
        return .model(
            name: model ?? "", sampling: try sampling?.read(for: "--sampling") ?? [:], systemMessage: systemMessage)
    }

    private func saver(
        _ request: EvaluationRequest, _ input: DatasetInput, _ engine: Engine, _ rows: String
    ) throws -> RunSaver? {
        let candidate: JSONValue =
            switch request.candidate {
            case .model(let name, let sampling, let systemMessage):
                [
                    "model": .string(name), "sampling": .object(sampling),
                    "system_message": systemMessage.map { .string($0) } ?? .null,
                ]
            case .agent(let config): ["agent": .object(config)]
            }
        return try RunSaver(
            RunSaver.Setup(
                command: "evaluate", dataset: rows, path: input.path, revision: input.revision,
                functions: request.functions,
                mapping: request.mapping, filters: rowOptions.filters.map(\.condition), limit: request.limit,
                jobs: request.jobs, key: statisticsOptions.key?.names ?? [], cluster: request.clusterColumns,
                groups: request.groupColumns, samples: request.samples > 1 ? request.samples : nil,
                judgeModel: request.judgeModel, candidate: candidate,
                requirements: rowOptions.requirements, name: model), saveOptions, engine)
    }

    private func evaluate(
        _ request: EvaluationRequest, _ input: DatasetInput, _ engine: Engine, _ saver: RunSaver?,
        _ calibration: Calibration?, _ cancellation: Cancellation
    ) throws -> (results: EvaluationResults, unfinishedOutput: String?) {
        return try rowOptions.run(
            input, engineOptions, filesRead: filesRead, samples: request.samples, cancellation
        ) { sink, progress in
            var results: EvaluationResults
            do throws(EvaluationError) {
                let saved = saver?.sink(to: sink, withInput: true) ?? sink
                results = try Evaluator(engine).run(
                    request, sink: saved, progress: progress, cancellation: cancellation)
            } catch {
                // The pointer into the request only means something within the values of options.
                throw Failure((error.placeInCandidate.map { "\($0): " } ?? "") + error.commandText)
            }
            calibration?.apply(to: &results.scoring, judgeModel: request.judgeModel)
            if results.failure == nil {
                try saver?.finish(
                    results.scoring, generation: results.generation.json,
                    servedByCandidate: results.generation.usage.servedModels)
            }
            if results.hasReachedEnd { try stateOption.write(results.scoring) }
            return results
        }
    }

    /// The files that options name and the run reads, other than the dataset.
    private var filesRead: [String] {
        [agent, sampling, benchmark].compactMap { $0?.path }.filter(exists) + rowOptions.filesRead
            + modelOptions.filesRead
    }

    private func report(_ results: EvaluationResults, _ unfinishedOutput: String?) throws {
        if results.generation.generated == 0, results.failure == nil, let first = results.scoring.unscored.first {
            printError("warning: no row was answered; the first failed with: \(oneLine(first.reason))")
        }
        try rowOptions.report(
            results.scoring, failure: results.failure?.message, unfinishedOutput: unfinishedOutput,
            isQuiet: engineOptions.quiet
        ) { format in
            format == .json
                ? results.json.prettyText + "\n"
                : GenerationSummary(results.generation, of: model ?? "the agent").text
                    + ResultsTable(results.scoring).text
        }
    }
}

private func exists(_ path: String) -> Bool { FileStatus(ofPath: path) != nil }

extension EvaluationResults: RunResults {
    var hasReachedEnd: Bool { failure == nil && !isCancelled }
}

extension EvaluationError {
    /// The message, with the option or command that solves the problem.
    var commandText: String { EngineError(.model, message, remedy: remedy).commandText }
}

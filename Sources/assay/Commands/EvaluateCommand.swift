import ArgumentParser
import Concurrency
import Datasets
import Evaluation
import Inference
import JSON
import ScoringEngine

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Generate answers to the rows of a dataset with a model, and score them.",
        discussion: """
            EXAMPLES
              assay evaluate questions.jsonl --model my-model --fn basic::subset_of
              assay evaluate questions.jsonl --model my-model --fn basic::subset_of \\
                --sampling '{"temperature": 0.7}' --samples 5 -o answers.jsonl

            DATASET is as for 'assay score'. What is asked is the row's chat_completion_input or messages, \
            completion_input, input_query or question, or what the prompt template of --benchmark makes of its columns. \
            Answers are scored while others are generated; both go through the cache, so that the same command goes on \
            where a killed run was, and asks nothing twice.

            Each line of --output has the row's own columns, generated_answer and the scores; 'assay score' takes it as \
            it is. Exit status: as of 'assay score'.
            """)

    @Argument(help: ArgumentHelp("The rows to answer.", valueName: "dataset"))
    var dataset: String

    @Option(help: ArgumentHelp("The model that answers.", valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "In place of a model, an agent of the Llama Stack server that the configuration names: its AgentConfig, as "
                + "JSON or as the path of a JSON file.", valueName: "config"))
    var agent: JSONArgument?

    @Option(help: ArgumentHelp("What the model is told first.", valueName: "text"))
    var systemMessage: String?

    @Option(
        help: ArgumentHelp(
            "How the model samples, as JSON or as the path of a JSON file: parameters of the OpenAI API, such as "
                + "{\"temperature\": 0.7, \"max_tokens\": 256}, or a \"strategy\" as Llama Stack has it. Temperature 0 "
                + "unless given.", valueName: "params"))
    var sampling: JSONArgument?

    @Option(
        help: ArgumentHelp(
            "A benchmark as a server registers it, as JSON or as the path of a JSON file: its metadata's \"generation\" "
                + "says how questions are made and answers read, and its scoring_functions are those without --fn.",
            valueName: "benchmark"))
    var benchmark: JSONArgument?

    @Option(
        help: ArgumentHelp(
            "Ask each row N times, each time with a request of its own, and score all N answers (default: 1). It takes a "
                + "temperature above 0 for the answers to differ.", valueName: "n"))
    var samples: Int?

    @OptionGroup var rowOptions: RowOptions

    @OptionGroup(title: "Dataset") var datasetArguments: DatasetArguments

    @OptionGroup var engineOptions: EngineOptions

    @OptionGroup(title: "Models") var modelOptions: ModelOptions

    @OptionGroup(title: "Agents") var agentOptions: AgentOptions

    func validate() throws {
        if let samples, !(1...1000).contains(samples) {
            throw ValidationError("--samples \(samples): 1 to 1000 was expected")
        }
        if rowOptions.functions.isEmpty && benchmark == nil { throw RowOptions.noFunction }
        if (model == nil) == (agent == nil) {
            throw ValidationError("name who answers, a model or an agent: --model MODEL or --agent CONFIG")
        }
        if agent != nil && (systemMessage != nil || sampling != nil) {
            throw ValidationError("--system-message and --sampling are for models; an agent's config says both itself")
        }
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
        interruption.onCancel { [stop = input.stop] in stop() }
        let (functions, settings) = try readBenchmark()
        let inference: InferenceService
        do throws(EngineError) {
            inference = try modelOptions.makeInference(
                agentsURL: agentOptions.agentsURL, isQuiet: engineOptions.quiet)
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
        let engine = engineOptions.makeEngine(cancellation: cancellation) { inference }
        let results = Result {
            try evaluate(request, input, engine, cancellation)
        }
        waitFor {
            await engine.shutDown()
            await inference.shutDown()
        }
        let (evaluation, unfinishedOutput) = try results.get()
        try report(evaluation, unfinishedOutput)
    }

    private func readBenchmark() throws -> ([(identifier: String, parameters: JSONObject?)], GenerationSettings) {
        var functions = try rowOptions.readFunctions()
        guard let benchmark else { return (functions, GenerationSettings()) }
        let json = try benchmark.read(for: "--benchmark")
        if functions.isEmpty {
            let elements = json["scoring_functions"]?.array ?? []
            functions = elements.compactMap(\.string).map { ($0, nil) }
            if functions.isEmpty || functions.count < elements.count {
                throw ValidationError(
                    "--benchmark: its scoring_functions are no array of identifiers; name at least one: --fn ID")
            }
        }
        do throws(EvaluationError) {
            let metadata = json["metadata"].flatMap { $0 == .null ? nil : $0 } ?? [:]
            guard let metadata = metadata.object else {
                throw EvaluationError(.invalid, "found \(metadata.kind); an object was expected", at: "/metadata")
            }
            let settings = try GenerationSettings(metadata: metadata)
            if settings.joinsDataset {
                throw EvaluationError(
                    .invalid, "names a dataset of a server; here, a file is joined: --join FILE --on COLUMN",
                    at: "/metadata/generation/join")
            }
            return (functions, settings)
        } catch {
            throw Failure("\(benchmark.path ?? "--benchmark"): \(error)")
        }
    }

    private func candidate() throws -> BenchmarkConfiguration.Candidate {
        if let agent { return .agent(try agent.read(for: "--agent")) }
        return .model(
            name: model ?? "", sampling: try sampling?.read(for: "--sampling") ?? [:], systemMessage: systemMessage)
    }

    private func evaluate(
        _ request: EvaluationRequest, _ input: DatasetInput, _ engine: Engine,
        _ cancellation: Cancellation
    ) throws -> (results: EvaluationResults, unfinishedOutput: String?) {
        let options = [agent, sampling, benchmark].compactMap { $0?.path }
        let filesRead = options + rowOptions.filesRead + modelOptions.filesRead
        return try rowOptions.run(
            input, engineOptions, filesRead: filesRead, samples: request.samples, cancellation
        ) { sink, progress in
            do throws(EvaluationError) {
                return try Evaluator(engine).run(request, sink: sink, progress: progress, cancellation: cancellation)
            } catch {
                // The place in a request means something only in what the options hold.
                throw Failure((error.placeInCandidate.map { "\($0): " } ?? "") + error.commandText)
            }
        }
    }

    private func report(_ results: EvaluationResults, _ unfinishedOutput: String?) throws {
        if results.generation.generated == 0, results.failure == nil, let first = results.scoring.unscored.first {
            printError("warning: no row was answered; the first: \(oneLine(first.reason))")
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

extension EvaluationResults: RunResults {
    var hasReachedEnd: Bool { failure == nil && !isCancelled }
}

extension EvaluationError {
    /// The message, and the option or command that mends it.
    var commandText: String { EngineError(.model, message, remedy: remedy).commandText }
}

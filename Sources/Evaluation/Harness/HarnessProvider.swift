import Concurrency
import Inference
public import JSON
public import Platform
import ScorerHost
import ScoringCore
import ScoringEngine
import Web

/// Runs tasks of EleutherAI's lm-evaluation-harness (PyPI `lm-eval`, from version 0.4.6 on) by its program `lm_eval`, which
/// asks the candidate itself.
///
/// The task is the one that the benchmark's metadata names; the documents, the prompts and the metrics are lm_eval's, so
/// that the benchmark's dataset and scoring functions have no part in it.
public struct HarnessProvider: EvaluationProvider {
    static let id = "lm-evaluation-harness"

    /// What lm_eval may see of this process's environment: where programs, data sets and certificates are, and proxies.
    private static let variables = [
        "PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE",
        "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_ENDPOINT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "http_proxy",
        "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    ]

    private let settings: EvaluationSettings.Harness
    private let environment: @Sendable (String) -> String?

    public var id: String { Self.id }
    public var type: String { "inline::lm-evaluation-harness" }

    /// - Parameter environment: reads a variable of the process's environment.
    public init(
        _ settings: EvaluationSettings.Harness = EvaluationSettings.Harness(),
        environment: @escaping @Sendable (String) -> String? = environmentVariable
    ) {
        self.settings = settings
        self.environment = environment
    }

    /// Whether the metadata name a task of lm_eval.
    public func owns(_ metadata: JSONObject) -> Bool { metadata["task"]?.string != nil }

    public func register(_ benchmark: Benchmark) throws(EvaluationError) {
        _ = try task(of: benchmark)
        _ = try program()
    }

    public func startupFault() -> String? {
        guard settings.isConfigured else { return nil }
        do throws(EvaluationError) {
            let installation = HarnessInstallation(
                program: try program(),
                environment: Self.variables.compactMap { name in environment(name).map { "\(name)=\($0)" } })
            let missing = installation.missingPackages()
            if missing.isEmpty { return nil }
            return
                "\(id): \(installation.program) needs the Python packages \(missing.joined(separator: ", ")), which "
                + "are missing; install them with pip install 'lm-eval[api]'"
        } catch {
            return "\(id): \(error.message)"
        }
    }

    public func evaluateRows(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        throw EvaluationError(
            .unsupported,
            "lm_eval evaluates the documents of its tasks, not the rows of a request; run the benchmark as a job")
    }

    public func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        let task = try task(of: run.benchmark)
        let program = try program()
        let model = try model(of: run)
        let folder = try folder(of: run)
        // What is left there is lm_eval's cache, which is of use to this job only if it goes on in the next process.
        var goesOn = false
        defer { if settings.outputFolder == nil && !goesOn { folder.remove() } }
        let arguments = HarnessArguments(task: task, model: model, configuration: run.configuration, folder: folder)
        let words = [program] + settings.command.dropFirst() + (try arguments.words())
        if case .text(let definition) = task.definition {
            try folder.prepare(definition)
        } else {
            try folder.prepare(nil)
        }
        do throws(EvaluationError) {
            try ask(words, task, model, folder, run)
        } catch {
            goesOn = run.suspension.isCancelled
            throw error
        }
        return try read(folder, run)
    }

    /// Runs lm_eval to its end.
    private func ask(
        _ words: [String], _ task: HarnessTask, _ model: ModelDelegation, _ folder: HarnessFolder, _ run: EvaluationRun
    ) throws(EvaluationError) {
        let passed = settings.passedVariables.compactMap { environment($0) }
        let redaction = Redaction(passed.map { Secret($0) })
        func redacted(_ text: String) -> String { redaction(model.redacted(text)) }
        // One entry for each name: of two, programs differ in which they take.
        var variables: [String: String] = [:]
        for name in Self.variables + settings.passedVariables {
            variables[name] = environment(name).map { "\(name)=\($0)" }
        }
        for name in ["PYTHONUNBUFFERED", "PYTHONUTF8"] { variables[name] = "\(name)=1" }
        variables["OPENAI_API_KEY"] = model.environmentEntry("OPENAI_API_KEY")
        var output = HarnessOutput(batchSize: task.batchSize ?? 1, redact: redacted)
        let ending: Subprocess.Ending
        do throws(Subprocess.Fault) {
            ending = try Subprocess(words: words, environment: Array(variables.values), folder: folder.path).run(
                cancellation: run.cancellation, timeout: settings.timeout
            ) { bytes in
                output.take(bytes)
                if let progress = output.progress { run.progress.update(done: progress.done, total: progress.total) }
            }
        } catch {
            throw EvaluationError(.provider, "\(words[0]) \(error.message)")
        }
        let tail = output.tail()
        let message: String
        switch ending {
        case .status(0): return
        case .status(let status): message = "lm_eval ended with status \(status)"
        case .signal(let signal): message = "lm_eval was ended by signal \(signal)"
        case .unknown: message = "lm_eval ended and its exit status is unknown, since SIGCHLD is ignored here"
        case .cancelled: throw EvaluationError(.cancelled, "cancelled; lm_eval has no results before it ends")
        case .timedOut:
            let seconds = (settings.timeout ?? .zero) / .seconds(1)
            message = "lm_eval was stopped because it took more than \(seconds) s (timeout_seconds)"
        }
        let said = tail.isEmpty ? ", and wrote nothing" : "; its last output:\n\(tail)"
        throw EvaluationError(.provider, redacted(message + Self.advice(on: tail) + said))
    }

    /// What to do about a failure that comes from the choice of the endpoint.
    private static func advice(on tail: String) -> String {
        if tail.contains("Loglikelihood is not supported for chat") {
            return ": the task compares the likelihoods of given answers, which needs \"endpoint\": "
                + "\"completions\" and a \"tokenizer\" in the benchmark's metadata"
        }
        if tail.contains("ModuleNotFoundError") || tail.contains("lm-eval[api]") || tail.contains("lm_eval[api]") {
            return ": a package that it needs is missing; install it with its dependencies (pip install 'lm-eval[api]')"
        }
        if tail.contains("Tokenizer is required") {
            return ": the task compares the likelihoods of given answers, which needs a \"tokenizer\" in the "
                + "benchmark's metadata (and the PyPI package transformers)"
        }
        return ""
    }

    /// Gives the samples to the run's output, and the metrics back.
    private func read(_ folder: HarnessFolder, _ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        let results = try HarnessResults(in: folder)
        var total = 0
        var counts: [String: OutcomeCounts] = [:]
        for (task, path) in results.samples {
            let metrics = results.metrics.filter { $0.task == task }
            let samples = HarnessSamples(
                task: task, path: path, metrics: metrics, namesTask: results.samples.count > 1)
            let (rows, outcomes) = try samples.write(to: run.output)
            total += rows
            for (metric, outcome) in zip(metrics, outcomes) { counts[metric.id] = outcome }
        }
        run.progress.update(done: total, total: total)
        var scores: JSONObject = [:]
        for metric in results.metrics {
            var score: JSONObject = ["aggregated_results": .object([metric.name: .object([metric.name: metric.value])])]
            if let error = metric.standardError {
                score["standard_error"] = .object([metric.name: .number(error)])
            }
            if let counts = counts[metric.id] { score["rows"] = .object(counts.json) }
            scores[metric.id] = .object(score)
        }
        return EvaluationResult(scores: scores, generation: ["total": JSONValue(total)])
    }

    // MARK: What a run needs

    private func task(of benchmark: Benchmark) throws(EvaluationError) -> HarnessTask {
        let task = try HarnessTask(benchmark.metadata)
        if task.definition != nil && !settings.allowsCustomTasks {
            throw EvaluationError(
                .unavailable,
                "tasks other than lm_eval's own can run any code on this machine; allow them in the configuration "
                    + "file: "
                    + #"{"evaluation": {"lm-evaluation-harness": {"allow_custom_tasks": true}}}"#,
                at: benchmark.metadata["task_yaml"] == nil ? "/metadata/include_path" : "/metadata/task_yaml")
        }
        return task
    }

    private func program() throws(EvaluationError) -> String {
        let name = settings.command.first ?? ""
        if let path = executable(name, path: environment("PATH") ?? "/usr/bin:/bin") { return path }
        throw EvaluationError(
            .unavailable,
            "the program \(quoted(name)) was not found; install it (pip install 'lm-eval[api]') so that it is in "
                + "PATH, or say in the configuration file how to run it: "
                + #"{"evaluation": {"lm-evaluation-harness": {"command": ["/path/to/lm_eval"]}}}"#)
    }

    private func model(of run: EvaluationRun) throws(EvaluationError) -> ModelDelegation {
        guard case .model(let name, _, _) = run.configuration.candidate else {
            throw EvaluationError(
                .unsupported, "lm_eval evaluates models only, but the candidate is an agent",
                at: "\(EvaluationError.candidatePointer)/type")
        }
        guard let inference = run.inference else {
            throw EvaluationError(.model, "no model is configured; add one to the configuration")
        }
        do throws(InferenceError) {
            return try inference.delegation(of: name)
        } catch {
            throw EvaluationError(.model, error.message)
        }
    }

    /// The folder that the job had when it ran before, or a new one.
    private func folder(of run: EvaluationRun) throws(EvaluationError) -> HarnessFolder {
        if let known = run.state?["folder"]?.string, let folder = HarnessFolder(existing: known) { return folder }
        let folder = try HarnessFolder(in: settings.outputFolder ?? environment("TMPDIR") ?? "/tmp")
        do throws(EvaluationError) {
            try run.keep(["folder": .string(folder.path)])
        } catch {
            folder.remove()
            throw error
        }
        return folder
    }
}

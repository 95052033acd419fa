import Concurrency
import Datasets
public import Inference
import JSON
import JinjaTemplates
import Patterns
import Platform
public import ScoringEngine

/// Runs configurations of NeMo Evaluator of the type `custom` with this engine, where no NeMo Evaluator is configured.
///
/// Each task is a run: the candidate answers the rows, each metric's function scores the answers, and the scores are put
/// together in the shape of NeMo Evaluator's results.
public struct CustomEvaluation: Sendable {
    private let engine: Engine
    private let jobs: Int
    private let judgeModel: String?
    private let budget: BudgetLimits
    private let folder: String

    /// - Parameters:
    ///   - jobs: the number of threads that score one run.
    ///   - judgeModel: the judge model of metrics that do not name one.
    ///   - budget: the limit on the cost of one run, candidate and judges together.
    ///   - folder: the folder for rows during a run.
    public init(_ engine: Engine, jobs: Int, judgeModel: String?, budget: BudgetLimits, folder: String) {
        self.engine = engine
        self.jobs = jobs
        self.judgeModel = judgeModel
        self.budget = budget
        self.folder = folder
    }

    /// Checks what can be checked without a model: templates, metrics, datasets, functions.
    func check(_ run: EvaluationRun, _ configuration: CustomConfiguration) throws(EvaluationError) {
        for task in configuration.tasks {
            _ = try dataset(of: task, run)
            for metric in task.metrics {
                guard let judge = metric.parameters["judge_model"]?.string else { continue }
                try find(judge, run, at: "/metadata/tasks/\(task.name)/metrics/\(metric.name)/params/model")
            }
            guard task.template != nil else { continue }
            guard case .model(let name, _, _) = run.configuration.candidate else {
                throw EvaluationError(
                    .unsupported, "custom tasks evaluate models; an agent was asked for",
                    at: "\(EvaluationError.candidatePointer)/type")
            }
            try find(name, run, at: "\(EvaluationError.candidatePointer)/model")
        }
    }

    private func find(_ model: String, _ run: EvaluationRun, at pointer: String) throws(EvaluationError) {
        guard let inference = run.inference else {
            throw EvaluationError(.model, "no model is configured; add one to the configuration")
        }
        do throws(InferenceError) {
            _ = try inference.catalog.find(model)
        } catch {
            throw EvaluationError(.model, error.message, at: pointer, cause: error)
        }
    }

    /// - Parameter usesOwnRows: whether the run's rows take the place of those that tasks name.
    func evaluate(
        _ run: EvaluationRun, _ configuration: CustomConfiguration, usesOwnRows: Bool = false
    ) throws(EvaluationError) -> EvaluationResult {
        let warnings = RunWarnings()
        var tasks = JSONObject()
        var scores = JSONObject()
        var generation = JSONObject()
        var done = 0
        let spending = Spending(limits: budget)
        for task in configuration.tasks {
            let part = TaskRun(
                task: task, run: run, engine: engine, jobs: jobs, judgeModel: judgeModel,
                spending: spending, folder: folder, done: done, warnings: warnings)
            let answers = try part.answers(dataset(of: task, run, usesOwnRows: usesOwnRows), configuration)
            if let usage = answers.generation { generation[task.name] = .object(usage) }
            let results = try part.scores(of: answers)
            var metrics = JSONObject()
            for result in results.metrics {
                var usage = result.usage
                metrics[result.metric.name] = ["scores": .object(result.scores)]
                for (name, statistics) in zip(result.metric.scores.map(\.name), result.statistics) {
                    var score: JSONObject = [
                        "aggregated_results": ["average": ["average": statistics.average]], "rows": statistics.rows,
                    ]
                    // Once for all scores of a judge.
                    score["usage"] = usage
                    usage = nil
                    scores["\(task.name)/\(result.metric.name)/\(name)"] = .object(score)
                }
            }
            tasks[task.name] = ["metrics": .object(metrics)]
            done = results.done
            if run.cancellation.isCancelled { break }
        }
        let whole: JSONValue = ["aggregated_results": ["tasks": .object(tasks), "groups": [:]]]
        var all: JSONObject = [run.benchmark.id: whole]
        for (name, value) in scores.members { all[name] = value }
        return EvaluationResult(
            scores: all, generation: generation.count == 1 ? generation.members[0].value.object ?? [:] : generation,
            warnings: warnings.texts, isCancelled: run.cancellation.isCancelled)
    }

    /// The rows of a task: a registered dataset with the address as its identifier, or the part of the address that names the
    /// dataset, or the dataset of the benchmark.
    private func dataset(
        of task: CustomConfiguration.Task, _ run: EvaluationRun, usesOwnRows: Bool = false
    ) throws(EvaluationError) -> Dataset {
        if usesOwnRows, let dataset = run.dataset { return dataset }
        guard let url = task.filesURL else {
            if let dataset = run.dataset { return dataset }
            throw EvaluationError(
                .dataset, "the task \(quoted(task.name)) names no dataset, and neither does the benchmark")
        }
        let path = url.firstRange(of: "datasets/").map { String(url[$0.upperBound...]) } ?? url
        let parts = path.split(separator: "/")
        let names = [url, path, parts.prefix(2).joined(separator: "/")] + (parts.last.map { [String($0)] } ?? [])
        for name in names {
            if let dataset = try run.findDataset(name) { return dataset }
        }
        if let dataset = run.dataset { return dataset }
        throw EvaluationError(
            .dataset,
            "the task \(quoted(task.name)) reads \(quoted(url)), which is not registered here; register its rows as the "
                + "dataset \(quoted(names[2])): POST /v1beta/datasets")
    }
}

/// A task of a run.
private struct TaskRun {
    let task: CustomConfiguration.Task
    let run: EvaluationRun
    let engine: Engine
    let jobs: Int
    let judgeModel: String?
    let spending: Spending
    let folder: String
    /// Rows of the tasks before.
    let done: Int
    let warnings: RunWarnings

    struct Answers {
        var rows: UnnamedFile
        var isGenerated: Bool
        var generation: JSONObject?
    }

    struct Scored {
        var metric: CustomMetric
        var scores: JSONObject
        var statistics: [CustomStatistics]
        var usage: JSONValue?
    }

    // MARK: Answers

    func answers(
        _ dataset: Dataset, _ configuration: CustomConfiguration
    ) throws(EvaluationError) -> Answers {
        let file = try unnamedFile()
        let limits = [configuration.limit, task.limit, run.configuration.numExamples].compactMap { $0 }
        guard let template = task.template else {
            try copy(dataset, limit: limits.min(), to: file)
            return Answers(rows: file, isGenerated: false)
        }
        guard case .model(let model, var sampling, let systemMessage) = run.configuration.candidate,
            let inference = run.inference
        else { throw EvaluationError(.model, "no model is configured; add one to the configuration") }
        for (name, value) in configuration.sampling.members { sampling[name] = value }
        let asked = Dataset(named: dataset.name) { () throws(DatasetError) in
            CustomRows.asked(try dataset.open(nil), template)
        }
        // A run needs a function; this one says nothing, and its scores are not kept.
        let answer: JSONValue = "{{sample.output_text}}"
        var request = EvaluationRequest(
            asked, candidate: .model(name: model, sampling: sampling, systemMessage: systemMessage),
            functions: [
                (
                    "text::string_check",
                    ["operation": "equals", "left_template": answer, "right_template": answer]
                )
            ], inference: inference)
        request.settings.requestColumn = CustomRows.requestColumn
        request.budget = spending.rest
        request.limit = limits.min()
        request.jobs = jobs
        let progress = run.progress
        let done = done
        let counter = Counter()
        let results = try Evaluator(engine).run(
            request,
            sink: { lines in
                try file.append(lines)
                progress.update(done: done + counter.add(lines.count { $0 == UInt8(ascii: "\n") }))
            }, cancellation: run.cancellation)
        spending.add(results.generation.usage)
        if let failure = results.failure, !results.isCancelled { throw failure }
        warnings.add(results.generation.usage)
        return Answers(rows: file, isGenerated: true, generation: results.generation.json)
    }

    private func copy(_ dataset: Dataset, limit: Int?, to file: UnnamedFile) throws(EvaluationError) {
        do {
            var lines = LineReader(try dataset.open(nil))
            var left = limit ?? .max
            while left > 0, let line = try lines.next() {
                try (line + [UInt8(ascii: "\n")]).withUnsafeBytes { try file.append($0) }
                left -= 1
            }
        } catch {
            throw EvaluationError(.dataset, "\(dataset.name): \(error)")
        }
    }

    // MARK: Scores

    func scores(of answers: Answers) throws(EvaluationError) -> (metrics: [Scored], done: Int) {
        var files: [UnnamedFile] = []
        var results: [ScoringResults] = []
        for metric in task.metrics {
            let file = try unnamedFile()
            results.append(try score(metric, answers, into: file))
            files.append(file)
        }
        var statistics = task.metrics.map { metric in metric.scores.map { _ in CustomStatistics() } }
        let rows = try join(answers, files, &statistics)
        let metrics = task.metrics.indices.map { index in
            let metric = task.metrics[index]
            let aggregates = results[index].functions.first?.json["aggregated_results"]
            var scores = JSONObject()
            for (score, statistics) in zip(metric.scores, statistics[index]) {
                if case .corpus(let aggregation) = score.place {
                    scores[score.name] = ["value": aggregates?[aggregation]?[aggregation] ?? .null]
                } else {
                    scores[score.name] = statistics.json()
                }
            }
            return Scored(
                metric: metric, scores: scores, statistics: statistics[index],
                usage: results[index].functions.first?.usage?.json)
        }
        return (metrics, done + rows)
    }

    /// Runs the function of a metric over the answers.
    private func score(
        _ metric: CustomMetric, _ answers: Answers, into file: UnnamedFile
    ) throws(EvaluationError) -> ScoringResults {
        let rows = Dataset(named: "the task \(quoted(task.name))") {
            CustomRows.scored(
                UnnamedFileSource(answers.rows, named: "the rows of the task"), metric,
                isGenerated: answers.isGenerated)
        }
        var request = ScoringRequest(rows, functions: [(metric.function, metric.parameters)])
        request.failureColumn = CustomRows.failureColumn
        request.jobs = jobs
        request.judgeModel = judgeModel
        request.inference = run.inference
        request.budget = spending.rest
        request.unscoredExamples = 0
        request.columns = metric.columns.map(\.name)
        do throws(EngineError) {
            let results = try engine.score(
                request, sink: { try file.append($0) }, cancellation: run.cancellation)
            spending.add(results.usage)
            warnings.add(results.usage)
            if let failure = results.failure, !results.isCancelled { throw failure }
            return results
        } catch {
            var failure = EvaluationError(error)
            failure.message = "the metric \(quoted(metric.name)) of the task \(quoted(task.name)): \(failure.message)"
            throw failure
        }
    }

    /// Writes each row with its scores, and adds them up.
    private func join(
        _ answers: Answers, _ files: [UnnamedFile], _ statistics: inout [[CustomStatistics]]
    ) throws(EvaluationError) -> Int {
        do {
            var rows = LineReader(UnnamedFileSource(answers.rows, named: "the rows of the task"))
            let readers = files.map { Lines($0) }
            var scratch = MatchScratch()
            var count = 0
            while let line = try rows.next() {
                var row =
                    (try? JSONValue(parsing: line))?.object ?? ["line": .string(String(decoding: line, as: UTF8.self))]
                for name in ["row", "scores", CustomRows.requestColumn, CustomRows.ownColumn]
                where answers.isGenerated {
                    row[name] = nil
                }
                var scores = JSONObject()
                for (index, metric) in task.metrics.enumerated() {
                    guard let scored = try readers[index].next() else { break }
                    let result = (try? JSONValue(parsing: scored))?["scores"]?[metric.function] ?? .null
                    for (place, score) in metric.scores.enumerated() {
                        if case .corpus = score.place { continue }
                        let value = Self.value(score.place, in: result, &scratch)
                        statistics[index][place].add(value)
                        var shown = result.object ?? [:]
                        shown["score"] = JSONValue(value)
                        scores["\(task.name)/\(metric.name)/\(score.name)"] = .object(shown)
                    }
                }
                scores[run.benchmark.id] = ["score": scores.members.first?.value["score"] ?? .null]
                row["scores"] = .object(scores)
                try Array((JSONValue.object(row).text + "\n").utf8).withUnsafeBytes { try run.output($0) }
                count += 1
            }
            run.progress.update(done: done + count)
            return count
        } catch {
            throw EvaluationError(.output, "\(error)")
        }
    }

    private static func value(
        _ place: CustomMetric.Place, in result: JSONValue, _ scratch: inout MatchScratch
    ) -> Double? {
        switch place {
        case .score: result["score"]?.number?.double
        case .output(let name): result[name]?.number?.double
        case .fMeasure(let name): result[name]?["fmeasure"]?.number?.double
        case .judged(let score): result["judge_feedback"]?.string.flatMap { score.value(in: $0, using: &scratch) }
        case .corpus: nil
        }
    }

    private func unnamedFile() throws(EvaluationError) -> UnnamedFile {
        do throws(RegularFile.Fault) {
            return try UnnamedFile(in: folder)
        } catch {
            throw EvaluationError(.output, "the rows cannot be kept: \(error.message)")
        }
    }
}

/// What is left of a budget, from run to run.
private final class Spending: Sendable {
    private let limits: BudgetLimits
    private let used = Monitor((requests: 0, cost: 0.0))

    init(limits: BudgetLimits) {
        self.limits = limits
    }

    func add(_ usage: ModelUsage?) {
        guard let usage else { return }
        used.update { used in
            used.requests += usage.requests
            used.cost += usage.cost ?? 0
        }
    }

    var rest: BudgetLimits {
        let used = used.update { $0 }
        return BudgetLimits(
            maxRequests: limits.maxRequests.map { max(0, $0 - used.requests) },
            maxCost: limits.maxCost.map { max(0, $0 - used.cost) })
    }
}

/// The lines of a file, for an array of them.
private final class Lines {
    private var reader: LineReader

    init(_ file: UnnamedFile) {
        reader = LineReader(UnnamedFileSource(file, named: "the scores of the task"))
    }

    func next() throws(DatasetError) -> [UInt8]? { try reader.next() }
}

/// A sum that is added to from one thread at a time.
private final class Counter: Sendable {
    private let sum = Monitor(0)

    func add(_ count: Int) -> Int {
        sum.update { sum in
            sum += count
            return sum
        }
    }
}

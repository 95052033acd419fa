import Datasets
import Evaluation
import HTTPTypes
import HuggingFace
import JSON
import ScoringDefinitions
import ScoringEngine
import Store

/// The first version of the evaluation API, of October 2024: datasets that are created, scorers that are run over them,
/// and tasks in which a model answers first.
enum FirstEvaluationRoutes {
    static let all: [Route] = [
        route(.post, "/datasets/create", "Create a dataset.", create),
        route(.post, "/datasets/delete", "Delete a dataset.", delete),
        route(.post, "/evals/run_scorer", "Score the rows of a dataset.", runScorer),
        route(
            .post, "/evals/run_eval_task", "Generate answers for the rows of a dataset with a model, and score them.",
            runTask),
    ]

    private static func route(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ handler: @escaping Route.Handler
    ) -> Route {
        let operation = Operation(id: "", summary: summary, request: "Object")
        return Route(method, path, operation.earlier(method, path)) { service, context in
            var context = context
            context.generation = .first
            return try handler(service, context)
        }
    }

    // MARK: Datasets

    /// Answers `{"status": "success" or "fail", "msg"}` with status 200, which scripts expect: they create a dataset each
    /// time that they run, and continue if it exists.
    @Sendable private static func create(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        if body.member("uuid") != nil {
            throw APIError.invalid(
                "/uuid: datasets of the API before October 2024 cannot be created; send a \"dataset_def\"", at: "/uuid")
        }
        let place = try body.required("dataset_def", "an object with a \"type\" and an \"identifier\"")
        let id = try place.required("identifier", "the identifier of the dataset").identifier()
        let written = try place.limitedObject(service.configuration)
        let uri = try uri(of: place)
        if try service.registry.dataset(id) != nil { return status("Dataset \(id) already exists.") }
        let source = DatasetSource.uri(uri)
        let definition: JSONValue = [
            "provider_id": .string(source.providerID), "purpose": "eval/question-answer",
            "source": source.definition, "metadata": [:], "dataset_def": .object(written),
        ]
        var names: [String: String] = [:]
        for (old, new) in try place.member("rename_columns_map")?.read(.object).members ?? [] {
            names[old] = new.string
        }
        do {
            let draft = try service.registry.makeDataset()
            try source.read(into: draft, service.sources, context.cancellation, renaming: names)
            _ = try draft.publish(as: id, definition)
        } catch let error as APIError where error.status.kind == .clientError {
            return status(error.message)
        }
        return status(nil)
    }

    private static func uri(of place: RequestBody.Place) throws -> String {
        guard try place.member("type")?.read(.oneOf(["custom", "huggingface"])) == "huggingface" else {
            let url = try place.required("url", "the address of a file")
            return try url.member("uri")?.read(.text) ?? url.read(.text)
        }
        let path = try place.required("dataset_path", "OWNER/NAME").read(.text)
        var parameters: [String] = []
        if let split = try place.member("kwargs")?.member("split")?.read(.text) { parameters.append("split=\(split)") }
        if let name = try place.member("dataset_name")?.read(.text) { parameters.append("name=\(name)") }
        return "huggingface://datasets/\(path)" + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
    }

    @Sendable private static func delete(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let id = try context.body().root.required("dataset_identifier", "the identifier of a dataset").identifier()
        return try status(service.registry.unregisterDataset(id) ? nil : "Dataset \(id) does not exist.")
    }

    /// - Parameter failure: nil for success.
    private static func status(_ failure: String?) -> RouteResponse {
        .json([
            "status": failure == nil ? "success" : "fail", "msg": failure.map { .string($0) } ?? .null,
        ])
    }

    // MARK: Scores

    @Sendable private static func runScorer(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let rows = try rows(of: body, service)
        let scorers = try FirstScorer.scorers(
            in: body.required("eval_scoring_config", "an object with a \"scorer_config_list\""), service)
        var request = ScoringRequest(
            Dataset(rows.dataset, in: service.registry), functions: scorers.map { ($0.function, $0.parameters) })
        request.limit = rows.limit
        request.definitions = service.definitions
        request.jobs = service.configuration.jobs
        request.judgeModel = service.configuration.judgeModel
        request.budget = service.configuration.budget
        request.unscoredExamples = 0
        let results = try service.score(request, context, resultSink: { _, _, _ in })
        if let failure = results.failure { throw failure }
        return answer(scorers, JSONObject(results.functions.map { ($0.function.identifier, $0.json) }))
    }

    @Sendable private static func runTask(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let task = body.member("eval_task_config")
        let rows = try rows(of: task ?? body, service, named: body.member("dataset"))
        let generation = task?.member("generation_config")
        let model = try generation?.member("model") ?? body.required("model", "the name of a model")
        let scorers: [FirstScorer] =
            if let scoring = task?.member("scoring_config") {
                try FirstScorer.scorers(in: scoring, service)
            } else {
                [try FirstScorer("accuracy", judge: nil, at: body, service)]
            }
        var candidate: JSONObject = ["type": "model", "model": .string(try model.read(.text))]
        if let sampling = try generation?.member("sampling_params")?.limitedObject(service.configuration) {
            candidate["sampling_params"] = .object(sampling)
        }
        var configuration: JSONObject = ["eval_candidate": .object(candidate)]
        configuration["scoring_params"] = .object(
            JSONObject(scorers.compactMap { scorer in scorer.parameters.map { (scorer.function, .object($0)) } }))
        if let limit = rows.limit { configuration["num_examples"] = JSONValue(limit) }
        let processor = task?.member("processor_config")?.member("processor_identifier") ?? body.member("task")
        let benchmark = Benchmark(
            id: "run_eval_task", datasetID: rows.dataset.id, functions: scorers.map(\.function),
            metadata: try metadata(ofProcessor: processor))
        let provider = try service.providers.provider(AssayProvider.id)
        let parsed = try BenchmarkConfiguration(.object(configuration))
        let result = try service.inference.using(keys: context.credentials.variables) {
            inference throws(EvaluationError) in
            try provider.evaluateRows(
                EvaluationRun(
                    benchmark: benchmark, configuration: parsed, dataset: Dataset(rows.dataset, in: service.registry),
                    rowCount: rows.dataset.rowCount, inference: inference, cancellation: context.cancellation,
                    findDataset: service.registry.findDataset, output: { _ in }))
        }
        service.count(result.generation, scores: result.scores)
        if result.isCancelled { throw ResponseStream.Abandoned() }
        return answer(scorers, result.scores)
    }

    /// The rows that a configuration names: `{"dataset_config": {"dataset_identifier", "row_limit"}}`.
    private static func rows(
        of place: RequestBody.Place, _ service: Service, named name: RequestBody.Place? = nil
    ) throws -> (dataset: StoredDataset, limit: Int?) {
        let config = place.member("dataset_config")
        let id =
            try config?.member("dataset_identifier") ?? config?.member("dataset_name") ?? name
            ?? (config ?? place).required("dataset_identifier", "the identifier of a dataset")
        return (
            try service.whole(DatasetRoutes.find(id.identifier(), service)),
            try config?.member("row_limit")?.read(.integer(from: 0))
        )
    }

    /// How a processor makes prompts from rows, and answers from generations.
    private static func metadata(ofProcessor place: RequestBody.Place?) throws(APIError) -> JSONObject {
        guard let place else { return [:] }
        switch try place.read(.oneOf(["mmlu", "judge"])) {
        case "mmlu":
            return [
                "generation": [
                    "prompt_template": .string(
                        "{Question}\n\nA) {A}\nB) {B}\nC) {C}\nD) {D}\n\nEnd your reply with a line of the form "
                            + "\"Answer: X\", where X is A, B, C or D."),
                    "map": ["expected_answer": "Answer"],
                    "answer_regexes": ["(?i)Answer\\s*:\\s*\\W*([A-D])\\b"], "answer_match": "last",
                ]
            ]
        default: return [:]
        }
    }

    /// `{"eval_result": {"metrics": {"CLASS:METRIC": number}, "rows": {ID: counts}}, "formatted_report": text}`. Clients read
    /// all metrics as numbers, so that those without a value are left out.
    private static func answer(_ scorers: [FirstScorer], _ results: JSONObject) -> RouteResponse {
        var (metrics, rows) = (JSONObject(), JSONObject())
        for scorer in scorers {
            let result = results[scorer.function] ?? .null
            for (name, value) in scorer.metrics(in: result).members { metrics[name] = value }
            rows[scorer.function] = result["rows"]
        }
        let lines = metrics.members.map { "\($0.key): \($0.value.text)" }
        return .json([
            "eval_result": ["metrics": .object(metrics), "rows": .object(rows)],
            "formatted_report": .string(lines.joined(separator: "\n")),
        ])
    }
}

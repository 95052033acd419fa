import HTTPTypes
import JSON
import Store

/// The paths of earlier versions of the Llama Stack API, whose clients work unchanged: `llama-stack-client` from 0.0.48 on.
/// (Later versions differ in the form of responses only, see ``APIGeneration``.)
///
/// Most paths are other names of a current route, with the identifier in the query or in the body.
enum EarlierRoutes {
    static let all = aliases + routes + FirstEvaluationRoutes.all

    /// Another name of a route.
    private struct Alias {
        var method: HTTPRequest.Method
        var path: String
        /// The name of the current route's operation.
        var operation: String
        /// Where the identifiers are, by the names of parameters: in the query of GET, in the body of POST. The first one
        /// that is there counts.
        var places: [String: [String]] = [:]

        init(
            _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ id: String..., job: Bool = false
        ) {
            self.method = method
            self.path = path
            self.operation = operation
            if !id.isEmpty { places["id"] = id }
            if job { places["job_id"] = ["job_id"] }
        }
    }

    /// `llama-stack-client` 0.0.48 to 0.0.50. `/scoring/score` is current, without the version.
    private static let november2024 = [
        Alias(.get, "/datasets/list", "listDatasetsV1"),
        Alias(.get, "/datasets/get", "getDatasetV1", "dataset_identifier", "dataset_id"),
        Alias(.post, "/datasets/register", "registerDatasetV1"),
        Alias(.post, "/scoring/score_batch", "scoreBatch"),
        Alias(.get, "/scoring_functions/list", "listScoringFunctions"),
        Alias(.get, "/scoring_functions/get", "getScoringFunction", "name", "scoring_fn_id"),
        Alias(.get, "/models/list", "listModels"),
        Alias(.get, "/models/get", "getModel", "identifier", "model_id"),
        Alias(.post, "/models/register", "registerModel"),
        Alias(.get, "/eval/job/status", "getJobV1", "task_id", job: true),
        Alias(.get, "/eval/job/result", "getJobResultV1", "task_id", job: true),
        Alias(.post, "/eval/job/cancel", "cancelJobByPostV1", "task_id", job: true),
    ]

    /// 0.0.53 to 0.0.63.
    private static let december2024 = [
        Alias(.get, "/alpha/health", "health"),
        Alias(.get, "/alpha/datasets/list", "listDatasetsV1"),
        Alias(.get, "/alpha/datasets/get", "getDatasetV1", "dataset_id"),
        Alias(.post, "/alpha/datasets/register", "registerDatasetV1"),
        Alias(.post, "/alpha/datasets/unregister", "unregisterDatasetV1", "dataset_id"),
        Alias(.post, "/alpha/datasetio/append-rows", "appendRowsV1", "dataset_id"),
        Alias(.post, "/alpha/scoring/score", "score"),
        Alias(.post, "/alpha/scoring/score-batch", "scoreBatch"),
        Alias(.get, "/alpha/scoring-functions/list", "listScoringFunctions"),
        Alias(.get, "/alpha/scoring-functions/get", "getScoringFunction", "scoring_fn_id"),
        Alias(.post, "/alpha/scoring-functions/register", "registerScoringFunction"),
        Alias(.get, "/alpha/models/list", "listModels"),
        Alias(.get, "/alpha/models/get", "getModel", "identifier", "model_id"),
        Alias(.post, "/alpha/models/register", "registerModel"),
        Alias(.post, "/alpha/models/unregister", "unregisterModel", "model_id"),
        Alias(.get, "/alpha/eval-tasks/list", "listBenchmarksV1"),
        Alias(.get, "/alpha/eval-tasks/get", "getBenchmarkV1", "name", "eval_task_id"),
        Alias(.post, "/alpha/eval-tasks/register", "registerBenchmarkV1"),
        Alias(.post, "/alpha/eval/run-eval", "runEvaluationV1", "task_id"),
        Alias(.post, "/alpha/eval/evaluate-rows", "evaluateRowsV1", "task_id"),
        Alias(.get, "/alpha/eval/job/status", "getJobV1", "task_id", job: true),
        Alias(.get, "/alpha/eval/job/result", "getJobResultV1", "task_id", job: true),
        Alias(.post, "/alpha/eval/job/cancel", "cancelJobByPostV1", "task_id", job: true),
    ]

    /// 0.1.0 to 0.1.7.
    private static let early2025 = [
        Alias(.get, "/v1/inspect/providers", "listProviders"),
        Alias(.post, "/v1/datasetio/rows", "appendRowsV1", "dataset_id"),
        Alias(.get, "/v1/eval-tasks", "listBenchmarksV1"),
        Alias(.get, "/v1/eval-tasks/{id}", "getBenchmarkV1"),
        Alias(.post, "/v1/eval-tasks", "registerBenchmarkV1"),
        Alias(.post, "/v1/eval/tasks/{id}/jobs", "runEvaluationV1"),
        Alias(.post, "/v1/eval/tasks/{id}/evaluations", "evaluateRowsV1"),
        Alias(.get, "/v1/eval/tasks/{id}/jobs/{job_id}", "getJobV1"),
        Alias(.delete, "/v1/eval/tasks/{id}/jobs/{job_id}", "cancelJobV1"),
        Alias(.get, "/v1/eval/tasks/{id}/jobs/{job_id}/result", "getJobResultV1"),
    ]

    private static let aliases: [Route] = {
        let current = Dictionary(
            Server.currentRoutes.map { ($0.operation.id, $0) }, uniquingKeysWith: { one, _ in one })
        let generations: [(APIGeneration, [Alias])] = [
            (.november2024, november2024), (.december2024, december2024), (.early2025, early2025),
        ]
        return generations.flatMap { generation, aliases in
            aliases.compactMap { alias in
                current[alias.operation].map { route(alias, of: $0, generation) }
            }
        }
    }()

    private static func route(_ alias: Alias, of target: Route, _ generation: APIGeneration) -> Route {
        var operation = target.operation.earlier(alias.method, alias.path)
        if alias.method == .get {
            operation.texts = alias.places.values.joined().sorted().map { ($0, "An identifier.") }
        }
        return Route(alias.method, alias.path, operation) { service, context in
            var context = context
            context.generation = generation
            for (name, places) in alias.places {
                context.parameters[name] = try identifier(places, alias.method, context)
            }
            // Jobs were found without their benchmark at first.
            if let id = context.parameters["job_id"], context.parameters["id"] == nil {
                context.parameters["id"] = try service.registry.briefJob(id)?.benchmarkID
            }
            return try target.answer(service, context)
        }
    }

    private static func identifier(
        _ names: [String], _ method: HTTPRequest.Method, _ context: HandlerContext
    ) throws(APIError) -> String? {
        if method == .get { return names.lazy.compactMap { context.query[$0] }.first }
        let body = try context.body().root
        for name in names {
            if let id = try body.member(name)?.identifier() { return id }
        }
        if names.contains("task_id") { return nil }
        return try body.required(names[0], "an identifier").identifier()
    }

    // MARK: Routes that have no current one

    private static let routes: [Route] = {
        var routes: [Route] = []
        func add(
            _ method: HTTPRequest.Method, _ path: String, _ generation: APIGeneration, _ summary: String,
            texts: [String] = [], _ handler: @escaping Route.Handler
        ) {
            var operation = Operation(id: "", summary: summary, request: method == .get ? nil : "Object")
            operation.texts = texts.map { ($0, "See the manual.") }
            routes.append(
                Route(method, path, operation.earlier(method, path)) { service, context in
                    var context = context
                    context.generation = generation
                    return try handler(service, context)
                })
        }
        add(
            .post, "/scoring_functions/register", .november2024, "Register a scoring function.",
            EarlierFunctions.register)
        add(
            .post, "/eval/evaluate", .november2024,
            "Generate answers to the rows of the request with a candidate, and score them.", EarlierEvaluation.evaluate)
        add(
            .post, "/eval/evaluate_batch", .november2024,
            "Start a job: a candidate answers the rows of a dataset, and the answers are scored.",
            EarlierEvaluation.evaluateBatch)
        let page = ["dataset_id", "rows_in_page", "page_token", "filter_condition"]
        for (path, generation) in [
            ("/datasetio/get_rows_paginated", APIGeneration.november2024),
            ("/alpha/datasetio/get-rows-paginated", .december2024), ("/v1/datasetio/rows", .early2025),
        ] {
            add(.get, path, generation, "Get rows of a dataset.", texts: page, EarlierDatasets.rows)
        }
        for (path, generation) in [("", APIGeneration.november2024), ("/alpha", .december2024)] {
            add(.get, path + "/providers/list", generation, "List the providers, by their API.") { service, _ in
                .json(InspectRoutes.providersByAPI(service))
            }
            add(.get, path + "/routes/list", generation, "List the routes, by their API.") { service, _ in
                .json(InspectRoutes.routesByAPI(service))
            }
        }
        return routes
    }()
}

extension Operation {
    /// The same operation for earlier clients, at another path.
    func earlier(_ method: HTTPRequest.Method, _ path: String) -> Operation {
        var operation = self
        let words = [method.rawValue.lowercased()] + path.split { !$0.isLetter && !$0.isNumber }.map(String.init)
        operation.id = "earlier" + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        operation.isDeprecated = true
        operation.request = request == nil ? nil : "Object"
        operation.response = "Earlier"
        operation.registered = nil
        operation.query = []
        return operation
    }
}

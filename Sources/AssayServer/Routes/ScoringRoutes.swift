import Concurrency
import Datasets
import Evaluation
import HTTPTypes
import Inference
import JSON
import Platform
import ScoringDefinitions
import ScoringEngine
import Store
import Synchronization

/// `/scoring`.
enum ScoringRoutes {
    private static let types = ["inline::basic", "inline::llm-as-judge"]

    static let all: [Route] = [
        Route(
            .post, "/v1/scoring/score",
            Operation(
                id: "score", summary: "Score the rows of the request.", providerTypes: types, request: "ScoreRequest",
                response: "ScoreResponse"), score),
        Route(
            .post, "/v1/scoring/score-batch",
            Operation(
                id: "scoreBatch", summary: "Score the rows of a registered dataset.", providerTypes: types,
                request: "ScoreBatchRequest", response: "ScoreBatchResponse"), scoreBatch),
        Route(
            .get, "/v1/scoring/results",
            Operation(
                id: "listScoringResults", summary: "List the results of score-batch and of jobs, the newest first.",
                providerTypes: types, response: "ScoringResultPage",
                query: [
                    ("start_index", 0, "The first result, counted from 0 (default: 0)."),
                    ("limit", 1, "The maximum number of results (default: 100)."),
                ]), listResults),
        Route(
            .delete, "/v1/scoring/results/{id}",
            Operation(
                id: "deleteScoringResult", summary: "Delete a result of score-batch and the dataset of its rows.",
                providerTypes: types,
                errors: [("409", "It is the result of a job, which is deleted with the job.")]), deleteResult),
    ]

    /// The size of rows, in bytes, below which a second thread costs more than it saves.
    private static let oneThreadSize = 256 << 10

    @Sendable private static func score(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let rows = try body.required("input_rows", "an array of objects").rows(limit: service.configuration.maxRows)
        let dataset = Dataset(named: "/input_rows") { rows.open() }
        var request = try request(dataset, body, service)
        if rows.byteCount < oneThreadSize { request.jobs = 1 }
        // Each function's part of the response; the first one includes the text before it.
        @Sendable func start(_ index: Int, _ function: String) -> [UInt8] {
            Array(((index == 0 ? "{\"results\": {" : "") + head(of: function, isFirst: index == 0)).utf8)
        }
        let parts = Mutex<[Int: [UInt8]]>([:])
        let warnings = RunWarnings()
        request.warn = { warnings.add($0) }
        let results = try service.score(
            request, context,
            resultSink: { index, function, results in
                try context.reserve(results.count)
                parts.withLock { parts in
                    let isFirst = parts[index] == nil
                    parts[index, default: start(index, function)]
                        .append(contentsOf: results.dropFirst(isFirst ? separatorLength : 0))
                }
            })
        if let failure = results.failure { throw failed(failure) }
        var answer: [UInt8] = []
        let isFlat = hasFlatAggregates(body, context)
        for (index, result) in results.functions.enumerated() {
            var part =
                parts.withLock { $0.removeValue(forKey: index) } ?? start(index, result.function.identifier)
            part += tail(of: result, isFlat: isFlat).utf8
            if answer.isEmpty { swap(&answer, &part) } else { answer += part }
        }
        answer += "}\(end(warnings, results, request))}".utf8
        return RouteResponse(bytes: answer)
    }

    @Sendable private static func scoreBatch(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let id = try body.required("dataset_id", "the identifier of a dataset").identifier()
        let dataset = try service.whole(DatasetRoutes.find(id, service))
        var request = try request(Dataset(dataset, in: service.registry), body, service)
        request.includesInput = try body.member("save_results_dataset")?.read(.flag) ?? false
        request.keepsDistribution = true
        let warnings = RunWarnings()
        request.warn = { warnings.add($0) }
        let output = BatchOutput(
            first: request.functions.first?.identifier ?? "", folder: service.configuration.dataFolder,
            hasFlatAggregates: hasFlatAggregates(body, context), context.output)
        let draft = try request.includesInput ? service.registry.makeDataset() : nil
        var sink: RowSink?
        if let draft {
            sink = { lines in try draft.append(RowBlock(lines: Array(lines))) }
        }
        let results = try service.score(
            request, context, sink: sink, resultSink: { index, _, results in try output.add(results, of: index) })
        if let failure = results.failure { throw failed(failure) }
        let savedID = try draft.map { try save($0, results, of: dataset) }
        service.record(results, of: id, rowsDatasetID: savedID, logger: context.logger)
        try output.end(results, datasetID: savedID, end: end(warnings, results, request))
        return nil
    }

    /// Publishes results as a new dataset: the rows' own columns, plus "row" and "scores".
    private static func save(
        _ draft: DatasetDraft, _ results: ScoringResults, of dataset: StoredDataset
    ) throws -> String {
        let id = "results-" + randomIdentifier()
        let functions = results.functions.map { JSONValue.string($0.function.identifier) }
        _ = try draft.publish(
            as: id,
            [
                "provider_id": "localfs", "purpose": dataset.definition["purpose"] ?? .null, "source": ["type": "rows"],
                "metadata": ["results_of": .string(dataset.id), "scoring_functions": .array(functions)],
            ])
        return id
    }

    @Sendable private static func listResults(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let start = try context.integer("start_index", from: 0) ?? 0
        let limit = min(try context.integer("limit", from: 1) ?? 100, 1_000)
        let results = try service.registry.results(ListPage(offset: start, limit: limit + 1))
        let data = results.prefix(limit).map { result -> JSONValue in
            [
                "id": .string(result.id), "created_at": .string(Timestamp(result.created).text),
                "dataset_id": .string(result.datasetID), "results_dataset_id": nullable(result.rowsDatasetID),
                "benchmark_id": nullable(result.benchmarkID), "job_id": nullable(result.jobID),
                "scoring_functions": .array(result.functions.map { .string($0) }),
            ]
        }
        return .json(["data": .array(data), "has_more": .bool(results.count > limit)])
    }

    private static func nullable(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    @Sendable private static func deleteResult(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let id = context.identifier
        if try service.registry.deleteResult(id) { return .null }
        guard let job = try service.registry.result(id)?.jobID else {
            throw APIError.unknown("result", id, listedBy: "/v1/scoring/results")
        }
        throw APIError.conflict("the result \(quoted(id)) belongs to the job \(quoted(job)); delete the job")
    }

    private static func request(
        _ dataset: Dataset, _ body: RequestBody.Place, _ service: Service
    ) throws(APIError) -> ScoringRequest {
        let place = try body.required("scoring_functions", "an object of scoring functions and their parameters")
        var functions: [(identifier: String, parameters: JSONObject?)] = []
        if place.isArray {
            functions = try place.read(.texts).map { ($0, nil) }
        } else {
            for (id, value) in try place.limitedObject(service.configuration).members {
                switch value {
                case .null: functions.append((id, nil))
                case .object(let parameters): functions.append((id, parameters))
                default:
                    let member = JSONPlace(value, at: place.pointer.appending(id))
                    throw APIError(member.fault("an object of parameters or null"))
                }
            }
        }
        try service.checkPatterns(of: functions.map(\.identifier), at: place.pointer.description)
        var request = ScoringRequest(dataset, functions: functions)
        request.definitions = service.definitions
        request.jobs = service.configuration.jobs
        request.judgeModel = service.configuration.judgeModel
        request.budget = service.configuration.budget
        request.unscoredExamples = 0
        request.groupColumns = try body.member("by")?.read(BenchmarkConfiguration.columns) ?? []
        if let limit = body.member("by_limit") {
            request.groupLimit = try limit.read(BenchmarkConfiguration.groupLimit)
        }
        return request
    }

    /// Whether the client reads the aggregates of a function as one object. Such clients name the functions in an array.
    private static func hasFlatAggregates(_ body: RequestBody.Place, _ context: HandlerContext) -> Bool {
        context.generation.aggregatesAreFlat || body.member("scoring_functions")?.isArray == true
    }

    /// A run that ended early.
    private static func failed(_ failure: EngineError) -> any Error {
        guard failure.code == .model else { return failure }
        return APIError(
            status: .badGateway, type: "server_error", code: "model_unavailable", message: failure.message)
    }

    // MARK: The text of results

    /// The member `warnings` after other members; empty if there are no warnings.
    private static func end(_ warnings: RunWarnings, _ results: ScoringResults, _ request: ScoringRequest) -> String {
        warnings.add(results.usage)
        for text in request.dataset.notices.warnings + results.hints.map(\.text) { warnings.add(text) }
        let texts = warnings.texts
        return texts.isEmpty ? "" : ", \"warnings\": " + JSONValue.array(texts.map { .string($0) }).text
    }

    /// The bytes that separate a result from the previous one.
    static let separatorLength = 2

    static func head(of id: String, isFirst: Bool) -> String {
        "\(isFirst ? "" : ", ")\(quoted(id)): {\"score_rows\": ["
    }

    /// The text after the rows of a function.
    ///
    /// - Parameter isFlat: see ``APIGeneration/aggregatesAreFlat``.
    static func tail(of result: FunctionResult, isFlat: Bool) -> String {
        "], " + (isFlat ? flattened(result.json) : result.json).text.dropFirst()
    }

    /// A result whose aggregates are one object, as clients before December 2024 read them: `{"average": 5.4}` instead of
    /// `{"average": {"average": 5.4}}`.
    static func flattened(_ result: JSONValue) -> JSONValue {
        guard var members = result.object, let aggregates = members["aggregated_results"]?.object else { return result }
        var flat = JSONObject()
        for (name, value) in aggregates.members {
            if let parts = value.object {
                for (name, value) in parts.members { flat[name] = value }
            } else {
                flat[name] = value
            }
        }
        members["aggregated_results"] = .object(flat)
        return .object(members)
    }
}

extension Service {
    /// Checks that scoring functions have no more regular expressions together than a request may have: each takes kilobytes
    /// when it is compiled, and a client may register any number of functions.
    func checkPatterns(of functions: [String], at pointer: String) throws(APIError) {
        let definitions = definitions
        let count = functions.reduce(0) { count, id in
            // Those that came with the server are the operator's, and few.
            builtInFunction(id) == nil ? count + (definitions[id]?.json.patternCount ?? 0) : count
        }
        guard count > configuration.maxPatterns else { return }
        throw .tooLarge(
            "\(pointer): the scoring functions have \(count) regular expressions together, more than the "
                + "\(configuration.maxPatterns) that a request may have; send several requests", at: pointer)
    }

    /// Runs the engine for a request. Blocks.
    func score(
        _ request: ScoringRequest, _ context: HandlerContext, sink: RowSink? = nil, resultSink: @escaping ResultSink
    ) throws -> ScoringResults {
        let progress = RunProgress()
        defer { metrics.add(rows: progress.rows, unscored: progress.unscored) }
        let keys = context.credentials.variables
        let results = try inference.using(keys: keys) { inference in
            var request = request
            if !keys.isEmpty { request.inference = inference }
            return try engine.score(
                request, sink: sink, resultSink: resultSink, progress: progress, cancellation: context.cancellation)
        }
        if let usage = results.usage { metrics.add(usage: usage.json) }
        if results.isCancelled { throw ResponseStream.Abandoned() }
        return results
    }
}

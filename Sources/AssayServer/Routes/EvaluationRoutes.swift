import Concurrency
import Datasets
import Evaluation
import HTTPTypes
import Inference
import JSON
import Platform
import ScoringEngine
import Store

/// `/eval/benchmarks/{id}/evaluations`.
enum EvaluationRoutes {
    static let all: [Route] = BenchmarkRoutes.paths.map { path, version in
        Route(
            .post, path + "/{id}/evaluations",
            Operation(
                id: "evaluateRows" + version,
                summary: "Generate answers to the rows of the request with a candidate, and score them.",
                providerTypes: BenchmarkRoutes.types, request: "Evaluation", response: "EvaluationResult",
                errors: [("502", "A model's server or the provider's engine has failed.")]), evaluate)
    }

    @Sendable private static func evaluate(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let benchmark = try BenchmarkRoutes.find(context.identifier, service).benchmark
        let body = try context.body().root
        return try evaluate(body, benchmark, configuration(in: body, service), service, context)
    }

    /// Evaluates the rows of a request.
    static func evaluate(
        _ body: RequestBody.Place, _ benchmark: Benchmark, _ configuration: BenchmarkConfiguration,
        _ service: Service, _ context: HandlerContext
    ) throws -> RouteResponse? {
        let functions = try body.required("scoring_functions", "an array of identifiers").read(.texts)
        try service.checkPatterns(of: functions, at: "/scoring_functions")
        let input = try body.required("input_rows", "an array of objects").rows(limit: service.configuration.maxRows)
        // On the disk until all rows are done: whether the answer is an error is known only then.
        let rows = try unnamedFile(in: service.configuration.dataFolder)
        let provider = try service.providers.provider(benchmark.providerID)
        let result: EvaluationResult
        do throws(EvaluationError) {
            result = try service.inference.using(keys: context.credentials.variables) {
                inference throws(EvaluationError) in
                try provider.evaluateRows(
                    EvaluationRun(
                        benchmark: benchmark, configuration: configuration, functions: functions,
                        dataset: Dataset(named: "/input_rows") { input.open() }, rowCount: input.starts.count,
                        inference: inference, cancellation: context.cancellation,
                        findDataset: service.registry.findDataset,
                        output: { lines in
                            do throws(RegularFile.Fault) {
                                try rows.append(lines)
                            } catch {
                                throw EngineError(
                                    .output, "the rows cannot be kept until they are sent: \(error.message)")
                            }
                        }))
            }
        } catch {
            throw context.cancellation.isCancelled ? ResponseStream.Abandoned() : error
        }
        service.count(result.generation, scores: result.scores)
        // Only a disconnected client cancels it.
        if result.isCancelled { throw ResponseStream.Abandoned() }
        var head: JSONObject = [:]
        if !result.warnings.isEmpty { head["warnings"] = .array(result.warnings.map { .string($0) }) }
        try EvaluationAnswer(scores: context.generation.form(of: result.scores), head: head) {
            UnnamedFileSource(rows, named: "the rows of the answer")
        }.write(to: context.output)
        return nil
    }

    private static func unnamedFile(in folder: String) throws(APIError) -> UnnamedFile {
        do throws(RegularFile.Fault) {
            return try UnnamedFile(in: folder)
        } catch {
            throw .unavailable("the rows cannot be kept until they are sent: \(error.message)")
        }
    }

    /// The `benchmark_config` of a request, which older clients call `task_config`.
    static func configuration(in body: RequestBody.Place, _ service: Service) throws -> BenchmarkConfiguration {
        let expected = "an object with an \"eval_candidate\""
        let place =
            try body.member("benchmark_config") ?? body.member("task_config")
            ?? body.required("benchmark_config", expected)
        let object = try place.limitedObject(service.configuration, expected)
        return try BenchmarkConfiguration(.object(object), at: place.pointer)
    }
}

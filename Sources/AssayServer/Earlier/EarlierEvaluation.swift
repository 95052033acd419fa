import Evaluation
import HTTPTypes
import JSON
import Store

/// The evaluation API of November 2024, which had no benchmarks: each request names a candidate, scoring functions, and
/// rows or a dataset.
enum EarlierEvaluation {
    /// The provider of everything in the first versions of the API. It stands for whichever provider fits.
    static let providerID = "meta-reference"

    /// `{"input_rows", "candidate", "scoring_functions": [ID]}`
    @Sendable static func evaluate(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let benchmark = Benchmark(id: "evaluate", datasetID: "", functions: [])
        return try EvaluationRoutes.evaluate(body, benchmark, configuration(in: body, service), service, context)
    }

    /// `{"dataset_id", "candidate", "scoring_functions": [ID]}`: starts a job.
    @Sendable static func evaluateBatch(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let dataset = try body.required("dataset_id", "the identifier of a dataset").identifier()
        let functions = try body.required("scoring_functions", "an array of identifiers").read(.texts)
        _ = try DatasetRoutes.find(dataset, service)
        let benchmark = Benchmark(id: "evaluate_batch::" + dataset, datasetID: dataset, functions: functions)
        let definition: JSONValue = [
            "identifier": .string(benchmark.id), "provider_id": .string(benchmark.providerID),
            "provider_resource_id": .string(benchmark.id), "type": "benchmark", "dataset_id": .string(dataset),
            "scoring_functions": .array(functions.map { .string($0) }), "metadata": [:],
        ]
        return try JobRoutes.start(definition, benchmark, configuration(in: body, service), service, context)
    }

    private static func configuration(
        in body: RequestBody.Place, _ service: Service
    ) throws -> BenchmarkConfiguration {
        let candidate = try body.required("candidate", "an object with a \"type\"").limitedObject(service.configuration)
        return try BenchmarkConfiguration(["eval_candidate": .object(candidate)])
    }
}

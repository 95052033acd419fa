import Evaluation
import HTTPTypes
import JSON
import Store

/// `/eval/benchmarks`.
enum BenchmarkRoutes {
    static let path = "/v1alpha/eval/benchmarks"
    static let types = ["inline::assay"]
    /// The paths of benchmarks, and the suffixes of the operations' names.
    static let paths = [("/v1/eval/benchmarks", "V1"), (path, "")]

    static let all: [Route] = paths.flatMap { path, version in
        [
            Route(
                .get, path,
                Operation(
                    id: "listBenchmarks" + version, summary: "List the benchmarks.", providerTypes: types,
                    response: "BenchmarkList"), list),
            Route(
                .post, path,
                Operation(
                    id: "registerBenchmark" + version, summary: "Register a benchmark.", providerTypes: types,
                    request: "BenchmarkRegistration",
                    registered: ("$request.body#/benchmark_id", [path + "/{id}"])), register),
            Route(
                .get, path + "/{id}",
                Operation(
                    id: "getBenchmark" + version, summary: "Get a benchmark.", providerTypes: types,
                    response: "Benchmark", missingWasNull: true), get),
            Route(
                .delete, path + "/{id}",
                Operation(
                    id: "unregisterBenchmark" + version, summary: "Unregister a benchmark.", providerTypes: types),
                unregister),
        ]
    }

    @Sendable private static func list(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        var last: String?
        try context.output.writeList(isBare: context.generation.listsAreBare) {
            let benchmarks = try service.registry.definitions(.benchmark, after: last)
            last = benchmarks.last?.id
            return benchmarks.map(\.definition)
        }
        return nil
    }

    @Sendable private static func get(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        .json(try find(context.identifier, service).definition)
    }

    /// A registered benchmark, in the form for providers.
    static func find(_ id: String, _ service: Service) throws -> (definition: JSONValue, benchmark: Benchmark) {
        guard let definition = try service.registry.definition(.benchmark, id),
            let benchmark = Benchmark(definition)
        else { throw APIError.unknown("benchmark", id, listedBy: path) }
        return (definition, benchmark)
    }

    @Sendable private static func register(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        let name = try body.member("eval_task_id") ?? body.required("benchmark_id", "the identifier of the benchmark")
        let id = try name.identifier()
        let functions = try body.required("scoring_functions", "an array of identifiers").read(.texts)
        let resource = try (body.member("provider_benchmark_id") ?? body.member("provider_eval_task_id"))?.identifier()
        let metadata = try body.member("metadata")?.limitedObject(service.configuration) ?? [:]
        // Engines with their own datasets get an empty identifier.
        let dataset = try body.member("dataset_id")?.optionalIdentifier() ?? ""
        var named = try body.member("provider_id")?.optionalIdentifier()
        // Earlier clients name a provider of their server, which is ignored.
        let isOther = !service.providers.contains { $0.id == named }
        if isOther && (context.generation < .current || named == EarlierEvaluation.providerID) { named = nil }
        let provider = try named ?? provider(of: metadata, dataset, functions, service)
        if dataset.isEmpty && provider == AssayProvider.id {
            throw APIError.invalid(
                "/dataset_id: is missing or empty; expected the identifier of a dataset, because the provider "
                    + "\(provider) answers its rows", code: "invalid_shape", at: "/dataset_id")
        }
        let definition: JSONValue = [
            "identifier": .string(id),
            "provider_id": .string(provider),
            "provider_resource_id": .string(resource ?? id),
            "type": "benchmark",
            "dataset_id": .string(dataset),
            "scoring_functions": .array(functions.map { .string($0) }),
            "metadata": .object(metadata),
        ]
        if try service.registry.definition(.benchmark, id) == nil, let benchmark = Benchmark(definition) {
            try service.providers.provider(benchmark.providerID).register(benchmark)
        }
        _ = try service.registry.register(.benchmark, id, definition)
        return .null
    }

    /// The default provider of a benchmark: if it has neither a dataset nor scoring functions, the provider that its metadata
    /// fits; otherwise the server's own.
    private static func provider(
        of metadata: JSONObject, _ dataset: String, _ functions: [String], _ service: Service
    ) throws(APIError) -> String {
        guard dataset.isEmpty && functions.isEmpty else { return AssayProvider.id }
        let owner = service.providers.first { $0.owns(metadata) }
        return owner?.id ?? AssayProvider.id
    }

    @Sendable private static func unregister(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        guard try service.registry.unregister(.benchmark, context.identifier) else {
            throw APIError.unknown("benchmark", context.identifier, listedBy: path)
        }
        return .null
    }
}

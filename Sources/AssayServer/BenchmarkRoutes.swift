import Evaluation
import HTTPTypes
import JSON
import Store

/// `/eval/benchmarks`.
enum BenchmarkRoutes {
    static let path = "/v1alpha/eval/benchmarks"
    static let types = ["inline::assay"]
    /// Where benchmarks are, and what the names of operations there end with.
    static let paths = [("/v1/eval/benchmarks", "V1"), (path, "")]

    static let all: [Route] = paths.flatMap { path, version in
        [
            Route(
                .get, path,
                Operation(
                    id: "listBenchmarks" + version, summary: "Lists the benchmarks.", providerTypes: types,
                    response: "BenchmarkList"), list),
            Route(
                .post, path,
                Operation(
                    id: "registerBenchmark" + version, summary: "Registers a benchmark.", providerTypes: types,
                    request: "BenchmarkRegistration",
                    registered: ("$request.body#/benchmark_id", [path + "/{id}"])), register),
            Route(
                .get, path + "/{id}",
                Operation(
                    id: "getBenchmark" + version, summary: "Gets a benchmark.", providerTypes: types,
                    response: "Benchmark"), get),
            Route(
                .delete, path + "/{id}",
                Operation(
                    id: "unregisterBenchmark" + version, summary: "Unregisters a benchmark.", providerTypes: types),
                unregister),
        ]
    }

    @Sendable private static func list(_ service: Service, _ call: Call) throws -> Answer? {
        .json(["data": .array(try service.registry.definitions(.benchmark).map(\.definition))])
    }

    @Sendable private static func get(_ service: Service, _ call: Call) throws -> Answer? {
        .json(try find(call.identifier, service).definition)
    }

    /// A benchmark as it is registered, and as those know it who run it.
    static func find(_ id: String, _ service: Service) throws -> (definition: JSONValue, benchmark: Benchmark) {
        guard let definition = try service.registry.definition(.benchmark, id),
            let benchmark = Benchmark(definition)
        else { throw APIError.unknown("benchmark", id, listedBy: path) }
        return (definition, benchmark)
    }

    @Sendable private static func register(_ service: Service, _ call: Call) throws -> Answer? {
        let body = try call.body().root
        let id = try body.required("benchmark_id", "the identifier of the benchmark").identifier()
        let functions = try body.required("scoring_functions", "an array of identifiers").texts()
        let resource = try body.member("provider_benchmark_id")?.identifier() ?? id
        let definition: JSONValue = [
            "identifier": .string(id),
            "provider_id": .string(try body.member("provider_id")?.identifier() ?? "assay"),
            "provider_resource_id": .string(resource),
            "type": "benchmark",
            "dataset_id": .string(try body.required("dataset_id", "the identifier of a dataset").identifier()),
            "scoring_functions": .array(functions.map { .string($0) }),
            "metadata": .object(try body.member("metadata")?.object() ?? [:]),
        ]
        if try service.registry.definition(.benchmark, id) == nil, let benchmark = Benchmark(definition) {
            try service.providers.provider(benchmark.providerID).register(benchmark)
        }
        _ = try service.registry.register(.benchmark, id, definition)
        return .null
    }

    @Sendable private static func unregister(_ service: Service, _ call: Call) throws -> Answer? {
        guard try service.registry.unregister(.benchmark, call.identifier) else {
            throw APIError.unknown("benchmark", call.identifier, listedBy: path)
        }
        return .null
    }
}

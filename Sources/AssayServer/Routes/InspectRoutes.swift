import Evaluation
import HTTPTypes
import Inference
import JSON
import Logging
import ScorerHost
import ScoringEngine

/// Routes about the server itself.
enum InspectRoutes {
    static let all: [Route] = [
        Route(
            .get, "/v1/health",
            Operation(
                id: "health", summary: "Check whether the server works.", response: "Health",
                unavailable: "HealthFault", isPublic: true),
            health),
        Route(
            .get, "/v1/version",
            Operation(id: "version", summary: "Get the server's version.", response: "Version", isPublic: true),
            version),
        Route(
            .get, "/v1/inspect/routes",
            Operation(id: "listRoutes", summary: "List the routes.", response: "RouteList"), routes),
        Route(
            .get, "/v1/providers",
            Operation(id: "listProviders", summary: "List the providers.", response: "ProviderList"), providers),
        Route(
            .get, "/v1/providers/{id}",
            Operation(id: "getProvider", summary: "Get a provider.", response: "Provider"), provider),
    ]

    @Sendable private static func health(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        if let fault = service.health.fault(context.logger) {
            return .json(["status": "Error", "message": .string(fault)], status: .serviceUnavailable)
        }
        let failing = list(service).filter { $0["health"]?["status"] != "OK" }.compactMap { $0["provider_id"] }
        return .json(["status": "OK", "failing_providers": .array(failing)])
    }

    @Sendable private static func version(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        .json(["version": .string(service.configuration.version)])
    }

    @Sendable private static func routes(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        .json(["data": .array(service.routes.api.map(described))])
    }

    @Sendable private static func providers(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        .json(["data": .array(list(service))])
    }

    /// The providers as clients before 0.1 read them: `{"scoring": [{"provider_id", "provider_type"}], …}`.
    static func providersByAPI(_ service: Service) -> JSONValue {
        var lists: JSONObject = [:]
        for provider in list(service) {
            let api = provider["api"]?.string ?? ""
            let entry: JSONValue = [
                "provider_id": provider["provider_id"] ?? .null, "provider_type": provider["provider_type"] ?? .null,
            ]
            lists[api] = .array((lists[api]?.array ?? []) + [entry])
        }
        return .object(lists)
    }

    /// The routes as clients before 0.1 read them: in lists, by the first part of their path.
    static func routesByAPI(_ service: Service) -> JSONValue {
        var lists: JSONObject = [:]
        for route in service.routes.api {
            let parts = route.template.split(separator: "/")
            let api = String(parts.first { !["v1", "v1alpha", "v1beta", "alpha"].contains($0) } ?? "")
            lists[api] = .array((lists[api]?.array ?? []) + [described(route)])
        }
        return .object(lists)
    }

    private static func described(_ route: Route) -> JSONValue {
        [
            "route": .string(route.template), "method": .string(route.method.rawValue),
            "provider_types": .array(route.operation.providerTypes.map { .string($0) }),
        ]
    }

    @Sendable private static func provider(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        guard let provider = list(service).first(where: { $0["provider_id"]?.string == context.identifier }) else {
            throw APIError.unknown("provider", context.identifier, listedBy: "/v1/providers")
        }
        return .json(provider)
    }

    private static func list(_ service: Service) -> [JSONValue] {
        let plugins = service.engine.plugins
        var providers = plugins.plugins.map { provider("scoring", $0.id, "inline::\($0.id)") }
        for error in plugins.errors {
            let name = error.path?.split(separator: "/").last.map(String.init) ?? "plugins"
            providers.append(provider("scoring", name, "inline::\(name)", faults: [error.message]))
        }
        providers.append(provider("datasetio", "localfs", "inline::localfs"))
        providers.append(provider("datasetio", "huggingface", "remote::huggingface"))
        for engine in service.providers { providers.append(provider("eval", engine.id, engine.type)) }
        if let inference = service.inference {
            let ids = JSONValue.array(inference.catalog.ids.map { .string($0) })
            providers.append(
                provider(
                    "inference", ModelCatalog.defaultProvider, "remote::openai-compatible", ["models": ids],
                    // Requests may name any number of models that do not exist.
                    faults: Array(inference.outages.prefix(5))))
        }
        return providers
    }

    private static func provider(
        _ api: String, _ id: String, _ type: String, _ configuration: JSONValue = [:], faults: [String] = []
    ) -> JSONValue {
        [
            "api": .string(api), "provider_id": .string(id), "provider_type": .string(type), "config": configuration,
            "health": faults.isEmpty
                ? ["status": "OK"] : ["status": "Error", "message": .string(faults.joined(separator: "; "))],
        ]
    }
}

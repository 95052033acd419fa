import HTTPTypes
import JSON
import ScorerHost
import ScoringDefinitions
import ScoringEngine
import Store
import Synchronization

/// `/scoring-functions`.
enum ScoringFunctionRoutes {
    static let path = "/v1/scoring-functions"
    private static let types = ["inline::basic", "inline::llm-as-judge"]

    static let all: [Route] = [
        Route(
            .get, path,
            Operation(
                id: "listScoringFunctions", summary: "List the scoring functions.", providerTypes: types,
                response: "ScoringFunctionList"), list),
        Route(
            .post, path,
            Operation(
                id: "registerScoringFunction", summary: "Register a scoring function.", providerTypes: types,
                request: "ScoringFunctionRegistration", registered: ("$request.body#/scoring_fn_id", [path + "/{id}"])),
            register),
        Route(
            .get, path + "/{id}",
            Operation(
                id: "getScoringFunction", summary: "Get a scoring function.", providerTypes: types,
                response: "ScoringFunction", missingWasNull: true), get),
        Route(
            .delete, path + "/{id}",
            Operation(
                id: "unregisterScoringFunction", summary: "Unregister a scoring function.", providerTypes: types),
            unregister),
    ]

    @Sendable private static func list(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let definitions = service.definitions
        var rest = definitions.identifiers[...]
        try context.output.writeList(isBare: context.generation.listsAreBare) {
            let part = rest.prefix(64)
            rest = rest.dropFirst(64)
            return part.compactMap { definitions[$0] }.map { context.generation.form(of: $0) }
        }
        return nil
    }

    @Sendable private static func get(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        guard let function = try? service.definitions.find(context.identifier) else {
            throw unknown(context.identifier)
        }
        return .json(context.generation.form(of: function))
    }

    @Sendable private static func register(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        try register(function(context.body().root, service, context), service)
    }

    static func register(_ function: ScoringFunction, _ service: Service) throws -> RouteResponse? {
        try service.registration.withLock { _ in
            if let other = service.builtInFunction(function.identifier) {
                guard other.json == function.json else {
                    throw APIError.conflict(
                        "the scoring function \(quoted(function.identifier)) is built into the server and differs; "
                            + "choose another identifier")
                }
                return
            }
            // Parameters that each request must supply cannot be checked here.
            if service.engine.missingParameters(of: function).isEmpty {
                do {
                    _ = try service.engine.bind(function, parametersFrom: "the body")
                } catch let error as EngineError {
                    throw APIError.invalid(error.message, code: "invalid_definition", at: "/params")
                }
            }
            _ = try service.registry.register(.scoringFunction, function.identifier, function.json)
            service.changeDefinitions { $0.set(function) }
        }
        return .null
    }

    @Sendable private static func unregister(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        try service.registration.withLock { _ in
            if service.builtInFunction(context.identifier) != nil {
                throw APIError.conflict(
                    "the scoring function \(quoted(context.identifier)) is built into the server and cannot be "
                        + "unregistered"
                )
            }
            guard try service.registry.unregister(.scoringFunction, context.identifier) else {
                throw unknown(context.identifier)
            }
            service.changeDefinitions { $0.remove(context.identifier) }
        }
        return .null
    }

    private static func unknown(_ id: String) -> APIError { .unknown("scoring function", id, listedBy: path) }

    /// The function that a body describes.
    private static func function(
        _ body: RequestBody.Place, _ service: Service, _ context: HandlerContext
    ) throws(APIError) -> ScoringFunction {
        let id = try body.required("scoring_fn_id", "the identifier of the scoring function").identifier()
        let params = try body.member("params")?.limitedObject(service.configuration)
        var definition: JSONObject = [
            "identifier": .string(id),
            "provider_id": .string(
                try providerID(body.member("provider_id"), service, context)
                    ?? provider(of: id, params, service, context)),
            "return_type": try body.required("return_type", "an object such as {\"type\": \"number\"}").value,
            "description": .string(try body.member("description")?.read(.text) ?? ""),
        ]
        if let params { definition["params"] = .object(params) }
        if let metadata = try body.member("metadata")?.limitedObject(service.configuration) {
            definition["metadata"] = .object(metadata)
        }
        if let resource = try body.member("provider_scoring_fn_id")?.identifier() {
            // Scorers may have the names of built-in functions, or be spelled with underscores.
            let provider = definition["provider_id"]?.string
            let names = [resource, "\(provider ?? "")::\(resource)"]
            let scorer = names.lazy.compactMap { try? service.builtIn.find($0) }
                .first { $0.providerID == provider }?.providerResourceID
            let spelling = resource.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
            let scorers = provider.flatMap { service.engine.plugins[$0] }?.scorers.map(\.id) ?? []
            definition["provider_resource_id"] = .string(scorer ?? (scorers.contains(spelling) ? spelling : resource))
        }
        do throws(InvalidDefinition) {
            return try ScoringFunction(.object(definition), origin: "the body", allowsPlainIdentifier: true)
        } catch {
            throw .invalid(
                error.description, code: "invalid_definition", at: error.errors.first?.pointer.description)
        }
    }

    /// The default provider: the one in the identifier, or otherwise the one that the type of the parameters implies.
    static func provider(
        of id: String, _ params: JSONObject?, _ service: Service, _ context: HandlerContext
    ) -> String {
        if let separator = id.firstRange(of: "::"), separator.lowerBound > id.startIndex {
            let name = String(id[..<separator.lowerBound])
            let isEarlier = context.generation < .current || name == EarlierEvaluation.providerID
            if !isEarlier || service.engine.plugins[name] != nil { return name }
        }
        return params?["type"] == "llm_as_judge" ? "llm-as-judge" : "basic"
    }

    /// The provider that a registration names. Earlier clients name providers of their server, which are ignored.
    private static func providerID(
        _ place: RequestBody.Place?, _ service: Service, _ context: HandlerContext
    ) throws(APIError) -> String? {
        guard let name = try place?.identifier() else { return nil }
        let isOther = service.engine.plugins[name] == nil
        if isOther && (context.generation < .current || name == EarlierEvaluation.providerID) { return nil }
        return name
    }
}

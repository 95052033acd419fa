import HTTPTypes
import Inference
import JSON
import Store
import Synchronization

/// `/models`.
enum ModelRoutes {
    static let path = "/v1/models"
    private static let types = ["remote::openai-compatible"]

    static let all: [Route] = [
        Route(
            .get, path,
            Operation(
                id: "listModels", summary: "List the configured and registered models.", providerTypes: types,
                response: "ModelList"), list),
        Route(
            .post, path,
            Operation(
                id: "registerModel", summary: "Register a name for a model on a configured server.",
                providerTypes: types, request: "ModelRegistration", response: "Model",
                registered: ("$response.body#/identifier", [path + "/{id}"])), register),
        Route(
            .get, path + "/{id}",
            Operation(
                id: "getModel", summary: "Get a model.", providerTypes: types, response: "Model", missingWasNull: true),
            get),
        Route(
            .delete, path + "/{id}",
            Operation(id: "unregisterModel", summary: "Unregister a model.", providerTypes: types), unregister),
    ]

    @Sendable private static func list(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        // A configured model hides an older registered one.
        let configured = service.models?.ids ?? []
        var last: String?
        var isFirst = true
        try context.output.writeList(isBare: context.generation.listsAreBare) {
            if isFirst && !configured.isEmpty {
                isFirst = false
                return configured.map { configuredModel($0, context.generation) }
            }
            while true {
                let registered = try service.registry.definitions(.model, after: last)
                last = registered.last?.id
                let others = registered.filter { !configured.contains($0.id) }
                if registered.isEmpty || !others.isEmpty {
                    return others.map { shown($0.definition, context.generation) }
                }
            }
        }
        return nil
    }

    @Sendable private static func get(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        if service.models?.ids.contains(context.identifier) ?? false {
            return .json(configuredModel(context.identifier, context.generation))
        }
        guard let model = try service.registry.definition(.model, context.identifier) else {
            throw APIError.unknown("model", context.identifier, listedBy: path)
        }
        return .json(shown(model, context.generation))
    }

    @Sendable private static func register(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        var body = try context.body().root
        if let model = body.member("model"), body.member("model_id") == nil { body = model }
        let id = try (body.member("identifier") ?? body.required("model_id", "the identifier of the model"))
            .identifier()
        let name = try (body.member("provider_model_id") ?? body.member("llama_model"))?.identifier() ?? id
        let type = try body.member("model_type")?.read(.oneOf(["llm", "embedding", "rerank"])) ?? "llm"
        var provider = try body.member("provider_id")?.identifier()
        // Earlier clients name a provider of their server, which is ignored.
        if context.generation < .current, (try? service.models?.checkProvider(provider, name: name)) == nil {
            provider = nil
        }
        let definition: JSONValue = [
            "identifier": .string(id),
            "provider_id": .string(provider ?? ModelCatalog.defaultProvider),
            "provider_resource_id": .string(name),
            "type": "model",
            "model_type": .string(type),
            "metadata": .object(try body.member("metadata")?.limitedObject(service.configuration) ?? [:]),
        ]
        try service.registration.withLock { _ in
            guard let models = service.models else {
                throw APIError.invalid("the server has no models; its operator can configure them")
            }
            if models.ids.contains(id) {
                throw APIError.conflict("the model \(quoted(id)) is already configured; choose another identifier")
            }
            do throws(InferenceError) {
                try models.checkProvider(provider, name: name)
            } catch {
                throw APIError.invalid(error.message, code: "unknown_provider", at: "/provider_id")
            }
            if try service.registry.register(.model, id, definition) == .added {
                try models.add(id, as: name, of: provider)
            }
        }
        return .json(shown(definition, context.generation))
    }

    @Sendable private static func unregister(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        try service.registration.withLock { _ in
            if service.models?.ids.contains(context.identifier) ?? false {
                throw APIError.conflict(
                    "the model \(quoted(context.identifier)) is part of the configuration and cannot be unregistered")
            }
            guard try service.registry.unregister(.model, context.identifier) else {
                throw APIError.unknown("model", context.identifier, listedBy: path)
            }
            service.models?.remove(context.identifier)
        }
        return .null
    }

    private static func configuredModel(_ id: String, _ generation: APIGeneration) -> JSONValue {
        shown(
            [
                "identifier": .string(id), "provider_id": .string(ModelCatalog.defaultProvider),
                "provider_resource_id": .string(id), "type": "model", "model_type": "llm", "metadata": [:],
            ], generation)
    }

    /// The model in a form for both generations of clients: older ones read `identifier`, newer ones OpenAI's format.
    private static func shown(_ model: JSONValue, _ generation: APIGeneration) -> JSONValue {
        var object = model.object ?? [:]
        var custom: JSONObject = [:]
        for key in ["model_type", "provider_id", "provider_resource_id"] { custom[key] = object[key] }
        for (key, value) in object["metadata"]?.object?.members ?? [] where custom[key] == nil { custom[key] = value }
        object["id"] = object["identifier"]
        object["object"] = "model"
        object["created"] = 0
        object["owned_by"] = "llama_stack"
        if generation.hasEarlierMembers { object["llama_model"] = object["provider_resource_id"] }
        object["custom_metadata"] = .object(custom)
        return .object(object)
    }
}

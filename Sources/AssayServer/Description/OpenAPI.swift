import HTTPTypes
import JSON

/// The description of the API (OpenAPI 3.1), generated from the routes.
struct OpenAPI {
    let routes: [Route]
    let version: String
    /// Whether requests need the access token.
    var needsToken = true

    var json: JSONValue {
        var paths: JSONObject = [:]
        for route in routes {
            var path = paths[route.template]?.object ?? [:]
            path[route.method.rawValue.lowercased()] = operation(of: route)
            paths[route.template] = .object(path)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Assay", "version": .string(version),
                "description":
                    "Scores language models' answers. Compatible with Llama Stack's scoring, datasets and benchmarks APIs.",
            ],
            "paths": .object(paths),
            "components": [
                "schemas": .object(Schemas.all),
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private func operation(of route: Route) -> JSONValue {
        let operation = route.operation
        var object: JSONObject = ["operationId": .string(operation.id), "summary": .string(operation.summary)]
        if operation.isDeprecated { object["deprecated"] = true }
        var parameters: [JSONValue] = []
        for name in route.parameters {
            parameters.append([
                "name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1],
                "description": .string(
                    "An identifier." + (name == "id" ? " It may contain slashes, encoded or not." : "")),
            ])
        }
        for parameter in operation.query {
            parameters.append([
                "name": .string(parameter.name), "in": "query",
                "schema": ["type": "integer", "minimum": .init(parameter.least), "maximum": .init(Int.max)],
                "description": .string(parameter.description),
            ])
        }
        for text in operation.texts {
            parameters.append([
                "name": .string(text.name), "in": "query", "schema": ["type": "string"],
                "description": .string(text.description),
            ])
        }
        for flag in operation.flags {
            parameters.append([
                "name": .string(flag.name), "in": "query", "schema": ["type": "boolean"],
                "description": .string(flag.description),
            ])
        }
        if !parameters.isEmpty { object["parameters"] = .array(parameters) }
        if let request = operation.request {
            object["requestBody"] = ["required": true, "content": ["application/json": ["schema": reference(request)]]]
        }
        var answer: JSONObject = ["description": "Success.", "content": content(of: operation)]
        if let links = links(of: route) { answer["links"] = links }
        var responses: JSONObject = ["200": .object(answer)]
        for (status, description) in errors(of: route) {
            let shapes =
                [reference("Error")] + (status == "503" ? operation.unavailable.map { [reference($0)] } ?? [] : [])
            responses[status] = [
                "description": .string(description),
                "content": ["application/json": ["schema": shapes.count == 1 ? shapes[0] : ["anyOf": .array(shapes)]]],
            ]
        }
        object["responses"] = .object(responses)
        if isGuarded(route) { object["security"] = [["token": []]] }
        return .object(object)
    }

    private func isGuarded(_ route: Route) -> Bool { needsToken && !route.operation.isPublic }

    /// The operations on a newly registered object, by name: all with its identifier in the path.
    private func links(of route: Route) -> JSONValue? {
        guard let (place, paths) = route.operation.registered else { return nil }
        var links: JSONObject = [:]
        for other in routes where !other.operation.isDeprecated && paths.contains(where: other.template.hasPrefix) {
            links[other.operation.id] = [
                "operationId": .string(other.operation.id), "parameters": ["id": .string(place)],
            ]
        }
        return .object(links)
    }

    private func content(of operation: Operation) -> JSONValue {
        guard operation.contentType == RouteResponse.jsonType else {
            let type = String(operation.contentType.prefix { $0 != ";" })
            return .object([type: ["schema": ["type": "string"]]])
        }
        return ["application/json": ["schema": operation.response.map(reference) ?? ["type": "null"]]]
    }

    private func errors(of route: Route) -> [(String, String)] {
        var errors = [("400", "The request is invalid.")]
        if isGuarded(route) { errors.append(("401", "The access token is missing or wrong.")) }
        if route.method != .get { errors.append(("403", "The page that sent the request may not use the server.")) }
        if route.template.contains("{id}") || route.operation.request != nil {
            errors.append(("404", "No such object exists."))
        }
        if route.method != .get { errors.append(("409", "The identifier is already in use.")) }
        if route.operation.request != nil { errors.append(("413", "The body is too large.")) }
        errors.append(("429", "The server is handling too many requests."))
        errors.append(("500", "The server failed."))
        if route.operation.request == "ScoreRequest" || route.operation.request == "ScoreBatchRequest" {
            errors.append(("502", "A model's server cannot be reached."))
        }
        errors.append(("503", "The server is temporarily unavailable."))
        return errors + route.operation.errors
    }

    private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
}

/// `/openapi.json` and `/docs`.
enum DescriptionRoutes {
    static let all: [Route] = [
        Route(
            .get, "/openapi.json",
            Operation(id: "openAPI", summary: "Get the description of the API.", response: "Object", isPublic: true)
        ) { service, _ in
            .json(
                OpenAPI(
                    routes: service.routes.api, version: service.configuration.version,
                    needsToken: service.configuration.accessToken != nil
                ).json)
        },
        Route(
            .get, "/docs",
            Operation(
                id: "docs", summary: "Get the description of the API as a web page.",
                contentType: DocumentationPage.contentType,
                isPublic: true)
        ) { service, _ in
            .text(DocumentationPage(routes: service.routes.api).html, contentType: DocumentationPage.contentType)
        },
    ]
}

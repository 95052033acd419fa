import Datasets
import HTTPTypes
import JSON
import Store

/// `/datasets` and `/datasetio`.
enum DatasetRoutes {
    static let path = "/v1beta/datasets"
    private static let types = ["inline::localfs", "remote::huggingface"]
    private static let purposes = ["eval/question-answer", "eval/messages-answer", "post-training/messages"]

    static let all: [Route] = ["/v1", "/v1beta"].flatMap { prefix in
        let version = prefix == "/v1beta" ? "" : "V1"
        let (datasets, rows) = (prefix + "/datasets", prefix + "/datasetio")
        return [
            Route(
                .get, datasets,
                Operation(
                    id: "listDatasets" + version, summary: "List the datasets, without their rows.",
                    providerTypes: types,
                    response: "DatasetList"), list),
            Route(
                .post, datasets,
                Operation(
                    id: "registerDataset" + version, summary: "Register a dataset.", providerTypes: types,
                    request: "DatasetRegistration", response: "Dataset",
                    registered: ("$response.body#/identifier", [datasets + "/{id}", rows + "/"])), register),
            Route(
                .get, datasets + "/{id}",
                Operation(
                    id: "getDataset" + version,
                    summary: "Get a dataset; its rows are included if it was registered with rows.",
                    providerTypes: types, response: "Dataset", missingWasNull: true), get),
            Route(
                .delete, datasets + "/{id}",
                Operation(id: "unregisterDataset" + version, summary: "Unregister a dataset.", providerTypes: types),
                unregister),
            Route(
                .get, rows + "/iterrows/{id}",
                Operation(
                    id: "iterateRows" + version, summary: "Get rows of a dataset.", providerTypes: types,
                    response: "RowPage",
                    query: [
                        ("start_index", 0, "The first row, counted from 0 (default: 0)."),
                        ("limit", -1, "The maximum number of rows; -1 for all (default: -1)."),
                    ]), iterate),
            Route(
                .post, rows + "/append-rows/{id}",
                Operation(
                    id: "appendRows" + version, summary: "Append rows to a dataset: either all of them or none.",
                    providerTypes: types, request: "RowAppending"), append),
        ]
    }

    @Sendable private static func list(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        var last: String?
        try context.output.writeList(isBare: context.generation.listsAreBare) {
            let datasets = try service.registry.datasets(after: last)
            last = datasets.last?.id
            return try datasets.map { dataset in
                try .object(members(of: dataset, source: shownSource(of: dataset, rows: []), service, context))
            }
        }
        return nil
    }

    @Sendable private static func get(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        try answer(find(context.identifier, service), service, context)
    }

    @Sendable private static func register(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let body = try context.body().root
        if EarlierDatasets.isEarlier(body) {
            let registration = try EarlierDatasets.Registration(body, service)
            _ = try register(
                registration.source, as: registration.id, .object(registration.definition), service, context)
            return .null
        }
        let purpose = try body.required("purpose", "one of \(purposes.joined(separator: ", "))")
            .read(.oneOf(purposes))
        let source = try DatasetSource(
            body.required("source", "an object with a \"type\", a \"uri\" or \"rows\""),
            maxRows: service.configuration.maxRows)
        let id = try body.member("dataset_id")?.identifier() ?? "dataset-" + randomIdentifier()
        let definition: JSONValue = [
            "provider_id": .string(source.providerID),
            "purpose": .string(purpose),
            "source": source.definition,
            "metadata": .object(try body.member("metadata")?.limitedObject(service.configuration) ?? [:]),
        ]
        return try answer(register(source, as: id, definition, service, context), service, context)
    }

    /// Reads a source, and publishes its rows as a dataset, unless that exists already.
    static func register(
        _ source: DatasetSource, as id: String, _ definition: JSONValue, _ service: Service, _ context: HandlerContext
    ) throws -> StoredDataset {
        if let known = try service.registry.dataset(id) {
            var read = known.definition.object ?? [:]
            read["unread"] = nil
            guard .object(read) == definition else {
                throw APIError.conflict(
                    "another dataset \(quoted(id)) already exists; unregister it first, or choose another identifier")
            }
            return known
        }
        let draft = try service.registry.makeDataset()
        try source.read(into: draft, service.sources, context.cancellation)
        _ = try draft.publish(as: id, definition)
        return try find(id, service)
    }

    @Sendable private static func unregister(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        guard try service.registry.unregisterDataset(context.identifier) else { throw unknown(context.identifier) }
        return .null
    }

    @Sendable private static func iterate(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let start = try context.integer("start_index", from: 0) ?? 0
        let limit = try context.integer("limit", from: -1) ?? -1
        let dataset = try service.whole(find(context.identifier, service))
        let first = min(start, dataset.rowCount)
        let end = limit < 0 ? dataset.rowCount : first + min(limit, dataset.rowCount - first)
        try context.output.write("{\"data\": [")
        try context.output.write(rows: first..<end, of: dataset, in: service.registry)
        try context.output.write("], \"has_more\": \(end < dataset.rowCount), \"url\": null}")
        return nil
    }

    @Sendable private static func append(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let rows = try context.body().root.required("rows", "an array of objects").rows(
            limit: service.configuration.maxRows)
        if let dataset = try service.registry.dataset(context.identifier) { _ = try service.whole(dataset) }
        let isThere = try service.registry.append(
            RowBlock(lines: rows.lines()), to: context.identifier, limit: service.configuration.maxRows)
        if !isThere { throw unknown(context.identifier) }
        return .null
    }

    // MARK: Shapes

    static func find(_ id: String, _ service: Service) throws -> StoredDataset {
        guard let dataset = try service.registry.dataset(id) else { throw unknown(id) }
        return dataset
    }

    private static func unknown(_ id: String) -> APIError { .unknown("dataset", id, listedBy: path) }

    /// The dataset, including its rows if it was registered with rows.
    private static func answer(_ dataset: StoredDataset, _ service: Service, _ context: HandlerContext) throws
        -> RouteResponse?
    {
        guard dataset.definition["source"]?["type"] == "rows" else {
            return try .json(
                .object(members(of: dataset, source: dataset.definition["source"] ?? .null, service, context)))
        }
        var rest = try members(of: dataset, source: nil, service, context)
        rest["source"] = nil
        try context.output.write("{\"source\": {\"type\": \"rows\", \"rows\": [")
        try context.output.write(rows: nil, of: dataset, in: service.registry)
        try context.output.write("]}, " + JSONValue.object(rest).text.dropFirst())
        return nil
    }

    private static func members(
        of dataset: StoredDataset, source: JSONValue?, _ service: Service, _ context: HandlerContext
    ) throws -> JSONObject {
        var members: JSONObject = [
            "identifier": .string(dataset.id),
            "provider_id": dataset.definition["provider_id"] ?? "localfs",
            "provider_resource_id": .string(dataset.id),
            "type": "dataset",
            "purpose": dataset.definition["purpose"] ?? .null,
        ]
        if let source { members["source"] = source }
        members["metadata"] = dataset.definition["metadata"] ?? [:]
        if context.generation.hasEarlierMembers {
            let earlier = try EarlierDatasets.members(of: dataset, context.generation, service.registry)
            for (name, value) in earlier.members { members[name] = value }
        }
        return members
    }

    /// The source of a dataset; for rows, only their digest is stored.
    private static func shownSource(of dataset: StoredDataset, rows: [JSONValue]) -> JSONValue {
        let source = dataset.definition["source"] ?? .null
        return source["type"] == "rows" ? ["type": "rows", "rows": .array(rows)] : source
    }
}

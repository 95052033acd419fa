import Datasets
import Evaluation
import HTTPTypes
import HuggingFace
import JSON
import Store

/// Datasets as clients before 0.1.8 register them and read their rows.
enum EarlierDatasets {
    /// Whether a registration has the form of clients before 0.1.8.
    static func isEarlier(_ body: RequestBody.Place) -> Bool {
        body.member("source") == nil
            && ["url", "dataset_schema", "dataset_def"].contains { body.member($0) != nil }
    }

    /// A registration: `{"dataset_id", "dataset_schema", "url": {"uri"}, "metadata", "provider_id"}`, or in November 2024
    /// `{"dataset_def": {"identifier", "dataset_schema", "url", …}}`. Provider identifiers are ignored, because servers
    /// named them as they liked. A purpose was not registered; questions with answers were what could be evaluated.
    struct Registration {
        var id: String
        var source: DatasetSource
        var definition: JSONObject

        init(_ body: RequestBody.Place, _ service: Service) throws {
            let place = body.member("dataset_def") ?? body
            let name = place.member("identifier") ?? place.member("dataset_id")
            id = try (name ?? place.required("dataset_id", "the identifier of a dataset")).identifier()
            let metadata = try place.member("metadata")?.limitedObject(service.configuration) ?? [:]
            let url = place.member("url")
            let uri = try url?.member("uri")?.read(.text) ?? url?.read(.text)
            let provider = try place.member("provider_id")?.read(.text)
            guard let address = huggingFaceURI(metadata, url: uri, provider: provider) ?? uri else {
                throw APIError(
                    JSONPlace(.null, at: place.pointer).missing("url", "an object such as {\"uri\": \"https://…\"}"))
            }
            source = .uri(address)
            definition = [
                "provider_id": .string(source.providerID), "purpose": "eval/question-answer",
                "source": source.definition, "metadata": .object(metadata),
            ]
            if let schema = try place.member("dataset_schema")?.limitedObject(service.configuration) {
                definition["dataset_schema"] = .object(schema)
            }
        }
    }

    /// The address of a dataset of the Hugging Face Hub, whose parameters were in the metadata: `path`, `name`, `split`;
    /// without a path, the URL is the dataset's page. Nil if it is another dataset.
    private static func huggingFaceURI(_ metadata: JSONObject, url: String?, provider: String?) -> String? {
        let page = "https://huggingface.co/datasets/"
        let rest = url.flatMap { $0.utf8.starts(with: page.utf8) ? String($0.dropFirst(page.count)) : nil }
        let names = (rest ?? "").split(separator: "/")
        let isPage = (1...2).contains(names.count)
        let isOfHub = isPage || url == nil || provider?.firstRange(of: "huggingface") != nil
        guard isOfHub, let path = metadata["path"]?.string ?? (isPage ? names.joined(separator: "/") : nil) else {
            return nil
        }
        let parameters = ["split", "name"].compactMap { name in
            metadata[name]?.string.map { "\(name)=\($0)" }
        }
        return "huggingface://datasets/\(path)" + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
    }

    // MARK: Shapes

    /// The members that datasets had: `url` and `dataset_schema`, the types of the columns.
    static func members(
        of dataset: StoredDataset, _ generation: APIGeneration, _ registry: Registry
    ) throws -> JSONObject {
        var members = dataset.definition["dataset_def"]?.object ?? [:]
        let uri = dataset.definition["source"]?["uri"] ?? ""
        if members["url"] == nil { members["url"] = generation < .december2024 ? uri : ["uri": uri] }
        members["dataset_schema"] = try dataset.definition["dataset_schema"] ?? schema(of: dataset, registry)
        return members
    }

    /// The types of the columns of the first row.
    private static func schema(of dataset: StoredDataset, _ registry: Registry) throws -> JSONValue {
        let line = try StoredRows(registry, dataset, rows: 0..<min(1, dataset.rowCount)).page(separator: 0x0A)
        let row = (try? JSONValue(parsing: Array(line.prefix { $0 != 0x0A })))?.object ?? [:]
        return .object(JSONObject(row.members.map { ($0.key, ["type": .string(type(of: $0.value))]) }))
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .string: "string"
        case .number: "number"
        case .bool: "boolean"
        case .array: "array"
        case .object: "object"
        case .null: "json"
        }
    }

    /// A page of rows: `{"rows": […], "total_count": N, "next_page_token": "…" or null}`. The token is the next row's
    /// number, and the count is that of the page, as it was.
    @Sendable static func rows(_ service: Service, _ context: HandlerContext) throws -> RouteResponse? {
        let id = context.query["dataset_id"] ?? ""
        let count = try context.integer("rows_in_page", from: -1) ?? -1
        let token = context.query["page_token"].flatMap { $0.isEmpty || $0 == "null" ? nil : $0 }
        let start = token == nil ? 0 : try context.integer("page_token", from: 0) ?? 0
        let dataset = try service.whole(DatasetRoutes.find(id, service))
        let first = min(start, dataset.rowCount)
        let end = count < 0 ? dataset.rowCount : first + min(count, dataset.rowCount - first)
        try context.output.write("{\"rows\": [")
        try context.output.write(rows: first..<end, of: dataset, in: service.registry)
        let next: JSONValue = end < dataset.rowCount ? .string("\(end)") : .null
        try context.output.write("], \"total_count\": \(end - first), \"next_page_token\": \(next.text)}")
        return nil
    }
}

public import JSON

/// A dataset bound to scoring functions, as it was registered.
public struct Benchmark: Sendable, Hashable {
    public var id: String
    /// Which engine runs it, see ``EvaluationProvider``.
    public var providerID: String
    /// What the provider calls it.
    public var resourceID: String
    public var datasetID: String
    public var functions: [String]
    /// Free but for what the provider reads of it.
    public var metadata: JSONObject

    public init(
        id: String, providerID: String = "assay", resourceID: String? = nil, datasetID: String, functions: [String],
        metadata: JSONObject = [:]
    ) {
        self.id = id
        self.providerID = providerID
        self.resourceID = resourceID ?? id
        self.datasetID = datasetID
        self.functions = functions
        self.metadata = metadata
    }

    /// A benchmark of the registry, in the shape of the API's `Benchmark`.
    public init?(_ definition: JSONValue) {
        guard let id = definition["identifier"]?.string, let dataset = definition["dataset_id"]?.string else {
            return nil
        }
        self.init(
            id: id, providerID: definition["provider_id"]?.string ?? "assay",
            resourceID: definition["provider_resource_id"]?.string, datasetID: dataset,
            functions: definition["scoring_functions"]?.array?.compactMap(\.string) ?? [],
            metadata: definition["metadata"]?.object ?? [:])
    }
}

public import JSON

/// A registered combination of a dataset and scoring functions.
public struct Benchmark: Sendable, Hashable {
    public var id: String
    /// The engine that runs it, see ``EvaluationProvider``.
    public var providerID: String
    /// Its name at the provider.
    public var resourceID: String
    public var datasetID: String
    public var functions: [String]
    /// Free-form, except for the members that the provider reads.
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

    /// A benchmark of the registry, in the form of the API's `Benchmark`.
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

public import JSON
public import ScoringCore

/// A scoring function as its definition says: which scorer of which plugin, and its parameters.
///
/// It is plain data that has been checked: there is none with a fault that can be seen without the plugin. What its
/// parameters mean beyond that (whether a regular expression compiles, whether there is such a parameter) only the
/// plugin knows.
public struct ScoringFunction: Sendable, Hashable {
    /// `PROVIDER::NAME`, which users write.
    public let identifier: String
    /// The plugin.
    public let providerID: String
    /// The scorer in the plugin.
    public let providerResourceID: String
    /// What it scores, for people; empty if nobody said.
    public let description: String
    public let metadata: JSONObject
    public let returnType: ReturnType
    /// All parameters, with `type` and `aggregation_functions`.
    public internal(set) var params: JSONObject
    /// The aggregations of `params`, in their order.
    public internal(set) var aggregationFunctions: [AggregationFunction]
    /// Columns of a run's data that `prompt_template` names in braces though their names are not plain ones: the run's own,
    /// and no part of the definition.
    public var columns: [String] = []
    /// The path of the file that it was read from, or `request`.
    public let origin: String

    /// The definition in its modern form, as the scoring API answers it.
    public var json: JSONValue {
        [
            "identifier": .string(identifier),
            "provider_id": .string(providerID),
            "provider_resource_id": .string(providerResourceID),
            "type": "scoring_function",
            "description": .string(description),
            "metadata": .object(metadata),
            "return_type": .object(returnType.json),
            "params": .object(params),
        ]
    }

    /// The JSON text that the plugin's `create` is given. Its `params` lack `type` and `aggregation_functions`, which
    /// are the engine's own.
    public var configuration: String {
        var own = params
        own["type"] = nil
        own["aggregation_functions"] = nil
        var configuration: JSONObject = [
            "identifier": .string(identifier),
            "return_type": .object(returnType.json),
            "params": .object(own),
        ]
        if !columns.isEmpty { configuration["columns"] = .array(columns.map(JSONValue.string)) }
        return JSONValue.object(configuration).text
    }
}

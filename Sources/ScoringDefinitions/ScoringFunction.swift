public import JSON
public import ScoringCore

/// A scoring function, as defined: the plugin, the scorer and its parameters.
///
/// It is validated data: it has no fault that can be detected without the plugin. Further checks of its parameters (whether a
/// regular expression compiles, whether a parameter exists) need the plugin.
public struct ScoringFunction: Sendable, Hashable {
    /// `PROVIDER::NAME`, as users write it.
    public private(set) var identifier: String
    /// The plugin.
    public let providerID: String
    /// The scorer in the plugin.
    public let providerResourceID: String
    /// The description for users; may be empty.
    public private(set) var description: String
    public let metadata: JSONObject
    public private(set) var returnType: ReturnType
    /// All parameters, with `type` and `aggregation_functions`.
    public internal(set) var params: JSONObject
    /// The aggregations of `params`, in their order.
    public internal(set) var aggregationFunctions: [AggregationFunction]
    /// Columns with unusual names, in the data of a run, that `prompt_template` names in braces. They belong to the run and
    /// are not part of the definition.
    public var columns: [String] = []
    /// Limits of the run. They are not part of the definition.
    public var limits = FunctionLimits()
    /// The judge model if neither the parameters nor the run name one. It is not part of the definition.
    public internal(set) var usualJudgeModel: String?
    /// The path of its file, or `request`.
    public let origin: String
    /// If it is a score that a function has beside "score": its name, which follows the identifier of the function and "/".
    public private(set) var furtherScore: String?

    /// A score that the function has beside "score", as results name it: `PROVIDER::NAME/SCORE`. It has the function's
    /// aggregations, except those that the scorer computes itself from the sums of its statistics.
    public func furtherScore(
        _ name: String, description: String, type: ValueType
    ) -> ScoringFunction {
        var score = self
        score.identifier = "\(identifier)/\(name)"
        score.description = description
        score.furtherScore = name
        let kind: ReturnType.Kind =
            switch type {
            case .f64, .i64: .number
            case .bool: .boolean
            case .text, .textList: .string
            case .json: .json
            }
        score.returnType = ReturnType(kind: kind, json: ["type": .string(kind.rawValue)])
        score.aggregationFunctions = aggregationFunctions.filter { AggregationFunction.common.contains($0) }
        return score
    }

    /// The identifier of the function that it is a score of; its own if it is not a score beside another one.
    public var functionIdentifier: String {
        furtherScore.map { String(identifier.dropLast($0.count + 1)) } ?? identifier
    }

    /// The definition in its modern form, as the scoring API returns it.
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

    /// The JSON text for the plugin's `create`. Its `params` do not include `type` and `aggregation_functions`, which are for
    /// the engine.
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
        if !limits.json.isEmpty { configuration["limits"] = .object(limits.json) }
        return JSONValue.object(configuration).text
    }
}

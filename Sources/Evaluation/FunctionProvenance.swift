import Encodings
import Hashing
package import JSON
import Runs
package import ScorerHost
import ScoringCore
package import ScoringDefinitions
package import ScoringEngine

/// What a comparison of runs needs to know of a function, as saved runs have it.
///
/// - Parameters:
///   - judgeModel: the judge model of functions that do not name one.
///   - pluginDigest: the SHA-256 of a plugin's file; nil if it cannot be read.
/// - Returns: nil if the function cannot be used.
package func functionProvenance(
    of definition: ScoringFunction, in engine: Engine, judgeModel: String?, pluginDigest: (Plugin) -> String?
) -> JSONObject? {
    guard let scorer = try? engine.bind(definition) else { return nil }
    let description = scorer.description
    var lasting = definition.json.object ?? [:]
    lasting["description"] = nil
    lasting["metadata"] = nil
    let range = description.outputs[description.scoreOutput].range
    var json: JSONObject = [
        "definition_sha256": .string(
            hexadecimal(SHA256.digest(of: JSONValue.object(lasting).canonical.text).bytes)),
        "provider": .string(definition.providerID), "resource": .string(definition.providerResourceID),
        "columns": .array(description.inputs.map { .string($0.name) }),
        "aggregations": .array(definition.aggregationFunctions.map { .string($0.rawValue) }),
        "score_range": range.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null,
    ]
    if let plugin = engine.plugins[definition.providerID] {
        json["plugin"] = [
            "id": .string(plugin.id), "version": .string(plugin.version),
            "sha256": pluginDigest(plugin).map { .string($0) } ?? .null,
        ]
    }
    if !description.roles.isEmpty {
        json["judge"] = [
            "model": definition.params["judge_model"] ?? judgeModel.map { .string($0) } ?? .null,
            "models": definition.params["judge_models"] ?? .null,
        ]
    }
    return json
}

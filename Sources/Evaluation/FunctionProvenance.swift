import Encodings
import Hashing
package import JSON
import Platform
import Runs
package import ScorerHost
import ScoringCore
package import ScoringDefinitions
package import ScoringEngine

/// What a comparison of runs needs to know about a function, as saved runs contain it.
package struct FunctionProvenance: Sendable {
    package private(set) var definition: ScoringFunction
    /// The columns that it reads.
    package let columns: [String]
    private let plugin: Plugin?
    private var range: ClosedRange<Double>?
    private let asksModels: Bool
    private let outputs: [ColumnDescription]

    /// Nil if the function cannot be used.
    package init?(of definition: ScoringFunction, in engine: Engine) {
        guard let description = try? engine.description(of: definition) else { return nil }
        self.definition = definition
        outputs = description.outputs
        columns = description.inputs.map(\.name)
        plugin = engine.plugins[definition.providerID]
        let score = outputs.first { $0.name == definition.furtherScore } ?? outputs[description.scoreOutput]
        range = score.range
        asksModels = !description.roles.isEmpty
    }

    /// The same for each score that the function has beside "score".
    package var furtherScores: [FunctionProvenance] {
        guard definition.furtherScore == nil else { return [] }
        return outputs.filter(\.isScore).map { output in
            var score = self
            score.definition = definition.furtherScore(output.name, description: output.description, type: output.type)
            score.range = output.range
            return score
        }
    }

    /// - Parameters:
    ///   - judgeModel: the judge model of functions that do not name one.
    ///   - served: the models as their servers name them in replies.
    ///   - pluginDigest: the SHA-256 of a plugin's file; nil if it cannot be read.
    package func json(
        judgeModel: String?, served: Set<String>, pluginDigest: (Plugin) -> String?
    ) -> JSONObject {
        var lasting = definition.json.object ?? [:]
        lasting["description"] = nil
        lasting["metadata"] = nil
        var json: JSONObject = [
            "definition_sha256": .string(
                hexadecimal(SHA256.digest(of: JSONValue.object(lasting).canonical.text).bytes)),
            "provider": .string(definition.providerID), "resource": .string(definition.providerResourceID),
            "columns": .array(columns.map { .string($0) }),
            "aggregations": .array(definition.aggregationFunctions.map { .string($0.rawValue) }),
            "score_range": range.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null,
        ]
        if definition.furtherScore != nil { json["score_of"] = .string(definition.functionIdentifier) }
        if let plugin {
            json["plugin"] = [
                "id": .string(plugin.id), "version": .string(plugin.version),
                "sha256": pluginDigest(plugin).map { .string($0) } ?? .null, "shipped": .bool(plugin.isShipped),
            ]
        }
        if asksModels { json["judge"] = definition.judgeJSON(judgeModel: judgeModel, served: served) }
        return json
    }
}

extension Plugin {
    /// Whether it is a part of Assay.
    fileprivate var isShipped: Bool {
        PluginIsolation.shippedFolders.contains { folder in
            realPath(folder).map { path.hasPrefix($0 + "/") } ?? false
        }
    }
}

extension ScoringFunction {
    /// What its judge is: `{"model": …, "models": …, "prompt_sha256": …, "served": …}`.
    ///
    /// - Parameters:
    ///   - judgeModel: the model of a judge that names none.
    ///   - served: the models as their servers name them in replies.
    package func judgeJSON(judgeModel: String?, served: Set<String>) -> JSONValue {
        [
            "model": params["judge_model"] ?? (judgeModel ?? usualJudgeModel).map { .string($0) } ?? .null,
            "models": params["judge_models"] ?? .null, "prompt_sha256": .string(promptDigest),
            "served": served.namesInOrder,
        ]
    }

    /// What identifies a judge's prompt: the SHA-256 of its template and system message, as JSON.
    private var promptDigest: String {
        let prompt: JSONValue = [
            "prompt_template": params["prompt_template"] ?? .null, "system_prompt": params["system_prompt"] ?? .null,
        ]
        var members = prompt.object ?? [:]
        // Further parameters that are part of a prompt; those that are not set leave older digests as they are.
        for name in ["judge_messages", "rubric", "score_fields"] { members[name] = params[name] }
        return hexadecimal(SHA256.digest(of: JSONValue.object(members).text).bytes)
    }
}

extension Set<String> {
    /// The elements in order; null if there are none.
    package var namesInOrder: JSONValue { isEmpty ? .null : .array(sorted().map { .string($0) }) }
}

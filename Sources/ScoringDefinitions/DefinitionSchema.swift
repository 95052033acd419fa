public import JSON
import ScoringCore

/// The JSON Schema (2020-12) of definition files, for editors that complete and check them.
///
/// It accepts what `DefinitionFile` accepts in the modern form, and the older form, marked as deprecated, without a look at its
/// `context`. It finds less than the readers and the scorers do, which for instance compile patterns.
public enum DefinitionSchema {
    /// What a schema needs to know of a scorer.
    public struct Scorer: Sendable {
        var plugin: String
        var id: String
        var description: String
        var parametersSchema: String?
        var aggregations: [String]

        /// - Parameters:
        ///   - plugin: the id of its plugin, a definition's `provider_id`.
        ///   - id: a definition's `provider_resource_id`.
        ///   - parametersSchema: the JSON Schema of its parameters; nil means any object.
        ///   - aggregations: the names of its own aggregations.
        public init(
            plugin: String, id: String, description: String, parametersSchema: String?, aggregations: [String]
        ) {
            self.plugin = plugin
            self.id = id
            self.description = description
            self.parametersSchema = parametersSchema
            self.aggregations = aggregations
        }
    }

    /// - Parameter scorers: those whose parameters are checked. The parameters of others may be anything.
    public static func schema(of scorers: [Scorer]) -> JSONValue {
        [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Scoring functions of Assay",
            "description": "A scoring function, or an array of them.",
            "if": ["type": "array"],
            "then": ["items": ["$ref": "#/$defs/function"]],
            "else": ["$ref": "#/$defs/function"],
            "$defs": .object(JSONObject([("function", function(scorers))] + scorers.flatMap(definitions))),
        ]
    }

    /// The parts of a scorer's schema that it refers to, under names of the whole schema.
    private static func definitions(of scorer: Scorer) -> [JSONObject.Member] {
        scorer.members["$defs"]?.object?.members.map { ("\(scorer.prefix)\($0.key)", $0.value) } ?? []
    }

    private static func function(_ scorers: [Scorer]) -> JSONValue {
        [
            "type": "object",
            "properties": .object(members),
            "required": ["identifier", "return_type"],
            "additionalProperties": false,
            "not": ["required": ["params", "context"]],
            "allOf": .array(scorers.map(condition)),
        ]
    }

    private static let members: JSONObject = [
        "$schema": ["type": "string", "description": "The address or path of this schema."],
        "identifier": [
            "type": "string", "pattern": ".::.", "description": "PROVIDER::NAME, the name under which it is used.",
        ],
        "provider_id": [
            "type": "string", "minLength": 1,
            "description": "The plugin. If it is missing, the part of the identifier before \"::\".",
        ],
        "provider_resource_id": [
            "type": "string", "minLength": 1,
            "description": "The scorer in the plugin. If it is missing, the part of the identifier after \"::\".",
        ],
        "type": ["enum": ["scoring_function", "scoring_fn"]],
        "description": ["type": "string", "description": "What the score means, for those who choose a function."],
        "metadata": ["type": "object"],
        "return_type": [
            "type": "object",
            "properties": ["type": ["enum": .array(ReturnType.Kind.allCases.map { .string($0.rawValue) })]],
            "required": ["type"],
        ],
        "params": parameters(properties: [:], own: [], isClosed: false),
        "parameters": ["type": "array", "deprecated": true, "description": "Ignored: scorers declare their columns."],
        "context": ["type": "object", "deprecated": true, "description": "The older form of \"params\"."],
    ]

    private static let type: JSONValue = [
        "enum": .array(ParameterType.allCases.map { .string($0.rawValue) }),
        "description": "Which parameters must be there: regex_parser needs parsing_regexes.",
    ]

    /// - Parameters:
    ///   - own: the names of the scorer's own aggregations.
    ///   - isClosed: whether no other parameters are allowed.
    private static func parameters(properties: JSONObject, own: [String], isClosed: Bool) -> JSONValue {
        let names = AggregationFunction.common.map(\.rawValue) + own
        let item: JSONValue = isClosed ? ["enum": .array(names.map { .string($0) })] : ["type": "string"]
        var all: JSONObject = [
            "type": type,
            "aggregation_functions": [
                "type": "array", "items": item, "uniqueItems": true,
                "description": "The aggregates of the results, such as \"accuracy\".",
            ],
        ]
        for (name, value) in properties.members { all[name] = value }
        var schema: JSONObject = ["type": "object", "properties": .object(all), "required": ["type"]]
        if isClosed { schema["additionalProperties"] = false }
        return .object(schema)
    }

    /// What holds of the parameters if a definition names this scorer.
    private static func condition(_ scorer: Scorer) -> JSONValue {
        let schema = scorer.members
        let isClosed = schema["additionalProperties"] == false
        var own =
            parameters(
                properties: schema["properties"]?.object ?? [:], own: scorer.aggregations, isClosed: isClosed
            ).object ?? [:]
        own["description"] = .string(scorer.description)
        return [
            "if": [
                "properties": [
                    "provider_id": ["const": .string(scorer.plugin)],
                    "provider_resource_id": ["const": .string(scorer.id)],
                ],
                "required": ["provider_id", "provider_resource_id"],
            ],
            "then": ["properties": ["params": .object(own)]],
        ]
    }
}

extension DefinitionSchema.Scorer {
    /// What the names of parts of its schema begin with in the whole schema.
    fileprivate var prefix: String { "\(plugin).\(id)." }

    /// The members of its parameters' schema, with references to where its parts are in the whole schema.
    fileprivate var members: JSONObject {
        let schema = parametersSchema.flatMap { try? JSONValue(parsing: $0) } ?? [:]
        return referring(schema).object ?? [:]
    }

    private func referring(_ schema: JSONValue) -> JSONValue {
        let start = "#/$defs/"
        switch schema {
        case .array(let elements): return .array(elements.map(referring))
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.map { key, value in
                        guard key == "$ref", let reference = value.string, reference.hasPrefix(start) else {
                            return (key, referring(value))
                        }
                        return (key, .string(start + prefix + reference.dropFirst(start.count)))
                    }))
        default: return schema
        }
    }
}

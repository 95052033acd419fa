import JSON
import ScorerKit
import ScorerParameters

/// The parameters `response_format`, which tells the model the form of its reply, and `score_field`, which names the
/// member of the reply that is the score.
struct ResponseFormat: Sendable, Equatable {
    /// The member "response_format" of a request; nil if only the prompt asks for JSON.
    var json: JSONValue?
    /// The member that is the score, of a judge with one score.
    var field: String
    /// What to add to the prompt, which asks for the members of the reply; nil if the definition's prompt does that.
    var instruction: String?

    /// Reads `response_format`, an object of the chat completions API or a bare JSON Schema, and `score_field`.
    ///
    /// Without `response_format`, replies are read as JSON if `score_field` is given. If `response_format` is removed
    /// with null and there are no regular expressions either, replies are still read as JSON: the server does not
    /// support it, but the prompt asks for JSON. With several scores or a rubric, and neither `response_format` nor regular
    /// expressions, the format and an instruction in the prompt are made from them.
    ///
    /// - Returns: nil where replies are not read as JSON.
    init?(
        _ parameters: inout Configuration, fields: ScoreFields?, rubric: Rubric?, isChoice: Bool
    ) throws(ParameterRejection) {
        let name = "response_format"
        let given = try parameters.object(name)
        let field = try parameters.text("score_field", canBeEmpty: false)
        self.field = field ?? "score"
        let regexes = parameters.value("judge_score_regexes") ?? []
        guard let given else {
            let isTakenAway = parameters.isNull(name)
            let members = fields?.fields.map { field in field.member.map { (name: $0, type: field.reader.type) } }
            if let members, !members.contains(where: { $0 == nil }) {
                make(members.compactMap { $0 }, withFormat: !isTakenAway)
            } else if fields == nil, let rubric, !isChoice, regexes == [], field == nil {
                make([("score", .rubric(rubric))], withFormat: !isTakenAway)
            } else if fields?.fields.contains(where: { $0.reader.field != nil }) ?? false {
                return
            } else if fields != nil || field == nil && !(isTakenAway && regexes == []) {
                return nil
            }
            return
        }
        let members = fields.map { $0.fields.compactMap(\.member) } ?? [self.field]
        switch given["type"] {
        case "json_object":
            json = .object(given)
        case "json_schema":
            guard let schema = given["json_schema"]?["schema"]?.object else {
                throw ParameterRejection(
                    of: name, "has the type json_schema but no schema; expected {\"json_schema\": {\"schema\": …}}")
            }
            json = .object(given)
            try check(schema, members, fields != nil, at: "/params/\(name)/json_schema/schema")
        case "object", nil:
            json = Self.format(given)
            try check(given, members, fields != nil, at: "/params/\(name)")
        default:
            throw parameters.rejection(
                of: name,
                expected: "the JSON Schema of an object, {\"type\": \"json_schema\", …} or {\"type\": \"json_object\"}")
        }
    }

    private static func format(_ schema: JSONObject) -> JSONValue {
        ["type": "json_schema", "json_schema": ["name": "judgement", "schema": .object(schema), "strict": true]]
    }

    /// Makes the format of a reply with such scores, after a text in which the model reasons.
    private mutating func make(_ scores: [(name: String, type: ScoreType)], withFormat: Bool) {
        let reasoning = scores.contains { $0.name == "reasoning" } ? nil : "reasoning"
        var properties: JSONObject = [:]
        var lines: [String] = []
        if let reasoning {
            properties[reasoning] = ["type": "string"]
            lines.append("\"\(reasoning)\": a few sentences that explain the scores")
        }
        for (name, type) in scores {
            properties[name] = type.schema
            lines.append("\(quoted(name)): \(type.expectation)")
        }
        if withFormat {
            json = Self.format([
                "type": "object", "properties": .object(properties),
                "required": .array(properties.keys.map(JSONValue.string)), "additionalProperties": false,
            ])
        }
        instruction = "Reply with one JSON object that has these members:\n" + lines.joined(separator: "\n")
    }

    /// Checks that a reply in this form has the members that are scores.
    private func check(
        _ schema: JSONObject, _ members: [String], _ isSeveral: Bool, at pointer: String
    ) throws(ParameterRejection) {
        guard let properties = schema["properties"]?.object else {
            throw ParameterRejection(pointer: pointer, "has no \"properties\"; expected the JSON Schema of an object")
        }
        for member in members where properties[member] == nil {
            let names = properties.keys.map { "\"\($0)\"" }.joined(separator: ", ")
            let advice =
                isSeveral ? "Name another one with \"member\" in score_fields" : "Name another member with score_field"
            throw ParameterRejection(
                pointer: pointer + "/properties",
                "has no \"\(member)\", which is \(isSeveral ? "a" : "the") score; it has \(names.isEmpty ? "nothing" : names). "
                    + advice)
        }
    }
}

extension ScoreType {
    /// The JSON Schema of a member of this type.
    fileprivate var schema: JSONValue {
        switch self {
        case .number, .numberOrText: ["type": "number"]
        case .text: ["type": "string"]
        case .boolean: ["type": "boolean"]
        case .json: [:]
        case .rubric(let rubric): ["type": "string", "enum": .array(rubric.labels.map(JSONValue.string))]
        }
    }
}

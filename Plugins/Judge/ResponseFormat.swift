import JSON
import ScorerKit
import ScorerParameters

/// The parameters `response_format`, which tells the model the form of its reply, and `score_field`, which names the
/// member of the reply that is the score.
struct ResponseFormat: Sendable, Equatable {
    /// The member "response_format" of a request; nil if only the prompt asks for JSON.
    var json: JSONValue?
    var field: String

    /// Reads `response_format`, an object of the chat completions API or a bare JSON Schema, and `score_field`.
    ///
    /// Without `response_format`, replies are read as JSON if `score_field` is given. If `response_format` is removed
    /// with null and there are no regular expressions either, replies are still read as JSON: the server does not
    /// support it, but the prompt asks for JSON.
    ///
    /// - Returns: nil where replies are not read as JSON.
    init?(_ parameters: inout Configuration) throws(ParameterRejection) {
        let name = "response_format"
        let given = try parameters.object(name)
        let field = try parameters.text("score_field", canBeEmpty: false)
        self.field = field ?? "score"
        guard let given else {
            let regexes = parameters.value("judge_score_regexes") ?? []
            let isTakenAway = parameters.isNull(name) && regexes == []
            if field == nil && !isTakenAway { return nil }
            return
        }
        switch given["type"] {
        case "json_object":
            json = .object(given)
        case "json_schema":
            guard let schema = given["json_schema"]?["schema"]?.object else {
                throw ParameterRejection(
                    of: name, "has the type json_schema but no schema; expected {\"json_schema\": {\"schema\": …}}")
            }
            json = .object(given)
            try check(schema, at: "/params/\(name)/json_schema/schema")
        case "object", nil:
            json = [
                "type": "json_schema",
                "json_schema": ["name": "judgement", "schema": .object(given), "strict": true],
            ]
            try check(given, at: "/params/\(name)")
        default:
            throw parameters.rejection(
                of: name,
                expected: "the JSON Schema of an object, {\"type\": \"json_schema\", …} or {\"type\": \"json_object\"}")
        }
    }

    /// Checks that a reply in this form has the member for the score.
    private func check(_ schema: JSONObject, at pointer: String) throws(ParameterRejection) {
        guard let properties = schema["properties"]?.object else {
            throw ParameterRejection(pointer: pointer, "has no \"properties\"; expected the JSON Schema of an object")
        }
        guard properties[field] == nil else { return }
        let names = properties.keys.map { "\"\($0)\"" }.joined(separator: ", ")
        throw ParameterRejection(
            pointer: pointer + "/properties",
            "has no \"\(field)\", which is the score; it has \(names.isEmpty ? "nothing" : names). "
                + "Name another member with score_field")
    }
}

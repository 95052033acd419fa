import JSON
import ScorerHost

/// The parameters of a scorer in a few words each, from its JSON Schema.
struct ParameterSummary {
    /// "max_words (number, 1 to 1000000)", in the schema's order; nil if the scorer has no readable schema.
    let items: [String]?

    init(_ scorer: ScorerDescription) {
        let schema = scorer.parametersSchema.flatMap { try? JSONValue(parsing: $0) }
        guard let schema, schema.object != nil else {
            items = nil
            return
        }
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        let properties = schema["properties"]?.object?.members ?? []
        items = properties.map { name, property in
            let facts = [Self.type(of: property), Self.range(of: property)].compactMap { $0 }
            let all = facts + (required.contains(name) ? ["required"] : [])
            return all.isEmpty ? name : "\(name) (\(all.joined(separator: ", ")))"
        }
    }

    private static func type(of property: JSONValue) -> String? {
        if let values = property["enum"]?.array { return values.map(\.text).joined(separator: " or ") }
        let types = property["type"]?.string.map { [$0] } ?? property["type"]?.array?.compactMap(\.string) ?? []
        let element = property["items"]?["type"]?.string
        let names = types.map { type in
            switch type {
            case "array": element.map { "list of \($0)s" } ?? "list"
            default: type
            }
        }
        return names.isEmpty ? nil : names.joined(separator: " or ")
    }

    private static func range(of property: JSONValue) -> String? {
        switch (property["minimum"], property["maximum"]) {
        case (let least?, let most?): "\(least.text) to \(most.text)"
        case (let least?, nil): "at least \(least.text)"
        case (nil, let most?): "at most \(most.text)"
        case (nil, nil): nil
        }
    }
}

import JSON
import Patterns
import ScorerKit
import ScorerParameters

/// What is wrong with a schema.
struct JSONSchemaError: Error {
    /// A JSON Pointer into the schema.
    var pointer: String
    var message: String
}

/// A JSON Schema (https://json-schema.org/draft/2020-12): all assertions and applicators of the vocabularies for validation,
/// but for `unevaluatedItems`, `unevaluatedProperties`, `$dynamicRef` and anchors. A schema with a keyword that is not known
/// is refused.
///
/// `format` is an annotation, as the standard has it. Patterns are in Python's dialect. References must be within the schema.
final class JSONSchema: Sendable {
    /// The schemas, of which the first is the whole. References are indices.
    let nodes: [JSONSchemaNode]

    /// Values are checked at most so deeply: references may be recursive.
    private static let deepest = 1200
    /// The most schemas that are applied to a value and what is in it.
    private static let mostSteps = 2_000_000

    init(_ json: JSONValue) throws(JSONSchemaError) {
        var reader = JSONSchemaReader(root: json)
        nodes = try reader.read()
    }

    /// Whether a value is valid.
    func accepts(_ value: JSONValue, _ scratch: inout MatchScratch) throws(RowFault) -> Bool {
        var steps = 0
        return try accepts(value, 0, &scratch, &steps, depth: 0)
    }

    func accepts(
        _ value: JSONValue, _ index: Int, _ scratch: inout MatchScratch, _ steps: inout Int, depth: Int
    ) throws(RowFault) -> Bool {
        steps += 1
        guard depth < Self.deepest, steps < Self.mostSteps else {
            throw RowFault(.scorerError, "the schema refers to itself too often to check this answer")
        }
        let node = nodes[index]
        if let verdict = node.verdict { return verdict }
        guard node.acceptsScalar(value) else { return false }
        if let pattern = node.pattern, let text = value.string, try !Self.matches(pattern, text, &scratch) {
            return false
        }
        func check(_ value: JSONValue, _ index: Int) throws(RowFault) -> Bool {
            try accepts(value, index, &scratch, &steps, depth: depth + 1)
        }
        for schema in node.allOf where try !check(value, schema) { return false }
        if !node.anyOf.isEmpty {
            var isAny = false
            for schema in node.anyOf where try check(value, schema) {
                isAny = true
                break
            }
            if !isAny { return false }
        }
        if !node.oneOf.isEmpty {
            var count = 0
            for schema in node.oneOf where try check(value, schema) { count += 1 }
            if count != 1 { return false }
        }
        if let schema = node.not, try check(value, schema) { return false }
        if let condition = node.condition {
            let branch = try check(value, condition) ? node.then : node.otherwise
            if let branch, try !check(value, branch) { return false }
        }
        switch value {
        case .array(let elements): return try accepts(elements, node, &scratch, &steps, depth)
        case .object(let object): return try accepts(object, node, &scratch, &steps, depth)
        default: return true
        }
    }

    private func accepts(
        _ elements: [JSONValue], _ node: JSONSchemaNode, _ scratch: inout MatchScratch, _ steps: inout Int, _ depth: Int
    ) throws(RowFault) -> Bool {
        if node.areUnique {
            var seen: Set<JSONSchemaNode.Comparable> = []
            for element in elements where !seen.insert(JSONSchemaNode.Comparable(element)).inserted { return false }
        }
        var matching = 0
        for (place, element) in elements.enumerated() {
            let schema = place < node.prefixItems.count ? node.prefixItems[place] : node.items
            if let schema, try !accepts(element, schema, &scratch, &steps, depth: depth + 1) { return false }
            if let schema = node.contains, try accepts(element, schema, &scratch, &steps, depth: depth + 1) {
                matching += 1
            }
        }
        return node.contains == nil || node.containsCount.contains(matching)
    }

    private func accepts(
        _ object: JSONObject, _ node: JSONSchemaNode, _ scratch: inout MatchScratch, _ steps: inout Int, _ depth: Int
    ) throws(RowFault) -> Bool {
        for (key, value) in object.members {
            var isKnown = false
            if let schema = node.properties[ExactText(key)] {
                isKnown = true
                if try !accepts(value, schema, &scratch, &steps, depth: depth + 1) { return false }
            }
            for (pattern, schema) in node.patternProperties where try Self.matches(pattern, key, &scratch) {
                isKnown = true
                if try !accepts(value, schema, &scratch, &steps, depth: depth + 1) { return false }
            }
            if !isKnown, let schema = node.additionalProperties,
                try !accepts(value, schema, &scratch, &steps, depth: depth + 1)
            {
                return false
            }
            if let schema = node.propertyNames, try !accepts(.string(key), schema, &scratch, &steps, depth: depth + 1) {
                return false
            }
            if let needed = node.dependentRequired[ExactText(key)], needed.contains(where: { object[$0] == nil }) {
                return false
            }
            if let schema = node.dependentSchemas[ExactText(key)],
                try !accepts(.object(object), schema, &scratch, &steps, depth: depth + 1)
            {
                return false
            }
        }
        return true
    }

    private static func matches(_ pattern: Pattern, _ text: String, _ scratch: inout MatchScratch) throws(RowFault)
        -> Bool
    {
        do throws(MatchError) {
            return try Array(text.utf8).span.withUnsafeBytes { bytes throws(MatchError) in
                try pattern.firstMatch(in: bytes, using: &scratch) != nil
            }
        } catch {
            var fault = RowFault(.scorerError, "in the schema, \(error)")
            fault.isCancellation = error.reason == .cancelled
            throw fault
        }
    }
}

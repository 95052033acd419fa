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
    private static let deepest = 1000
    init(_ json: JSONValue) throws(JSONSchemaError) {
        var reader = JSONSchemaReader(root: json)
        nodes = try reader.read()
    }

    /// Whether a value is valid.
    ///
    /// - Throws: if that takes too much work, or the batch is cancelled.
    func accepts(
        _ value: JSONValue, _ scratch: inout MatchScratch, _ check: inout CancellationCheck
    ) throws(RowFault) -> Bool {
        var work = SchemaWork(check)
        defer { check = work.check }
        return try accepts(value, 0, &scratch, &work, depth: 0)
    }

    private func accepts(
        _ value: JSONValue, _ index: Int, _ scratch: inout MatchScratch, _ work: inout SchemaWork, depth: Int
    ) throws(RowFault) -> Bool {
        let node = nodes[index]
        try work.note(node.work(on: value))
        guard depth < Self.deepest else { throw SchemaWork.fault }
        if let verdict = node.verdict { return verdict }
        guard node.acceptsScalar(value) else { return false }
        if let pattern = node.pattern, let text = value.string, try !Self.matches(pattern, text, &scratch) {
            return false
        }
        func check(_ value: JSONValue, _ index: Int) throws(RowFault) -> Bool {
            try accepts(value, index, &scratch, &work, depth: depth + 1)
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
        case .array(let elements): return try accepts(elements, node, &scratch, &work, depth)
        case .object(let object): return try accepts(object, node, &scratch, &work, depth)
        default: return true
        }
    }

    private func accepts(
        _ elements: [JSONValue], _ node: JSONSchemaNode, _ scratch: inout MatchScratch, _ work: inout SchemaWork,
        _ depth: Int
    ) throws(RowFault) -> Bool {
        if node.areUnique {
            var seen: Set<JSONSchemaNode.Comparable> = []
            for element in elements where !seen.insert(JSONSchemaNode.Comparable(element)).inserted { return false }
        }
        var matching = 0
        for (place, element) in elements.enumerated() {
            let schema = place < node.prefixItems.count ? node.prefixItems[place] : node.items
            if let schema, try !accepts(element, schema, &scratch, &work, depth: depth + 1) { return false }
            if let schema = node.contains, try accepts(element, schema, &scratch, &work, depth: depth + 1) {
                matching += 1
            }
        }
        return node.contains == nil || node.containsCount.contains(matching)
    }

    private func accepts(
        _ object: JSONObject, _ node: JSONSchemaNode, _ scratch: inout MatchScratch, _ work: inout SchemaWork,
        _ depth: Int
    ) throws(RowFault) -> Bool {
        for (key, value) in object.members {
            var isKnown = false
            if let schema = node.properties[ExactText(key)] {
                isKnown = true
                if try !accepts(value, schema, &scratch, &work, depth: depth + 1) { return false }
            }
            for (pattern, schema) in node.patternProperties where try Self.matches(pattern, key, &scratch) {
                isKnown = true
                if try !accepts(value, schema, &scratch, &work, depth: depth + 1) { return false }
            }
            if !isKnown, let schema = node.additionalProperties,
                try !accepts(value, schema, &scratch, &work, depth: depth + 1)
            {
                return false
            }
            if let schema = node.propertyNames, try !accepts(.string(key), schema, &scratch, &work, depth: depth + 1) {
                return false
            }
            if let needed = node.dependentRequired[ExactText(key)], needed.contains(where: { object[$0] == nil }) {
                return false
            }
            if let schema = node.dependentSchemas[ExactText(key)],
                try !accepts(.object(object), schema, &scratch, &work, depth: depth + 1)
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

/// What a value's schemas have read of it.
private struct SchemaWork {
    /// The most schemas that are applied to a value and what is in it.
    private static let mostSteps = 2_000_000
    /// The most bytes that they look at; a value that is compared counts as 64.
    private static let mostBytes = 1 << 27

    private(set) var check: CancellationCheck
    private var steps = 0
    private var bytes = 0

    init(_ check: CancellationCheck) { self.check = check }

    static var fault: RowFault {
        RowFault(.scorerError, "the schema refers to itself too often, or reads this answer too often, to check it")
    }

    /// Counts a schema that looks at so many bytes.
    mutating func note(_ bytes: Int) throws(RowFault) {
        steps += 1
        self.bytes += bytes
        guard steps < Self.mostSteps, self.bytes < Self.mostBytes else { throw Self.fault }
        if check.stopsWithin(bytes + 16) { throw .cancelled }
    }
}

extension JSONSchemaNode {
    /// The bytes of a value that the schema itself looks at, without those of the schemas in it.
    fileprivate func work(on value: JSONValue) -> Int {
        if values != nil || areUnique { return Self.size(of: value) }
        switch value {
        case .string(let text): return hasLengths || pattern != nil ? text.utf8.count : 0
        case .object(let object):
            return required.count + object.count * (1 + patternProperties.count)
                + dependentRequired.reduce(0) { $0 + $1.value.count }
        case .array(let elements): return elements.count
        default: return 0
        }
    }

    private static func size(of value: JSONValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count + 64
        case .array(let elements): elements.reduce(64) { $0 + size(of: $1) }
        case .object(let object): object.members.reduce(64) { $0 + $1.key.utf8.count + size(of: $1.value) }
        default: 64
        }
    }
}

import JSON
import Patterns

/// One schema: what it asserts, with the schemas in it as indices.
struct JSONSchemaNode: Sendable {
    /// The verdict of `true` and `false`.
    var verdict: Bool?
    var types: Set<String>?
    var values: [Comparable]?

    var minimum: Double?
    var maximum: Double?
    var exclusiveMinimum: Double?
    var exclusiveMaximum: Double?
    var multipleOf: Double?

    var lengths = 0...Int.max
    /// Whether texts have to be counted.
    var hasLengths: Bool { lengths != 0...Int.max }
    var pattern: Pattern?

    var itemCount = 0...Int.max
    var areUnique = false
    var prefixItems: [Int] = []
    var items: Int?
    var contains: Int?
    var containsCount = 1...Int.max

    var memberCount = 0...Int.max
    var required: [String] = []
    var properties: [ExactText: Int] = [:]
    var patternProperties: [(Pattern, Int)] = []
    var additionalProperties: Int?
    var propertyNames: Int?
    var dependentRequired: [ExactText: [String]] = [:]
    var dependentSchemas: [ExactText: Int] = [:]

    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
    var condition: Int?
    var then: Int?
    var otherwise: Int?

    /// Whether it accepts a value as far as no other schema takes part.
    func acceptsScalar(_ value: JSONValue) -> Bool {
        if let types, !types.contains(where: { Self.hasType(value, $0) }) { return false }
        if let values, !values.contains(Comparable(value)) { return false }
        switch value {
        case .number(let number): return acceptsNumber(number.double)
        case .string(let text): return !hasLengths || lengths.contains(text.unicodeScalars.count)
        case .array(let elements): return itemCount.contains(elements.count)
        case .object(let object):
            return memberCount.contains(object.count) && required.allSatisfy { object[$0] != nil }
        default: return true
        }
    }

    private static func hasType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"), (.object, "object"),
            (.number, "number"):
            true
        case (.number(let number), "integer"): number.int != nil || number.double == number.double.rounded()
        default: false
        }
    }

    private func acceptsNumber(_ number: Double) -> Bool {
        if let minimum, number < minimum { return false }
        if let maximum, number > maximum { return false }
        if let exclusiveMinimum, number <= exclusiveMinimum { return false }
        if let exclusiveMaximum, number >= exclusiveMaximum { return false }
        guard let multipleOf else { return true }
        let quotient = number / multipleOf
        // 0.3 is a multiple of 0.1, as decimals are written.
        return abs(quotient - quotient.rounded()) <= 1e-9 * max(1, abs(quotient))
    }

    /// A value to compare: numbers are equal by value.
    struct Comparable: Hashable, Sendable {
        private let value: JSONValue

        init(_ value: JSONValue) { self.value = Self.normalized(value) }

        private static func normalized(_ value: JSONValue) -> JSONValue {
            switch value {
            case .number(let number):
                if number.int != nil || !number.double.isFinite { return value }
                if let whole = Int(exactly: number.double) { return .number(JSONNumber(whole)) }
                return JSONNumber(number.double).map { .number($0) } ?? value
            case .array(let elements): return .array(elements.map(normalized))
            case .object(let object):
                return .object(
                    JSONObject(
                        object.members.map { ($0.key, normalized($0.value)) }.sorted { $0.0 < $1.0 }
                            as [JSONObject.Member]))
            default: return value
            }
        }
    }
}

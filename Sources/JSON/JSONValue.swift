/// A JSON value as a tree, for small data: definitions, parameters, results. Rows are read in place instead.
///
/// Two values are equal if their strings have the same code points and their numbers are written alike.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public static func == (one: JSONValue, other: JSONValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): ExactText(one) == ExactText(other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(ExactText(value))
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

/// A JSON number as written: `1.0` stays `1.0`, and an integer of any length keeps its digits.
public struct JSONNumber: Sendable, Hashable {
    public let text: String

    init(unchecked text: String) {
        self.text = text
    }

    public init(_ value: Int) {
        text = String(value)
    }

    /// Returns nil for a value that JSON cannot represent: an infinity or NaN.
    public init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = value.description
    }

    /// The nearest double; infinite if the number is out of range.
    public var double: Double { Double(text) ?? .infinity }

    /// The value as an integer, if it is one and is written as one.
    public var int: Int? { Int(text) }
}

/// The members of a JSON object, in order. If a key occurs several times, the last one counts, as in Python.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    public typealias Member = (key: String, value: JSONValue)
    public private(set) var keys: [String] = []
    private var values: [ExactText: JSONValue] = [:]

    public init() {}

    public init(_ members: some Sequence<Member>) {
        for (key, value) in members { self[key] = value }
    }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }

    public var count: Int { keys.count }
    public var isEmpty: Bool { keys.isEmpty }

    public subscript(key: String) -> JSONValue? {
        get { values[ExactText(key)] }
        set {
            let exact = ExactText(key)
            if values.updateValue(newValue ?? .null, forKey: exact) == nil { keys.append(key) }
            if newValue == nil {
                values[exact] = nil
                keys.removeAll { ExactText($0) == exact }
            }
        }
    }

    /// The number that stands for the object as a whole: the member with this name, or else the first number.
    public func figure(_ name: String) -> Double? {
        if case .number(let number)? = self[name] { return number.double }
        for member in members {
            if case .number(let number) = member.value { return number.double }
        }
        return nil
    }

    public var members: [Member] { keys.map { ($0, values[ExactText($0)] ?? .null) } }

    /// Objects are equal regardless of the order of their members.
    public static func == (one: JSONObject, other: JSONObject) -> Bool { one.values == other.values }
    public func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension JSONValue {
    /// What the value is, in the words of error messages: "a number", "an array".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The member `key` of an object; nil if it is missing, or for other values.
    public subscript(key: String) -> JSONValue? { object?[key] }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }

    /// A number, or null for an infinity or NaN.
    public init(_ value: Double?) { self = value.flatMap(JSONNumber.init).map(JSONValue.number) ?? .null }
    public init(_ value: Int) { self = .number(JSONNumber(value)) }
}

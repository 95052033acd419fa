/// A JSON value and its place in a file or request. Configurations, definitions and requests are read through it, so that
/// every fault names the place, what was found and what was expected, in the same words.
///
///     let limits = JSONPlace(json, at: JSONPointer("/limits"))
///     try limits.checkNames(["max_retries", "timeout_seconds"])
///     let retries = try limits.optional("max_retries", .integer(0...100)) ?? 3
///
/// A member that is null counts as missing.
public struct JSONPlace: Sendable {
    public let value: JSONValue
    public let pointer: JSONPointer

    public init(_ value: JSONValue, at pointer: JSONPointer = JSONPointer()) {
        self.value = value
        self.pointer = pointer
    }

    // MARK: Parts

    /// The member `name` of an object; nil if it is missing or null, and for other values.
    public subscript(name: String) -> JSONPlace? { member(name).flatMap { $0.value == .null ? nil : $0 } }

    /// The member `name` of an object, for which null means something; nil if it is missing, and for other values.
    public func member(_ name: String) -> JSONPlace? {
        value[name].map { JSONPlace($0, at: pointer.appending(name)) }
    }

    /// The members of an object in order, with those that are null.
    ///
    /// - Throws: if it is not an object.
    public func members() throws(JSONFault) -> [(name: String, place: JSONPlace)] {
        try read(.object).members.map { ($0.key, JSONPlace($0.value, at: pointer.appending($0.key))) }
    }

    /// The elements of an array.
    ///
    /// - Throws: if it is not an array.
    public func elements(_ expected: String = "an array") throws(JSONFault) -> [JSONPlace] {
        guard let array = value.array else { throw fault(expected) }
        return array.enumerated().map { JSONPlace($1, at: pointer.appending($0)) }
    }

    // MARK: Reading

    /// The value as what it should be.
    public func read<Value>(_ expectation: JSONExpectation<Value>) throws(JSONFault) -> Value {
        try expectation.read(self)
    }

    /// The member `name` as what it should be; nil if it is missing or null.
    ///
    /// - Throws: if this is not an object, or the member is something else.
    public func optional<Value>(
        _ name: String, _ expectation: JSONExpectation<Value>
    ) throws(JSONFault) -> Value? {
        guard value.object != nil else { throw fault("an object") }
        return try self[name]?.read(expectation)
    }

    /// The member `name` as what it should be.
    ///
    /// - Throws: if this is not an object, or the member is missing, null or something else.
    public func required<Value>(
        _ name: String, _ expectation: JSONExpectation<Value>
    ) throws(JSONFault) -> Value {
        if let value = try optional(name, expectation) { return value }
        throw missing(name, expectation.expected)
    }

    /// Checks that an object has only members that are read.
    ///
    /// - Throws: if it is not an object, or has another member.
    public func checkNames(_ known: [String]) throws(JSONFault) {
        for name in try read(.object).keys where !known.contains(name) {
            throw JSONFault(
                at: pointer.appending(name), found: "an unknown member",
                expected: "one of \(known.joined(separator: ", "))")
        }
    }

    // MARK: Faults

    /// Says that the value is not what it should be.
    public func fault(_ expected: String) -> JSONFault {
        JSONFault(at: pointer, found: value.found, expected: expected)
    }

    /// Says that the member `name` is missing.
    public func missing(_ name: String, _ expected: String) -> JSONFault {
        JSONFault(at: pointer.appending(name), found: "nothing", expected: expected)
    }
}

/// Why a JSON value cannot be used: its place, what was found there, and what was expected.
public struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    public var pointer: JSONPointer
    /// What is there: `7`, `"basci"`, `an array`, `nothing`. Long texts are shortened.
    public var found: String
    public var expected: String

    public init(at pointer: JSONPointer, found: String, expected: String) {
        self.pointer = pointer
        self.found = found
        self.expected = expected
    }

    /// Without the place: `found 7; expected a string`.
    public var message: String { "found \(found); expected \(expected)" }

    /// `/models/0/url: found 7; expected a string`.
    public var description: String {
        pointer.description.isEmpty ? message : "\(pointer): \(message)"
    }
}

extension JSONValue {
    /// The value as a message shows it: a long text or number is shortened, an array or object is described by its kind.
    package var excerpt: String {
        let limit = 60
        func shortened(_ text: String) -> String {
            // A single character can have any number of code points.
            let start = text.unicodeScalars.prefix(limit)
            return start.endIndex == text.endIndex ? text : String(start) + "…"
        }
        switch self {
        case .string(let text): return quoted(shortened(text))
        case .number(let number): return shortened(number.text)
        case .array, .object: return kind
        case .null, .bool: return text
        }
    }

    fileprivate var found: String {
        switch self {
        case "": "an empty string"
        case []: "an empty array"
        default: excerpt
        }
    }
}

package import JSON

/// A value in a configuration file, and where it is.
package struct ConfigurationPlace {
    package let file: String
    package let pointer: JSONPointer
    package let value: JSONValue

    package init(file: String, pointer: JSONPointer = JSONPointer(), value: JSONValue) {
        self.file = file
        self.pointer = pointer
        self.value = value
    }

    package func child(_ name: String, _ value: JSONValue) -> ConfigurationPlace {
        ConfigurationPlace(file: file, pointer: pointer.appending(name), value: value)
    }

    package func fault(expected: String) -> ConfigurationError {
        ConfigurationError(file: file, pointer: pointer, found: value.shown, expected: expected)
    }

    package func object() throws(ConfigurationError) -> JSONObject {
        guard let object = value.object else { throw fault(expected: "an object") }
        return object
    }

    package func elements() throws(ConfigurationError) -> [ConfigurationPlace] {
        guard let array = value.array else { throw fault(expected: "an array") }
        return array.enumerated().map { index, element in
            ConfigurationPlace(file: file, pointer: pointer.appending(index), value: element)
        }
    }

    /// Refuses members that nobody would read.
    package func checkNames(_ known: [String]) throws(ConfigurationError) {
        for name in try object().keys where !known.contains(name) {
            throw ConfigurationError(
                file: file, pointer: pointer.appending(name), found: "an unknown member",
                expected: "one of \(known.joined(separator: ", "))")
        }
    }

    /// The member `name`, unless it is missing or null.
    package func member(_ name: String) throws(ConfigurationError) -> ConfigurationPlace? {
        guard let member = try object()[name], member != .null else { return nil }
        return child(name, member)
    }

    /// The member `name` as what it should be, nil if it is missing.
    package func optional<Value>(
        _ name: String, _ expected: String, as convert: (JSONValue) -> Value?
    ) throws(ConfigurationError) -> Value? {
        guard let member = try member(name) else { return nil }
        guard let converted = convert(member.value) else { throw member.fault(expected: expected) }
        return converted
    }

    package func required<Value>(
        _ name: String, _ expected: String, as convert: (JSONValue) -> Value?
    ) throws(ConfigurationError) -> Value {
        if let value = try optional(name, expected, as: convert) { return value }
        throw ConfigurationError(
            file: file, pointer: pointer, found: "no \(quoted(name))", expected: "\(quoted(name)), \(expected)")
    }
}

extension String? {
    /// The text, unless it is empty.
    package var nonEmpty: String? { self == "" ? nil : self }
}

extension JSONValue {
    /// The value as an error message shows it: a long text shortened, an array or object by its kind.
    fileprivate var shown: String {
        switch self {
        case .string(let text): quoted(text.count > 60 ? text.prefix(60) + "…" : text)
        case .array, .object: kind
        case .null, .bool, .number: self.text
        }
    }
}

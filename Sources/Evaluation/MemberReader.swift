import JSON

/// The members of an object in a benchmark's metadata or in a configuration, read one by one: members that are left over at
/// the end are rejected. A member that is null counts as missing. Errors name the place, what was found and what was expected.
struct MemberReader {
    private let object: JSONObject
    private let pointer: JSONPointer
    private var known: [String] = []

    init(_ value: JSONValue, at pointer: JSONPointer) throws(EvaluationError) {
        guard let object = value.object else { throw .unexpected(value, "an object", at: pointer) }
        self.object = object
        self.pointer = pointer
    }

    /// A member, converted by `read`; nil if it is missing.
    mutating func member<Value>(
        _ name: String, _ expected: String, _ read: (JSONValue) -> Value?
    ) throws(EvaluationError) -> Value? {
        known.append(name)
        guard let value = object[name], value != .null else { return nil }
        guard let result = read(value) else { throw .unexpected(value, expected, at: pointer.appending(name)) }
        return result
    }

    mutating func text(_ name: String) throws(EvaluationError) -> String? {
        try member(name, "a non-empty string") { value in value.string.flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// Rejects members that have not been read.
    func finish() throws(EvaluationError) {
        for key in object.keys where !known.contains(key) {
            throw EvaluationError(
                .invalid, "is an unknown member; expected one of \(known.joined(separator: ", "))",
                at: pointer.appending(key).description)
        }
    }
}

extension EvaluationError {
    static func unexpected(_ value: JSONValue, _ expected: String, at pointer: JSONPointer) -> EvaluationError {
        let text = value.text
        return EvaluationError(
            .invalid, "found \(text.utf8.count <= 60 ? text : value.kind); expected \(expected)",
            at: pointer.description)
    }
}

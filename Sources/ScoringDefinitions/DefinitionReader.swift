public import JSON
import ScoringCore

extension ScoringFunction {
    /// Checks a definition, in the modern or the older form.
    ///
    /// In the older form `context` (`prompt_template`, `judge_model`, `judge_score_regex`) takes the place of `params`, and
    /// `parameters` lists the function's inputs, which the scorer declares itself, so the list is ignored. If
    /// `provider_id` or `provider_resource_id` is missing, the parts of the identifier are used instead. Without
    /// `params` there are no parameters and no aggregations.
    ///
    /// - Parameters:
    ///   - origin: what errors name as the file.
    ///   - allowsPlainIdentifier: whether the identifier may be any text, and not only `PROVIDER::NAME`, where
    ///     `provider_id` is there.
    /// - Throws: all faults of the definition.
    public init(
        _ definition: JSONValue, origin: String, allowsPlainIdentifier: Bool = false
    ) throws(InvalidDefinition) {
        var reader = DefinitionReader(file: origin)
        reader.allowsPlainIdentifier = allowsPlainIdentifier
        guard let function = reader.function(from: definition, at: JSONPointer()) else {
            throw InvalidDefinition(errors: reader.errors)
        }
        self = function
    }
}

/// Turns JSON into scoring functions, and collects every fault on the way.
struct DefinitionReader {
    let file: String
    private(set) var errors: [DefinitionError] = []
    var allowsPlainIdentifier = false

    init(file: String) {
        self.file = file
    }

    static let fields = [
        "identifier", "provider_id", "provider_resource_id", "type", "description", "metadata", "return_type", "params",
        "parameters", "context",
    ]

    mutating func report(at place: JSONPointer, found: String, expected: String, suggestion: String? = nil) {
        errors.append(
            DefinitionError(file: file, pointer: place, found: found, expected: expected, suggestion: suggestion))
    }

    /// Returns nil after a fault.
    mutating func function(from definition: JSONValue, at place: JSONPointer) -> ScoringFunction? {
        guard case .object(let object) = definition else {
            report(at: place, found: definition.shown, expected: "the definition of a scoring function, an object")
            return nil
        }
        // Servers write null for missing values.
        var fields = object
        for member in object.members where member.value == .null { fields[member.key] = nil }

        let earlierErrors = errors.count
        checkFieldNames(of: object, at: place)
        checkResourceType(of: fields, at: place)
        let identifier = identifier(of: fields, at: place)
        let providerID = text("provider_id", of: fields, at: place)
        let providerResourceID = text("provider_resource_id", of: fields, at: place)
        let description = text("description", of: fields, at: place, mayBeEmpty: true)
        let metadata = member("metadata", of: fields, at: place, expected: "an object", as: \.object)
        _ = member("parameters", of: fields, at: place, expected: "an array", as: \.array)
        let returnType = returnType(of: fields, at: place)
        let written = parameters(of: fields, at: place)
        let aggregationFunctions = written.map { check($0) }

        guard errors.count == earlierErrors, let identifier, let returnType, let written, let aggregationFunctions
        else { return nil }
        return ScoringFunction(
            identifier: identifier.whole, providerID: providerID ?? identifier.provider,
            providerResourceID: providerResourceID ?? identifier.name, description: description ?? "",
            metadata: metadata ?? [:], returnType: returnType, params: written.params,
            aggregationFunctions: aggregationFunctions, origin: file)
    }

    private mutating func checkFieldNames(of object: JSONObject, at place: JSONPointer) {
        for key in object.keys where !Self.fields.contains(key) {
            let suggestion =
                nearNames(to: key, among: Self.fields).first
                ?? nearNames(to: key, among: knownParameters).first.map { "/params/" + $0 }
            report(
                at: place.appending(key), found: "an unknown field", expected: oneOf(Self.fields),
                suggestion: suggestion)
        }
    }

    private mutating func checkResourceType(of fields: JSONObject, at place: JSONPointer) {
        // The second name is the older one.
        if let type = fields["type"], !["scoring_function", "scoring_fn"].contains(type) {
            report(at: place.appending("type"), found: type.shown, expected: #""scoring_function""#)
        }
    }

    private mutating func identifier(
        of fields: JSONObject, at place: JSONPointer
    ) -> (whole: String, provider: String, name: String)? {
        let expected = "PROVIDER::NAME"
        guard let value = fields["identifier"] else {
            report(at: place, found: #"no "identifier""#, expected: expected)
            return nil
        }
        if let whole = value.string, let separator = whole.firstRange(of: "::"),
            separator.lowerBound > whole.startIndex, separator.upperBound < whole.endIndex
        {
            return (whole, String(whole[..<separator.lowerBound]), String(whole[separator.upperBound...]))
        }
        if allowsPlainIdentifier, let whole = value.string, !whole.isEmpty, let provider = fields["provider_id"]?.string
        {
            return (whole, provider, whole)
        }
        var suggestion: String?
        if let name = value.string, !name.isEmpty, !name.contains("::"), let provider = fields["provider_id"]?.string {
            suggestion = "\(provider)::\(name)"
        }
        report(at: place.appending("identifier"), found: value.shown, expected: expected, suggestion: suggestion)
        return nil
    }

    private mutating func returnType(of fields: JSONObject, at place: JSONPointer) -> ReturnType? {
        let kinds = ReturnType.Kind.allCases.map(\.rawValue)
        let expected = #"an object such as {"type": "number"}"#
        guard fields["return_type"] != nil else {
            report(at: place, found: #"no "return_type""#, expected: expected)
            return nil
        }
        guard let json = member("return_type", of: fields, at: place, expected: expected, as: \.object) else {
            return nil
        }
        let place = place.appending("return_type")
        guard let type = json["type"] else {
            report(at: place, found: #"no "type""#, expected: oneOf(kinds))
            return nil
        }
        guard let kind = type.string.flatMap(ReturnType.Kind.init) else {
            report(
                at: place.appending("type"), found: type.shown, expected: oneOf(kinds),
                suggestion: type.string.flatMap { nearNames(to: $0, among: kinds).first })
            return nil
        }
        return ReturnType(kind: kind, json: json)
    }

    private mutating func text(
        _ key: String, of fields: JSONObject, at place: JSONPointer, mayBeEmpty: Bool = false
    ) -> String? {
        let expected = mayBeEmpty ? "a string" : "a non-empty string"
        let text = member(key, of: fields, at: place, expected: expected, as: \.string)
        if text == "", !mayBeEmpty {
            report(at: place.appending(key), found: "an empty string", expected: expected)
            return nil
        }
        return text
    }

    /// The member `key`, converted; nil if it is missing or, after a report, of another type.
    mutating func member<Value>(
        _ key: String, of fields: JSONObject, at place: JSONPointer, expected: String,
        as convert: (JSONValue) -> Value?
    ) -> Value? {
        guard let value = fields[key] else { return nil }
        if let converted = convert(value) { return converted }
        report(at: place.appending(key), found: value.shown, expected: expected)
        return nil
    }
}

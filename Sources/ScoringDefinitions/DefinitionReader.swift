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
        guard let function = reader.function(from: JSONPlace(definition)) else {
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

    static let members = [
        "identifier", "provider_id", "provider_resource_id", "type", "description", "metadata", "return_type", "params",
        "parameters", "context",
    ]

    mutating func report(_ fault: JSONFault, suggestion: String? = nil) {
        errors.append(DefinitionError(file: file, fault, suggestion: suggestion))
    }

    /// The member as what it should be; nil if it is missing or, after a report, something else.
    mutating func optional<Value>(
        _ name: String, _ expectation: JSONExpectation<Value>, of place: JSONPlace
    ) -> Value? {
        do throws(JSONFault) {
            return try place.optional(name, expectation)
        } catch {
            report(error)
            return nil
        }
    }

    /// Returns nil after a fault.
    mutating func function(from place: JSONPlace) -> ScoringFunction? {
        guard let object = place.value.object else {
            report(place.fault("the definition of a scoring function, an object"))
            return nil
        }
        let earlierErrors = errors.count
        checkNames(of: object, at: place.pointer)
        // The second name is the older one.
        if let type = place["type"], !["scoring_function", "scoring_fn"].contains(type.value) {
            report(type.fault(#""scoring_function""#))
        }
        let identifier = identifier(of: place)
        let providerID = optional("provider_id", .nonEmptyText(), of: place)
        let providerResourceID = optional("provider_resource_id", .nonEmptyText(), of: place)
        let description = optional("description", .text, of: place)
        let metadata = optional("metadata", .object, of: place)
        _ = optional("parameters", JSONExpectation("an array", \.array), of: place)
        let returnType = returnType(of: place)
        let written = parameters(of: place)
        let aggregationFunctions = written.map { check($0) }

        guard errors.count == earlierErrors, let identifier, let returnType, let written, let aggregationFunctions
        else { return nil }
        return ScoringFunction(
            identifier: identifier.whole, providerID: providerID ?? identifier.provider,
            providerResourceID: providerResourceID ?? identifier.name, description: description ?? "",
            metadata: metadata ?? [:], returnType: returnType, params: written.params,
            aggregationFunctions: aggregationFunctions, origin: file)
    }

    private mutating func checkNames(of object: JSONObject, at pointer: JSONPointer) {
        // Editors want to be told of a schema; the name is their business.
        for key in object.keys where !Self.members.contains(key) && key != "$schema" {
            let suggestion =
                nearNames(to: key, among: Self.members).first
                ?? nearNames(to: key, among: knownParameters).first.map { "/params/" + $0 }
            report(
                JSONFault(at: pointer.appending(key), found: "an unknown member", expected: oneOf(Self.members)),
                suggestion: suggestion)
        }
    }

    private mutating func identifier(of place: JSONPlace) -> (whole: String, provider: String, name: String)? {
        let expected = "PROVIDER::NAME"
        guard let identifier = place["identifier"] else {
            report(place.missing("identifier", expected))
            return nil
        }
        let whole = identifier.value.string ?? ""
        let provider = place["provider_id"]?.value.string
        if let separator = whole.firstRange(of: "::"), separator.lowerBound > whole.startIndex,
            separator.upperBound < whole.endIndex
        {
            return (whole, String(whole[..<separator.lowerBound]), String(whole[separator.upperBound...]))
        }
        if allowsPlainIdentifier, !whole.isEmpty, let provider { return (whole, provider, whole) }
        var suggestion: String?
        if !whole.isEmpty, !whole.contains("::"), let provider { suggestion = "\(provider)::\(whole)" }
        report(identifier.fault(expected), suggestion: suggestion)
        return nil
    }

    private mutating func returnType(of place: JSONPlace) -> ReturnType? {
        let kinds = ReturnType.Kind.allCases.map(\.rawValue)
        let expected = #"an object such as {"type": "number"}"#
        guard let place = place["return_type"] else {
            report(place.missing("return_type", expected))
            return nil
        }
        guard let json = place.value.object else {
            report(place.fault(expected))
            return nil
        }
        guard let type = place["type"] else {
            report(place.missing("type", oneOf(kinds)))
            return nil
        }
        guard let kind = type.value.string.flatMap(ReturnType.Kind.init) else {
            report(
                type.fault(oneOf(kinds)),
                suggestion: type.value.string.flatMap { nearNames(to: $0, among: kinds).first })
            return nil
        }
        return ReturnType(kind: kind, json: json)
    }
}

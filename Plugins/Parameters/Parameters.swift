public import JSON
public import ScorerKit

/// The parameters of a scorer, read one by one; any left over at the end are unknown.
///
/// A null parameter counts as not given. Every error names the place, what was found and what was expected.
public struct Parameters {
    /// The scoring function's id.
    public let identifier: String
    /// The type of its scores: "number", "string", …
    public let returnType: String
    /// Columns of the data that templates in the parameters may name although their names are not simple identifiers.
    public let columns: [String]
    private let params: JSONObject
    private var known: [String] = []

    /// - Parameter configuration: JSON as described for `create` in the plugin header.
    public init(_ configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parser = JSONParser()
        let value: JSONValue
        do {
            value = try parser.parse(configuration)
        } catch {
            throw ParameterRejection(pointer: "", "\(error)")
        }
        guard let params = value["params"]?.object else {
            throw ParameterRejection(pointer: "/params", "expected an object")
        }
        self.params = params
        identifier = value["identifier"]?.string ?? ""
        returnType = value["return_type"]?["type"]?.string ?? ""
        columns = value["columns"]?.array?.compactMap(\.string) ?? []
    }

    /// A parameter as it was written; nil if it is not given.
    public mutating func value(_ name: String) -> JSONValue? {
        if !known.contains(name) { known.append(name) }
        guard let value = params[name], value != .null else { return nil }
        return value
    }

    /// Whether a parameter is written as null, with which a request removes the value of a definition or of the scorer.
    public mutating func isNull(_ name: String) -> Bool {
        if !known.contains(name) { known.append(name) }
        return params[name] == .null
    }

    /// Rejects unknown parameters.
    public func finish() throws(ParameterRejection) {
        for (key, value) in params.members where value != .null && !known.contains(key) {
            let expected = known.isEmpty ? "this scorer has no parameters" : "expected \(known.joined(separator: ", "))"
            throw ParameterRejection(
                pointer: JSONPointer("/params").appending(key).description, "unknown parameter; \(expected)")
        }
    }
}

extension ParameterRejection {
    /// An error about the parameter `name`.
    public init(of name: String, _ message: String) {
        self.init(pointer: JSONPointer("/params").appending(name).description, message)
    }

    /// An error that the parameter `name` is not what was expected.
    public init(of name: String, found value: JSONValue, expected: String) {
        let text = value.text
        let isShort = text.utf8.count <= 60
        self.init(of: name, "found \(isShort ? text : value.kind); expected \(expected)")
    }
}

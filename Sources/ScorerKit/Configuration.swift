/// The parameters of an instance, read one by one by name; parameters that are left over at the end are rejected.
///
/// A parameter that is null counts as missing. Every rejection names the place, what was found and what was expected.
public struct Configuration {
    private let params: [JSONText.Member]
    private var known: [String] = []

    /// - Parameter configuration: JSON as described for `create` in the plugin header.
    public init(_ configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        guard case .object(let members)? = JSONText(parsing: configuration) else {
            throw ParameterRejection(pointer: "", "expected a JSON object")
        }
        guard case .object(let params)? = members.last(where: { $0.key == "params" })?.value else {
            throw ParameterRejection(pointer: "/params", "expected an object")
        }
        self.params = params
    }

    public mutating func text(_ name: String) throws(ParameterRejection) -> String? {
        switch value(name) {
        case nil: return nil
        case .text(let text)?: return text
        case let other?: throw rejection(of: name, other, expected: "a string")
        }
    }

    public mutating func texts(_ name: String) throws(ParameterRejection) -> [String]? {
        guard let value = value(name) else { return nil }
        guard case .list(let elements) = value else { throw rejection(of: name, value, expected: "a list of strings") }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .text(let text) = element else {
                throw ParameterRejection(
                    pointer: Self.pointer(name) + "/\(index)", "found \(element.brief); expected a string")
            }
            texts.append(text)
        }
        return texts
    }

    public mutating func number(
        _ name: String, in range: ClosedRange<Double>
    ) throws(ParameterRejection) -> Double? {
        guard let value = value(name) else { return nil }
        if case .number(let number) = value, range.contains(number) { return number }
        throw rejection(of: name, value, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }

    public mutating func boolean(_ name: String) throws(ParameterRejection) -> Bool? {
        switch value(name) {
        case nil: return nil
        case .bool(let truth)?: return truth
        case let other?: throw rejection(of: name, other, expected: "true or false")
        }
    }

    /// Accepts parameters that are meant for the host, such as "judge_model", whatever their value.
    public mutating func skip(_ name: String) {
        _ = value(name)
    }

    /// Rejects parameters that have not been read.
    public func finish() throws(ParameterRejection) {
        for key in params.map(\.key) where !known.contains(key) {
            let expected = known.isEmpty ? "this scorer has no parameters" : "expected \(known.joined(separator: ", "))"
            throw ParameterRejection(pointer: Self.pointer(key), "unknown parameter; \(expected)")
        }
    }

    private mutating func value(_ name: String) -> JSONText? {
        known.append(name)
        guard let value = params.last(where: { $0.key == name })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    private func rejection(of name: String, _ found: JSONText, expected: String) -> ParameterRejection {
        ParameterRejection(pointer: Self.pointer(name), "found \(found.brief); expected \(expected)")
    }

    private static func pointer(_ key: String) -> String {
        var pointer = "/params/"
        for character in key.unicodeScalars {
            switch character {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.unicodeScalars.append(character)
            }
        }
        return pointer
    }
}

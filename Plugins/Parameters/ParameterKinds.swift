public import JSON
public import ScorerKit

/// Parameters that the kit cannot read: JSON values, with numbers as they were written.
extension Configuration {
    /// A parameter of any kind; nil if it is not given.
    public mutating func value(_ name: String) -> JSONValue? { json(name).flatMap { try? JSONValue(parsing: $0) } }

    /// A finite number, as it was written.
    ///
    /// - Parameter expected: a description, such as "a number from 0 to 1".
    public mutating func number(
        _ name: String, expected: String = "a number", where isAllowed: (Double) -> Bool = { _ in true }
    ) throws(ParameterRejection) -> JSONNumber? {
        guard let value = value(name) else { return nil }
        guard case .number(let number) = value, number.double.isFinite, isAllowed(number.double) else {
            throw rejection(of: name, expected: expected)
        }
        return number
    }

    public mutating func object(_ name: String) throws(ParameterRejection) -> JSONObject? {
        guard let value = value(name) else { return nil }
        guard let object = value.object else { throw rejection(of: name, expected: "an object") }
        return object
    }

    /// Two numbers, the lower one first.
    public mutating func range(_ name: String) throws(ParameterRejection) -> ClosedRange<Double>? {
        guard let value = value(name) else { return nil }
        let bounds = (value.array ?? []).compactMap { element -> Double? in
            guard case .number(let number) = element, number.double.isFinite else { return nil }
            return number.double
        }
        guard bounds.count == 2, value.array?.count == 2, bounds[0] < bounds[1] else {
            throw rejection(of: name, expected: "two numbers, the lower one first: [LOW, HIGH]")
        }
        return bounds[0]...bounds[1]
    }

    /// A list of strings with at least one element.
    public mutating func requiredTexts(_ name: String) throws(ParameterRejection) -> [String] {
        guard let texts = try texts(name, canBeEmpty: false) else {
            throw ParameterRejection(of: name, "is missing; expected an array of strings")
        }
        return texts
    }
}

public import JSON
public import ScorerKit

extension Parameters {
    /// A non-empty string.
    public mutating func text(_ name: String) throws(ParameterRejection) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw ParameterRejection(of: name, found: value, expected: "a non-empty string")
        }
        return text
    }

    public mutating func boolean(_ name: String) throws(ParameterRejection) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let boolean = value.bool else {
            throw ParameterRejection(of: name, found: value, expected: "true or false")
        }
        return boolean
    }

    /// A finite number, as it was written.
    ///
    /// - Parameter expected: a description, such as "a number from 0 to 1".
    public mutating func number(
        _ name: String, expected: String = "a number", where isAllowed: (Double) -> Bool = { _ in true }
    ) throws(ParameterRejection) -> JSONNumber? {
        guard let value = value(name) else { return nil }
        guard case .number(let number) = value, number.double.isFinite, isAllowed(number.double) else {
            throw ParameterRejection(of: name, found: value, expected: expected)
        }
        return number
    }

    public mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(ParameterRejection) -> Int? {
        guard let value = value(name) else { return nil }
        guard case .number(let number) = value, let integer = number.int, range.contains(integer) else {
            throw ParameterRejection(
                of: name, found: value, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    public mutating func object(_ name: String) throws(ParameterRejection) -> JSONObject? {
        guard let value = value(name) else { return nil }
        guard let object = value.object else {
            throw ParameterRejection(of: name, found: value, expected: "an object")
        }
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
            throw ParameterRejection(of: name, found: value, expected: "two numbers, the lower one first: [LOW, HIGH]")
        }
        return bounds[0]...bounds[1]
    }

    /// One of several strings.
    ///
    /// - Parameter fallback: the value if the parameter is not given; nil for the first.
    public mutating func choice<Choice>(
        _ name: String, fallback: Choice? = nil
    ) throws(ParameterRejection) -> Choice where Choice: RawRepresentable<String> & CaseIterable {
        let all = Array(Choice.allCases)
        guard let value = value(name) else { return fallback ?? all[0] }
        if let text = value.string, let choice = Choice(rawValue: text) { return choice }
        let words = all.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw ParameterRejection(of: name, found: value, expected: "one of \(words)")
    }

    /// A list of strings with at least one element.
    public mutating func texts(_ name: String) throws(ParameterRejection) -> [String] {
        guard let texts = try optionalTexts(name) else {
            throw ParameterRejection(of: name, "is missing; expected an array of strings")
        }
        return texts
    }

    /// A list of strings with at least one element; nil if it is not given.
    public mutating func optionalTexts(_ name: String) throws(ParameterRejection) -> [String]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array, !elements.isEmpty else {
            let found = value.array == nil ? value.kind : "no element"
            throw ParameterRejection(of: name, "found \(found); expected an array of strings")
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.string else {
                throw ParameterRejection(
                    pointer: "/params/\(name)/\(index)", "found \(element.kind); expected a string")
            }
            texts.append(text)
        }
        return texts
    }
}

/// What a value should be: the words for a message, and how it is read.
public struct JSONExpectation<Value> {
    /// What follows "expected": "an integer from 1 to 10".
    public let expected: String
    let read: (JSONPlace) throws(JSONFault) -> Value

    /// - Parameter convert: returns nil for a value that is something else.
    public init(_ expected: String, _ convert: @escaping (JSONValue) -> Value?) {
        self.expected = expected
        read = { place throws(JSONFault) in
            guard let value = convert(place.value) else { throw place.fault(expected) }
            return value
        }
    }

    private init(expected: String, read: @escaping (JSONPlace) throws(JSONFault) -> Value) {
        self.expected = expected
        self.read = read
    }

    /// A value with parts, in which `read` may find faults.
    public static func parts(_ expected: String, _ read: @escaping (JSONPlace) throws(JSONFault) -> Value) -> Self {
        Self(expected: expected, read: read)
    }
}

extension JSONExpectation<String> {
    public static var text: Self { text("a string") }

    /// - Parameter expected: what the text is.
    public static func text(_ expected: String) -> Self { Self(expected, \.string) }

    /// - Parameter expected: what the text is.
    public static func nonEmptyText(_ expected: String = "a non-empty string") -> Self {
        Self(expected) { $0.string == "" ? nil : $0.string }
    }
}

extension JSONExpectation<Bool> {
    public static var flag: Self { Self("true or false", \.bool) }
}

extension JSONExpectation<Int> {
    /// An integer that is written as one: 3, but not 3.0.
    public static func integer(_ range: ClosedRange<Int>) -> Self {
        Self("an integer from \(range.lowerBound) to \(range.upperBound)") { value in
            value.number?.int.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// An integer that is written as one, of any size.
    public static func integer(from least: Int) -> Self {
        Self("an integer from \(least)") { value in value.number?.int.flatMap { $0 >= least ? $0 : nil } }
    }
}

extension JSONExpectation<Double> {
    /// A finite number.
    public static func number(_ expected: String, where isValid: @escaping (Double) -> Bool) -> Self {
        Self(expected) { value in
            value.number.flatMap { $0.double.isFinite && isValid($0.double) ? $0.double : nil }
        }
    }
}

extension JSONExpectation<Duration> {
    /// A number of seconds above 0.
    public static func seconds(upTo most: Int) -> Self {
        Self("a number above 0, at most \(most)") { value in
            value.number.flatMap { $0.double > 0 && $0.double <= Double(most) ? .seconds($0.double) : nil }
        }
    }
}

extension JSONExpectation<JSONObject> {
    public static var object: Self { object("an object") }

    /// - Parameter expected: what the object is.
    public static func object(_ expected: String) -> Self { Self(expected, \.object) }
}

extension JSONExpectation {
    /// An array whose elements are all read alike.
    public static func array<Element>(
        _ expected: String, of element: JSONExpectation<Element>
    ) -> Self where Value == [Element] {
        parts(expected) { place throws(JSONFault) in
            var values: [Element] = []
            for part in try place.elements(expected) { values.append(try part.read(element)) }
            return values
        }
    }
}

extension JSONExpectation<[String]> {
    public static var texts: Self { texts("an array of strings") }

    /// - Parameter expected: what the array is.
    public static func texts(_ expected: String) -> Self { array(expected, of: .text) }
}

extension JSONExpectation {
    /// The name of one of several things.
    public static func oneOf(_ choices: some Collection<Value>, _ name: @escaping (Value) -> String) -> Self {
        let names = choices.map { quoted(name($0)) }
        let others = names.dropLast().joined(separator: ", ")
        let expected = (others.isEmpty ? "" : others + " or ") + (names.last ?? "")
        return Self(expected) { value in value.string.flatMap { text in choices.first { name($0) == text } } }
    }
}

extension JSONExpectation<String> {
    /// One of several texts.
    public static func oneOf(_ choices: [String]) -> Self { oneOf(choices) { $0 } }
}

extension JSONExpectation where Value: RawRepresentable<String> & CaseIterable {
    /// The name of one of the cases.
    public static func choice(_ type: Value.Type = Value.self) -> Self { oneOf(type.allCases, \.rawValue) }
}

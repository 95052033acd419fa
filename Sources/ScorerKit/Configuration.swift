/// The parameters of an instance, read one by one by name; parameters that are left over at the end are rejected.
///
/// A parameter that is null counts as missing. Every rejection names the place, what was found and what was expected.
public struct Configuration {
    /// The scoring function's id.
    public let identifier: String
    /// The type of its scores: "number", "string", …
    public let returnType: String
    /// Columns of the data that templates in the parameters may name though their names are not plain ones. Hosts before
    /// version 1.2 of the plugin header name none.
    public let columns: [String]
    private let limits: [JSONText.Member]
    private let bytes: [UInt8]
    private let params: [JSONText.Member]
    private var known: [String] = []

    /// - Parameter configuration: JSON as described for `create` in the plugin header.
    public init(_ configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        guard case .object(let members)? = JSONText(parsing: configuration) else {
            throw ParameterRejection(pointer: "", "expected a JSON object")
        }
        guard case .object(let params)? = members.value("params") else {
            throw ParameterRejection(pointer: "/params", "expected an object")
        }
        if case .object(let changed)? = members.value("limits") {
            limits = changed
        } else {
            limits = []
        }
        bytes = Array(configuration)
        self.params = params
        identifier = members.value("identifier")?.text ?? ""
        if case .object(let type)? = members.value("return_type") {
            returnType = type.value("type")?.text ?? ""
        } else {
            returnType = ""
        }
        if case .list(let names)? = members.value("columns") {
            columns = names.compactMap(\.text)
        } else {
            columns = []
        }
    }

    /// A limit that the user of a run can set, such as `prompt_bytes`; see `create` in the plugin header.
    ///
    /// - Parameter usual: its value where the user has not changed it.
    public func limit(_ name: String, usual: Int) -> Int {
        guard case .number(let number)? = limits.value(name), let limit = Int(exactly: number), limit > 0 else {
            return usual
        }
        return limit
    }

    // MARK: Reading

    /// - Parameter canBeEmpty: whether a text without characters is one.
    public mutating func text(_ name: String, canBeEmpty: Bool = true) throws(ParameterRejection) -> String? {
        guard let value = value(name) else { return nil }
        guard case .text(let text) = value, canBeEmpty || !text.isEmpty else {
            throw rejection(of: name, expected: canBeEmpty ? "a string" : "a non-empty string")
        }
        return text
    }

    /// - Parameter canBeEmpty: whether an empty list is allowed.
    public mutating func texts(_ name: String, canBeEmpty: Bool = true) throws(ParameterRejection) -> [String]? {
        guard let value = value(name) else { return nil }
        let expected = "expected an array of strings"
        guard case .list(let elements) = value else {
            throw ParameterRejection(of: name, "found \(value.kind); \(expected)")
        }
        if elements.isEmpty && !canBeEmpty { throw ParameterRejection(of: name, "found no element; \(expected)") }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.text else {
                throw ParameterRejection(of: name, at: "/\(index)", "found \(element.kind); expected a string")
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
        throw rejection(of: name, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }

    /// A whole number that is written as one, such as 3, but not 3.0.
    public mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(ParameterRejection) -> Int? {
        guard let value = value(name) else { return nil }
        if case .number = value, let integer = json(name).flatMap({ Int($0) }), range.contains(integer) {
            return integer
        }
        throw rejection(of: name, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
    }

    public mutating func boolean(_ name: String) throws(ParameterRejection) -> Bool? {
        switch value(name) {
        case nil: return nil
        case .bool(let truth)?: return truth
        default: throw rejection(of: name, expected: "true or false")
        }
    }

    /// One of several strings.
    ///
    /// - Parameter fallback: the value if the parameter is not given; nil for the first.
    public mutating func choice<Choice>(
        _ name: String, fallback: Choice? = nil
    ) throws(ParameterRejection) -> Choice where Choice: RawRepresentable<String> & CaseIterable {
        let all = Array(Choice.allCases)
        guard let value = value(name) else { return fallback ?? all[0] }
        if let text = value.text, let choice = Choice(rawValue: text) { return choice }
        let words = all.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw rejection(of: name, expected: "one of \(words)")
    }

    /// A parameter of any kind as it was written, as JSON; nil if it is not given.
    public mutating func json(_ name: String) -> String? {
        note(name)
        guard let member = params.last(where: { $0.key == name }) else { return nil }
        if case .null = member.value { return nil }
        return String(decoding: bytes[member.range], as: UTF8.self)
    }

    /// Whether a parameter is written as null, with which a request removes the value of a definition or of the scorer.
    public mutating func isNull(_ name: String) -> Bool {
        note(name)
        if case .null? = params.value(name) { return true }
        return false
    }

    /// Accepts parameters that are meant for the host, such as "judge_model", whatever their value.
    public mutating func skip(_ name: String) { note(name) }

    /// Rejects parameters that have not been read.
    public func finish() throws(ParameterRejection) {
        for member in params where !known.contains(member.key) {
            if case .null = member.value { continue }
            let expected = known.isEmpty ? "this scorer has no parameters" : "expected \(known.joined(separator: ", "))"
            throw ParameterRejection(of: member.key, "unknown parameter; \(expected)")
        }
    }

    // MARK: Rejecting

    /// What is wrong with a parameter that is given: what was found there, and what was expected.
    public func rejection(of name: String, expected: String) -> ParameterRejection {
        let member = params.last { $0.key == name }
        let text = member.map { String(decoding: bytes[$0.range], as: UTF8.self) } ?? "nothing"
        let found = text.utf8.count <= 60 ? text : member?.value.kind ?? text
        return ParameterRejection(of: name, "found \(found); expected \(expected)")
    }

    private mutating func note(_ name: String) {
        if !known.contains(name) { known.append(name) }
    }

    private mutating func value(_ name: String) -> JSONText? {
        note(name)
        guard let value = params.value(name) else { return nil }
        if case .null = value { return nil }
        return value
    }
}

extension [JSONText.Member] {
    /// The value of a key. Of several with one key the last counts.
    fileprivate func value(_ key: String) -> JSONText? { last { $0.key == key }?.value }
}

extension ParameterRejection {
    /// Says what is wrong with a parameter.
    ///
    /// - Parameter place: a JSON Pointer into the parameter, such as "/0"; empty: the parameter itself.
    public init(of name: String, at place: String = "", _ message: String) {
        var pointer = "/params/"
        for scalar in name.unicodeScalars {
            switch scalar {
            case "~": pointer += "~0"
            case "/": pointer += "~1"
            default: pointer.unicodeScalars.append(scalar)
            }
        }
        self.init(pointer: pointer + place, message)
    }
}

import JSON
import ScorerKit

/// The parameters of a scorer, read one by one; what is left over at the end was not expected.
struct Parameters {
    private let params: JSONObject
    private var known: [String] = []

    init(_ configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parser = JSONParser()
        let value: JSONValue
        do {
            value = try parser.parse(configuration)
        } catch {
            throw ParameterRejection(pointer: "", "\(error)")
        }
        guard let params = value["params"]?.object else {
            throw ParameterRejection(pointer: "/params", "an object was expected")
        }
        self.params = params
    }

    /// One of several words; the first where the parameter is not there.
    mutating func choice<Choice>(_ name: String) throws(ParameterRejection) -> Choice
    where Choice: RawRepresentable<String> & CaseIterable {
        known.append(name)
        let all = Array(Choice.allCases)
        guard let value = params[name], value != .null else { return all[0] }
        if let text = value.string, let choice = Choice(rawValue: text) { return choice }
        let words = all.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw ParameterRejection(pointer: "/params/\(name)", "found \(value.text); expected one of \(words)")
    }

    /// A list of texts with at least one element.
    mutating func texts(_ name: String) throws(ParameterRejection) -> [String] {
        known.append(name)
        guard let value = params[name], value != .null else {
            throw ParameterRejection(pointer: "/params/\(name)", "is missing; expected an array of texts")
        }
        guard let elements = value.array, !elements.isEmpty else {
            throw ParameterRejection(
                pointer: "/params/\(name)",
                "found \(value.array == nil ? value.kind : "no element"); expected an array of texts")
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.string else {
                throw ParameterRejection(pointer: "/params/\(name)/\(index)", "found \(element.kind); expected a text")
            }
            texts.append(text)
        }
        return texts
    }

    /// Rejects parameters that nobody has asked for.
    func finish() throws(ParameterRejection) {
        for key in params.keys where !known.contains(key) {
            let expected = known.isEmpty ? "this scorer takes none" : "it takes \(known.joined(separator: ", "))"
            throw ParameterRejection(
                pointer: JSONPointer("/params").appending(key).description, "unknown parameter; \(expected)")
        }
    }
}

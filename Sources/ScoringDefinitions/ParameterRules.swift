import JSON
import ScoringCore

/// The `type` of parameters, which determines the required members.
enum ParameterType: String, CaseIterable {
    case basic
    case regexParser = "regex_parser"
    case llmAsJudge = "llm_as_judge"
}

/// The parameters that the engine knows; others are left to the plugin.
let knownParameters = [
    "type", "aggregation_functions", "parsing_regexes", "judge_model", "prompt_template", "judge_score_regexes",
]

/// Parameters to check, and their place.
struct WrittenParameters {
    var params: JSONObject
    var place: JSONPointer
    /// The names under which parameters were written, if they differ.
    var writtenNames: [String: String] = [:]

    func writtenName(of name: String) -> String { writtenNames[name] ?? name }
    func pointer(to name: String) -> JSONPointer { place.appending(writtenName(of: name)) }

    /// A parameter; nil if it is missing.
    subscript(name: String) -> JSONPlace? { params[name].map { JSONPlace($0, at: pointer(to: name)) } }
}

extension DefinitionReader {
    /// Checks what can be checked without the plugin, and returns the aggregations.
    mutating func check(_ written: WrittenParameters) -> [AggregationFunction] {
        checkType(of: written)
        switch written.params["type"]?.string.flatMap(ParameterType.init) {
        case .regexParser:
            checkRegexes("parsing_regexes", of: written, expected: "a non-empty array of regular expressions")
        case .llmAsJudge:
            // A request may supply the missing parameters of a judge; the judge itself reports those that are still missing.
            checkTextIfThere("judge_model", of: written, expected: "the name of a model, as a string")
            checkTextIfThere("prompt_template", of: written, expected: "the judge's prompt, as a non-empty string")
            if written.params["judge_score_regexes"] ?? .null != .null {
                checkRegexes(
                    "judge_score_regexes", of: written, mayBeEmpty: true, expected: "an array of regular expressions")
            }
        case .basic, nil: break
        }
        return aggregations(of: written)
    }

    private mutating func checkType(of written: WrittenParameters) {
        let names = ParameterType.allCases.map(\.rawValue)
        let type = written.params["type"]?.string
        if let type, names.contains(type) { return }
        report(
            "type", of: written, expected: oneOf(names),
            suggestion: type.flatMap { nearNames(to: $0, among: names).first })
    }

    private mutating func checkTextIfThere(_ name: String, of written: WrittenParameters, expected: String) {
        guard let place = written[name], place.value != .null else { return }
        if place.value.string?.isEmpty ?? true { report(place.fault(expected)) }
    }

    private mutating func checkRegexes(
        _ name: String, of written: WrittenParameters, mayBeEmpty: Bool = false, expected: String
    ) {
        guard let place = written[name], let regexes = try? place.elements() else {
            return report(name, of: written, expected: expected)
        }
        if regexes.isEmpty, !mayBeEmpty { report(place.fault(expected)) }
        for regex in regexes where regex.value.string == nil {
            report(regex.fault("a regular expression, as a string"))
        }
    }

    private mutating func aggregations(of written: WrittenParameters) -> [AggregationFunction] {
        let key = "aggregation_functions"
        // The plugin would reject a misspelled parameter too, but could not suggest the right one. A parameter of the plugin
        // that merely has a similar name is accepted here.
        for name in written.params.keys where name != key && nearNames(to: name, among: [key], limit: 2) == [key] {
            report(
                JSONFault(
                    at: written.place.appending(name), found: "an unknown parameter",
                    expected: "a parameter that the scorer knows"),
                suggestion: key)
        }
        guard let place = written[key] else { return [] }
        let names = AggregationFunction.common.map(\.rawValue)
        guard let elements = try? place.elements() else {
            report(place.fault("an array of \(names.joined(separator: ", "))"))
            return []
        }
        var functions: [AggregationFunction] = []
        for element in elements {
            let name = element.value.string
            guard let function = name.flatMap({ aggregation($0, names) }) else {
                report(
                    element.fault(oneOf(names)), suggestion: name.flatMap { nearNames(to: $0, among: names).first })
                continue
            }
            if functions.contains(function) {
                report(
                    JSONFault(
                        at: element.pointer, found: "\(element.value.excerpt) again", expected: "each function once"))
            } else {
                functions.append(function)
            }
        }
        return functions
    }

    /// The aggregation of this name; nil for what no plugin can have. Whether the scorer has it is found when it is created.
    private func aggregation(_ name: String, _ common: [String]) -> AggregationFunction? {
        if let function = AggregationFunction(rawValue: name) { return function }
        let isOwn = AggregationFunction.isName(ofCorpus: name) && nearNames(to: name, among: common).isEmpty
        return isOwn ? .corpus(name) : nil
    }

    /// Reports a parameter that is missing or has the wrong type.
    private mutating func report(
        _ name: String, of written: WrittenParameters, expected: String, suggestion: String? = nil
    ) {
        if let place = written[name] {
            report(place.fault(expected), suggestion: suggestion)
        } else {
            var fault = JSONFault(at: written.pointer(to: name), found: "nothing", expected: expected)
            let others = written.params.keys.filter { !knownParameters.contains($0) }
            if let other = nearNames(to: name, among: others).first { fault.found += ", only \(quoted(other))" }
            report(fault)
        }
    }
}

func oneOf(_ names: [String]) -> String {
    "one of " + names.joined(separator: ", ")
}

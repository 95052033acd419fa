import JSON
import ScorerKit
import ScorerParameters

/// Whether a model called the expected tools, in any order: NeMo Evaluator's tool-calling.
struct CallMatch: Scorer {
    static let declaration = ScorerDeclaration(
        id: "call-match",
        description: "1.0 if tool_calls are expected_tool_calls, in any order, otherwise 0.0",
        inputs: [
            .required("tool_calls", .json, "the calls that the model made, as in OpenAI's chat completions"),
            .required("expected_tool_calls", .json, "the calls that it should have made"),
        ],
        outputs: [
            .output("score", .f64, "1.0 if names and arguments are the same, otherwise 0.0", range: 0...1),
            .output("function_name_accuracy", .f64, "the same for names only", range: 0...1),
        ],
        parametersSchema: #"{"type": "object", "additionalProperties": false, "properties": {}}"#)

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        try Configuration(configuration).finish()
    }

    /// The most calls of a list. Each expected one is looked for among all that were made.
    private static let mostCalls = 1000

    func score(_ rows: Rows, _ results: Results) {
        let (made, expected) = (rows.texts(0), rows.texts(1))
        var parser = JSONParser()
        scoreRows(rows, results) { row, _, watch throws(RowFault) in
            try watch.note(16 * (made[row].count + expected[row].count))
            let calls = try Self.calls(made[row], "tool_calls", &parser)
            let wanted = try Self.calls(expected[row], "expected_tool_calls", &parser)
            if let fault = wanted.first(where: { $0.arguments == nil }) {
                throw RowFault(
                    .inputError, "the arguments of \(quoted(fault.name)) in expected_tool_calls are not a JSON object")
            }
            let names = calls.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let wantedNames = wanted.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            let hasNames = names.elementsEqual(wantedNames) { $0.utf8.elementsEqual($1.utf8) }
            results.emit(hasNames ? 1 : 0, output: 1, row: row)
            return hasNames && Self.areSame(calls, wanted) ? 1 : 0
        }
    }

    private struct Call {
        var name: String
        /// Nil if they are not a JSON object.
        var arguments: JSONValue?
    }

    /// Whether there is one call for each expected one.
    private static func areSame(_ calls: [Call], _ wanted: [Call]) -> Bool {
        var left = calls
        for call in wanted {
            let place = left.firstIndex {
                $0.name.utf8.elementsEqual(call.name.utf8) && $0.arguments == call.arguments
            }
            guard let place else { return false }
            left.remove(at: place)
        }
        return left.isEmpty
    }

    private static func calls(
        _ json: UnsafeRawBufferPointer, _ column: String, _ parser: inout JSONParser
    ) throws(RowFault) -> [Call] {
        if json.count > RowTexts.longestText {
            throw RowFault(.inputError, "\(column) has more than \(RowTexts.longestText >> 20) MiB")
        }
        var value = parsed(json, &parser)
        // In a table, a list is text.
        if case .string(let text)? = value { value = try? JSONValue(parsing: text) }
        guard let list = value?.array else {
            throw RowFault(
                .inputError, "\(column) is not a list of calls; a model that called nothing has an empty list")
        }
        if list.count > mostCalls { throw RowFault(.inputError, "\(column) has more than \(mostCalls) calls") }
        var calls: [Call] = []
        for (index, element) in list.enumerated() {
            // {"function": {"name": …, "arguments": …}}, or its inside alone.
            let function = element["function"] ?? element
            guard let name = function["name"]?.string else {
                throw RowFault(.inputError, "\(column)/\(index) has no name: expected {\"function\": {\"name\": …}}")
            }
            calls.append(Call(name: name, arguments: arguments(function["arguments"])))
        }
        return calls
    }

    private static func parsed(_ json: UnsafeRawBufferPointer, _ parser: inout JSONParser) -> JSONValue? {
        try? parser.parse(json)
    }

    /// An object, or the text of one; nothing and an empty text are {}.
    private static func arguments(_ value: JSONValue?) -> JSONValue? {
        switch value {
        case nil, .null?: return [:]
        case .object?: return value
        case .string(let text)?:
            if text.isEmpty { return [:] }
            guard let value = try? JSONValue(parsing: text), value.object != nil else { return nil }
            return value
        default: return nil
        }
    }
}

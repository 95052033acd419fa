import JSON

/// A column that functions read, and where the rows have a value for it.
public struct ColumnSuggestion: Sendable, Hashable {
    /// The name that functions use.
    public var name: String
    /// A column of the rows, or a path into one: `resps[0][0]`.
    public var path: String

    public init(_ name: String, _ path: String) {
        self.name = name
        self.path = path
    }
}

/// Logs of other tools, recognised by their columns.
struct KnownLog {
    /// A description of its rows for messages: "samples of lm-evaluation-harness".
    var name: String
    /// Where the columns of scoring functions are.
    var columns: [ColumnSuggestion]

    /// - Parameter row: the first of the rows.
    init?(of row: JSONObject) {
        func has(_ names: String...) -> Bool { names.allSatisfy { row[$0] != nil } }
        if has("doc", "resps", "target") {
            self.init("samples of lm-evaluation-harness", answer: "resps[0][0]", expected: "target")
        } else if has("custom_id", "response") {
            self.init("the output of OpenAI's batch API", answer: "response.body.choices[0].message.content")
        } else if has("custom_id", "result") {
            self.init("results of Anthropic's batch API", answer: "result.message.content[0].text")
        } else if has("promptIdx", "response") || has("testCase", "response", "vars") {
            self.init("results of promptfoo", answer: "response.output")
        } else if has("choices", "question_id"), has("answer_id") || has("model_id") {
            self.init("answers of MT-bench", answer: "choices[0].turns[0]")
        } else if has("input", "target", "output"), row["output"]?["choices"] != nil {
            self.init("samples of inspect_ai", answer: "output.completion", expected: "target", query: "input")
        } else if has("actualOutput") {
            self.init("test cases of deepeval", answer: "actualOutput", expected: "expectedOutput", query: "input")
        } else if has("user_input", "response", "reference") {
            self.init("samples of ragas", answer: "response", expected: "reference", query: "user_input")
        } else if has("instruction", "output", "generator") {
            self.init("outputs of AlpacaEval", answer: "output", query: "instruction")
        } else {
            return nil
        }
        // A request that failed has no response to look into.
        columns = columns.filter { suggestion in
            let path = ColumnPath(suggestion.path)
            return row[path.root] == .null || columnValue(suggestion.path, in: row) != nil
        }
    }

    private init(_ name: String, answer: String, expected: String? = nil, query: String? = nil) {
        self.name = name
        columns = [ColumnSuggestion("generated_answer", answer)]
        if let expected { columns.append(ColumnSuggestion("expected_answer", expected)) }
        if let query { columns.append(ColumnSuggestion("input_query", query)) }
    }
}

extension ColumnSuggestion {
    /// Common alternative names of columns, the most specific names first.
    private static let otherNames = [
        "generated_answer": [
            "prediction", "model_answer", "model_output", "generated_text", "generation", "completion", "response",
            "output", "actual_output",
        ],
        "expected_answer": [
            "gold", "ground_truth", "reference_answer", "correct_answer", "target", "reference", "expected",
            "expected_output", "label", "solution", "Best Answer", "answer",
        ],
        "input_query": ["question", "prompt", "input", "instruction", "query"],
    ]

    /// Columns of the rows that may be meant by missing ones.
    static func among(_ columns: [String], for missing: [String]) -> [ColumnSuggestion] {
        missing.compactMap { name in
            otherNames[name]?.first { columns.contains($0) }.map { ColumnSuggestion(name, $0) }
        }
    }
}

// MARK: Strings inside a value

/// The paths to strings in a list or an object, the most likely answers first.
struct TextPaths {
    private var found: [(path: String, rank: Int, length: Int)] = []
    private static let limit = 1000
    /// Names of members that contain a model's answer, the most specific first.
    private static let telling = ["content", "text", "completion", "output", "answer", "generated_text", "value"]

    /// - Parameter column: the start of the paths.
    static func inside(_ value: JSONValue, of column: String) -> [String] {
        var paths = TextPaths()
        paths.look(at: value, column, key: nil)
        return paths.found.enumerated().sorted { one, other in
            (one.element.rank, -one.element.length, one.offset) < (
                other.element.rank, -other.element.length, other.offset
            )
        }.map(\.element.path)
    }

    private mutating func look(at value: JSONValue, _ path: String, key: String?) {
        if found.count >= Self.limit { return }
        switch value {
        case .string(let text):
            if text.isEmpty { return }
            let rank = key.flatMap { Self.telling.firstIndex(of: $0) } ?? Self.telling.count
            found.append((path, rank, text.utf8.count))
        case .array(let elements):
            // The last message of a conversation is the answer.
            if elements.count > 1, elements.allSatisfy({ $0["role"]?.string != nil }), let last = elements.last {
                return look(at: last, "\(path)[-1]", key: key)
            }
            for (index, element) in elements.enumerated() { look(at: element, "\(path)[\(index)]", key: key) }
        case .object(let object):
            for member in object.members { look(at: member.value, path + step(to: member.key), key: member.key) }
        case .null, .bool, .number: return
        }
    }

    /// The text of a path.
    private func step(to key: String) -> String {
        key.isEmpty || key.contains(where: { ".[]\"".contains($0) }) ? "[\(quoted(key))]" : "." + key
    }
}

/// The value of a row in a column or at a path; nil if it is missing or null.
func columnValue(_ column: String, in row: JSONObject) -> JSONValue? {
    guard case .value(let value) = ColumnPath(column).find(in: row), value != .null else { return nil }
    return value
}

/// The start of a value, for messages.
func excerpt(_ value: JSONValue, length: Int = 60) -> String {
    let text = value.text
    return text.count <= length ? text : text.prefix(length) + "…"
}

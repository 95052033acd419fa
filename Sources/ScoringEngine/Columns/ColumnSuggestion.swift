import Encodings
package import JSON
import ScoringCore

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

    /// The command-line option that maps the column, quoted for a shell.
    public var option: String { "--map " + shellWord("\(name)=\(path)") }
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
            if columnValue("resps[0][0]", in: row)?.array != nil {
                self.init(
                    "samples of lm-evaluation-harness with log-likelihoods, which contain no text to score; their "
                        + "accuracy is the mean of the column \"acc\"", [])
                return
            }
            self.init("samples of lm-evaluation-harness", answer: "resps[0][0]", expected: "target")
        } else if has("custom_id", "response"), columnValue("response.body.output", in: row) != nil {
            self.init(
                "the output of OpenAI's batch API for responses", answer: "response.body.output[-1].content[0].text")
        } else if has("custom_id", "response") {
            self.init("the output of OpenAI's batch API", answer: "response.body.choices[0].message.content")
        } else if has("custom_id", "result") {
            // Thinking comes before the text.
            self.init("results of Anthropic's batch API", answer: "result.message.content[-1].text")
        } else if has("response"), columnValue("response.candidates", in: row) != nil {
            self.init("the output of Gemini's batch API", answer: "response.candidates[0].content.parts[-1].text")
        } else if has("item", "sample"), columnValue("sample.output_text", in: row) != nil {
            self.init("output items of OpenAI's evals API", answer: "sample.output_text", expected: "item.reference")
        } else if has("doc", "model_response") {
            self.init("details of lighteval", answer: "model_response.text[0]", query: "doc.query")
        } else if has("instance", "result") {
            // Of several references, the correct one has a tag, which a path cannot look for.
            let references = columnValue("instance.references", in: row)?.array ?? []
            self.init(
                "request states of HELM", answer: "result.completions[0].text",
                expected: references.count == 1 ? "instance.references[0].output.text" : nil,
                query: "instance.input.text")
        } else if has("conversations"), columnValue("conversations[-1].value", in: row) != nil {
            self.init("conversations as ShareGPT has them", answer: "conversations[-1].value")
        } else if has("question", "contexts", "answer", "ground_truth") {
            self.init("samples of ragas", answer: "answer", expected: "ground_truth", query: "question")
        } else if has("run_id", "event_id", "data") || has("spec") && row["spec"]?["eval_name"] != nil {
            self.init(
                "events of OpenAI's evals, of which those of one type are rows (add --where type=match)",
                [
                    ColumnSuggestion("generated_answer", "data.sampled"),
                    ColumnSuggestion("expected_answer", "data.expected"),
                ])
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
        } else if has("messages"), columnValue("messages[-1].content", in: row)?.string != nil {
            self.init("conversations as OpenAI has them", answer: "messages[-1].content")
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
        let places = [("generated_answer", answer), ("expected_answer", expected), ("input_query", query)]
        self.init(name, places.compactMap { name, path in path.map { ColumnSuggestion(name, $0) } })
    }

    private init(_ name: String, _ columns: [ColumnSuggestion]) {
        self.name = name
        self.columns = columns
    }
}

extension ColumnSuggestion {
    /// Common alternative names of columns, the most specific names first.
    private static let otherNames = [
        "generated_answer": [
            "prediction", "pred", "model_answer", "model_output", "generated_text", "generation", "completion",
            "response",
            "output", "actual_output",
        ],
        "expected_answer": [
            "gold", "ground_truth", "ideal", "reference_answer", "correct_answer", "target", "reference", "expected",
            "expected_output", "label", "solution", "Best Answer", "answer",
        ],
        "input_query": ["question", "prompt", "input", "instruction", "query", "problem"],
    ]

    /// Columns of the rows, or values inside them, that may be meant by missing ones.
    ///
    /// - Parameter row: one of the rows.
    package static func among(
        _ columns: [String], for missing: [String], in row: JSONObject? = nil
    ) -> [ColumnSuggestion] {
        missing.compactMap { name in
            let names = [name] + (otherNames[name] ?? [])
            for other in names {
                if let column = columns.first(where: { isSame($0, other) && $0 != name }) {
                    return ColumnSuggestion(name, column)
                }
            }
            for other in names {
                if let path = row.flatMap({ path(to: other, in: $0) }) { return ColumnSuggestion(name, path) }
            }
            return nil
        }
    }

    /// Whether names of columns differ in case, white space and punctuation at most.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        one == other
            || one.lowercased().filter { $0.isLetter || $0.isNumber }
                == other.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// The path to a string or number of this name inside an object of the row.
    private static func path(to name: String, in row: JSONObject) -> String? {
        for member in row.members {
            guard let object = member.value.object else { continue }
            for inner in object.members where isSame(inner.key, name) {
                if inner.value.string != nil || inner.value.number != nil {
                    return ColumnPath(column: member.key).appending(.member(inner.key)).name
                }
            }
        }
        return nil
    }
}

extension ColumnSuggestion {
    /// Whether names of columns look like a row of data: a table without a header, whose first row was taken for one. A
    /// number, a sentence, a long text or the same text twice is seldom the name of a column.
    package static func looksLikeData(_ names: [String]) -> Bool {
        names.contains { name in
            Double(decimalText: name) != nil || name.utf8.count > 80 || name.contains("\n")
                || name.split(separator: " ").count > 2 && name.last.map { ".?!".contains($0) } == true
        } || names.contains { name in names.contains("\(name) (column \(names.count))") }
    }
}

// MARK: Texts inside of a value

/// The paths to strings in a list or an object, the most likely answers first.
struct TextPaths {
    private var found: [(path: String, rank: Int, length: Int)] = []
    private static let limit = 1000
    /// Names of members that contain a model's answer, the most specific first.
    private static let telling = ["content", "text", "completion", "output", "answer", "generated_text", "value"]

    /// - Parameter path: where the value is in its row.
    static func inside(_ value: JSONValue, at path: ColumnPath) -> [String] {
        var paths = TextPaths()
        paths.look(at: value, path, key: nil)
        return paths.found.enumerated().sorted { one, other in
            (one.element.rank, -one.element.length, one.offset) < (
                other.element.rank, -other.element.length, other.offset
            )
        }.map(\.element.path)
    }

    private mutating func look(at value: JSONValue, _ path: ColumnPath, key: String?) {
        if found.count >= Self.limit { return }
        switch value {
        case .string(let text):
            if text.isEmpty { return }
            let rank = key.flatMap { Self.telling.firstIndex(of: $0) } ?? Self.telling.count
            found.append((path.name, rank, text.utf8.count))
        case .array(let elements):
            // The last message of a conversation is the answer.
            if elements.count > 1, elements.allSatisfy({ $0["role"]?.string != nil }), let last = elements.last {
                return look(at: last, path.appending(.element(-1)), key: key)
            }
            for (index, element) in elements.enumerated() {
                look(at: element, path.appending(.element(index)), key: key)
            }
        case .object(let object):
            for member in object.members {
                look(at: member.value, path.appending(.member(member.key)), key: member.key)
            }
        case .null, .bool, .number: return
        }
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

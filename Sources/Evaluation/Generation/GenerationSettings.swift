public import JSON
import PromptTemplates

/// How to build prompts from the rows of a benchmark, and how to extract answers from a candidate's text: the member
/// "generation" of a benchmark's metadata.
///
///     {"prompt_template": "{question}\n{choices}\nAnswer:", "choices_column": "choices",
///      "map": {"question": "data.stem"},
///      "examples": [{"question": "1 + 1?", "choices": ["1", "2"], "answer": 1}],
///      "answer_regexes": ["\\b([A-D])\\b"]}
///
/// Without it, the prompt is one of the row's columns, see ``RowPreparation``.
public struct GenerationSettings: Sendable {
    /// The user's message, with placeholders for columns of the row.
    var template: PromptTemplate?
    var systemMessage: String?
    /// Few-shot examples: rows whose questions and answers precede the row's own question.
    var examples: [JSONObject] = []
    /// What the assistant answers to an example.
    var answerTemplate = PromptTemplate("{expected_answer}")
    /// The column or path for each mapped column.
    var mapping: [String: String] = [:]
    /// The column with a list of choices, which get the letters A, B, C, ….
    var choicesColumn: String?
    /// Tools that a model may call, in the format of the OpenAI API, and whether it must call one.
    var tools: JSONObject = [:]
    var extraction: AnswerExtraction?
    /// Extracts the correct answer if the column expected_answer contains a whole solution: "expected_regexes". Of several
    /// matches, the last one counts.
    var goldExtraction: AnswerExtraction?

    /// The column with the whole request for a row, an object with "messages" or "prompt"; text there says why there is none.
    var requestColumn: String?

    /// The default: prompts are columns of the rows, and generations are used unchanged.
    public init() {}

    /// The dataset whose columns the rows get.
    var join: BenchmarkJoin?
    /// Whether the rows get columns of another registered dataset.
    public var joinsDataset: Bool { join != nil }

    private static let members = [
        "prompt_template", "system_message", "examples", "answer_template", "choices_column", "tools", "tool_choice",
        "map", "join", "answer_regexes", "answer_match", "expected_regexes",
    ]

    /// Reads the settings of a benchmark's definition.
    public init(benchmark: JSONObject) throws(EvaluationError) {
        let metadata: JSONObject?
        do throws(JSONFault) {
            metadata = try JSONPlace(.object(benchmark)).optional("metadata", .object)
        } catch {
            throw EvaluationError(error)
        }
        try self.init(metadata: metadata ?? [:])
    }

    /// Reads the settings of a benchmark.
    ///
    /// - Parameters:
    ///   - metadata: the benchmark's metadata; members other than "generation" are ignored.
    ///   - pointer: the place of the metadata, for messages.
    public init(metadata: JSONObject, at pointer: JSONPointer = JSONPointer("/metadata")) throws(EvaluationError) {
        guard let place = JSONPlace(.object(metadata), at: pointer)["generation"] else { return }
        let pointer = place.pointer
        let regexes: [String]?
        let goldRegexes: [String]?
        let occurrence: AnswerExtraction.Occurrence?
        do throws(JSONFault) {
            try place.checkNames(Self.members)
            template = try place.optional("prompt_template", .nonEmptyText()).map { PromptTemplate($0) }
            systemMessage = try place.optional("system_message", .nonEmptyText())
            examples = try place.optional("examples", .array("an array of rows", of: .object("a row, an object"))) ?? []
            answerTemplate =
                try place.optional("answer_template", .nonEmptyText()).map { PromptTemplate($0) } ?? answerTemplate
            choicesColumn = try place.optional("choices_column", .nonEmptyText())
            tools["tools"] = try place.optional("tools", Self.tools)
            tools["tool_choice"] = try place.optional("tool_choice", Self.toolChoice)
            for (name, column) in try place["map"]?.members() ?? [] {
                mapping[name] = try column.read(.text("the name or path of a column, such as \"answers.text[0]\""))
            }
            join = try place.optional(
                "join",
                JSONExpectation("an object such as {\"dataset_id\": \"gold\", \"on\": \"id\"}", BenchmarkJoin.init))
            regexes = try place.optional("answer_regexes", .texts("an array of regular expressions"))
            occurrence = try place.optional("answer_match", .choice())
            goldRegexes = try place.optional("expected_regexes", .texts("an array of regular expressions"))
        } catch {
            throw EvaluationError(error)
        }
        if let goldRegexes, !goldRegexes.isEmpty {
            goldExtraction = try AnswerExtraction(goldRegexes, .last, at: pointer.appending("expected_regexes"))
        }
        if let regexes, !regexes.isEmpty {
            extraction = try AnswerExtraction(regexes, occurrence ?? .first, at: pointer.appending("answer_regexes"))
        } else if occurrence != nil {
            throw EvaluationError(
                .invalid, "needs answer_regexes, which are missing",
                at: pointer.appending("answer_match").description)
        }
        if !examples.isEmpty && template == nil {
            throw EvaluationError(
                .invalid, "needs prompt_template, which is missing",
                at: pointer.appending("examples").description)
        }
        for index in examples.indices {
            do throws(GenerationFailure) {
                _ = try messages(ofExample: index)
            } catch {
                throw EvaluationError(
                    .invalid, error.message, at: pointer.appending("examples").appending(index).description)
            }
        }
    }

    private static var tools: JSONExpectation<JSONValue> {
        JSONExpectation("an array of tools") { $0.objects?.isEmpty == false ? $0 : nil }
    }

    private static var toolChoice: JSONExpectation<JSONValue> {
        JSONExpectation("a string or an object") { $0.string == nil && $0.object == nil ? nil : $0 }
    }

    /// The settings with placeholders for those columns of the data that have unusual names, such as `{Best Answer}`.
    func naming(_ columns: [String]) -> GenerationSettings {
        var settings = self
        settings.template = template?.naming(columns)
        settings.answerTemplate = answerTemplate.naming(columns + examples.flatMap(\.keys))
        return settings
    }

    /// Warnings about text in the templates that looks like a placeholder but is not.
    ///
    /// - Parameter columns: the columns of the data.
    func warnings(among columns: [String]) -> [String] {
        func warnings(_ name: String, _ template: PromptTemplate?, _ columns: [String]) -> [String] {
            template?.doubts(among: columns).map { "the benchmark's \(name) has \($0)" } ?? []
        }
        var all = warnings("prompt_template", template, columns)
        if !examples.isEmpty {
            all += warnings("answer_template", answerTemplate, columns + examples.flatMap(\.keys))
        }
        if let text = systemMessage, let name = PromptTemplate(text).columns.first(where: columns.contains) {
            all.append("the benchmark's system_message has {\(name)}, which is sent as written: no value is inserted")
        }
        return all
    }

    /// An example, with the user's question and the assistant's answer.
    func messages(ofExample index: Int) throws(GenerationFailure) -> [JSONValue] {
        var row = RowColumns(examples[index])
        try row.fillIn(choicesColumn: choicesColumn)
        guard let template else { return [] }
        return [
            ["role": "user", "content": .string(try row.text(template, choicesColumn))],
            ["role": "assistant", "content": .string(try row.text(answerTemplate, choicesColumn))],
        ]
    }
}

extension JSONValue {
    /// The elements of an array of objects.
    var objects: [JSONObject]? {
        guard let elements = array else { return nil }
        let objects = elements.compactMap(\.object)
        return objects.count == elements.count ? objects : nil
    }

    /// The elements of an array of strings.
    var texts: [String]? {
        guard let elements = array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }
}

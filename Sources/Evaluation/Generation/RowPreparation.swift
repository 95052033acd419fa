import Datasets
import Inference
import JSON
import PromptTemplates
import ScoringCore
import ScoringDefinitions
import ScoringEngine

/// Builds a candidate's prompt from a row, and the columns that scorers expect.
///
/// Unless the benchmark has a prompt template, the prompt is the first of these columns that the row has:
/// `chat_completion_input` or `messages`, an array of messages or its JSON text; `completion_input`, a string or its JSON
/// text; `input_query` or `question`, a string. The names are Llama Stack's.
struct RowPreparation: Sendable {
    /// A prepared row.
    struct Prepared: Sendable {
        /// The row, without the columns that are added to it.
        var line: [UInt8]
        /// Columns that are added to the row.
        var additions: JSONObject
        var request: Result<InferenceRequest, GenerationFailure>
    }

    private let settings: GenerationSettings
    private let candidate: BenchmarkConfiguration.Candidate
    private let sampling: JSONObject
    /// The row's column for each mapped column.
    let mapping: [(new: String, old: ColumnPath)]
    /// Columns that are added to rows later, and replace their own.
    var addedColumns: [String] = []
    /// The messages before the row's own: the system message and the examples.
    private let preamble: [JSONValue]
    /// The maximum size of a prompt, in bytes.
    private let promptSize: Int

    init(
        _ settings: GenerationSettings, _ candidate: BenchmarkConfiguration.Candidate, mapping: [String: String],
        promptSize: Int = FunctionLimits().promptSize, pointer: JSONPointer
    ) throws(EvaluationError) {
        self.settings = settings
        self.candidate = candidate
        self.promptSize = promptSize
        self.mapping = settings.mapping.merging(mapping) { _, asked in asked }.sorted { $0.key < $1.key }
            .map { ($0.key, ColumnPath($0.value)) }
        var preamble: [JSONValue] = []
        switch candidate {
        case .model(_, let sampling, let systemMessage):
            var members = try SamplingParameters(sampling, at: pointer.appending("sampling_params")).members
            for (name, value) in settings.tools.members where members[name] == nil { members[name] = value }
            self.sampling = members
            if let text = systemMessage ?? settings.systemMessage {
                preamble.append(["role": "system", "content": .string(text)])
            }
        case .agent:
            sampling = [:]
            if settings.systemMessage != nil || !settings.examples.isEmpty || !settings.tools.isEmpty {
                throw EvaluationError(
                    .invalid,
                    "the benchmark has a system message, examples or tools, which an agent's turn cannot have; move "
                        + "them to the agent's configuration", at: pointer.description)
            }
        }
        for index in settings.examples.indices {
            do throws(GenerationFailure) {
                preamble += try settings.messages(ofExample: index)
            } catch {
                throw EvaluationError(.invalid, error.message, at: "/metadata/generation/examples/\(index)")
            }
        }
        self.preamble = preamble
    }

    /// Whether a row matches the filters: each column is a string, or the JSON text of a number or boolean.
    func accepts(_ row: JSONObject, _ filters: [RowCondition]) -> Bool {
        filters.allSatisfy { filter in
            switch value(at: source(of: filter.column), in: row) {
            case .string(let text): filter.accepts(text)
            case .number(let number): filter.accepts(number.text)
            case .bool(let bool): filter.accepts(bool ? "true" : "false")
            default: filter.accepts(nil)
            }
        }
    }

    /// The sampling temperature; nil for the model's own default, and for agents.
    var temperature: Double? { sampling["temperature"]?.number?.double }

    /// Whether the row's expected answer is read from its column "answer", by default.
    func readsAnswerAsExpected(_ row: JSONObject) -> Bool {
        func has(_ name: String) -> Bool { row[name].map { $0 != .null } ?? false }
        return !mapping.contains { $0.new == "expected_answer" } && !has("expected_answer") && has("answer")
    }

    /// The row's column that a column is mapped to.
    func source(of column: String) -> ColumnPath {
        if let mapped = mapping.first(where: { $0.new == column }) { return mapped.old }
        let path = ColumnPath(column)
        return mapping.first { $0.new == path.root }.map { ColumnPath(path, startingAt: $0.old) } ?? path
    }

    /// The value of a row at a path; nil if it is missing.
    func value(at path: ColumnPath, in row: JSONObject) -> JSONValue? {
        guard case .value(let value) = path.find(in: row) else { return nil }
        return value
    }

    /// Prepares a row.
    ///
    /// - Parameter line: the text of the row.
    func prepare(_ row: JSONObject, line: UnsafeRawBufferPointer) -> Prepared {
        var columns = RowColumns(row)
        for (new, old) in mapping { columns.add(new, value(at: old, in: row) ?? .null) }
        let request: Result<InferenceRequest, GenerationFailure>
        do throws(GenerationFailure) {
            if let reason = row[joinErrorColumn]?["message"]?.string { throw .input(reason) }
            try columns.fillIn(choicesColumn: settings.choicesColumn, goldExtraction: settings.goldExtraction)
            let question = try question(of: columns)
            if columns["input_query"] == nil, let text = question.text { columns.add("input_query", .string(text)) }
            let made = try self.request(question)
            guard made.body.utf8.count <= promptSize else {
                throw .input(PromptTemplate.fault(size: made.body.utf8.count, limit: promptSize))
            }
            request = .success(made)
        } catch {
            request = .failure(error)
        }
        let additions = columns.additions
        // The row keeps its text, unless it has columns to replace.
        let replaced =
            additions.keys + addedColumns
            + (candidate.isAgent ? GeneratedColumn.allCases.map(\.rawValue) : generatedColumns)
        var rest = row
        for name in replaced { rest[name] = nil }
        return Prepared(
            line: rest.count == row.count ? Array(line) : Array(JSONValue.object(rest).text.utf8), additions: additions,
            request: request)
    }

    // MARK: The question

    private enum Question {
        case chat([JSONValue])
        case completion(String)
        /// The members of a request, with "messages" or "prompt".
        case request(JSONObject)

        /// The question for judges: the last user message.
        var text: String? {
            switch self {
            case .completion(let prompt): prompt
            case .request(let body): body["prompt"]?.string ?? Question.chat(body["messages"]?.array ?? []).text
            case .chat(let messages):
                messages.last { $0["role"]?.string == "user" }.flatMap { message in
                    message["content"].flatMap { $0.string ?? $0.array?.compactMap { $0["text"]?.string }.first }
                }
            }
        }
    }

    private func question(of columns: RowColumns) throws(GenerationFailure) -> Question {
        if let name = settings.requestColumn {
            guard let body = columns[name]?.object else {
                throw .input(columns[name]?.string ?? "the row has no request")
            }
            guard body["prompt"]?.string != nil || body["messages"]?.array?.isEmpty == false else {
                throw .input("the request has neither a \"prompt\" nor \"messages\"")
            }
            return .request(body)
        }
        if let template = settings.template {
            return .chat([
                [
                    "role": "user",
                    "content": .string(try columns.text(template, settings.choicesColumn, limit: promptSize)),
                ]
            ])
        }
        for name in ["chat_completion_input", "messages"] {
            if let value = columns[name] { return .chat(try messages(value, name)) }
        }
        if let value = columns["completion_input"] {
            guard let text = value.string else {
                throw .input("column \"completion_input\" is \(value.kind); expected a string")
            }
            return .completion((try? JSONValue(parsing: text).string) ?? text)
        }
        for name in ["input_query", "question"] {
            guard let value = columns[name] else { continue }
            guard let text = value.string else {
                throw .input("column \"\(name)\" is \(value.kind); expected a string")
            }
            return .chat([["role": "user", "content": .string(text)]])
        }
        throw .input(
            "the row has no column with a prompt: expected chat_completion_input, messages, "
                + "completion_input, input_query or question; a prompt template can build a prompt from other columns")
    }

    private func messages(_ value: JSONValue, _ name: String) throws(GenerationFailure) -> [JSONValue] {
        var value = value
        if let text = value.string {
            guard let parsed = try? JSONValue(parsing: text) else {
                throw .input("column \"\(name)\" is a string, but not valid JSON")
            }
            value = parsed
        }
        guard let messages = value.objects, !messages.isEmpty,
            messages.allSatisfy({ $0["role"]?.string != nil && hasContent($0) })
        else {
            throw .input(
                "column \"\(name)\" holds no messages; expected [{\"role\": \"user\", \"content\": \"…\"}]")
        }
        return messages.map { message in
            var message = message
            // A single part, as in Llama Stack's datasets of images; model servers expect a list.
            if let part = message["content"], part.object != nil { message["content"] = [part] }
            return .object(message)
        }
    }

    /// A message must have content or tool calls.
    private func hasContent(_ message: JSONObject) -> Bool {
        switch message["content"] {
        case .string, .array, .object: true
        case .null, nil: message["tool_calls"]?.array?.isEmpty == false
        default: false
        }
    }

    private func request(_ question: Question) throws(GenerationFailure) -> InferenceRequest {
        var body = JSONObject()
        switch (candidate, question) {
        case (.model, .chat(let messages)):
            body["messages"] = .array(preamble + messages)
            for (name, value) in sampling.members { body[name] = value }
            return InferenceRequest(operation: .chat, body: JSONValue.object(body).text)
        case (.model, .completion(let prompt)):
            // As in Llama Stack, a completion has no system message.
            body["prompt"] = .string(prompt)
            // Only a chat has tools.
            for (name, value) in sampling.members where !name.hasPrefix("tool") { body[name] = value }
            return InferenceRequest(operation: .completion, body: JSONValue.object(body).text)
        case (.model, .request(let own)):
            let isChat = own["messages"]?.array != nil
            if isChat { body["messages"] = .array(preamble + (own["messages"]?.array ?? [])) }
            for (name, value) in own.members where body[name] == nil && name != "model" { body[name] = value }
            for (name, value) in sampling.members where body[name] == nil { body[name] = value }
            return InferenceRequest(operation: isChat ? .chat : .completion, body: JSONValue.object(body).text)
        case (.agent(let configuration), _):
            var messages: [JSONValue] = []
            switch question {
            case .chat(let all): messages = all
            case .completion(let prompt): messages = [["role": "user", "content": .string(prompt)]]
            case .request(let body): messages = body["messages"]?.array ?? []
            }
            guard let turn = AgentTurn.request(configuration, messages: messages) else {
                throw .input("the row has no user message, which is the only kind that an agent receives")
            }
            return turn
        }
    }
}

/// The columns that a row may have from an earlier generation; not `context`, which is the row's own unless an agent
/// retrieves one.
private let generatedColumns = GeneratedColumn.allCases.filter { $0 != .context }.map(\.rawValue)

import JSON
import PromptTemplates
import ScorerKit
import ScorerParameters

/// A function that asks models: its declaration, and the dialogue about a row.
protocol ModelFunction: Sendable {
    /// The name in autoevals' catalogue, such as "closed-qa".
    static var id: String { get }
    static var summary: String { get }
    /// The columns that it reads besides those of its templates.
    static var columns: [String] { get }
    /// The parameters that are templates, and their values where they are not given.
    static var templates: [(name: String, text: String)] { get }
    /// Places of templates that are not columns.
    static var places: Set<String> { get }
    static var temperature: Double { get }
    static var asksJudge: Bool { get }
    static var embeds: Bool { get }
    static var moderates: Bool { get }
    /// Properties of the JSON Schema of its own parameters.
    static var ownParameters: String { get }

    init(_ parameters: inout Configuration) throws(ParameterRejection)

    /// - Parameters:
    ///   - row: the text of a column.
    ///   - settings: makes prompts and compares vectors.
    func dialogue(_ row: ModelRow, _ settings: ModelSettings) throws(RowFault) -> Dialogue
}

extension ModelFunction {
    static var columns: [String] { [] }
    static var templates: [(name: String, text: String)] { [] }
    static var places: Set<String> { [] }
    static var temperature: Double { 0 }
    static var asksJudge: Bool { true }
    static var embeds: Bool { false }
    static var moderates: Bool { false }
    static var ownParameters: String { "" }
}

/// The texts of a row, by the names of their columns.
struct ModelRow {
    let texts: [String: String]

    subscript(column: String) -> String { texts[column] ?? "" }

    /// The context, which must not be empty.
    func context() throws(RowFault) -> String {
        let context = self["context"]
        if context.isEmpty { throw RowFault(.inputError, "context is empty") }
        return context
    }
}

/// A scorer of one of the functions.
struct ModelFunctionScorer<Function: ModelFunction>: ModelScorer {
    static var declaration: ScorerDeclaration {
        declare(
            columns: columns { name in
                Function.templates.first { $0.name == name }.map { PromptTemplate($0.text).columns } ?? []
            })
    }

    static var hostExtensions: [HostExtension] {
        (Function.embeds ? [.embeddings] : []) + (Function.moderates ? [.moderation] : [])
    }

    let declaration: ScorerDeclaration
    private let columns: [String]
    private let function: Function
    private let settings: ModelSettings

    init(configuration: UnsafeRawBufferPointer) throws(ParameterRejection) {
        var parameters = try Configuration(configuration)
        settings = try ModelSettings(
            &parameters, templates: Function.templates, temperature: Function.temperature,
            asksJudge: Function.asksJudge,
            embeds: Function.embeds)
        function = try Function(&parameters)
        try parameters.finish()
        columns = Self.columns(settings.columns(of:))
        declaration = Self.declare(columns: columns)
    }

    /// The columns of the function, and further ones that its templates name.
    ///
    /// - Parameter named: those of a template.
    private static func columns(_ named: (String) -> [String]) -> [String] {
        var columns = Function.columns
        for template in Function.templates {
            for column in named(template.name) where !columns.contains(column) && !Function.places.contains(column) {
                columns.append(column)
            }
        }
        return columns
    }

    private static func declare(columns: [String]) -> ScorerDeclaration {
        ScorerDeclaration(
            id: Function.id, description: Function.summary,
            inputs: columns.map { column in
                .required(column, .json, column == "context" ? "a text, or a list of texts" : "a text")
            },
            outputs: [
                .output("score", .f64, "the score", range: 0...1),
                .output("metadata", .json, "what the models replied", isOptional: true),
            ],
            roles: (Function.asksJudge ? ["judge"] : []) + (Function.embeds ? ["embedding"] : [])
                + (Function.moderates ? ["moderation"] : []),
            parametersSchema: ModelSettings.schema(
                templates: Function.templates.map(\.name), asksJudge: Function.asksJudge, embeds: Function.embeds,
                more: Function.ownParameters))
    }

    // MARK: Conversations

    /// The dialogues of a batch, by row.
    struct Conversations {
        fileprivate var rows: [OpenRow?]
    }

    /// A row that waits for replies.
    fileprivate struct OpenRow {
        var dialogue: Dialogue
        /// The arguments that have come, by request.
        var arguments: [JSONObject?] = []
        var requests: [ToolRequest] = []
        /// Whether a request was repeated without tools.
        var isWithoutTools: [Bool] = []
    }

    func start(_ rows: Rows, _ results: Results, _ models: Models) -> Conversations {
        var conversations = Conversations(rows: Array(repeating: nil, count: rows.count))
        var parser = JSONParser()
        for row in 0..<rows.count {
            do throws(RowFault) {
                var texts: [String: String] = [:]
                for (index, column) in columns.enumerated() {
                    texts[column] = Self.text(try parser.value(rows.texts(index)[row], column), column)
                }
                let first = try function.dialogue(ModelRow(texts: texts), settings)
                conversations.rows[row] = try go(first, row, results, models)
            } catch {
                results.fail(row, error.outcome, error.message)
            }
        }
        return conversations
    }

    /// The text of a value: a list of texts is its elements on lines of their own where the column is the context.
    private static func text(_ value: JSONValue, _ column: String) -> String {
        if let text = value.string { return text }
        let texts = value.array?.compactMap(\.string) ?? []
        return column == "context" && texts.count == value.array?.count ? texts.joined(separator: "\n") : value.text
    }

    /// Sends the requests of a dialogue, or emits its score.
    ///
    /// - Returns: what waits for the replies; nil at the end.
    private func go(
        _ dialogue: Dialogue, _ row: Int, _ results: Results, _ models: Models
    ) throws(RowFault) -> OpenRow? {
        var open = OpenRow(dialogue: dialogue)
        let tag = UInt64(row) << 16
        switch dialogue {
        case .score(let score, let metadata):
            if !metadata.isEmpty { results.emit(JSONValue.object(metadata).text, output: 1, row: row, as: .json) }
            if (0...1).contains(score) {
                results.emit(score, output: 0, row: row)
            } else {
                results.fail(row, .unparsed, "the score of the reply is \(score), which is not from 0 to 1")
            }
            return nil
        case .ask(let requests, _):
            open.requests = requests
            open.arguments = requests.map { _ in nil }
            open.isWithoutTools = requests.map { _ in false }
            for (index, request) in requests.enumerated() {
                models.ask(
                    tag: tag | UInt64(index), role: "judge", request: settings.body(request, withoutTools: false),
                    sample: request.sample)
            }
        case .embed(let texts, _):
            try settings.check(texts.reduce(0) { $0 + $1.utf8.count })
            models.embed(tag: tag, role: "embedding", texts: texts)
        case .moderate(let text, _):
            try settings.check(text.utf8.count)
            models.moderate(tag: tag, role: "moderation", texts: [text])
        }
        return open
    }

    func receive(
        _ reply: ModelReply, _ conversations: inout Conversations, _ rows: Rows, _ results: Results, _ models: Models
    ) {
        let (row, index) = (Int(reply.tag >> 16), Int(reply.tag & 0xFFFF))
        guard var open = conversations.rows[row] else { return }
        do throws(RowFault) {
            if let failure = reply.failure {
                if failure == .modelError, open.requests.indices.contains(index), !open.isWithoutTools[index],
                    settings.mayRepeatWithoutTools(after: reply.text)
                {
                    open.isWithoutTools[index] = true
                    conversations.rows[row] = open
                    models.ask(
                        tag: reply.tag, role: "judge", request: settings.body(open.requests[index], withoutTools: true),
                        sample: open.requests[index].sample)
                    return
                }
                throw RowFault(failure, reply.text)
            }
            guard let next = try next(&open, index, reply) else {
                conversations.rows[row] = open
                return
            }
            conversations.rows[row] = try go(next, row, results, models)
        } catch {
            // Replies to the row's other requests are ignored.
            conversations.rows[row] = nil
            results.fail(row, error.outcome, error.message)
        }
    }

    /// What follows from a reply; nil while others are missing.
    private func next(_ open: inout OpenRow, _ index: Int, _ reply: ModelReply) throws(RowFault) -> Dialogue? {
        switch open.dialogue {
        case .score: return nil
        case .ask(let requests, let then):
            open.arguments[index] = try requests[index].tool.arguments(in: reply)
            let all = open.arguments.compactMap(\.self)
            return all.count == requests.count ? try then(all) : nil
        case .embed(let texts, let then):
            guard reply.vectors.count == texts.count else {
                throw RowFault(
                    .modelError, "the model returned \(reply.vectors.count) vectors for \(texts.count) texts")
            }
            return try then(reply.vectors)
        case .moderate(_, let then):
            var parser = JSONParser()
            let result = (try? parser.parse(reply.response))?["results"]?.array?.first?.object
            guard let result else { throw RowFault(.unparsed, "the response has no \"results\"") }
            return try then(result)
        }
    }
}

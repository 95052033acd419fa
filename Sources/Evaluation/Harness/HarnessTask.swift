import JSON

/// What a benchmark's metadata say about the task that lm_eval is to run. See `README.md` for the members.
struct HarnessTask {
    enum Endpoint: String, CaseIterable {
        case chat, completions
    }

    /// A task of the user's own, in YAML, of which JSON is a part.
    enum Definition: Equatable {
        case text(String)
        case folder(String)
    }

    private static let members = [
        "task", "task_yaml", "include_path", "endpoint", "tokenizer", "num_fewshot", "apply_chat_template",
        "batch_size", "num_concurrent",
    ]

    var name: String
    var definition: Definition?
    var endpoint = Endpoint.chat
    /// What Hugging Face calls the tokenizer, or a folder with one.
    var tokenizer: String?
    var fewShotCount: Int?
    var appliesChatTemplate: Bool
    var batchSize: Int?
    var concurrency: Int?

    init(_ metadata: JSONObject) throws(EvaluationError) {
        let place = JSONPlace(.object(metadata), at: JSONPointer("/metadata"))
        let definition: Definition?
        let folder: String?
        do throws(JSONFault) {
            try place.checkNames(Self.members)
            name = try place.required("task", Self.taskName)
            definition = try Self.definition(place["task_yaml"], name: name)
            folder = try place.optional("include_path", Self.text("the path of a folder"))
            endpoint = try place.optional("endpoint", .choice()) ?? .chat
            tokenizer = try place.optional("tokenizer", Self.text("the name of a tokenizer"))
            fewShotCount = try place.optional("num_fewshot", .integer(0...1000))
            batchSize = try place.optional("batch_size", .integer(1...10_000))
            concurrency = try place.optional("num_concurrent", .integer(1...10_000))
            appliesChatTemplate = try place.optional("apply_chat_template", .flag) ?? (endpoint == .chat)
        } catch {
            throw EvaluationError(error)
        }
        if definition != nil && folder != nil {
            throw EvaluationError(
                .invalid, "is set together with task_yaml; expected only one of them", at: "/metadata/include_path")
        }
        self.definition = definition ?? folder.map { .folder($0) }
        try checkCombinations()
    }

    /// A text that can be an argument of a program.
    private static func text(_ expected: String) -> JSONExpectation<String> {
        JSONExpectation(expected) { value in
            value.string.flatMap { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
        }
    }

    private static var taskName: JSONExpectation<String> {
        JSONExpectation("the name of a task of lm_eval, of letters, digits and _.:+-") { value in
            value.string.flatMap { isTaskName($0) ? $0 : nil }
        }
    }

    /// Whether lm_eval takes the text for a name, and not for a file, a pattern, a list or an option.
    private static func isTaskName(_ text: String) -> Bool {
        let isName = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "_.:+-".utf8.contains(byte)
        }
        let isFile = [".yaml", ".yml", ".", ".."].contains { text == $0 || $0.count > 2 && text.hasSuffix($0) }
        return isName && !isFile && text.first != "-" && !text.isEmpty
    }

    private static func definition(_ yaml: JSONPlace?, name: String) throws(JSONFault) -> Definition? {
        guard let yaml else { return nil }
        switch yaml.value {
        case .string(let text): return .text(text)
        case .object(var members):
            if let own = yaml["task"], own.value != .string(name) {
                throw own.fault("the benchmark's own \(quoted(name))")
            }
            members["task"] = .string(name)
            return .text(JSONValue.object(members).text + "\n")
        default: throw yaml.fault("an object, or YAML as a string")
        }
    }

    private func checkCombinations() throws(EvaluationError) {
        switch endpoint {
        case .chat:
            if !appliesChatTemplate {
                throw EvaluationError(
                    .invalid,
                    "is false, but chat messages need a template; set it to true, or use \"endpoint\": \"completions\"",
                    at: "/metadata/apply_chat_template")
            }
            if tokenizer != nil || batchSize ?? 1 > 1 {
                throw EvaluationError(
                    .invalid, "applies to \"endpoint\": \"completions\" only",
                    at: "/metadata/\(tokenizer != nil ? "tokenizer" : "batch_size")")
            }
        case .completions:
            if appliesChatTemplate && tokenizer == nil {
                throw EvaluationError(
                    .invalid, "needs a \"tokenizer\", which has the template", at: "/metadata/apply_chat_template")
            }
        }
    }
}

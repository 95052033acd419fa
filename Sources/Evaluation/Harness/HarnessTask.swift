import JSON

/// What a benchmark's metadata say about the task that lm_eval is to run. See `README.md` for the members.
struct HarnessTask {
    enum Endpoint: String {
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
        for name in metadata.keys where !Self.members.contains(name) {
            throw EvaluationError(
                .invalid, "is an unknown member; expected one of \(Self.members.joined(separator: ", "))",
                at: "/metadata\(JSONPointer().appending(name))")
        }
        func member<Value>(
            _ name: String, _ expected: String, _ read: (JSONValue) -> Value?
        ) throws(EvaluationError) -> Value? {
            guard let value = metadata[name], value != .null else { return nil }
            guard let result = read(value) else { throw Self.fault(name, value, expected) }
            return result
        }
        func integer(_ name: String, _ range: ClosedRange<Int>) throws(EvaluationError) -> Int? {
            try member(name, "an integer from \(range.lowerBound) to \(range.upperBound)") { value in
                value.number?.int.flatMap { range.contains($0) ? $0 : nil }
            }
        }
        func text(_ name: String, _ expected: String) throws(EvaluationError) -> String? {
            try member(name, expected) { value in
                value.string.flatMap { $0.isEmpty || $0.utf8.contains(0) ? nil : $0 }
            }
        }
        let expectedName = "the name of a task of lm_eval, of letters, digits and _.:+-"
        guard let name = try member("task", expectedName, { value in value.string.flatMap(Self.taskName) }) else {
            throw EvaluationError(.invalid, "is missing; expected \(expectedName)", at: "/metadata/task")
        }
        self.name = name
        definition = try Self.definition(
            metadata["task_yaml"] ?? .null, folder: try text("include_path", "the path of a folder"), name: name)
        let endpoint = try member("endpoint", "\"chat\" or \"completions\"") { value in
            value.string.flatMap(Endpoint.init)
        }
        self.endpoint = endpoint ?? .chat
        tokenizer = try text("tokenizer", "the name of a tokenizer")
        fewShotCount = try integer("num_fewshot", 0...1000)
        batchSize = try integer("batch_size", 1...10_000)
        concurrency = try integer("num_concurrent", 1...10_000)
        let template = try member("apply_chat_template", "true or false", \.bool)
        appliesChatTemplate = template ?? (self.endpoint == .chat)
        try checkCombinations()
    }

    /// The name, unless lm_eval would take it for a file, a pattern, a list or an option.
    private static func taskName(_ text: String) -> String? {
        let isName = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "_.:+-".utf8.contains(byte)
        }
        let isFile = [".yaml", ".yml", ".", ".."].contains { text == $0 || $0.count > 2 && text.hasSuffix($0) }
        return isName && !isFile && text.first != "-" && !text.isEmpty ? text : nil
    }

    private static func definition(
        _ yaml: JSONValue, folder: String?, name: String
    ) throws(EvaluationError) -> Definition? {
        guard yaml != .null else { return folder.map { .folder($0) } }
        if folder != nil {
            throw EvaluationError(
                .invalid, "is set together with task_yaml; expected only one of them", at: "/metadata/include_path")
        }
        switch yaml {
        case .string(let text):
            return .text(text)
        case .object(var members):
            let own = members["task"] ?? .string(name)
            guard own == .string(name) else {
                throw EvaluationError(
                    .invalid, "found \(own.text); expected the benchmark's own \(quoted(name))",
                    at: "/metadata/task_yaml/task")
            }
            members["task"] = own
            return .text(JSONValue.object(members).text + "\n")
        default:
            throw fault("task_yaml", yaml, "an object, or YAML as a string")
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

    private static func fault(_ name: String, _ value: JSONValue, _ expected: String) -> EvaluationError {
        let found =
            switch value {
            case .array, .object: value.kind
            default: String(value.text.prefix(100))
            }
        return EvaluationError(.invalid, "found \(found); expected \(expected)", at: "/metadata/\(name)")
    }
}

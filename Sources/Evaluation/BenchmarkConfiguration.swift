public import JSON

/// The configuration of a benchmark's run: the API's `benchmark_config`.
public struct BenchmarkConfiguration: Sendable, Hashable {
    /// The source of the answers.
    public enum Candidate: Sendable, Hashable {
        /// A model, with the API's `sampling_params` unchanged.
        case model(name: String, sampling: JSONObject, systemMessage: String?)
        /// An agent of a Llama Stack server, with its `AgentConfig` unchanged.
        case agent(JSONObject)

        var isAgent: Bool { if case .agent = self { true } else { false } }
    }

    public var candidate: Candidate
    /// Parameters of scoring functions, by identifier, which override those of their definitions.
    public var scoringParameters: JSONObject
    /// The number of rows to answer and score, from the start; nil means all.
    public var numExamples: Int?
    /// The whole configuration, unchanged.
    public var json: JSONValue

    /// Reads a `benchmark_config`.
    ///
    /// - Parameter pointer: its place in the request, for messages.
    public init(_ json: JSONValue, at pointer: String = "/benchmark_config") throws(EvaluationError) {
        func member<Value>(
            _ path: String..., of type: String, _ read: (JSONValue) -> Value?
        ) throws(EvaluationError) -> Value? {
            var value: JSONValue = json
            for name in path { value = value[name] ?? .null }
            if value == .null { return nil }
            guard let result = read(value) else {
                throw EvaluationError(
                    .invalid, "found \(value.kind); expected \(type)",
                    at: ([pointer] + path).joined(separator: "/"))
            }
            return result
        }
        func required<Value>(_ value: Value?, _ path: String, _ type: String) throws(EvaluationError) -> Value {
            guard let value else {
                throw EvaluationError(.invalid, "is missing; expected \(type)", at: pointer + path)
            }
            return value
        }
        guard json.object != nil else {
            throw EvaluationError(.invalid, "found \(json.kind); expected an object", at: pointer)
        }
        _ = try required(
            try member("eval_candidate", of: "an object", \.object), "/eval_candidate", "an object with a \"type\"")
        // The default is a model, as in the API's own definition.
        let kind = try member("eval_candidate", "type", of: "\"model\" or \"agent\"", \.string) ?? "model"
        switch kind {
        case "model":
            candidate = .model(
                name: try required(
                    try member("eval_candidate", "model", of: "the name of a model") { value in
                        value.string.flatMap { $0.isEmpty ? nil : $0 }
                    }, "/eval_candidate/model", "the name of a model"),
                sampling: try member("eval_candidate", "sampling_params", of: "an object", \.object) ?? [:],
                systemMessage: try systemMessage(in: json["eval_candidate"]?["system_message"], pointer))
        case "agent":
            candidate = .agent(
                try required(
                    try member("eval_candidate", "config", of: "an object", \.object), "/eval_candidate/config",
                    "an AgentConfig"))
        default:
            throw EvaluationError(
                .invalid, "found \(JSONValue.string(kind).text); expected \"model\" or \"agent\"",
                at: pointer + "/eval_candidate/type")
        }
        // Some client examples send an empty array instead of omitting the member.
        scoringParameters =
            try member("scoring_params", of: "an object") { $0.object ?? ($0.array?.isEmpty == true ? [:] : nil) }
            ?? [:]
        for (name, value) in scoringParameters.members where value.object == nil && value != .null {
            throw EvaluationError(
                .invalid, "found \(value.kind); expected an object of parameters",
                at: "\(pointer)/scoring_params/\(JSONPointer().appending(name).description.dropFirst())")
        }
        numExamples = try member("num_examples", of: "an integer from 0") { value in
            value.number?.int.flatMap { $0 >= 0 ? $0 : nil }
        }
        self.json = json
    }

    /// The parameters of a scoring function.
    public func parameters(of function: String) -> JSONObject? { scoringParameters[function]?.object }
}

/// The text of a system message: a string, or a chat message with text as its content.
private func systemMessage(in value: JSONValue?, _ pointer: String) throws(EvaluationError) -> String? {
    guard let value, value != .null else { return nil }
    let content = value.object == nil ? value : value["content"] ?? .null
    if let text = content.string { return text }
    let parts = content.array ?? (content["text"] == nil ? nil : [content])
    let texts = parts?.compactMap { $0["text"]?.string ?? $0.string }
    guard let parts, let texts, texts.count == parts.count, !texts.isEmpty else {
        throw EvaluationError(
            .invalid, "expected a string, or a message whose content is a string",
            at: pointer + "/eval_candidate/system_message")
    }
    return texts.joined(separator: "\n")
}

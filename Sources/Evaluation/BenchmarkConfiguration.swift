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
    /// Columns for each of whose values the rows are also aggregated separately, and the maximum number of values.
    public var groupColumns: [String]
    public var groupLimit: Int?
    /// The whole configuration, unchanged.
    public var json: JSONValue

    /// Reads a `benchmark_config`.
    ///
    /// - Parameter pointer: its place in the request, for messages.
    public init(
        _ json: JSONValue, at pointer: JSONPointer = JSONPointer("/benchmark_config")
    ) throws(EvaluationError) {
        do throws(JSONFault) {
            try self.init(JSONPlace(json, at: pointer))
        } catch {
            throw EvaluationError(error)
        }
    }

    private init(_ place: JSONPlace) throws(JSONFault) {
        let name = "eval_candidate"
        _ = try place.required(name, .object("an object with a \"type\""))
        candidate = try Candidate(place[name] ?? place)
        // Some client examples send an empty array instead of omitting the member.
        let parameters = place["scoring_params"].flatMap { $0.value == [] ? nil : $0 }
        scoringParameters = try parameters?.read(.object) ?? [:]
        for (_, member) in try parameters?.members() ?? [] where member.value != .null {
            _ = try member.read(.object("an object of parameters"))
        }
        numExamples = try place.optional("num_examples", .integer(from: 0))
        groupColumns = try place.optional("by", Self.columns) ?? []
        groupLimit = try place.optional("by_limit", Self.groupLimit)
        json = place.value
    }

    // MARK: Groups

    /// `by`: a column, or several.
    public static var columns: JSONExpectation<[String]> {
        JSONExpectation("the name of a column, or an array of at most 16 different ones,") { value in
            guard let names = (value.string.map { [.string($0)] } ?? value.array)?.compactMap(\.string),
                names.count == value.array?.count ?? 1, names.count <= 16, Set(names).count == names.count,
                !names.contains("")
            else { return nil }
            return names
        }
    }

    /// `by_limit`.
    public static var groupLimit: JSONExpectation<Int> { .integer(1...10_000) }

    /// The parameters of a scoring function.
    public func parameters(of function: String) -> JSONObject? { scoringParameters[function]?.object }
}

extension BenchmarkConfiguration.Candidate {
    private enum Kind: String, CaseIterable { case model, agent }

    fileprivate init(_ place: JSONPlace) throws(JSONFault) {
        // The default is a model, as in the API's own definition.
        switch try place.optional("type", .choice(Kind.self)) ?? .model {
        case .agent: self = .agent(try place.required("config", .object("an AgentConfig")))
        case .model:
            self = .model(
                name: try place.required("model", .nonEmptyText("the name of a model")),
                sampling: try place.optional("sampling_params", .object) ?? [:],
                systemMessage: try place.optional("system_message", systemMessage))
        }
    }
}

/// A system message: a string, or a chat message with text as its content.
private var systemMessage: JSONExpectation<String> {
    JSONExpectation("a string, or a message whose content is a string") { value in
        let content = value.object == nil ? value : value["content"] ?? .null
        if let text = content.string { return text }
        let parts = content.array ?? (content["text"] == nil ? nil : [content])
        let texts = parts?.compactMap { $0["text"]?.string ?? $0.string }
        guard let parts, let texts, texts.count == parts.count, !texts.isEmpty else { return nil }
        return texts.joined(separator: "\n")
    }
}

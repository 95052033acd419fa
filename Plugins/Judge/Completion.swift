import JSON

/// What a chat completion contains besides its text.
struct Completion: Sendable, Equatable {
    /// Why the reply is incomplete; nil if it is complete or the response does not say.
    var cutOff: CutOff?
    /// The model's reasoning before its reply; it is never scored.
    var reasoning: String?
    /// The names of the tools that the reply calls.
    var calledTools: [String] = []
    /// The tokens of the reply, including its reasoning.
    var outputTokens: Int?
    /// The tokens of the reasoning.
    var reasoningTokens: Int?

    /// Reads the body of a response. Anything that is missing, or in an unknown form, stays nil.
    init(response: UnsafeRawBufferPointer) {
        var parser = JSONParser()
        guard !response.isEmpty, let body = try? parser.parse(response) else { return }
        let choice = body["choices"]?.array?.first
        let message = choice?["message"]
        cutOff = choice?["finish_reason"]?.string.flatMap(CutOff.init)
        let thought = message?["reasoning_content"]?.string ?? ""
        reasoning = thought.isEmpty ? nil : thought
        calledTools = (message?["tool_calls"]?.array ?? []).compactMap { $0["function"]?["name"]?.string }
        let usage = body["usage"]
        outputTokens = Self.count(usage?["completion_tokens"])
        reasoningTokens = Self.count(usage?["completion_tokens_details"]?["reasoning_tokens"])
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard case .number(let number)? = value else { return nil }
        return number.int
    }

    /// Adds what the completion tells about it to the reason why a reply has no score.
    ///
    /// - Parameter isEmpty: whether the reply has no text.
    func explaining(_ reason: String, isEmpty: Bool) -> String {
        if isEmpty, let tool = calledTools.first {
            return "the reply calls the tool \"\(tool.shortened)\" and has no text, but a score is read from text only "
                + "(use a judge_model that does not call tools, or send \"tool_choice\": \"none\" in extra_body)"
        }
        guard cutOff == .length, let spent else { return reason }
        return "\(reason); \(spent)"
    }

    /// What the tokens of a truncated reply were used for, if the model had reasoned.
    private var spent: String? {
        let thought = reasoningTokens ?? 0
        guard thought > 0 || reasoning != nil else { return nil }
        let share = thought > 0 ? "\(thought) of them for reasoning" : "including reasoning"
        return outputTokens.map { "it used \($0) tokens, \(share)" }
            ?? "the model was still reasoning, or had just started"
    }
}

import JSON

/// What a chat completion says beside its text.
struct Completion: Sendable, Equatable {
    /// Why the reply ends before the model was done; nil where it is whole, and where the response does not say.
    var cutOff: CutOff?
    /// What the model thought before it replied; it is never scored.
    var reasoning: String?
    /// The names of the tools that the reply calls.
    var calledTools: [String] = []
    /// Whether the model refuses to reply, by its server's account.
    var isRefusal = false
    /// Tokens of the reply, with its reasoning.
    var outputTokens: Int?
    /// Those of them that the model thought in.
    var reasoningTokens: Int?

    /// Reads the body of a response; what it does not say, or says in a form of its own, stays nil.
    init(response: UnsafeRawBufferPointer) {
        var parser = JSONParser()
        guard !response.isEmpty, let body = try? parser.parse(response) else { return }
        let choice = body["choices"]?.array?.first
        let message = choice?["message"]
        cutOff = choice?["finish_reason"]?.string.flatMap(CutOff.init)
        let thought = message?["reasoning_content"]?.string ?? ""
        reasoning = thought.isEmpty ? nil : thought
        calledTools = (message?["tool_calls"]?.array ?? []).compactMap { $0["function"]?["name"]?.string }
        isRefusal = message?["refusal"]?.string?.isEmpty == false
        let usage = body["usage"]
        outputTokens = Self.count(usage?["completion_tokens"])
        reasoningTokens = Self.count(usage?["completion_tokens_details"]?["reasoning_tokens"])
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard case .number(let number)? = value else { return nil }
        return number.int
    }

    /// Adds to the reason why a reply has no score what its completion says about it.
    ///
    /// - Parameter isEmpty: whether the reply has no text.
    func explaining(_ reason: String, isEmpty: Bool) -> String {
        if isEmpty, let tool = calledTools.first {
            return "the reply calls the tool \"\(tool.shortened)\" and has no text, and a score is read from text only "
                + "(ask a judge_model that calls no tools, or send \"tool_choice\": \"none\" in extra_body)"
        }
        guard cutOff == .length, let spent else { return reason }
        return "\(reason); \(spent)"
    }

    /// What a reply that was cut off had used its tokens for, where it had thought.
    private var spent: String? {
        let thought = reasoningTokens ?? 0
        guard thought > 0 || reasoning != nil else { return nil }
        let share = thought > 0 ? "\(thought) of them for reasoning" : "reasoning among them"
        return outputTokens.map { "it took \($0) tokens, \(share)" }
            ?? "the model was still reasoning, or had just begun"
    }
}

import JSON
import ScorerKit

/// What a model's reply contains besides its text.
struct Completion {
    /// Why the reply is incomplete; nil if it is complete or that is not known.
    let cutOff: CutOff?
    /// The model's reasoning before its reply; it is never scored.
    let reasoning: String?
    /// The whole response, which is read for explanations only. Valid as long as the reply.
    private let response: UnsafeRawBufferPointer

    init(_ reply: ModelReply) {
        cutOff = reply.finishReason.flatMap(CutOff.init)
        reasoning = reply.reasoning
        response = reply.response
    }

    /// Adds what the completion tells about it to the reason why a reply has no score.
    ///
    /// - Parameter isEmpty: whether the reply has no text.
    func explaining(_ reason: String, isEmpty: Bool) -> String {
        guard isEmpty || cutOff == .length else { return reason }
        var parser = JSONParser()
        let body = response.isEmpty ? nil : try? parser.parse(response)
        if isEmpty, let tool = Self.calledTool(in: body) {
            return "the reply calls the tool \"\(tool.shortened)\" and has no text, but a score is read from text only "
                + "(use a judge_model that does not call tools, or send \"tool_choice\": \"none\" in extra_body)"
        }
        guard cutOff == .length, let spent = spent(body?["usage"]) else { return reason }
        return "\(reason); \(spent)"
    }

    /// The first tool that the reply calls.
    private static func calledTool(in body: JSONValue?) -> String? {
        let calls = body?["choices"]?.array?.first?["message"]?["tool_calls"]?.array ?? []
        return calls.lazy.compactMap { $0["function"]?["name"]?.string }.first
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard case .number(let number)? = value else { return nil }
        return number.int
    }

    /// What the tokens of a truncated reply were used for, if the model had reasoned.
    private func spent(_ usage: JSONValue?) -> String? {
        let outputTokens = Self.count(usage?["completion_tokens"])
        let thought = Self.count(usage?["completion_tokens_details"]?["reasoning_tokens"]) ?? 0
        guard thought > 0 || reasoning != nil else { return nil }
        let share = thought > 0 ? "\(thought) of them for reasoning" : "including reasoning"
        return outputTokens.map { "it used \($0) tokens, \(share)" }
            ?? "the model was still reasoning, or had just started"
    }
}

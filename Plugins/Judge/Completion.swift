import JSON
import ScorerKit

/// What a model's reply says beside its text.
struct Completion {
    /// Why the reply ends before the model was done; nil where it is whole, and where that is not known.
    let cutOff: CutOff?
    /// What the model thought before it replied; it is never scored.
    let reasoning: String?
    /// The whole response, which is read for explanations only. Valid as long as the reply.
    private let response: UnsafeRawBufferPointer

    init(_ reply: ModelReply) {
        cutOff = reply.finishReason.flatMap(CutOff.init)
        reasoning = reply.reasoning
        response = reply.response
    }

    /// Whether the model refuses to reply, by its server's account.
    var isRefusal: Bool {
        // Most servers write the member, as null, in every reply.
        guard response.hasText(ofMember: "refusal") else { return false }
        var parser = JSONParser()
        let message = (try? parser.parse(response))?["choices"]?.array?.first?["message"]
        return message?["refusal"]?.string?.isEmpty == false
    }

    /// Adds to the reason why a reply has no score what its completion says about it.
    ///
    /// - Parameter isEmpty: whether the reply has no text.
    func explaining(_ reason: String, isEmpty: Bool) -> String {
        guard isEmpty || cutOff == .length else { return reason }
        var parser = JSONParser()
        let body = response.isEmpty ? nil : try? parser.parse(response)
        if isEmpty, let tool = Self.calledTool(in: body) {
            return "the reply calls the tool \"\(tool.shortened)\" and has no text, and a score is read from text only "
                + "(ask a judge_model that calls no tools, or send \"tool_choice\": \"none\" in extra_body)"
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

    /// What a reply that was cut off had used its tokens for, where it had thought.
    private func spent(_ usage: JSONValue?) -> String? {
        let outputTokens = Self.count(usage?["completion_tokens"])
        let thought = Self.count(usage?["completion_tokens_details"]?["reasoning_tokens"]) ?? 0
        guard thought > 0 || reasoning != nil else { return nil }
        let share = thought > 0 ? "\(thought) of them for reasoning" : "reasoning among them"
        return outputTokens.map { "it took \($0) tokens, \(share)" }
            ?? "the model was still reasoning, or had just begun"
    }
}

extension UnsafeRawBufferPointer {
    /// Whether a member of this name, of any object in the JSON, may be a text.
    fileprivate func hasText(ofMember name: StaticString) -> Bool {
        let name = Array("\"\(name)\"".utf8)
        let quote = UInt8(ascii: "\"")
        guard count > name.count else { return false }
        var start = startIndex
        while let place = self[start...].firstIndex(of: quote), place + name.count < endIndex {
            start = place + 1
            guard self[place..<place + name.count].elementsEqual(name) else { continue }
            let value = self[(place + name.count)...].drop { $0 <= 0x20 || $0 == UInt8(ascii: ":") }
            if value.first == quote { return true }
        }
        return false
    }
}

import JSON

/// A text in OpenAI's harmony format, which gpt-oss writes and servers without a parser for it pass on: messages of the
/// form `<|start|>assistant<|channel|>NAME<|message|>TEXT`, each ended by `<|end|>`, `<|return|>` or `<|call|>`.
///
/// What stands in the channel `final` is the answer; that in `analysis` and `commentary` is thinking. A message to a
/// recipient, such as `<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}<|call|>`, calls a tool.
/// Servers that leave special tokens out of texts make `analysis…assistantfinal…` of it, which is read alike, and
/// `assistantcommentary to=functions.NAME json{…}` of a call.
struct HarmonyText: Equatable {
    var answer = ""
    /// Nil where there was none.
    var thinking: String?
    var calls: [ToolCall] = []

    private static let ends = ["<|end|>", "<|return|>", "<|call|>", "<|start|>"]

    /// - Returns: nil for a text in another format.
    init?(_ text: String) {
        if text.hasPrefix("analysis") || text.hasPrefix(Self.bareCall) {
            guard let bare = Self.read(withoutMarks: text) else { return nil }
            self = bare
            return
        }
        guard text.utf8.prefix(64).contains(UInt8(ascii: "<")), let start = text.nonBlank,
            start.hasPrefix("<|channel|>") || start.hasPrefix("<|start|>assistant")
        else { return nil }
        var answers: [String] = []
        var thoughts: [String] = []
        let parts = Self.split(text, at: "<|channel|>")
        for (before, part) in zip(parts, parts.dropFirst()) {
            let pieces = Self.split(part, at: "<|message|>")
            guard pieces.count > 1 else { continue }
            let content = Self.ends.reduce(pieces[1]) { text, end in Self.split(text, at: end)[0] }
            // The recipient stands behind the channel, or before it behind the role.
            let role = Self.split(before, at: "<|start|>").last ?? ""
            if let call = ToolCall(header: role.hasPrefix("assistant") ? role + " " + pieces[0] : pieces[0], content) {
                calls.append(call)
            } else if pieces[0].nonBlank?.hasPrefix("final") == true {
                answers.append(content)
            } else {
                thoughts.append(content)
            }
        }
        answer = answers.joined(separator: "\n\n").nonBlank ?? ""
        thinking = thoughts.joined(separator: "\n\n").nonBlank
    }

    private static let bareCall = "commentary to="

    private init() {}

    /// Reads a text whose special tokens were left out; nil for a text in another format.
    private static func read(withoutMarks text: String) -> HarmonyText? {
        // The one message after the last of these words is the answer.
        let parts = split(text, at: "assistantfinal")
        let before = parts.count > 1 ? parts.dropLast().joined(separator: "\n\n") : text
        var result = HarmonyText()
        if parts.count > 1, let last = parts.last { result.answer = last }
        let pieces = split("assistant" + before, at: "assistant" + bareCall)
        for piece in pieces.dropFirst() {
            guard let start = piece.firstIndex(of: "{") else { continue }
            // What follows the arguments is the next message.
            let arguments = split(String(piece[start...]), at: "assistantanalysis")[0]
            if let call = ToolCall(header: "to=" + piece[..<start], arguments) { result.calls.append(call) }
        }
        if parts.count == 1, result.calls.isEmpty { return nil }
        let thoughts = result.calls.isEmpty ? before : String(pieces[0].dropFirst("assistant".count))
        let start = "analysis"
        result.thinking = String(thoughts.dropFirst(thoughts.hasPrefix(start) ? start.count : 0)).nonBlank
        return result
    }

    /// The parts of a text around a mark; one at least.
    private static func split(_ text: String, at mark: String) -> [String] {
        text.split(separator: mark, omittingEmptySubsequences: false).map { String($0) }
    }
}

/// A tool that a model calls in the text of its reply.
package struct ToolCall: Equatable {
    package var name: String
    /// JSON, as far as the model writes it.
    package var arguments: String

    /// Reads `to=functions.NAME` of a message's header.
    ///
    /// - Returns: nil where the message has no recipient but the user.
    init?(header: String, _ content: String) {
        guard let range = header.firstRange(of: "to=") else { return nil }
        var recipient = header[range.upperBound...].prefix { !$0.isWhitespace && $0 != "<" }
        // Where special tokens were left out, the type of the arguments may stand at once behind the name.
        if recipient.endIndex == header.endIndex, recipient.hasSuffix("json") { recipient = recipient.dropLast(4) }
        if recipient.hasPrefix("functions.") { recipient = recipient.dropFirst("functions.".count) }
        guard !recipient.isEmpty, recipient != "user" else { return nil }
        name = String(recipient)
        arguments = content.nonBlank ?? "{}"
    }

    /// The call as `message.tool_calls` has it.
    var json: JSONValue {
        ["type": "function", "function": ["name": .string(name), "arguments": .string(arguments)]]
    }
}

/// A text in OpenAI's harmony format, which gpt-oss writes and servers without a parser for it pass on: messages of the
/// form `<|start|>assistant<|channel|>NAME<|message|>TEXT`, each ended by `<|end|>`, `<|return|>` or `<|call|>`.
///
/// What stands in the channel `final` is the answer; that in `analysis` and `commentary` is thinking. Servers that leave
/// special tokens out of texts make `analysis…assistantfinal…` of it, which is read alike.
struct HarmonyText: Equatable {
    var answer = ""
    /// Nil where there was none.
    var thinking: String?

    private static let ends = ["<|end|>", "<|return|>", "<|call|>", "<|start|>"]

    /// - Returns: nil for a text in another format.
    init?(_ text: String) {
        if text.hasPrefix("analysis") {
            // The one message after the last of these words is the answer.
            let parts = Self.split(text, at: "assistantfinal")
            guard parts.count > 1, let last = parts.last else { return nil }
            answer = last
            thinking = String(parts.dropLast().joined(separator: "\n\n").dropFirst("analysis".count)).nonBlank
            return
        }
        guard text.utf8.prefix(64).contains(UInt8(ascii: "<")), let start = text.nonBlank,
            start.hasPrefix("<|channel|>") || start.hasPrefix("<|start|>assistant")
        else { return nil }
        var answers: [String] = []
        var thoughts: [String] = []
        for part in Self.split(text, at: "<|channel|>").dropFirst() {
            let pieces = Self.split(part, at: "<|message|>")
            guard pieces.count > 1 else { continue }
            let content = Self.ends.reduce(pieces[1]) { text, end in Self.split(text, at: end)[0] }
            if pieces[0].nonBlank?.hasPrefix("final") == true {
                answers.append(content)
            } else {
                thoughts.append(content)
            }
        }
        answer = answers.joined(separator: "\n\n").nonBlank ?? ""
        thinking = thoughts.joined(separator: "\n\n").nonBlank
    }

    /// The parts of a text around a mark; one at least.
    private static func split(_ text: String, at mark: String) -> [String] {
        text.split(separator: mark, omittingEmptySubsequences: false).map { String($0) }
    }
}

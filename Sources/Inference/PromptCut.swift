import JSON

extension InferenceRequest {
    /// A prompt shorter than this, in characters, is taken to be whole.
    private static let shortPrompt = 4096

    /// The length of the prompt, in characters, if it is so long that the server can hardly have read all of it; nil if
    /// that cannot be told.
    ///
    /// A token has four characters of English, fewer of most other languages and of code. Where a server counts fewer than
    /// one for every eight, it has most likely left out a part: Ollama, for one, shortens a prompt to its context length
    /// without a word. Images and other parts without text have no such measure.
    ///
    /// - Parameter usage: what the server counted.
    func lengthOfCutPrompt(_ usage: TokenUsage) -> Int? {
        // Servers that do not count what they had cached count nothing that could be compared.
        guard usage.input > 0, usage.cachedInput == 0, operation == .chat || operation == .completion,
            body.utf8.count >= max(Self.shortPrompt, 8 * usage.input), let json = try? JSONValue(parsing: body)
        else { return nil }
        var texts: [String] = []
        for content in json["messages"]?.array?.map({ $0["content"] ?? .null }) ?? [json["prompt"] ?? .null] {
            switch content {
            case .string(let text): texts.append(text)
            case .array(let parts):
                for part in parts {
                    guard let text = part["text"]?.string else { return nil }
                    texts.append(text)
                }
            case .null: break
            default: return nil
            }
        }
        let length = texts.reduce(0) { $0 + countedCharacters($1) }
        return length >= Self.shortPrompt && length > 8 * usage.input ? length : nil
    }
}

/// The number of characters of a text, where of equal ones in a row four count: long lines and indentations are few tokens.
private func countedCharacters(_ text: String) -> Int {
    var count = 0
    var last: Unicode.Scalar?
    var repetitions = 0
    for scalar in text.unicodeScalars {
        repetitions = scalar == last ? repetitions + 1 : 0
        last = scalar
        if repetitions < 4 { count += 1 }
    }
    return count
}

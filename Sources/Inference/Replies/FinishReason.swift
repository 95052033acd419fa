/// Why a model stopped writing.
///
/// The raw values of all but `other` are those of OpenAI's chat completions, which a reply's ``InferenceReply/response``
/// has in `choices[0].finish_reason` whatever the server wrote there.
public enum FinishReason: String, Hashable, Sendable, CaseIterable {
    /// It finished, or reached a stop sequence.
    case stop
    /// It reached the token limit: the reply is cut off.
    case length
    /// A content filter cut the reply off, or left nothing of it.
    case contentFilter = "content_filter"
    /// It calls a tool.
    case toolCalls = "tool_calls"
    /// Missing or unknown; ``InferenceReply/response`` has the server's spelling.
    case other
}

extension FinishReason {
    /// Reads the reason as any server spells it: `length`, `MAX_TOKENS`, `model_length`, `SAFETY`, `end_turn`, …
    init(serverSpelling text: String) {
        var name = String(text.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
        for prefix in ["finish_reason_", "finishreason."] where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
        }
        self = Self.spellings[name] ?? .other
    }

    /// Whether a server says that it failed while it wrote the reply.
    static func isFailure(serverSpelling text: String) -> Bool {
        ["error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource"]
            .contains(text.lowercased())
    }

    /// OpenAI's own words, and those of Anthropic, Gemini, Mistral, Cohere, TGI, Bedrock, Zhipu and watsonx.
    private static let spellings: [String: FinishReason] = {
        let words: [FinishReason: [String]] = [
            .stop: [
                "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "end", "complete", "completed",
                "finished", "done", "normal",
            ],
            .length: [
                "length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length", "model_length",
                "model_context_window_exceeded", "context_length_exceeded", "token_limit", "out_of_tokens",
                "error_limit", "truncated",
            ],
            .contentFilter: [
                "content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii",
                "image_safety", "refusal", "guardrail_intervened", "error_toxic", "sensitive", "language",
            ],
            .toolCalls: ["tool_calls", "tool_call", "function_call", "tool_use"],
        ]
        return Dictionary(uniqueKeysWithValues: words.flatMap { reason, names in names.map { ($0, reason) } })
    }()
}

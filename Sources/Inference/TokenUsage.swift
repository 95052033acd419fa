import JSON

/// The tokens of a reply, as counted by the server.
public struct TokenUsage: Hashable, Sendable {
    /// Tokens of the prompt, including those from the server's cache.
    public var input: Int
    /// Tokens that the model wrote, including its thinking.
    public var output: Int
    /// The tokens of `input` that the server had cached, which often have a lower price.
    public var cachedInput: Int
    /// The tokens of `output` for thinking, if the server reports them.
    public var reasoning: Int
    /// The cost of the reply as reported by the server, in its currency; nil if it does not report it.
    public var cost: Double?

    public init(input: Int, output: Int, cachedInput: Int = 0, reasoning: Int = 0, cost: Double? = nil) {
        self.input = input
        self.output = output
        self.cachedInput = cachedInput
        self.reasoning = reasoning
        self.cost = cost
    }
}

extension TokenUsage {
    /// Reads the member `usage` of a response; nil if it does not count both sides.
    init?(of object: JSONObject) {
        // A server of embeddings counts no output.
        guard let usage = object["usage"]?.object,
            let input = count(usage["prompt_tokens"] ?? usage["input_tokens"]),
            var output = count(usage["completion_tokens"] ?? usage["output_tokens"] ?? 0)
        else { return nil }
        // Gemini and xAI leave thinking out of the completion and have it in the total.
        if let total = count(usage["total_tokens"]), total > input + output { output = total - input }
        let cached =
            count(usage["prompt_tokens_details"]?["cached_tokens"])
            ?? count(usage["input_tokens_details"]?["cached_tokens"])
            // DeepSeek, Moonshot.
            ?? count(usage["prompt_cache_hit_tokens"]) ?? count(usage["cached_tokens"]) ?? 0
        let reasoning =
            count(usage["completion_tokens_details"]?["reasoning_tokens"])
            ?? count(usage["output_tokens_details"]?["reasoning_tokens"]) ?? count(usage["reasoning_tokens"]) ?? 0
        // OpenRouter has a number, Perplexity an object.
        let cost = (usage["cost"]?["total_cost"] ?? usage["cost"])?.number?.double
        self.init(
            input: input, output: output, cachedInput: min(cached, input), reasoning: min(reasoning, output),
            cost: cost.flatMap { $0 >= 0 && $0.isFinite ? $0 : nil })
    }
}

/// A number of tokens, as far as it can be one: counts that no model can have reached say nothing.
private func count(_ value: JSONValue?) -> Int? {
    value?.number?.int.flatMap { (0...1_000_000_000).contains($0) ? $0 : nil }
}

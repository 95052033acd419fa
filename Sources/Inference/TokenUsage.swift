import JSON

/// How many tokens an answer took, as the server counted them.
public struct TokenUsage: Hashable, Sendable {
    /// Tokens of the prompt, those from the server's cache among them.
    public var input: Int
    /// Tokens that the model wrote, its thinking among them.
    public var output: Int
    /// How many tokens of `input` the server had cached, which many servers sell at a lower price.
    public var cachedInput: Int
    /// How many tokens of `output` were thinking, as far as the server says so.
    public var reasoning: Int
    /// What the answer cost by the server's own account, in its currency; nil where it does not say.
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
    /// Reads the member `usage` of a response; nil where it does not count both sides.
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

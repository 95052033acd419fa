package import Inference
package import JSON

extension ModelUsage {
    /// `{"requests": …, "answered": …, "cached": …, …}`, with "cost" where all models have prices.
    package var json: JSONValue {
        var json: JSONObject = [
            "requests": JSONValue(requests),
            "answered": JSONValue(answered),
            "cached": JSONValue(cached),
            "failed": JSONValue(failed),
            "not_asked": JSONValue(notAsked),
            "input_tokens": JSONValue(inputTokens),
            "output_tokens": JSONValue(outputTokens),
            "answers_without_usage": JSONValue(answersWithoutUsage),
        ]
        if cutPrompts > 0 { json["prompts_cut"] = JSONValue(cutPrompts) }
        if let cost { json["cost"] = JSONValue(cost) }
        return .object(json)
    }
}

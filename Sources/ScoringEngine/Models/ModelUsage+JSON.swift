package import Inference
package import JSON

extension ModelUsage {
    /// `{"requests": …, "answered": …, "cached": …, …}`, "batched" if replies came in batches, with "batch_price_factors", the
    /// fractions of the full price at which such replies were charged, "cost" if all models have prices, "estimated_cost" if
    /// servers have not confirmed a part of it, "refusals" if models refused, and "adaptations" if requests were changed:
    /// `[{"model": …, "parameter": …, "replacement": …}]`.
    package var json: JSONValue {
        var json: JSONObject = [
            "requests": JSONValue(requests),
            "answered": JSONValue(answered),
            "cached": JSONValue(cached),
            "failed": JSONValue(failed),
            "not_asked": JSONValue(notAsked),
            "input_tokens": JSONValue(inputTokens),
            "output_tokens": JSONValue(outputTokens),
            "cached_input_tokens": JSONValue(cachedInputTokens),
            "reasoning_tokens": JSONValue(reasoningTokens),
            "answers_without_usage": JSONValue(answersWithoutUsage),
        ]
        if batched > 0 { json["batched"] = JSONValue(batched) }
        if !batchPriceFactors.isEmpty {
            json["batch_price_factors"] = .array(batchPriceFactors.sorted().map { JSONValue($0) })
        }
        if refusals > 0 { json["refusals"] = JSONValue(refusals) }
        if cutPrompts > 0 { json["prompts_cut"] = JSONValue(cutPrompts) }
        if let cost { json["cost"] = JSONValue(cost) }
        if cost != nil, estimatedCost > 0 { json["estimated_cost"] = JSONValue(estimatedCost) }
        if !adaptations.isEmpty {
            json["adaptations"] = .array(
                adaptations.sorted().map { adaptation in
                    [
                        "model": .string(adaptation.model), "parameter": .string(adaptation.parameter),
                        "replacement": adaptation.replacement.map { JSONValue.string($0) } ?? .null,
                    ]
                })
        }
        return .object(json)
    }
}

import JSON
import ScoringCore
import ScoringEngine

/// The requests that a run would send, as text.
struct DryRunText {
    private let dryRun: DryRun

    init(_ dryRun: DryRun) {
        self.dryRun = dryRun
    }

    var text: String {
        var lines: [String] = []
        for (function, estimate) in dryRun.estimates.sorted(by: { $0.key < $1.key }) {
            lines += [function] + block(of: estimate).map { "  " + $0 } + [""]
        }
        if lines.isEmpty { return "No request would be sent.\n" }
        // A long schema is shown with the first request that has it.
        var shown: [JSONValue: Int] = [:]
        for (index, prompt) in dryRun.prompts.enumerated() {
            lines.append("Request \(index + 1) of \(prompt.function), to \(prompt.model):")
            let text = text(of: prompt.body, number: index + 1, &shown)
            lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    private func block(of estimate: DryRun.Estimate) -> [String] {
        var requests = counted(estimate.requests, "request")
        if estimate.cached > 0 { requests += ", \(grouped(estimate.cached)) of them answered from the cache" }
        var tokens = "about \(grouped(estimate.inputTokens)) input tokens"
        if let output = estimate.maxOutputTokens {
            tokens += ", at most \(grouped(output)) output tokens"
        } else {
            tokens += "; output tokens are not limited (max_tokens)"
        }
        let cost = estimate.maxCost.map { "cost at most \(money($0))" + (dryRun.isInBatches ? " in batches" : "") }
        return [requests, tokens] + (cost.map { [$0] } ?? [])
    }

    /// The messages as text, and the rest of the request as JSON.
    private func text(of body: JSONValue, number: Int, _ shown: inout [JSONValue: Int]) -> String {
        guard var rest = body.object, let messages = rest["messages"]?.array else { return body.prettyText }
        rest["messages"] = nil
        var lines = messages.map { message in
            let content = message["content"] ?? .null
            return "[\(message["role"]?.string ?? "message")]\n\(content.string ?? content.text)"
        }
        if rest.isEmpty { return lines.joined(separator: "\n") }
        let parameters = JSONValue.object(rest)
        if let first = shown[parameters] {
            lines.append("with the parameters of request \(first)")
        } else {
            shown[parameters] = number
            lines.append(parameters.text)
        }
        return lines.joined(separator: "\n")
    }
}

import JSON
import ScoringEngine

/// What a run would ask, for people to read.
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
        if lines.isEmpty { return "No request would be made.\n" }
        for (index, prompt) in dryRun.prompts.enumerated() {
            lines.append("Request \(index + 1) of \(prompt.function), to \(prompt.model):")
            lines += text(of: prompt.body).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    private func block(of estimate: DryRun.Estimate) -> [String] {
        var requests = counted(estimate.requests, "request")
        if estimate.cached > 0 { requests += ", \(grouped(estimate.cached)) of them answered by the cache" }
        var tokens = "about \(grouped(estimate.inputTokens)) tokens in"
        if let output = estimate.maxOutputTokens {
            tokens += ", at most \(grouped(output)) out"
        } else {
            tokens += "; tokens out are not limited (max_tokens)"
        }
        let cost = estimate.maxCost.map { "cost at most \(money($0))" }
        return [requests, tokens] + (cost.map { [$0] } ?? [])
    }

    /// The messages as they would be read, and the rest of the request as JSON.
    private func text(of body: JSONValue) -> String {
        guard var rest = body.object, let messages = rest["messages"]?.array else { return body.prettyText }
        rest["messages"] = nil
        var lines = messages.map { message in
            let content = message["content"] ?? .null
            return "[\(message["role"]?.string ?? "message")]\n\(printable(content.string ?? content.text))"
        }
        if !rest.isEmpty { lines.append(JSONValue.object(rest).text) }
        return lines.joined(separator: "\n")
    }

    /// The text without the control characters that a terminal would obey.
    private func printable(_ text: String) -> String {
        var printable = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            printable.unicodeScalars.append(isControl && scalar != "\n" && scalar != "\t" ? "\u{FFFD}" : scalar)
        }
        return printable
    }
}

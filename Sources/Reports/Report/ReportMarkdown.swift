import JSON
import Runs
import ScoringCore

extension Report {
    /// The first part of the report for a pull request or the summary of a workflow: below 60 kB, without texts of rows.
    public var markdown: String {
        var lines: [String] = []
        let unmet = requirements.filter { !$0.isMet }
        lines += unmet.map { "- **not met: \(markdownText($0.text))**" }
        if !unmet.isEmpty { lines.append("") }
        if summaries.count > 1 {
            return lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n") + comparisonMarkdown
        }
        let summary = summaries[0]
        if let status = run.manifest?["status"]?.string, status != "complete" {
            lines += ["**The run is \(markdownText(status)); its rows are a selection.**", ""]
        }
        lines += ["### \(markdownText(ComparisonView.shortened(name(of: run), to: 100)))", ""]
        lines += ["\(counted(summary.rows, "row")).", ""]
        lines += ["| | value | 95% interval | scored | if every row had been scored |", "|---|---:|---|---:|---|"]
        var left = 0
        for (index, function) in run.functions.enumerated() {
            if index >= Self.functionLimit {
                left += 1
                continue
            }
            let view = NumbersView.view([NumbersView.Function(function, aggregates(summary, index))])
            for line in view["numbers"] as? [View] ?? [] {
                func cell(_ name: String) -> String { markdownText(line[name] as? String ?? "") }
                let name = "\(markdownText(ComparisonView.shortened(function, to: 100))) \(cell("label"))"
                lines.append(
                    "| \(name) | \(cell("value")) | \(cell("ends")) | \(cell("scored")) | \(cell("bounds")) |")
            }
        }
        if left > 0 { lines += ["", "\(counted(left, "more function")) are left out."] }
        let unscored = summary.functions.enumerated().filter { $0.element.counts.unscored > 0 }.prefix(20)
        if !unscored.isEmpty { lines += ["", "Not scored:", ""] }
        for (index, function) in unscored {
            let outcomes = RowOutcome.allCases.filter { $0 != .scored && function.counts[$0] > 0 }.map {
                "\(grouped(function.counts[$0])) \(markdownText($0.name))"
            }
            let name = markdownText(ComparisonView.shortened(run.functions[index], to: 100))
            lines.append("- \(name): \(outcomes.joined(separator: ", "))")
        }
        lines += requirements.filter(\.isMet).prefix(20).map { "- met: \(markdownText($0.text))" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let functionLimit = 100
}

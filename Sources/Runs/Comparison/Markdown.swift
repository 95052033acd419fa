import ScoringCore
import Statistics

/// A text of the data as part of a Markdown table or line: it stays a text.
package func markdownText(_ text: String) -> String {
    var escaped = ""
    let scalars = Array(text.unicodeScalars)
    for (index, character) in scalars.enumerated() {
        switch character {
        case "\n", "\r", "\t": escaped += " "
        case "|", "`", "*", "_", "[", "]", "\\", "#", "~": escaped += "\\\(character)"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "&": escaped += "&amp;"
        // An address or a name would become a link, or notify somebody.
        case "@": escaped += "&#64;"
        case ":" where scalars[index...].dropFirst().first == "/": escaped += "&#58;"
        case "." where index >= 3 && scalars[index - 3..<index].allSatisfy { $0 == "w" || $0 == "W" }:
            escaped += "&#46;"
        default: escaped.unicodeScalars.append(character)
        }
    }
    return escaped
}

extension Comparison {
    /// The comparison for a pull request or a summary of a workflow: below 60 kB, without texts of answers.
    public var markdown: String {
        var lines = [
            "### \(markdownText(runs[1].name)) against \(markdownText(runs[0].name))", "",
            "\(grouped(pairing.matched)) pairs by \(markdownText(pairing.key?.joined(separator: ", ") ?? "row number")).",
            "",
        ]
        for refusal in refusals { lines += ["**Not compared:** \(markdownText(refusal.description))", ""] }
        if !functions.isEmpty {
            lines += [
                "| | A | B | B − A | \(percent(level)) interval | p | better | worse | |",
                "|---|---:|---:|---:|---:|---:|---:|---:|---|",
            ]
            for function in functions {
                for aggregation in function.aggregations {
                    lines.append(
                        line("\(markdownText(function.identifier)) \(markdownText(aggregation.name))", aggregation))
                }
                for slice in function.slices.prefix(20) {
                    lines.append(
                        line("– \(markdownText(shortened("\(slice.column) \(slice.value)")))", slice.aggregation))
                }
            }
            lines.append("")
        }
        for function in functions where !function.regressions.isEmpty {
            lines += ["<details><summary>Worse in \(markdownText(function.identifier))</summary>", ""]
            for row in function.regressions.prefix(20) {
                lines.append(
                    "- row \(row.row): \(plain(row.a)) → \(plain(row.b)) \(markdownText(shortened(row.text ?? "", to: 100)))"
                )
            }
            lines += ["", "</details>", ""]
        }
        for warning in warnings.prefix(20) {
            lines.append("- warning: \(markdownText(shortened(warning.message, to: 400)))")
        }
        for note in notes.prefix(20) { lines.append("- note: \(markdownText(shortened(note, to: 400)))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(_ name: String, _ aggregation: Aggregation) -> String {
        let difference = aggregation.difference
        let interval = difference.interval.map { "\(signed($0.lower)) … \(signed($0.upper))" } ?? ""
        let cells = [
            name, aggregation.a.value.map(fixed) ?? "", aggregation.b.value.map(fixed) ?? "",
            difference.difference.map(signed) ?? "", interval, markdownText(pText(aggregation.pAdjusted)),
            grouped(aggregation.better), grouped(aggregation.worse), aggregation.verdict.text,
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }
}

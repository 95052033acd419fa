import Evaluation
import ScoringCore

/// A summary of the generation, as text.
struct GenerationSummary {
    let text: String

    init(_ counts: GenerationCounts, of candidate: String) {
        var lines = [candidate]
        let total = counts.generated + counts.failed
        var rows = "  \(grouped(counts.generated)) of \(grouped(total)) rows answered"
        if counts.samples > 1 {
            rows =
                "  \(grouped(total / counts.samples)) rows, \(counts.samples) samples of each: "
                + "\(grouped(counts.generated)) of \(grouped(total)) answered"
        }
        if counts.truncated > 0 { rows += "; \(grouped(counts.truncated)) cut off at the length limit" }
        if counts.withoutAnswer > 0 {
            rows += "; answer_regexes found no answer in \(grouped(counts.withoutAnswer))"
        }
        lines.append(rows)
        lines.append("  " + ResultsTable.spending(of: counts.usage))
        text = lines.joined(separator: "\n") + "\n\n"
    }
}

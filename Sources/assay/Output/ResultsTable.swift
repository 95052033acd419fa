import Inference
import JSON
import ScoringCore
import ScoringDefinitions
import ScoringEngine

/// Results for people to read.
struct ResultsTable {
    private let results: ScoringResults

    init(_ results: ScoringResults) {
        self.results = results
    }

    var text: String {
        var lines: [String] = []
        for result in results.functions { lines += block(of: result) + [""] }
        if let usage = results.usage, results.functions.count(where: { $0.usage != nil }) > 1 {
            lines += ["All models", "  " + Self.spending(of: usage), ""]
        }
        if !results.unscored.isEmpty {
            lines.append("First rows without a score:")
            lines += unscoredRows
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    /// A line for each row and reason, with the functions that have no score for it.
    private var unscoredRows: [String] {
        var entries: [(row: UnscoredRow, functions: [String])] = []
        for row in results.unscored {
            let place = entries.firstIndex { entry in
                (entry.row.row, entry.row.outcome, entry.row.reason) == (row.row, row.outcome, row.reason)
            }
            if let place {
                entries[place].functions.append(row.function)
            } else {
                entries.append((row, [row.function]))
            }
        }
        return entries.map { row, functions in
            let names = functions.joined(separator: " and ")
            return "  row \(row.row), \(names), \(row.outcome.name): \(oneLine(row.reason))"
        }
    }

    private func block(of result: FunctionResult) -> [String] {
        let counts = result.aggregates.counts
        var rows = "\(grouped(counts.scored)) of \(grouped(counts.total)) rows scored"
        let others = RowOutcome.allCases.filter { $0 != .scored && counts[$0] > 0 }
        if !others.isEmpty {
            rows += "; not scored: " + others.map { "\($0.name) \(grouped(counts[$0]))" }.joined(separator: ", ")
        }
        if result.aggregates.nonNumeric > 0
            && result.function.aggregationFunctions.contains(where: { $0 != .categoricalCount })
        {
            rows += "; \(grouped(result.aggregates.nonNumeric)) scores are no numbers"
        }
        var table: [(name: String, value: String)] = []
        for entry in result.aggregates.entries {
            table += values(of: entry)
        }
        let width = table.map(\.name.count).max() ?? 0
        let values = table.map { name, value in
            value.isEmpty ? "  \(name)" : "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)"
        }
        let usage = result.usage.map { ["  " + Self.spending(of: $0)] } ?? []
        return [result.function.identifier, "  " + rows] + values + usage + result.groups.flatMap(block(of:))
    }

    /// The results for each value of a column, a line each.
    private func block(of groups: ResultGroups) -> [String] {
        let names = groups.groups.first?.aggregates.entries.map(\.function.rawValue) ?? []
        var table = [["by \(oneLine(groups.column, limit: 60))", "rows"] + names]
        for group in groups.groups {
            let counts = group.aggregates.counts
            let rows =
                counts.unscored == 0
                ? grouped(counts.total) : "\(grouped(counts.scored)) of \(grouped(counts.total))"
            let values = group.aggregates.entries.map(shortText(of:))
            table.append(["  " + name(of: group.value), rows] + values)
        }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            // Without what pads the last cell.
            let end = String(repeating: " ", count: (widths.last ?? 0) - (cells.last?.count ?? 0))
            return String(("  " + padded.joined(separator: "  ")).dropLast(end.count))
        }
    }

    /// A value on one line: the counts of categories one after the other.
    private func shortText(of entry: AggregateResult.Entry) -> String {
        guard case .categoricalCount(let categories) = entry.value else { return values(of: entry)[0].1 }
        return categories.map { "\(oneLine($0.name, limit: 40)) \(grouped($0.count))" }.joined(separator: ", ")
    }

    private func name(of value: ResultGroup.Value) -> String {
        switch value {
        case .value(.string(let text)): oneLine(text, limit: 60).visible
        case .value(let other): oneLine(other.text, limit: 60).visible
        case .missing: "(no value)"
        case .rest: "(other values)"
        }
    }

    /// What models were asked, and what that took.
    static func spending(of usage: ModelUsage) -> String {
        var parts = ["\(counted(usage.requests, "request"))"]
        if usage.cached > 0 { parts.append("\(counted(usage.cached, "answer")) from the cache") }
        if usage.requests > 0 {
            var tokens = "\(grouped(usage.inputTokens)) tokens in, \(grouped(usage.outputTokens)) out"
            if usage.answersWithoutUsage > 0 {
                tokens += " (\(counted(usage.answersWithoutUsage, "answer")) did not say)"
            }
            parts.append(tokens)
        }
        if usage.cachedInputTokens > 0 { parts.append("\(grouped(usage.cachedInputTokens)) of the input cached") }
        if usage.reasoningTokens > 0 { parts.append("\(grouped(usage.reasoningTokens)) of the output reasoning") }
        parts += usage.adaptations.sorted().map { "\($0.sentence), as its server refuses it" }
        if usage.refusals > 0 { parts.append(counted(usage.refusals, "refusal")) }
        if usage.cutPrompts > 0 {
            parts.append("\(counted(usage.cutPrompts, "prompt")) most likely cut off by the server")
        }
        if let cost = usage.cost, usage.requests > 0 {
            let estimate = usage.estimatedCost > 0 ? " (\(money(usage.estimatedCost)) of it estimated)" : ""
            parts.append("cost \(money(cost))\(estimate)")
        }
        return "models: " + parts.joined(separator: "; ")
    }

    private func values(of entry: AggregateResult.Entry) -> [(String, String)] {
        let name = entry.function.rawValue
        var value: String
        switch entry.value {
        case nil: value = "nothing to work on"
        case .accuracy(let accuracy, let correct, let total):
            value = shortened(accuracy)
            if let error = entry.standardError { value += " ± \(shortened(error))" }
            let right = Int(exactly: correct).map(grouped) ?? shortened(correct)
            value += "  (\(right) of \(grouped(total)))"
        case .average(let average), .weightedAverage(let average), .median(let average):
            value = shortened(average)
            if let error = entry.standardError { value += " ± \(shortened(error))" }
        case .categoricalCount(let categories):
            return [(name, "")]
                + categories.map { category in
                    let bounds =
                        category.bounds.map { " (\(grouped($0.lowerBound)) to \(grouped($0.upperBound)))" } ?? ""
                    return ("  \(oneLine(category.name))", grouped(category.count) + bounds)
                }
        }
        if let bounds = entry.bounds {
            value +=
                "  between \(shortened(bounds.lowerBound)) and \(shortened(bounds.upperBound)) had all rows been scored"
        }
        return [(name, value)]
    }
}

/// Four decimal places, which are enough for a reader; the JSON has all. What they would hide is written in full.
func shortened(_ value: Double) -> String {
    let scaled = (value * 10_000).rounded() / 10_000
    return abs(value) < 1e9 && (scaled != 0 || value == 0) ? scaled.description : value.description
}

/// "1 request", "2,638 requests".
func counted(_ count: Int, _ noun: String) -> String {
    "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")"
}

/// An amount, to a hundredth of a cent.
func money(_ amount: Double) -> String {
    let text = "\((amount * 10_000).rounded() / 10_000)"
    return amount > 0 && amount < 0.0001 ? "below 0.0001" : text
}

/// A text of the dataset as part of a line: line ends and tabs become spaces, a long one is cut.
func oneLine(_ text: String, limit: Int = 200) -> String {
    var line = ""
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == limit { return line + "…" }
        line.unicodeScalars.append(["\n", "\r", "\t"].contains(scalar) ? " " : scalar)
    }
    return line
}

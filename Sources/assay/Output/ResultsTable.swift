import Inference
import JSON
import ScoringCore
import ScoringDefinitions
import ScoringEngine
import Statistics

/// The results as a table.
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

    /// One line for each row and reason, with the functions without a score.
    var unscoredRows: [String] {
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
            let parts = others.map { "\(grouped(counts[$0])) \($0.name)" }.joined(separator: ", ")
            rows += "; \(counted(counts.unscored, "row")) not scored (\(parts))"
        }
        if result.aggregates.nonNumeric > 0
            && result.function.aggregationFunctions.contains(where: { $0 != .categoricalCount })
        {
            rows += "; \(grouped(result.aggregates.nonNumeric)) scores are not numbers"
        }
        var table: [(name: String, value: String)] = []
        for entry in result.aggregates.entries {
            table += values(of: entry, in: result.aggregates)
        }
        table += passes(of: result.aggregates.samples)
        if let position = result.position { table += self.rows(of: position) }
        if let text = result.calibrationText { table.append(("judge", text)) }
        let width = table.map(\.name.count).max() ?? 0
        let values = table.map { name, value in
            value.isEmpty ? "  \(name)" : "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)"
        }
        let usage = result.usage.map { ["  " + Self.spending(of: $0)] } ?? []
        return [result.function.identifier, "  " + rows] + values + usage + result.groups.flatMap(block(of:))
    }

    /// The results for each value of a column, one line each.
    private func block(of groups: ResultGroups) -> [String] {
        let names = groups.groups.first?.aggregates.entries.map(\.function.rawValue) ?? []
        var table = [["by \(oneLine(groups.column, limit: 60))", "rows"] + names]
        for group in groups.groups {
            let counts = group.aggregates.counts
            let rows =
                counts.unscored == 0
                ? grouped(counts.total) : "\(grouped(counts.scored)) of \(grouped(counts.total))"
            let values = group.aggregates.entries.map { shortText(of: $0, in: group.aggregates) }
            table.append(["  " + name(of: group.value), rows] + values)
        }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            // Without the padding of the last cell.
            let end = String(repeating: " ", count: (widths.last ?? 0) - (cells.last?.count ?? 0))
            return String(("  " + padded.joined(separator: "  ")).dropLast(end.count))
        }
    }

    /// A value on one line: the counts of categories one after the other.
    private func shortText(of entry: AggregateResult.Entry, in aggregates: AggregateResult) -> String {
        if case .corpus(let own) = entry.value { return own.number.map(shortened) ?? oneLine(own.json) }
        guard case .categoricalCount(let categories) = entry.value else {
            return values(of: entry, in: aggregates)[0].1
        }
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

    /// The requests to models, and their tokens and cost.
    static func spending(of usage: ModelUsage) -> String {
        var parts = ["\(counted(usage.requests, "request"))"]
        if usage.batched > 0 { parts.append("\(counted(usage.batched, "reply", plural: "replies")) from batches") }
        if usage.cached > 0 { parts.append("\(grouped(usage.cached)) from the cache") }
        if usage.requests > 0 {
            var tokens = "\(grouped(usage.inputTokens)) input tokens, \(grouped(usage.outputTokens)) output tokens"
            if usage.answersWithoutUsage > 0 {
                tokens += " (\(counted(usage.answersWithoutUsage, "reply", plural: "replies")) without a token count)"
            }
            parts.append(tokens)
        }
        if usage.cachedInputTokens > 0 {
            parts.append("\(grouped(usage.cachedInputTokens)) input tokens cached by the server")
        }
        if usage.reasoningTokens > 0 { parts.append("\(grouped(usage.reasoningTokens)) output tokens for reasoning") }
        parts += usage.adaptations.sorted().map { "\($0.sentence), because its server refuses it" }
        if usage.refusals > 0 { parts.append(counted(usage.refusals, "refusal")) }
        if usage.cutPrompts > 0 {
            parts.append("\(counted(usage.cutPrompts, "prompt")) probably cut off by the server")
        }
        if let cost = usage.cost, usage.requests > 0 {
            let estimate = usage.estimatedCost > 0 ? " (\(money(usage.estimatedCost)) of it estimated)" : ""
            parts.append("cost \(money(cost))\(estimate)")
        }
        return "models: " + parts.joined(separator: "; ")
    }

    private func error(of entry: AggregateResult.Entry, _ scores: Int) -> String {
        guard let error = entry.standardError, Self.shows(error, of: entry.clusters ?? scores) else { return "" }
        return " ± \(shortened(error))"
    }

    /// Whether a standard error is shown. Of few scores it is too uncertain itself, and 0 of equal ones is misleading.
    static func shows(_ standardError: Double, of scores: Int) -> Bool { standardError > 0 && scores >= fewScores }

    private static let fewScores = 10

    private func text(of interval: Interval) -> String {
        "95% interval \(shortened(interval.lower)) … \(shortened(interval.upper))"
    }

    /// How often a judge's verdict changes with the order of two answers.
    private func rows(of position: PositionBias) -> [(name: String, value: String)] {
        let (rate, wins) = (position.flipRate(), position.winRate())
        func value(_ estimate: Estimate) -> String {
            (estimate.value.map(shortened) ?? "nothing to work on")
                + (estimate.interval.map { "  \(text(of: $0))" } ?? "")
        }
        var flips =
            value(rate) + "  (\(grouped(position.flips)) of \(counted(position.pairs, "pair")); first place won "
        flips += "\(grouped(position.firstWins)), second \(grouped(position.secondWins)))"
        return [("A wins", value(wins) + "  (a tie is half a win)"), ("flips", flips)]
    }

    /// A line for each number of samples.
    private func passes(of samples: AggregateResult.Samples?) -> [(name: String, value: String)] {
        guard let samples, samples.most > 1 else { return [] }
        func line(_ name: String, _ estimate: Estimate, _ pass: AggregateResult.Passes) -> (String, String) {
            var text = estimate.value.map(shortened) ?? "nothing to work on"
            if let interval = estimate.interval { text += "  \(self.text(of: interval))" }
            if pass.leftOut > 0 { text += "; left out: \(counted(pass.leftOut, "question")) with fewer samples" }
            return ("\(name)\(pass.k)", text)
        }
        return samples.passes.map { line("pass@", $0.anyPasses, $0) }
            + samples.passes.dropFirst().map { line("pass^", $0.allPass, $0) }
    }

    private func values(of entry: AggregateResult.Entry, in aggregates: AggregateResult) -> [(String, String)] {
        let samples = aggregates.samples
        let name = entry.function.rawValue
        var value: String
        switch entry.value {
        case nil: value = "no scores"
        case .accuracy(let accuracy, let correct, let total):
            value = shortened(accuracy) + error(of: entry, total)
            let right = Int(exactly: correct).map(grouped) ?? shortened(correct)
            value += "  (\(right) of \(grouped(total)))"
        case .average(let average), .weightedAverage(let average), .median(let average):
            value = shortened(average) + error(of: entry, aggregates.counts.scored)
        case .corpus: value = ""
        case .categoricalCount(let categories):
            return [(name, "")]
                + categories.map { category in
                    let bounds =
                        category.bounds.map { " (\(grouped($0.lowerBound)) to \(grouped($0.upperBound)))" } ?? ""
                    return ("  \(oneLine(category.name))", grouped(category.count) + bounds)
                }
        }
        if case .corpus(let own) = entry.value { return CorpusValueText(name, own).lines }
        if let interval = entry.interval {
            value += "  \(text(of: interval))"
            if let clusters = entry.clusters {
                value += ", \(counted(clusters, clusters == samples?.questions ? "question" : "cluster"))"
            }
        }
        if let bounds = entry.bounds {
            value +=
                "  if every row had been scored: \(shortened(bounds.lowerBound)) to \(shortened(bounds.upperBound))"
        }
        return [(name, value)]
    }
}

/// Four decimal places, which are enough for reading; the JSON has them all. A value that would look like 0 is written in
/// full.
func shortened(_ value: Double) -> String {
    let scaled = (value * 10_000).rounded() / 10_000
    return abs(value) < 1e9 && (scaled != 0 || value == 0) ? scaled.description : value.description
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

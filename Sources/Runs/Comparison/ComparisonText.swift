import JSON
import ScoringCore
import Statistics

extension Comparison {
    /// The comparison for people to read: a table for the terminal.
    public var text: String {
        var lines = heading
        for refusal in refusals { lines.append("not compared: \(refusal)") }
        if !functions.isEmpty {
            lines += [""] + table
            lines += [""] + closing
        }
        for function in functions { lines += regressionLines(function) }
        for warning in warnings { lines.append("warning: \(warning.message)") }
        for note in notes { lines.append("note: \(note)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private var heading: [String] {
        let width = runs.map(\.path.count).max() ?? 0
        var lines = zip(["A", "B"], runs).map { letter, run in
            "\(letter)  \(run.path.padded(to: width))  \(run.name)".trimmedAtEnd
        }
        lines.append(pairingText)
        return lines
    }

    private var pairingText: String {
        var text = "\(grouped(pairing.matched)) pairs by \(pairing.key?.joined(separator: ",") ?? "row number")"
        if pairing.onlyInA + pairing.onlyInB > 0 {
            text += "; \(grouped(pairing.onlyInA)) rows only in A, \(grouped(pairing.onlyInB)) only in B"
        } else {
            text += "; every row is in both runs"
        }
        let unscored = functions.filter { $0.unscoredInA + $0.unscoredInB + $0.unscoredInBoth > 0 }
        if unscored.isEmpty, !functions.isEmpty { text += " and scored" }
        return text
    }

    /// The cells of the table: a line for each aggregation, after one with the function's name.
    private var table: [String] {
        var rows: [[String]] = [["", "A", "B", "B − A", "\(percent(level)) interval", "p", "better", "worse", ""]]
        var titles: [Int: String] = [:]
        for function in functions {
            titles[rows.count] = function.identifier
            rows += function.aggregations.map { cells($0.name, $0) }
            var column: String?
            for slice in function.slices {
                if slice.column != column { titles[rows.count] = "  by \(shortened(slice.column))" }
                column = slice.column
                rows.append(cells("  " + shortened(slice.value, to: 40), slice.aggregation))
            }
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (index, row) in rows.enumerated() {
            if let title = titles[index] { lines.append(title) }
            var line = "  " + row[0].padded(to: widths[0])
            for column in 1..<row.count - 1 { line += "  " + row[column].paddedLeft(to: widths[column]) }
            lines.append((line + "  " + (row.last ?? "")).trimmedAtEnd)
        }
        return lines
    }

    private func cells(_ name: String, _ aggregation: Aggregation) -> [String] {
        let difference = aggregation.difference
        if aggregation.categories != nil {
            return [
                name, "", "", "", "", pText(aggregation.pAdjusted), "", "",
                "\(grouped(aggregation.equal)) of \(grouped(aggregation.pairs)) the same; " + aggregation.verdict.text,
            ]
        }
        return [
            name, aggregation.a.value.map(fixed) ?? "–", aggregation.b.value.map(fixed) ?? "–",
            difference.difference.map(signed) ?? "–",
            difference.interval.map { "\(signed($0.lower)) … \(signed($0.upper))" } ?? "–",
            pText(aggregation.pAdjusted),
            grouped(aggregation.better), grouped(aggregation.worse), aggregation.verdict.text,
        ]
    }

    /// What the numbers are, and what they could have shown.
    private var closing: [String] {
        var lines: [String] = []
        let used = functions.flatMap(\.aggregations).compactMap(\.difference.test)
        var names: [String] = []
        for name in used.map(\.text) where !names.contains(name) { names.append(name) }
        if !names.isEmpty {
            let family =
                tests == 1
                ? ""
                : adjustment == .none
                    ? ", not adjusted for \(tests) tests" : ", for \(tests) tests (\(adjustment.text))"
            lines.append("p by \(names.joined(separator: " and "))\(family).")
        }
        for function in functions {
            for aggregation in function.aggregations {
                if let smallest = aggregation.minimumDetectable {
                    lines.append(
                        "\(function.identifier) \(aggregation.name): \(grouped(aggregation.pairs)) pairs detect differences of "
                            + "\(fixed(smallest)) or more \(oftenText(power))." + needed(aggregation))
                }
                if let bounds = aggregation.bounds {
                    lines.append(
                        "\(function.identifier) \(aggregation.name): if every row had been scored, the difference would lie "
                            + "between \(signed(bounds.lowerBound)) and \(signed(bounds.upperBound)).")
                }
            }
        }
        return lines
    }

    private func needed(_ aggregation: Aggregation) -> String {
        guard [.noDifference, .tooFew].contains(aggregation.verdict), let pairs = aggregation.pairsNeeded,
            pairs > aggregation.pairs, let difference = aggregation.difference.difference
        else { return "" }
        return " To detect a difference of \(fixed(difference.magnitude)), about \(grouped(pairs)) are needed."
    }

    private func regressionLines(_ function: Function) -> [String] {
        let worse = function.aggregations.first?.worse ?? 0
        guard worse > 0, !function.regressions.isEmpty else { return [] }
        let count = worse == 1 ? "1 row" : "\(grouped(worse)) rows"
        let hint =
            worse > function.regressions.count ? " (--regressions N lists more, --output FILE all), the first" : ""
        return ["", "Worse in \(function.identifier): \(count)\(hint):"]
            + function.regressions.map { row in
                let text = row.text.map { "   \"\(shortened($0, to: 50))\"" } ?? ""
                return "  row \(row.row)   \(plain(row.a)) → \(plain(row.b))\(text)"
            }
    }
}

extension PairedResult.Test {
    /// As a sentence has it.
    var text: String {
        switch self {
        case .mcNemar: "McNemar's test (mid-p)"
        case .mcNemarExact: "McNemar's exact test"
        case .signFlips: "sign flips (mid-p)"
        case .pairedT: "the paired t test"
        case .clusteredFlips: "sign flips of clusters (mid-p)"
        case .clusteredT: "the paired t test of clusters"
        case .permutation: "sampled sign flips"
        case .wilcoxon: "Wilcoxon's signed-rank test"
        case .bootstrap: "the bootstrap interval"
        }
    }
}

extension Adjustment {
    var text: String {
        switch self {
        case .holm: "Holm"
        case .bh: "Benjamini–Hochberg"
        case .none: "none"
        }
    }
}

// MARK: Numbers

/// Four decimal places.
func fixed(_ value: Double) -> String {
    guard value.magnitude < 1e9 else { return "\(value)" }
    let units = Int((value.magnitude * 10_000).rounded())
    if units == 0 && value != 0 { return value < 0 ? "−0.0000" : "0.0000" }
    let fraction = String(units % 10_000)
    return (value < 0 ? "−" : "") + "\(units / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
}

/// Four decimal places with a sign.
func signed(_ value: Double) -> String { value > 0 ? "+" + fixed(value) : fixed(value) }

/// A score as it is, without a fraction that is 0.
func plain(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
}

func pText(_ p: Double?) -> String {
    guard let p else { return "–" }
    return p < 0.0001 ? "<0.0001" : p < 0.1 ? String(fixed(p).prefix(6)) : String(fixed(p).prefix(5))
}

/// How often something happens, in words.
func oftenText(_ share: Double) -> String {
    share == 0.8 ? "4 times in 5" : "in \(percent(share)) of cases"
}

func percent(_ level: Double) -> String {
    let value = (level * 1000).rounded() / 10
    return value == value.rounded() ? "\(Int(value))%" : "\(value)%"
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    func paddedLeft(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }

    var trimmedAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

public import JSON
import ScoringCore
import Statistics

extension Ranking {
    /// The comparison for people to read: tables for the terminal.
    public var text: String {
        let width = runs.map(\.path.count).max() ?? 0
        let letters = runs.indices.map { Self.letter($0).padded(to: Self.letter(runs.count - 1).count) }
        var lines = zip(letters, runs).map { "\($0)  \($1.path.padded(to: width))  \($1.name)".trimmedAtEnd }
        lines.append(rowsText)
        for refusal in refusals { lines.append("not compared: \(refusal)") }
        for function in functions {
            for aggregation in function.aggregations {
                lines += ["", "\(function.identifier) \(aggregation.name)"]
                lines += Self.aligned(runRows(aggregation)) + [""] + Self.aligned(pairRows(aggregation))
            }
            lines += sliceLines(function)
            if function.leftOut > 0 {
                lines.append(
                    "\(function.identifier): \(counted(function.leftOut, "row")) left out, since not every run has a "
                        + "score of \(function.leftOut == 1 ? "it" : "them")")
            }
        }
        lines += [""] + closing
        for warning in warnings { lines.append("warning: \(warning.message)") }
        for note in notes { lines.append("note: \(note)") }
        return lines.joined(separator: "\n") + "\n"
    }

    var rowsText: String {
        var text =
            "\(counted(matched, "row")) by \(key?.joined(separator: ",") ?? "row number") in all \(runs.count) runs"
        let others = alone.enumerated().filter { $0.element > 0 }.map {
            "\(Self.letter($0.offset)) \(grouped($0.element))"
        }
        if !others.isEmpty { text += "; not in all of them: \(others.joined(separator: ", "))" }
        return text
    }

    /// A line for each run, the best first.
    func runRows(_ aggregation: Aggregation) -> [[String]] {
        let header =
            ["", "", aggregation.name, "\(percent(level)) interval"] + (aggregation.ranks == nil ? [] : ["rank"])
        guard aggregation.runs.contains(where: { $0.value != nil }) else { return [] }
        return [header]
            + aggregation.order.map { run in
                let estimate = aggregation.runs[run]
                return [
                    Self.letter(run), shortened(runs[run].name, to: 40), estimate.value.map(fixed) ?? "–",
                    estimate.interval.map { "\(fixed($0.lower)) … \(fixed($0.upper))" } ?? "–",
                ] + (aggregation.ranks.map { [Self.rankText($0[run])] } ?? [])
            }
    }

    static func rankText(_ rank: ClosedRange<Int>) -> String {
        rank.lowerBound == rank.upperBound ? "\(rank.lowerBound)" : "\(rank.lowerBound)–\(rank.upperBound)"
    }

    /// A line for each pair of runs.
    func pairRows(_ aggregation: Aggregation) -> [[String]] {
        [["", "difference", "\(percent(level)) interval", "p", "better", "worse", ""]]
            + aggregation.pairs.map { pair in
                let (a, b) = (Self.letter(pair.a), Self.letter(pair.b))
                let comparison = pair.comparison
                let difference = comparison.difference
                let isCategorical = comparison.categories != nil
                return [
                    "\(b) − \(a)", difference.difference.map(signed) ?? "–",
                    difference.interval.map { "\(signed($0.lower)) … \(signed($0.upper))" } ?? "–",
                    pText(comparison.pAdjusted), isCategorical ? "" : grouped(comparison.better),
                    isCategorical ? "" : grouped(comparison.worse), comparison.verdict.text(a, b),
                ]
            }
    }

    private func sliceLines(_ function: Function) -> [String] {
        var lines: [String] = []
        var columns: [String] = []
        for slice in function.slices where !columns.contains(slice.column) { columns.append(slice.column) }
        for column in columns {
            let slices = function.slices.filter { $0.column == column }
            let rows =
                [["by \(shortened(column, to: 40))", "rows"] + runs.indices.map(Self.letter)]
                + slices.map { slice in
                    [
                        shortened(slice.value, to: 40), grouped(slice.aggregation.pairs.first?.comparison.pairs ?? 0),
                    ] + slice.aggregation.runs.map { $0.value.map(fixed) ?? "–" }
                }
            lines += [""] + Self.aligned(rows)
        }
        return lines
    }

    /// Cells in columns, the first and the last of which start at the left.
    static func aligned(_ rows: [[String]]) -> [String] {
        guard let header = rows.first else { return [] }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = "  " + row[0].padded(to: widths[0])
            for column in row.indices.dropFirst() {
                let isText = column == 1 && header[1].isEmpty || column == row.count - 1 && header[column].isEmpty
                line +=
                    "  "
                    + (isText ? row[column].padded(to: widths[column]) : row[column].paddedLeft(to: widths[column]))
            }
            return line.trimmedAtEnd
        }
    }

    /// What the numbers are.
    var closing: [String] {
        var names: [String] = []
        for test in functions.flatMap(\.aggregations).flatMap(\.pairs).compactMap(\.comparison.difference.test?.text)
        where !names.contains(test) { names.append(test) }
        var lines: [String] = []
        if tests > 0 {
            let family =
                adjustment == .none ? "not adjusted for \(tests) tests" : "for \(tests) tests (\(adjustment.text))"
            lines.append("p by \(names.joined(separator: " and ")), \(family). Intervals are not adjusted.")
        }
        for function in functions {
            for aggregation in function.aggregations {
                let unfound = aggregation.pairs.map(\.comparison).filter {
                    [.noDifference, .tooFew].contains($0.verdict)
                }
                guard let smallest = unfound.compactMap(\.minimumDetectable).max() else { continue }
                lines.append(
                    "\(function.identifier) \(aggregation.name): \(grouped(unfound[0].pairs)) rows detect differences of "
                        + "\(fixed(smallest)) or more \(oftenText(power)), between any two runs.")
            }
        }
        if functions.contains(where: { $0.aggregations.contains { $0.ranks != nil } }) {
            lines.append(
                "A rank is from 1 more than the runs found better to the number of runs less those found worse.")
        }
        return lines
    }
}

extension Ranking {
    /// The whole comparison; what is undefined is null, with a reason.
    public var json: JSONValue {
        var functions = JSONObject()
        for function in self.functions { functions[function.identifier] = json(of: function) }
        var json: JSONObject = [
            "comparable": JSONValue.bool(!self.functions.isEmpty),
            "runs": .array(
                runs.enumerated().map { index, run in
                    ["letter": .string(Self.letter(index)), "run": .string(run.path), "name": .string(run.name)]
                }),
            "pairing": [
                "key": key.map { .array($0.map(JSONValue.string)) } ?? .null, "matched": JSONValue(matched),
                "not_in_all": .array(alone.map { JSONValue($0) }),
            ],
            "functions": .object(functions),
            "adjustment": ["method": .string(adjustment.rawValue), "tests": JSONValue(tests)],
        ]
        if !refusals.isEmpty { json["refusals"] = .array(refusals.map(\.json)) }
        json["warnings"] = .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
        if !notes.isEmpty { json["notes"] = .array(notes.map(JSONValue.string)) }
        return .object(json)
    }

    private func json(of function: Function) -> JSONValue {
        var json = JSONObject()
        for aggregation in function.aggregations { json[aggregation.name] = .object(self.json(of: aggregation)) }
        json["left_out"] = JSONValue(function.leftOut)
        json["unscored"] = .array(function.unscored.map { JSONValue($0) })
        if !function.slices.isEmpty {
            var by = JSONObject()
            for slice in function.slices {
                var entry: JSONObject = ["value": .string(slice.value)]
                for (name, value) in self.json(of: slice.aggregation).members { entry[name] = value }
                by[slice.column] = .array((by[slice.column]?.array ?? []) + [.object(entry)])
            }
            json["by"] = .object(by)
        }
        return .object(json)
    }

    private func json(of aggregation: Aggregation) -> JSONObject {
        [
            "runs": .array(
                aggregation.runs.enumerated().map { index, estimate in
                    var run = estimate.comparisonJSON.object ?? [:]
                    run["run"] = .string(Self.letter(index))
                    run["rank"] =
                        aggregation.ranks.map { [JSONValue($0[index].lowerBound), JSONValue($0[index].upperBound)] }
                        ?? .null
                    return .object(run)
                }),
            "order": .array(aggregation.order.map { .string(Self.letter($0)) }),
            "pairs": .array(
                aggregation.pairs.map { pair in
                    var members: JSONObject = [
                        "from": .string(Self.letter(pair.a)), "to": .string(Self.letter(pair.b)),
                    ]
                    for (name, value) in pair.comparison.json.object?.members ?? [] { members[name] = value }
                    return .object(members)
                }),
        ]
    }
}

extension Ranking {
    /// The comparison for a pull request or a summary of a workflow.
    public var markdown: String {
        var lines = ["### \(runs.count) runs", "", "\(markdownText(rowsText)).", ""]
        lines += runs.prefix(Self.shownRuns).enumerated().map { index, run in
            "- \(Self.letter(index)): \(markdownText(shortened(run.name)))"
        }
        if runs.count > Self.shownRuns { lines.append("- and \(runs.count - Self.shownRuns) more") }
        lines.append("")
        for refusal in refusals { lines += ["**Not compared:** \(markdownText(refusal.description))", ""] }
        for function in functions {
            for aggregation in function.aggregations {
                lines += ["#### \(markdownText(function.identifier)) \(markdownText(aggregation.name))", ""]
                lines += Self.markdownTable(runRows(aggregation)) + [""]
                lines += Self.markdownTable(Array(pairRows(aggregation).prefix(Self.shownPairs + 1))) + [""]
                let more = aggregation.pairs.count - Self.shownPairs
                if more > 0 { lines += ["\(more) more pairs are in the JSON.", ""] }
            }
            if function.leftOut > 0 {
                lines += ["\(counted(function.leftOut, "row")) left out, since not every run has a score.", ""]
            }
        }
        lines += closing.map(markdownText) + [""]
        for warning in warnings.prefix(20) {
            lines.append("- warning: \(markdownText(shortened(warning.message, to: 400)))")
        }
        for note in notes.prefix(20) { lines.append("- note: \(markdownText(shortened(note, to: 400)))") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let shownPairs = 40
    private static let shownRuns = 50

    private static func markdownTable(_ rows: [[String]]) -> [String] {
        guard let header = rows.first else { return [] }
        func line(_ cells: [String]) -> String { "| \(cells.map(markdownText).joined(separator: " | ")) |" }
        return [line(header), "|" + String(repeating: "---|", count: header.count)] + rows.dropFirst().map(line)
    }
}

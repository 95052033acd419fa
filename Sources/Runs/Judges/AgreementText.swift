public import JSON
import ScoringCore
import Statistics

extension Agreement {
    /// For people to read: a block for each judge.
    public var text: String {
        var lines: [String] = []
        for pair in pairs { lines += block(pair) + [""] }
        if let alpha {
            lines.append(
                "Krippendorff's alpha of \(judges.count) judges (\(alphaLevel?.rawValue ?? "")): " + Self.value(alpha))
            lines.append("")
        }
        for judge in consistency { lines += judge.text + [""] }
        for warning in warnings { lines.append("warning: \(warning.message)") }
        return lines.joined(separator: "\n") + (warnings.isEmpty ? "" : "\n")
    }

    private static func value(_ estimate: Estimate) -> String {
        guard let value = estimate.value else { return "– (\(estimate.reason ?? "not defined"))" }
        let interval = estimate.interval.map { "   \(fixed($0.lower)) … \(fixed($0.upper))" } ?? ""
        return fixed(value) + interval
    }

    private func block(_ pair: Pair) -> [String] {
        var counts = "\(grouped(pair.rows)) rows with \(hasLabels ? "label and judgement" : "both judgements")"
        if hasLabels, !pair.unjudged.isEmpty {
            counts +=
                "; not judged: "
                + pair.unjudged.map { "\($0.outcome) \(grouped($0.count))" }.joined(separator: ", ")
        }
        if hasLabels, pair.unlabelled > 0 { counts += "; without a label: \(grouped(pair.unlabelled))" }
        var rows: [(String, String)] = [("agreement", Self.value(pair.agreement))]
        if hasLabels, let baseline = pair.table?.majorityBaseline {
            let commonest = pair.table?.support.enumerated().max { ($0.element, -$0.offset) < ($1.element, -$1.offset) }
            let name = commonest.map { pair.labels[$0.offset] } ?? ""
            rows[0].1 += "   always saying \(quoted(shortened(name))) would reach \(fixed(baseline))"
        }
        if let kappa = pair.kappa {
            rows.append((pair.weights == .none ? "Cohen's kappa" : "\(pair.weights.rawValue) kappa", Self.value(kappa)))
        }
        if let all = pair.correlations {
            rows.append(("Spearman's rho", Self.value(all.spearman)))
            rows.append(("Kendall's tau-b", Self.value(all.kendall)))
            if pair.level == .interval { rows.append(("Pearson's r", Self.value(all.pearson))) }
        }
        if let bias = pair.bias, let label = pair.means.label, let judge = pair.means.judge {
            let what = pair.biasOf.map { "says \(quoted(shortened($0)))" } ?? "mean"
            let interval = bias.interval.map { "   \(signed($0.lower)) … \(signed($0.upper))" } ?? ""
            rows.append(
                (
                    (hasLabels ? "judge " : "second ") + what,
                    "\(fixed(judge))   \(hasLabels ? "labels" : "first") \(fixed(label))   "
                        + "\(bias.difference.map(signed) ?? "–")\(interval)   p \(pText(bias.p))"
                ))
        }
        if let error = pair.meanAbsoluteError { rows.append(("mean absolute error", fixed(error))) }
        let width = rows.map(\.0.count).max() ?? 0
        var lines = [pair.name, "  " + counts, ""]
        lines += rows.map { "  \($0.0.padded(to: width))  \($0.1)" }
        if let table = pair.table, table.table.count > 1 { lines += [""] + self.table(table, pair) }
        if pair.disagreementCount > 0 {
            let count = pair.disagreementCount
            lines += ["", count == 1 ? "  1 disagreement:" : "  \(grouped(count)) disagreements, the first:"]
            lines += pair.disagreements.map { row in
                "  row \(row.row)   \(hasLabels ? "label" : "first") \(shortened(row.label, to: 30))   "
                    + "\(hasLabels ? "judge" : "second") \(shortened(row.judgement, to: 30))"
                    + (row.text.map { "   \($0)" } ?? "")
            }
        }
        return lines
    }

    private func table(_ table: ConfusionTable, _ pair: Pair) -> [String] {
        let (first, second) = hasLabels ? ("label", "judge") : ("first", "second")
        let names = pair.labels.map { shortened($0, to: 20) }
        func share(_ value: Double?) -> String { value.map(fixed) ?? "–" }
        var rows = [[""] + names.map { "\(second) \($0)" } + ["recall"]]
        for (index, counts) in table.table.enumerated() {
            rows.append(["\(first) \(names[index])"] + counts.map(grouped) + [share(table.recall[index])])
        }
        rows.append(["precision"] + table.precision.map(share) + [""])
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = "  " + row[0].padded(to: widths[0])
            for column in row.indices.dropFirst() { line += "  " + row[column].paddedLeft(to: widths[column]) }
            return line.trimmedAtEnd
        }
    }
}

extension Agreement {
    /// `{"agreement": {JUDGE: {…}}, "alpha": …, "warnings": […]}`; what is undefined is null, with a reason.
    public var json: JSONValue {
        var judges = JSONObject()
        for pair in pairs { judges[pair.name] = json(of: pair) }
        var json: JSONObject = ["agreement": .object(judges)]
        if !consistency.isEmpty {
            json["consistency"] = .object(JSONObject(consistency.map { ($0.name, $0.json) }))
        }
        if let alpha { json["alpha"] = self.json(of: alpha) }
        if let alphaLevel { json["level"] = .string(alphaLevel.rawValue) }
        json["warnings"] = .array(warnings.map { ["code": .string($0.code), "message": .string($0.message)] })
        return .object(json)
    }

    private func json(of pair: Pair) -> JSONValue {
        var unjudged = JSONObject()
        for (outcome, count) in pair.unjudged { unjudged[outcome] = JSONValue(count) }
        func numbers(_ values: [Double?]) -> JSONValue { .array(values.map { JSONValue($0) }) }
        var json: JSONObject = [
            "level": .string(pair.level.rawValue), "rows": JSONValue(pair.rows), "unjudged": .object(unjudged),
            "unlabelled": JSONValue(pair.unlabelled), "agreement": self.json(of: pair.agreement),
            "kappa": pair.kappa.map { self.json(of: $0) } ?? .null,
        ]
        if pair.weights != .none { json["weights"] = .string(pair.weights.rawValue) }
        if let table = pair.table {
            json["majority_baseline"] = JSONValue(table.majorityBaseline)
            json["labels"] = .array(pair.labels.map(JSONValue.string))
            json["table"] = .array(table.table.map { .array($0.map { JSONValue($0) }) })
            json["precision"] = numbers(table.precision)
            json["recall"] = numbers(table.recall)
            json["f1"] = numbers(table.f1)
        }
        if let all = pair.correlations {
            json["spearman"] = self.json(of: all.spearman)
            json["kendall_tau_b"] = self.json(of: all.kendall)
            if pair.level == .interval { json["pearson"] = self.json(of: all.pearson) }
        }
        if let error = pair.meanAbsoluteError { json["mean_absolute_error"] = JSONValue(error) }
        if let bias = pair.bias {
            var members: JSONObject = [
                "label": JSONValue(pair.means.label), "judge": JSONValue(pair.means.judge),
                "difference": JSONValue(bias.difference), "standard_error": JSONValue(bias.standardError),
                "ci": bias.interval.map { .object($0.json) } ?? .null, "p": JSONValue(bias.p),
            ]
            if let category = pair.biasOf { members["category"] = .string(category) }
            json["bias"] = .object(members)
        }
        json["disagreements"] = JSONValue(pair.disagreementCount)
        return .object(json)
    }

    private func json(of estimate: Estimate) -> JSONValue {
        var json: JSONObject = [
            "value": JSONValue(estimate.value), "standard_error": JSONValue(estimate.standardError),
            "ci": estimate.interval.map { .object($0.json) } ?? .null,
        ]
        if let reason = estimate.reason { json["reason"] = .string(reason) }
        return .object(json)
    }
}

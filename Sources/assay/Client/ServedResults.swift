import Inference
import JSON
import ScoringCore

/// Results in the form in which a server returns them, by scoring function.
struct ServedResults {
    /// Each without its rows.
    let functions: JSONObject

    init(_ results: JSONObject) {
        var functions: JSONObject = [:]
        for (id, result) in results.members {
            var rest = result.object ?? [:]
            rest["score_rows"] = nil
            functions[id] = .object(rest)
        }
        self.functions = functions
    }

    /// Whether each row has a score of each function. True if the server does not count rows.
    var isComplete: Bool {
        functions.members.allSatisfy { _, result in
            guard let rows = result["rows"], let total = rows["total"]?.number?.int else { return true }
            return rows["scored"]?.number?.int == total
        }
    }

    /// The results as `assay score` prints them.
    var table: String {
        functions.members.flatMap { id, result in block(of: id, result) + [""] }.joined(separator: "\n") + "\n"
    }

    private func block(of id: String, _ result: JSONValue) -> [String] {
        var lines = [oneLine(id)]
        if let rows = result["rows"], let total = rows["total"]?.number?.int {
            let scored = rows["scored"]?.number?.int ?? 0
            var line = "  \(grouped(scored)) of \(grouped(total)) rows scored"
            let others = RowOutcome.allCases.filter { $0 != .scored }.compactMap { outcome in
                (rows[outcome.name]?.number?.int).flatMap { $0 > 0 ? "\($0) \(outcome.name)" : nil }
            }
            if !others.isEmpty {
                line += "; \(counted(total - scored, "row")) not scored (\(others.joined(separator: ", ")))"
            }
            lines.append(line)
        }
        var table: [[String]] = []
        for (name, value) in result["aggregated_results"]?.object?.members ?? [] {
            let text = shown(name, value, result)
            if text.count == 1 {
                table.append(["  " + oneLine(name), text[0]])
            } else {
                table += [["  " + oneLine(name)]]
            }
            if text.count > 1 { table += text.map { ["    " + $0] } }
        }
        lines += aligned(table).split(separator: "\n").map(String.init)
        if let usage = result["usage"] { lines.append("  " + ResultsTable.spending(of: ModelUsage(usage))) }
        return lines
    }

    /// The lines of an aggregation.
    private func shown(_ name: String, _ value: JSONValue, _ result: JSONValue) -> [String] {
        let inner = value[name] ?? value
        if case .number(let number) = inner {
            var text = shortened(number.double)
            let total = value["num_total"]?.number?.int
            let scored = total ?? result["rows"]?["scored"]?.number?.int ?? 0
            if let error = result["standard_error"]?[name]?.number?.double, ResultsTable.shows(error, of: scored) {
                text += " ± \(shortened(error))"
            }
            if let correct = value["num_correct"]?.number, let total {
                text += "  (\(correct.int.map(grouped) ?? shortened(correct.double)) of \(grouped(total)))"
            }
            if let interval = result["interval"]?[name], let lower = interval["lower"]?.number?.double,
                let upper = interval["upper"]?.number?.double
            {
                text += "  95% interval \(shortened(lower)) … \(shortened(upper))"
            }
            if let bounds = result["bounds"]?[name], let lowest = bounds["lowest"]?.number,
                let highest = bounds["highest"]?.number
            {
                text += "  if every row had been scored: \(shortened(lowest.double)) to \(shortened(highest.double))"
            }
            return [text]
        }
        if let counts = inner.object, counts.members.allSatisfy({ $0.value.number != nil }), !counts.isEmpty {
            let lines = counts.members.map { [oneLine($0.key), $0.value.number?.int.map(grouped) ?? $0.value.text] }
            let text = aligned(lines).split(separator: "\n").map(String.init)
            // At least two: a single line would be placed next to the name.
            return text.count > 1 ? text : text + [""]
        }
        return inner == .null ? ["no scores"] : inner.prettyText.split(separator: "\n").map(String.init)
    }
}

extension ModelUsage {
    /// The usage in the form in which a server returns it.
    init(_ json: JSONValue) {
        self.init()
        func count(_ name: String) -> Int { json[name]?.number?.int ?? 0 }
        requests = count("requests")
        answered = count("answered")
        cached = count("cached")
        failed = count("failed")
        notAsked = count("not_asked")
        inputTokens = count("input_tokens")
        outputTokens = count("output_tokens")
        answersWithoutUsage = count("answers_without_usage")
        cost = json["cost"]?.number?.double
    }
}

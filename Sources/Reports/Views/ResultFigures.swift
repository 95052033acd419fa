package import JSON
import ScoringCore

/// The aggregates of a function, in short and in full.
package enum ResultFigures {
    /// Each aggregation's name, value and standard error, on a line of a list.
    package static func short(_ result: JSONValue?) -> [View] {
        entries(of: result).map { name, value in
            let error = number(result?["standard_error"]?[name])
            return [
                "label": label(name), "value": shownValue(name, value),
                "error": error.map { " ± " + PageText.figure($0) } ?? "",
            ]
        }
    }

    /// The same, with all details.
    package static func full(_ result: JSONValue?) -> [View] {
        entries(of: result).map { name, value in
            let error = number(result?["standard_error"]?[name])
            return [
                "label": label(name), "value": shownValue(name, value),
                "error": error.map { "± " + PageText.figure($0) } ?? "", "notes": notes(name, value, result),
            ]
        }
    }

    static func entries(of result: JSONValue?) -> [JSONObject.Member] {
        result?["aggregated_results"]?.object?.members ?? []
    }

    static func label(_ name: String) -> String {
        name == "categorical_count" ? "distinct scores" : name.split(separator: "_").joined(separator: " ")
    }

    static func shownValue(_ name: String, _ value: JSONValue) -> String {
        if let categories = value["categorical_count"]?.object {
            return grouped(categories.count + min(max(0, integer(value["omitted"]) ?? 0), 1 << 40))
        }
        return number(value[name]).map(PageText.figure) ?? "–"
    }

    private static func notes(_ name: String, _ value: JSONValue, _ result: JSONValue?) -> [String] {
        if value == .null { return ["no scores"] }
        if let categories = value["categorical_count"]?.object {
            let most = categories.members.sorted { number($0.value) ?? 0 > number($1.value) ?? 0 }.prefix(3)
            let texts = most.map { key, count in
                (PageText.cut(key, to: 30, lines: 1).map { $0 + "…" } ?? key, count)
            }
            let counted = texts.map { text, count in
                let figure = integer(count).map { grouped($0) } ?? number(count).map(PageText.figure)
                return "\(PageText.shown(text)): \(figure ?? "")"
            }
            return [counted.joined(separator: ", ") + (categories.count > 3 ? ", …" : "")]
        }
        var notes: [String] = []
        if let correct = number(value["num_correct"]), let total = integer(value["num_total"]) {
            notes.append("\(PageText.figure(correct)) of \(counted(total, "scored row"))")
        }
        if let bounds = result?["bounds"]?[name], let lowest = number(bounds["lowest"]),
            let highest = number(bounds["highest"])
        {
            let range = "\(PageText.figure(lowest)) to \(PageText.figure(highest))"
            notes.append("if every row had been scored: " + (lowest == highest ? "the same" : range))
        }
        if let others = integer(result?["rows"]?["non_numeric"]), others > 0 {
            notes.append("excludes \(counted(others, "non-numeric score"))")
        }
        return notes
    }
}

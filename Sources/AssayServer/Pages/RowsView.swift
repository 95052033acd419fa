import JSON
import ScoringCore

/// How rows are shown: their own columns, the answer, and next to it the results of the functions.
struct RowsView {
    /// The path of the page, without its query.
    let path: String
    /// Whether the rows are results, with scores.
    let hasScores: Bool
    /// Whether a single row is shown, in full.
    let isWhole: Bool

    /// The column that is placed next to the functions' feedback.
    private static let answerColumn = "generated_answer"

    private var columnLimit: Int { isWhole ? 20_000 : 30 }
    private var lengthLimit: Int { isWhole ? 2_000_000 : 1_000 }
    private var lineLimit: Int { isWhole ? 100_000 : 20 }

    /// The values of a row for the template.
    func view(_ row: [UInt8], at index: Int) -> View {
        let stored = ShownRow(row, hasScores: hasScores, limit: columnLimit)
        let href = PageText.link(path, nil, [("row", "\(index)")])
        let answer = hasScores ? stored.columns.first { $0.name == Self.answerColumn } : nil
        let others = stored.columns.filter { answer == nil || $0.name != Self.answerColumn }
        let columns = others.map { cell($0.name, $0.value, href) }
        var outputs: [View] = []
        for (function, result) in stored.scores { outputs += self.outputs(function, result, href) }
        let answers = answer.map { [cell($0.name, $0.value, href)] } ?? []
        return [
            "index": "\(index)", "number": grouped(index), "href": href,
            "chips": stored.scores.map(chip),
            "columns": list(columns),
            "more": stored.omitted == 0 ? false : "and \(counted(stored.omitted, "column")) more" as Any,
            "answer": list(answers), "outputs": list(outputs),
            "pairClass": answers.isEmpty || outputs.isEmpty ? "lone" : "pair",
        ]
    }

    private func list(_ cells: [View]) -> Any { cells.isEmpty ? false : ["cells": cells] as View }

    private func chip(_ function: String, _ result: JSONValue) -> View {
        let outcome = result["outcome"]?.string
        return [
            "name": PageText.shown(function), "isMissing": outcome != nil,
            "value": outcome.map { words($0) } ?? score(result["score"]),
        ]
    }

    private func score(_ value: JSONValue?) -> String {
        let text = value?.string ?? value?.text ?? "null"
        return PageText.shown(PageText.cut(text, to: 60, lines: 1).map { $0 + "…" } ?? text)
    }

    private func words(_ name: String) -> String {
        PageText.shown(name.prefix(60).split(separator: "_").joined(separator: " "))
    }

    /// A function's results other than its score: the reason why there is none, and outputs such as a judge's feedback.
    private func outputs(_ function: String, _ result: JSONValue, _ href: String) -> [View] {
        (result.object?.members ?? []).compactMap { key, value in
            if key == "score" || key == "outcome" || value == .null { return nil }
            let name = key == "message" ? "reason without a score" : words(key)
            return cell("\(function): \(name)", value, href, isBad: key == "message")
        }
    }

    /// A string unchanged; anything else as JSON with the name of its kind, because a string may look the same.
    private func cell(_ name: String, _ value: JSONValue, _ href: String, isBad: Bool = false) -> View {
        let text = value.string ?? value.text
        let isCode = value.array != nil || value.object != nil
        let beginning = PageText.cut(text, to: lengthLimit, lines: lineLimit)
        let note = "… shortened; \(PageText.size(text.utf8.count)) in total."
        let shownName = PageText.cut(name, to: 200, lines: 1).map { $0 + "…" } ?? name
        return [
            "name": PageText.shown(shownName), "kind": value.string == nil ? Self.kind(of: value) : false as Any,
            "text": PageText.shown(beginning ?? text), "isCode": isCode,
            "isBad": isBad, "cut": beginning == nil ? false : note as Any, "href": isWhole ? false : href as Any,
        ]
    }

    private static func kind(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "text"
        case .array: "array"
        case .object: "object"
        }
    }
}

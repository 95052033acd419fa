import ScoringCore

/// How rows are shown: their own columns, the answer, and next to it the results of the functions.
package struct RowsView {
    private let hasScores: Bool
    private let limits: RowLimits

    /// The column that is placed next to the functions' feedback.
    private static let answerColumn = "generated_answer"

    /// - Parameter hasScores: whether the rows are results.
    package init(hasScores: Bool, _ limits: RowLimits) {
        self.hasScores = hasScores
        self.limits = limits
    }

    /// The values of a row for the template.
    ///
    /// - Parameters:
    ///   - anchor: what tells the row from the others of the page.
    ///   - wholeRow: where the row is shown whole; nil if it is not, or if this is it.
    package func view(_ row: ShownRow, at number: Int, anchor: String, href: String, wholeRow: String?) -> View {
        let answer = hasScores ? row.columns.first { $0.name == Self.answerColumn } : nil
        let others = row.columns.filter { answer == nil || $0.name != Self.answerColumn }
        let outputs = row.results.flatMap { result in
            result.outputs.map { output -> View in
                var output = output
                output.name = "\(result.function): \(output.name)"
                return cell(output, wholeRow)
            }
        }
        let answers = answer.map { [cell($0, wholeRow)] } ?? []
        return [
            "index": anchor, "number": grouped(number), "href": href, "chips": row.results.map(chip),
            "columns": list(others.map { cell($0, wholeRow) }),
            "more": row.omitted == 0 ? false : "and \(counted(row.omitted, "column")) more" as Any,
            "answer": list(answers), "outputs": list(outputs),
            "pairClass": answers.isEmpty || outputs.isEmpty ? "lone" : "pair", "isTagged": false, "why": false,
        ]
    }

    private func list(_ cells: [View]) -> Any { cells.isEmpty ? false : ["cells": cells] as View }

    private func chip(_ result: ShownRow.Result) -> View {
        [
            "name": PageText.shown(result.function), "isMissing": result.outcome != nil,
            "value": PageText.shown(result.outcome.map(words) ?? result.score ?? "null"),
        ]
    }

    private func cell(_ cell: ShownCell, _ wholeRow: String?) -> View {
        let name = PageText.cut(cell.name, to: 200, lines: 1).map { $0 + "…" } ?? cell.name
        let note = cell.wholeSize.map { "… shortened; \(PageText.size($0)) in total." }
        let beginning = limits.unfolded.flatMap { PageText.cut(cell.text, to: $0.length, lines: $0.lines) }
        let rest = beginning.map { String(cell.text[$0.endIndex(in: cell.text)...]) }
        return [
            "name": PageText.shown(name), "kind": cell.kind ?? false as Any,
            "text": PageText.shown(beginning ?? cell.text), "rest": rest.map { PageText.shown($0) } ?? false as Any,
            "isCode": cell.isCode, "isBad": cell.isReason, "cut": note ?? false as Any,
            "href": wholeRow ?? false as Any,
        ]
    }
}

extension String {
    /// Where a text that is the beginning of another ends in it.
    fileprivate func endIndex(in text: String) -> String.Index {
        text.utf8.index(text.startIndex, offsetBy: utf8.count)
    }
}

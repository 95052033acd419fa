import JSON
import Runs
import ScoringCore

/// Rows that changed between two runs, both answers side by side.
struct ChangesView {
    private let changes: Changes
    private let report: Report
    /// The columns that hold answers.
    private static let answers: Set<String> = ["generated_answer", "generation", "context"]
    private static let sizeLimit = 1_200_000

    init(_ changes: Changes, _ report: Report) {
        self.changes = changes
        self.report = report
    }

    func view() -> View {
        let all = changes.pairs
        let rows = all.compactMap { pair -> (Changes.Pair, ShownExample, ShownExample)? in
            guard let a = changes.rows.a[pair.a], let b = changes.rows.b[pair.b] else { return nil }
            return (pair, a, b)
        }
        let budget = TextBudget(rows.map { Self.merged($0.1.row, $0.2.row) }, limit: Self.sizeLimit)
        let shown = rows.prefix(budget.rows)
        return ["pairs": shown.map { pair($0.0, $0.1, $0.2, budget) }, "summary": summary(shown.count), "alone": alone]
    }

    private static func merged(_ a: ShownRow, _ b: ShownRow) -> ShownRow {
        var row = a
        row.columns += b.columns.filter { answers.contains($0.name) }
        row.results = []
        return row
    }

    private func summary(_ shown: Int) -> String {
        let parts = Changes.Kind.allCases.compactMap { kind in
            changes.counts[kind].map { "\(grouped($0)) \(kind.text.words)" }
        }
        if parts.isEmpty { return "No score changed." }
        return "Scores by function: \(parts.joined(separator: ", ")). \(counted(shown, "row")) "
            + "\(shown == 1 ? "is" : "are") shown, the worst first; rows with equal scores are left out."
    }

    private var alone: [String] {
        [("A", changes.alone.a, "only_in_a"), ("B", changes.alone.b, "only_in_b")].compactMap { letter, rows, name in
            guard let count = integer(report.comparison?["pairing"]?[name]), count > 0 else { return nil }
            let list = rows.map { "row \(grouped($0.number))" }.joined(separator: ", ")
            return "\(counted(count, "row")) only in \(letter): \(list)\(count > rows.count ? ", …" : "")."
        }
    }

    private func pair(_ pair: Changes.Pair, _ a: ShownExample, _ b: ShownExample, _ budget: TextBudget) -> View {
        let (rowA, rowB) = (budget.fitted(a.row), budget.fitted(b.row))
        let view = RowsView(hasScores: false, RunSummary.limits)
        var common = rowA
        common.columns = rowA.columns.filter { !Self.answers.contains($0.name) }
        common.results = []
        let anchor = "changed-\(pair.a)-\(pair.b)"
        var shown = view.view(common, at: pair.a, anchor: anchor, href: "#\(anchor)", wholeRow: nil)
        shown["anchor"] = anchor
        shown["chips"] = chips(a, b)
        shown["number"] = pair.a == pair.b ? grouped(pair.a) : "\(grouped(pair.a)) and \(grouped(pair.b))"
        shown["sides"] = sides(rowA, rowB)
        return shown
    }

    private func chips(_ a: ShownExample, _ b: ShownExample) -> [View] {
        let (namesA, namesB) = (report.summaries[0].run.functions, report.summaries[1].run.functions)
        return namesA.enumerated().compactMap { index, name in
            guard let other = namesB.firstIndex(of: name) else { return nil }
            let (before, after) = (a.scores[index], b.scores[other])
            if before == after { return nil }
            let (kind, tone): (Changes.Kind, String) =
                switch (before.number, after.number) {
                case (let x?, let y?): y < x ? (.worse, "missing") : (.better, "")
                case (_, nil) where after.outcome != nil: (.lost, "missing")
                case (nil, _) where before.outcome != nil: (.gained, "")
                default: (.worse, "")
                }
            let isCategory = before.outcome == nil && after.outcome == nil && before.number == nil
            return [
                "name": PageText.shown(name), "tone": tone, "sign": isCategory ? "≠" : kind.text.sign,
                "words": isCategory ? "other" : kind.text.words, "change": "\(text(before)) → \(text(after))",
            ]
        }
    }

    private func text(_ score: RowScore) -> String {
        switch score {
        case .number(let number): PageText.figure(number)
        case .text(let text): ComparisonView.shortened(text)
        case .missing(let outcome): outcome.shownName
        }
    }

    private func sides(_ a: ShownRow, _ b: ShownRow) -> [View] {
        var texts: (a: [View], b: [View]) = ([], [])
        let names = (a.columns + b.columns).map(\.name).filter(Self.answers.contains)
        for name in names.reduce(into: [String](), { if !$0.contains($1) { $0.append($1) } }) {
            let (one, other) = (a.columns.first { $0.name == name }, b.columns.first { $0.name == name })
            let parts = WordDifference.parts(one?.text ?? "", other?.text ?? "")
            texts.a.append(side("A", name, one, parts.a))
            texts.b.append(side("B", name, other, parts.b))
        }
        for (isA, row) in [(true, a), (false, b)] {
            for result in row.results {
                for output in result.outputs {
                    let view = side(
                        isA ? "A" : "B", "\(result.function): \(output.name)", output, [(output.text, false)])
                    if isA { texts.a.append(view) } else { texts.b.append(view) }
                }
            }
        }
        return [["texts": texts.a], ["texts": texts.b]]
    }

    private func side(_ side: String, _ name: String, _ cell: ShownCell?, _ parts: [WordDifference.Part]) -> View {
        [
            "side": side, "name": PageText.shown(name),
            "parts": parts.map { part -> View in
                [
                    "text": PageText.shown(part.text), "isA": part.isChanged && side == "A",
                    "isB": part.isChanged && side == "B", "isSame": !part.isChanged,
                ]
            },
            "cut": cell?.wholeSize.map { "… shortened; \(PageText.size($0)) in total." } ?? false as Any,
        ]
    }
}

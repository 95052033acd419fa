package import JSON
import ScoringCore

/// The scores of a function: its aggregates, a plot, and a table of the same.
package struct ScoresView {
    package var function: String
    /// The number of the function on its page.
    package var index: Int
    /// The aggregates in the form of results.
    package var aggregates: JSONValue?
    package var bars: [ScoreBar]
    /// Whether `bars` are all scores; otherwise they are the outcomes without one.
    package var isDistributionKnown: Bool
    /// What tells the run from another on the page.
    package var runName: String?
    /// Precedes the ids of the page's elements.
    package var prefix = ""
    /// The level of the heading.
    package var level = 2

    package init(
        _ function: String, index: Int, aggregates: JSONValue?, bars: [ScoreBar], isDistributionKnown: Bool = true
    ) {
        self.function = function
        self.index = index
        self.aggregates = aggregates
        self.bars = bars
        self.isDistributionKnown = isDistributionKnown
    }

    /// The values for the template.
    ///
    /// - Parameter link: where the rows of a bar are; nil if nowhere.
    package func view(link: (ScoreBar) -> String?) -> View {
        let counts = aggregates?["rows"]
        let total = integer(counts?["total"]) ?? 0
        let missing = total - (integer(counts?["scored"]) ?? 0)
        var view: View = [
            "anchor": "\(prefix)function-\(index)", "functionName": PageText.shown(function), "level": "\(level)",
            "runName": runName.map { PageText.shown($0) } ?? false as Any,
            "figures": ResultFigures.full(aggregates), "plot": !bars.isEmpty && isDistributionKnown,
            "tableLabel": "Scores of \(PageText.shown(function))" + (runName.map { ", \(PageText.shown($0))" } ?? ""),
            "tableCaption": missing == 0
                ? "\(counted(total, "row")), all scored"
                : "\(counted(total, "row")), \(grouped(missing)) without a score",
            "total": grouped(total), "totalShare": total > 0 ? "100 %" : "",
            "counts": lines(integer(counts?["scored"]) ?? 0).map { line($0, of: total, link) },
        ]
        let caption = "Rows by score" + (missing > 0 ? ", and rows without a score" : "")
        view.merge(Plot(bars: bars).view(id: "\(prefix)plot-\(index)", caption: caption)) { $1 }
        return view
    }

    /// The lines of the table; a single line for all scored rows if their distribution is unknown.
    private func lines(_ scored: Int) -> [ScoreBar] {
        if isDistributionKnown { return bars }
        return [ScoreBar(kind: .value, label: "any score", count: scored, query: [("outcome", "scored")])] + bars
    }

    private func line(_ bar: ScoreBar, of total: Int, _ link: (ScoreBar) -> String?) -> View {
        [
            "label": bar.label, "count": grouped(bar.count), "share": PageText.share(bar.count, of: total),
            "href": (bar.count > 0 ? link(bar) : nil) ?? false, "isMissing": bar.isMissing,
        ]
    }
}

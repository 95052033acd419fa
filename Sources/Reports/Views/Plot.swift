import ScoringCore

/// A bar chart of the scores, as the shapes of an SVG. The table next to it has the same numbers.
///
/// Numbers are placed side by side; strings, whose labels are longer, and short lists are placed one below the other. Rows
/// without a score have bars too, so that they are not overlooked.
package struct Plot {
    private let bars: [ScoreBar]

    package init(bars: [ScoreBar]) { self.bars = bars }

    private static let width = 360.0
    private static let fewBars = 6
    /// The maximum number of bars with counts above them.
    private static let labelledBars = 10

    /// The values for the plot's template.
    ///
    /// - Parameter id: the prefix of the ids of its title and text.
    package func view(id: String, caption: String) -> View {
        let hasTexts = bars.contains { if case .text = $0.kind { true } else { false } }
        let hasRanges = bars.contains { if case .range = $0.kind { true } else { false } }
        var view = hasTexts || !hasRanges && bars.count <= Self.fewBars ? horizontal() : vertical()
        let most = bars.max { $0.count < $1.count }
        view["plotID"] = id
        view["plotCaption"] = caption
        view["width"] = Self.text(Self.width)
        view["plotText"] =
            "\(bars.count) bars; the highest is for \(most?.label ?? "") with "
            + "\(counted(most?.count ?? 0, "row")). The table next to the plot has all the numbers."
        return view
    }

    // MARK: Side by side

    private func vertical() -> View {
        let (left, right, top, bottom) = (38.0, Self.width - 4, 16.0, 172.0)
        // A single bar for all rows without a score: there is no room for several labels.
        let scored = bars.filter { !$0.isMissing }
        let missing = bars.reduce(0) { $0 + ($1.isMissing ? $1.count : 0) }
        let highest = Double(max(1, missing, scored.map(\.count).max() ?? 0))
        let missingWidth = missing > 0 ? 54.0 : 0
        let slot = min(64, (right - left - missingWidth) / Double(max(1, scored.count)))
        var shapes: [View] = []
        var labels: [View] = []
        func addBar(_ count: Int, from start: Double, width: Double, isMissing: Bool = false) {
            // A bar for a non-zero count is always visible.
            let height = count == 0 ? 0 : max(1, Double(count) / highest * (bottom - top))
            shapes.append(shape(start, bottom - height, width, height, isMissing: isMissing))
            if isMissing || bars.count <= Self.labelledBars {
                let middle = start + width / 2
                labels.append(label(PageText.shortCount(count), middle, bottom - height - 4, "middle", "value"))
            }
        }
        for (index, bar) in scored.enumerated() {
            let start = left + Double(index) * slot
            let isRange = if case .range = bar.kind { true } else { false }
            let inset = isRange ? 0.5 : slot * 0.12
            addBar(bar.count, from: start + inset, width: slot - 2 * inset)
            if isRange {
                labels += rangeLabels(bar, index, of: scored.count, start, slot, bottom + 14)
            } else if index.isMultiple(of: max(1, (scored.count + 9) / 10)) {
                labels.append(label(Self.name(of: bar, 9), start + slot / 2, bottom + 14, "middle", "name"))
            }
        }
        if missing > 0 {
            addBar(missing, from: right - 32, width: min(slot, 24), isMissing: true)
            labels.append(label("no score", right, bottom + 26, "end", "miss"))
        }
        return [
            "height": Self.text(bottom + (missing > 0 ? 30 : 18)), "left": Self.text(left),
            "right": Self.text(right), "labelX": Self.text(left - 5), "bars": shapes, "labels": labels,
            "ticks": ticks(upTo: highest, from: bottom, to: top),
        ]
    }

    /// The edges of ranges, as many as fit.
    private func rangeLabels(
        _ bar: ScoreBar, _ index: Int, of count: Int, _ start: Double, _ slot: Double, _ y: Double
    ) -> [View] {
        guard case .range(let lower, let upper) = bar.kind else { return [] }
        let step = max(1, (count + 4) / 5)
        var labels: [View] = []
        if index.isMultiple(of: step), count - index > step / 2 {
            labels.append(label(PageText.short(lower, 8), start, y, "middle", "name"))
        }
        if index == count - 1 {
            // The last one ends with the plot.
            let isAtEnd = start + slot > Self.width - 30
            labels.append(
                label(
                    PageText.short(upper, 8), isAtEnd ? Self.width : start + slot, y, isAtEnd ? "end" : "middle", "name"
                ))
        }
        return labels
    }

    /// Grid lines at whole counts, with their labels.
    private func ticks(upTo highest: Double, from bottom: Double, to top: Double) -> [View] {
        var step = 1.0
        while highest / step > 4 {
            // 1, 2, 5, 10, 20, …
            let digits = step.description.first
            step *= digits == "2" ? 2.5 : 2
        }
        return stride(from: 0, through: highest, by: step).map { count in
            let y = bottom - count / highest * (bottom - top)
            return [
                "y": Self.text(y), "labelY": Self.text(y + 4), "label": PageText.shortCount(Int(count)),
                "isBase": count == 0,
            ]
        }
    }

    // MARK: One below the other

    private func horizontal() -> View {
        let (left, right, step) = (132.0, Self.width - 66, 24.0)
        let highest = Double(max(1, bars.map(\.count).max() ?? 1))
        var shapes: [View] = []
        var labels: [View] = []
        for (index, bar) in bars.enumerated() {
            let top = Double(index) * step + 3
            let width = bar.count == 0 ? 0 : max(1, Double(bar.count) / highest * (right - left))
            shapes.append(shape(left, top, width, step - 6, isMissing: bar.isMissing))
            labels.append(
                label(Self.name(of: bar, 16), left - 6, top + 13, "end", bar.isMissing ? "miss" : "name"))
            labels.append(label(grouped(bar.count), left + width + 5, top + 13, "start", "value"))
        }
        return [
            "height": Self.text(Double(bars.count) * step), "bars": shapes, "labels": labels, "ticks": [View](),
        ]
    }

    // MARK: Shapes

    private func shape(_ x: Double, _ y: Double, _ width: Double, _ height: Double, isMissing: Bool) -> View {
        [
            "x": Self.text(x), "y": Self.text(y), "barWidth": Self.text(max(0.5, width)),
            "barHeight": Self.text(height), "isMissing": isMissing,
        ]
    }

    private func label(_ text: String, _ x: Double, _ y: Double, _ anchor: String, _ kind: String) -> View {
        ["text": text, "x": Self.text(x), "y": Self.text(y), "anchor": anchor, "kind": kind]
    }

    /// The label of a bar, in about the given number of characters.
    private static func name(of bar: ScoreBar, _ limit: Int) -> String {
        switch bar.kind {
        case .value: Double(bar.label).map { PageText.short($0, limit) } ?? short(bar.label, limit)
        case .range(let lower, _): "from " + PageText.short(lower, limit - 5)
        case .text, .missing: short(bar.label, limit)
        }
    }

    private static func short(_ text: String, _ limit: Int) -> String {
        PageText.cut(text, to: limit, lines: 1).map { $0 + "…" } ?? text
    }

    /// A length, to a tenth.
    private static func text(_ length: Double) -> String { PageText.exact((length * 10).rounded() / 10) }
}

/// A plot of how many rows have which score, as the shapes of an SVG. The table beside it has the same numbers.
///
/// Numbers stand side by side; texts, whose names are longer, one below the other. Rows without a score are bars, too, so
/// that nobody overlooks them.
struct Plot {
    let bars: [ScoreBar]

    private static let width = 360.0
    /// Bars that can have their counts beside them.
    private static let labelledBars = 10

    /// What the template of a plot needs.
    ///
    /// - Parameter id: what the ids of its title and text begin with.
    func view(id: String, caption: String) -> View {
        let hasTexts = bars.contains { if case .text = $0.kind { true } else { false } }
        var view = hasTexts ? horizontal() : vertical()
        let most = bars.max { $0.count < $1.count }
        view["plotID"] = id
        view["plotCaption"] = caption
        view["width"] = Self.text(Self.width)
        view["plotText"] =
            "\(bars.count) bars, the highest for \(most?.label ?? "") with \(PageText.count(most?.count ?? 0, "row")). "
            + "The table beside the plot has all numbers."
        return view
    }

    private var highest: Double { Double(max(1, bars.map(\.count).max() ?? 1)) }

    // MARK: Side by side

    private func vertical() -> View {
        let (left, right, top, bottom) = (38.0, Self.width - 4, 16.0, 172.0)
        let missing = bars.count { $0.isMissing }
        let gap = missing > 0 && missing < bars.count ? 14.0 : 0
        let slot = min(64, (right - left - gap) / Double(max(1, bars.count)))
        var shapes: [View] = []
        var labels: [View] = []
        let edges = bars.count - missing
        for (index, bar) in bars.enumerated() {
            let start = left + Double(index) * slot + (bar.isMissing ? gap : 0)
            let isRange = if case .range = bar.kind { true } else { false }
            let inset = isRange ? 0.5 : slot * 0.12
            // What is there can be seen.
            let height = bar.count == 0 ? 0 : max(1, Double(bar.count) / highest * (bottom - top))
            shapes.append(
                shape(start + inset, bottom - height, slot - 2 * inset, height, isMissing: bar.isMissing))
            if bars.count <= Self.labelledBars {
                labels.append(
                    label(PageText.shortCount(bar.count), start + slot / 2, bottom - height - 4, "middle", "value"))
            }
            if isRange {
                labels += rangeLabels(bar, index, of: edges, start, slot, bottom + 14)
            } else if bar.isMissing {
                // Several lie close together, so that they take turns.
                let line = missing > 1 && slot < 60 ? Double((index - edges) % 3) : 0
                let isLast = index == bars.count - 1
                labels.append(
                    label(bar.label, isLast && slot < 60 ? right : start + slot / 2, bottom + 14 + 12 * line,
                        isLast && slot < 60 ? "end" : "middle", "miss"))
            } else if index.isMultiple(of: max(1, (edges + 9) / 10)) {
                labels.append(label(Self.short(bar.label, 9), start + slot / 2, bottom + 14, "middle", "name"))
            }
        }
        return [
            "height": Self.text(bottom + 16 + (missing > 1 ? 24 : 0)), "left": Self.text(left),
            "right": Self.text(right), "labelX": Self.text(left - 5), "bars": shapes, "labels": labels,
            "ticks": ticks(from: bottom, to: top),
        ]
    }

    /// The edges of ranges, as many as there is room for.
    private func rangeLabels(
        _ bar: ScoreBar, _ index: Int, of count: Int, _ start: Double, _ slot: Double, _ y: Double
    ) -> [View] {
        guard case .range(let lower, let upper) = bar.kind else { return [] }
        let step = max(1, (count + 4) / 5)
        var labels: [View] = []
        if index.isMultiple(of: step), count - index > step / 2 {
            labels.append(label(Self.short(PageText.exact(lower), 8), start, y, "middle", "name"))
        }
        if index == count - 1 {
            labels.append(label(Self.short(PageText.exact(upper), 8), start + slot, y, "middle", "name"))
        }
        return labels
    }

    /// Lines at whole counts, and what they stand for.
    private func ticks(from bottom: Double, to top: Double) -> [View] {
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
        let (left, right, step) = (112.0, Self.width - 46, 24.0)
        var shapes: [View] = []
        var labels: [View] = []
        for (index, bar) in bars.enumerated() {
            let top = Double(index) * step + 3
            let width = bar.count == 0 ? 0 : max(1, Double(bar.count) / highest * (right - left))
            shapes.append(shape(left, top, width, step - 6, isMissing: bar.isMissing))
            labels.append(
                label(Self.short(bar.label, 17), left - 6, top + 13, "end", bar.isMissing ? "miss" : "name"))
            labels.append(label(PageText.shortCount(bar.count), left + width + 5, top + 13, "start", "value"))
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

    private static func short(_ text: String, _ limit: Int) -> String {
        PageText.cut(text, to: limit, lines: 1).map { $0 + "…" } ?? text
    }

    /// A length, to a tenth.
    private static func text(_ length: Double) -> String { PageText.exact((length * 10).rounded() / 10) }
}

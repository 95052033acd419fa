package import JSON
import ScoringCore

/// The aggregates of all functions, a line each: value, interval, rows, and how far rows without a score could move it.
package enum NumbersView {
    /// A function with its aggregates in the form of results.
    package struct Function {
        package var name: String
        package var aggregates: JSONValue?
        /// The least and greatest possible score.
        package var range: ClosedRange<Double>?
        package var href: String?
        /// What a reader must know of the value.
        package var warning: String?

        package init(
            _ name: String, _ aggregates: JSONValue?, range: ClosedRange<Double>? = nil, href: String? = nil,
            warning: String? = nil
        ) {
            self.name = name
            self.aggregates = aggregates
            self.range = range
            self.href = href
            self.warning = warning
        }
    }

    /// The values for the template.
    package static func view(_ functions: [Function]) -> View {
        var lines: [View] = []
        var levels: Set<Double> = []
        for function in functions {
            for (name, value) in ResultFigures.entries(of: function.aggregates) {
                let interval = function.aggregates?["interval"]?[name]
                if let level = number(interval?["level"]) { levels.insert(level) }
                lines.append(line(function, name, value, interval, lines.count))
            }
        }
        let level = levels.count == 1 ? levels.first ?? 0.95 : 0.95
        return [
            "numbers": lines, "intervalName": PageText.percent(level),
            "numbersCaption":
                "The mark is the value, the bar its interval; the axis runs from 0 to 1 unless its ends are labelled",
        ]
    }

    private static func line(
        _ function: Function, _ name: String, _ value: JSONValue, _ interval: JSONValue?, _ index: Int
    ) -> View {
        let rows = function.aggregates?["rows"]
        let (total, scored) = (integer(rows?["total"]) ?? 0, integer(rows?["scored"]) ?? 0)
        let figure = number(value[name])
        let (lower, upper) = (number(interval?["lower"]), number(interval?["upper"]))
        let known = [figure, lower, upper].compactMap(\.self)
        let axis = IntervalPlot.axis(of: known, range: function.range)
        let ends =
            lower.flatMap { lower in upper.map { "\(PageText.figure(lower)) … \(PageText.figure($0))" } }
            ?? interval?["reason"]?.string.map { "none: \($0)" }
            ?? (figure == nil ? "" : "–")
        let axisText =
            axis == 0...1 || figure == nil
            ? "" : ", on \(PageText.short(axis.lowerBound, 8)) to \(PageText.short(axis.upperBound, 8))"
        let plot = IntervalPlot(axis: axis, lower: lower, value: figure, upper: upper)
        return [
            "functionName": PageText.shown(function.name), "label": ResultFigures.label(name),
            "href": function.href ?? false as Any, "value": ResultFigures.shownValue(name, value),
            "warning": function.warning ?? false as Any,
            "interval": figure == nil
                ? false
                : plot.view(id: "interval-\(index)", title: "\(function.name) \(ResultFigures.label(name))") as Any,
            "ends": ends + axisText, "scored": "\(grouped(scored)) of \(grouped(total))",
            "missing": scored == total ? false : "\(grouped(total - scored)) not scored" as Any,
            "bounds": bounds(function.aggregates?["bounds"]?[name], scored == total),
        ]
    }

    private static func bounds(_ bounds: JSONValue?, _ isWhole: Bool) -> String {
        if let lowest = number(bounds?["lowest"]), let highest = number(bounds?["highest"]) {
            return "\(PageText.figure(lowest)) to \(PageText.figure(highest))"
        }
        return isWhole ? "the same" : "not known"
    }
}

/// A value with its interval on an axis, as the shapes of an SVG that is 120 wide.
struct IntervalPlot {
    var axis: ClosedRange<Double>
    var lower: Double?
    var value: Double?
    var upper: Double?

    /// From 0 to 1 where all values lie there; else the range of the scores, or of the values.
    static func axis(of values: [Double], range: ClosedRange<Double>?) -> ClosedRange<Double> {
        if let range, values.allSatisfy(range.contains), range.lowerBound < range.upperBound { return range }
        let (least, greatest) = (min(0, values.min() ?? 0), max(1, values.max() ?? 1))
        guard least.isFinite, greatest.isFinite else { return 0...1 }
        return least...greatest
    }

    /// An axis with 0 in its middle for differences.
    static func axis(ofDifferences values: [Double]) -> ClosedRange<Double> {
        let most = values.filter(\.isFinite).map(\.magnitude).max() ?? 0
        return most > 0 ? -most...most : -1...1
    }

    /// - Parameters:
    ///   - id: the prefix of the ids of its title and text.
    ///   - title: what the value is.
    func view(id: String, title: String) -> View {
        let text = value.map { value in
            PageText.figure(value)
                + (lower.flatMap { lower in
                    upper.map { ", interval from \(PageText.figure(lower)) to \(PageText.figure($0))" }
                } ?? ", without an interval")
        }
        let marks = [axis.lowerBound, axis.contains(0) ? 0 : axis.lowerBound, axis.upperBound]
        let (start, end) = (lower.map(place), upper.map(place))
        return [
            "plotID": id, "plotTitle": PageText.shown(title), "plotText": text ?? "not defined",
            "marks": marks.map { ["x": Self.text(place($0))] as View },
            "hasRange": start != nil && end != nil, "rangeX": Self.text(start ?? 0),
            "rangeWidth": Self.text(max(1, (end ?? 0) - (start ?? 0))), "hasPoint": value != nil,
            "pointX": Self.text(value.map(place) ?? 0),
        ]
    }

    private func place(_ value: Double) -> Double {
        let share = (value - axis.lowerBound) / (axis.upperBound - axis.lowerBound)
        return 2 + 116 * min(1, max(0, share.isFinite ? share : 0))
    }

    /// A length, to a tenth.
    private static func text(_ length: Double) -> String { PageText.exact((length * 10).rounded() / 10) }
}

package import JSON
import ScoringCore

/// Agreement of judges with labels or with one another, from the JSON of `assay agree`.
package enum AgreementView {
    private static let measures = [
        ("agreement", "agreement"), ("kappa", "kappa"), ("spearman", "Spearman’s rho"),
        ("kendall_tau_b", "Kendall’s tau-b"), ("pearson", "Pearson’s r"),
    ]

    /// The values for the template.
    ///
    /// - Parameter hasLabels: whether the first of two is people's.
    package static func view(_ agreement: JSONValue, hasLabels: Bool, prefix: String = "") -> View {
        let judges = agreement["agreement"]?.object?.members ?? []
        let level = judges.compactMap { number($0.value["agreement"]?["ci"]?["level"]) }.first ?? 0.95
        let alpha = agreement["alpha"].flatMap { alpha -> String? in
            guard let value = number(alpha["value"]) else {
                return alpha["reason"]?.string.map { "Krippendorff’s alpha is not defined: \($0)." }
            }
            let ends = ends(alpha["ci"]).map { ", interval \($0)" } ?? ""
            return "Krippendorff’s alpha of all judges: \(PageText.figure(value))\(ends)."
        }
        return [
            "messages": (agreement["warnings"]?.array ?? []).map { MessageView.warning($0["message"]?.string ?? "") },
            "judges": judges.enumerated().map { index, member in
                judge(member.key, member.value, level, "\(prefix)judge-\(index)", hasLabels)
            },
            "alpha": alpha ?? false as Any,
        ]
    }

    private static func judge(
        _ name: String, _ json: JSONValue, _ level: Double, _ anchor: String, _ hasLabels: Bool
    ) -> View {
        let (first, second) = hasLabels ? ("label", "judge") : ("first", "second")
        var about =
            "\(counted(integer(json["rows"]) ?? 0, "row")) with \(hasLabels ? "label and judgement" : "both judgements")"
        for (outcome, count) in json["unjudged"]?.object?.members ?? [] {
            about += "; \(grouped(integer(count) ?? 0)) not judged (\(words(outcome)))"
        }
        if let count = integer(json["unlabelled"]), count > 0, hasLabels {
            about += "; \(grouped(count)) without a label"
        }
        if let baseline = number(json["majority_baseline"]), hasLabels {
            about += ". Always saying the commonest label would reach an agreement of \(PageText.figure(baseline))"
        }
        var lines = measures.enumerated().compactMap { index, entry -> View? in
            guard let value = json[entry.0], value != .null else { return nil }
            let name = entry.0 == "kappa" ? json["weights"]?.string.map { "\($0) kappa" } ?? "Cohen’s kappa" : entry.1
            return measure(name, value, entry.0 == "agreement" ? 0...1 : -1...1, "\(anchor)-\(index)")
        }
        if let bias = json["bias"], bias != .null {
            let of = bias["category"]?.string.map { " (how often “\(ComparisonView.shortened($0))” is said)" } ?? ""
            lines.append([
                "measure": "bias, \(second) less \(first)\(of)",
                "value": number(bias["difference"]).map(PageText.signed) ?? "–", "interval": false,
                "ends": (ends(bias["ci"]) ?? "–") + ", p \(PageText.p(number(bias["p"])))",
            ])
        }
        if let error = number(json["mean_absolute_error"]) {
            lines.append([
                "measure": "mean absolute error", "value": PageText.figure(error), "interval": false, "ends": "",
            ])
        }
        return [
            "anchor": anchor, "name": PageText.shown(name), "about": about + ".", "measures": lines,
            "measuresName": "How far they agree", "intervalName": PageText.percent(level),
            "table": table(json, first, second) ?? false as Any,
        ]
    }

    private static func measure(_ name: String, _ json: JSONValue, _ axis: ClosedRange<Double>, _ id: String) -> View {
        let value = number(json["value"])
        let (lower, upper) = (number(json["ci"]?["lower"]), number(json["ci"]?["upper"]))
        let plot = IntervalPlot(axis: axis, lower: lower, value: value, upper: upper)
        return [
            "measure": name, "value": value.map(PageText.figure) ?? "–",
            "interval": value == nil ? false : plot.view(id: id, title: name) as Any,
            "ends": ends(json["ci"]) ?? json["reason"]?.string ?? "–",
        ]
    }

    private static func ends(_ interval: JSONValue?) -> String? {
        number(interval?["lower"]).flatMap { lower in
            number(interval?["upper"]).map { "\(PageText.figure(lower)) … \(PageText.figure($0))" }
        }
    }

    private static func table(_ json: JSONValue, _ first: String, _ second: String) -> View? {
        guard let names = json["labels"]?.array?.compactMap(\.string), let rows = json["table"]?.array else {
            return nil
        }
        let shown = names.map { ComparisonView.shortened($0) }
        return [
            "tableName": "Rows by \(first) and \(second)", "first": first, "heads": shown.map { "\(second): \($0)" },
            "tableRows": zip(shown, rows).enumerated().map { place, entry -> View in
                [
                    "name": entry.0,
                    "cells": (entry.1.array ?? []).enumerated().map { column, count -> View in
                        ["count": grouped(integer(count) ?? 0), "isSame": place == column]
                    },
                ]
            },
        ]
    }
}

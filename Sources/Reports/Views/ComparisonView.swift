package import JSON
import ScoringCore

/// A comparison of two runs, from the JSON of `assay compare`.
package struct ComparisonView {
    private let comparison: JSONValue
    /// Where a function's scores are on the page; nil if nowhere.
    package var functionLink: (String) -> String? = { _ in nil }
    /// Where a row is by its number in A; nil if nowhere. Without it, rows are not listed.
    package var rowLink: ((Int) -> String?)?

    package init(_ comparison: JSONValue) { self.comparison = comparison }

    /// Fewer pairs than these are greyed.
    private static let fewPairs = 20
    private static let shownSlices = 200

    /// The values for the template.
    package func view() -> View {
        var lines: [View] = []
        var tables: [View] = []
        var regressions: [View] = []
        var tests: [String] = []
        var levels: Set<Double> = []
        var omitted = 0
        let functions = comparison["functions"]?.object?.members ?? []
        let all = functions.flatMap { Self.aggregations($0.value).map(\.value) }
        let axis = IntervalPlot.axis(
            ofDifferences: all.flatMap {
                [number($0["ci"]?["lower"]), number($0["ci"]?["upper"]), number($0["difference"])]
            }
            .compactMap(\.self))
        func add(_ function: String, _ label: String, _ value: JSONValue, isSlice: Bool) {
            if let level = number(value["ci"]?["level"]) { levels.insert(level) }
            if let test = value["test"]?.string.map({ Self.testNames[$0] ?? $0 }), !tests.contains(test) {
                tests.append(test)
            }
            lines.append(line(function, label, value, axis, lines.count, isSlice: isSlice))
        }
        for (name, function) in functions {
            for (label, value) in Self.aggregations(function) {
                add(name, ResultFigures.label(label), value, isSlice: false)
                if let table = table(name, value) { tables.append(table) }
            }
            for (column, slices) in function["by"]?.object?.members ?? [] {
                omitted += max(0, (slices.array?.count ?? 0) - Self.shownSlices)
                for slice in slices.array?.prefix(Self.shownSlices) ?? [] {
                    add(name, "\(column) \(Self.shortened(slice["value"]?.string ?? ""))", slice, isSlice: true)
                }
            }
            if rowLink != nil, let list = self.list(name, function, regressions.count) { regressions.append(list) }
        }
        let level = levels.count == 1 ? levels.first ?? 0.95 : 0.95
        return [
            "messages": messages, "hasLines": !lines.isEmpty, "lines": lines, "pairing": pairing,
            "intervalName": PageText.percent(level), "methods": methods(tests), "tables": tables,
            "regressions": regressions,
            "notes": (comparison["notes"]?.array ?? []).compactMap(\.string).map { PageText.shown($0) }
                + (omitted > 0 ? ["\(grouped(omitted)) more values of columns are in the JSON."] : []),
        ]
    }

    /// The aggregations of a function: the members with a finding.
    static func aggregations(_ function: JSONValue) -> [JSONObject.Member] {
        (function.object?.members ?? []).filter { $0.value["verdict"]?.string != nil }
    }

    /// Refusals, then warnings.
    private var messages: [View] {
        Self.refusals(comparison)
            + (comparison["warnings"]?.array ?? []).map { warning in
                MessageView.warning(warning["message"]?.string ?? "")
            }
    }

    package static func refusals(_ comparison: JSONValue) -> [View] {
        (comparison["refusals"]?.array ?? []).map { refusal in
            let function = refusal["function"]?.string.map { "\($0): " } ?? ""
            return MessageView.alarm("Not compared:", function + (refusal["message"]?.string ?? ""))
        }
    }

    private var pairing: String {
        let pairing = comparison["pairing"]
        let key = pairing?["key"]?.array?.compactMap(\.string).joined(separator: ", ")
        var text = "\(grouped(integer(pairing?["matched"]) ?? 0)) pairs by \(PageText.shown(key ?? "row number"))"
        for (name, letter) in [("only_in_a", "A"), ("only_in_b", "B")] {
            if let count = integer(pairing?[name]), count > 0 { text += "; \(counted(count, "row")) only in \(letter)" }
        }
        return text
    }

    private func methods(_ tests: [String]) -> String {
        var parts = ["B is better than A where B − A is above 0."]
        if !tests.isEmpty {
            let family =
                switch (comparison["adjustment"]?["method"]?.string, integer(comparison["adjustment"]?["tests"]) ?? 1) {
                case (_, ...1): ""
                case ("holm", let count): ", adjusted for \(count) tests (Holm)"
                case ("bh", let count): ", adjusted for \(count) tests (Benjamini–Hochberg)"
                case (_, let count): ", not adjusted for \(count) tests"
                }
            parts.append("p by \(tests.joined(separator: " and "))\(family).")
        }
        return parts.joined(separator: " ")
    }

    private func line(
        _ function: String, _ label: String, _ value: JSONValue, _ axis: ClosedRange<Double>, _ index: Int,
        isSlice: Bool
    ) -> View {
        let difference = number(value["difference"])
        let (lower, upper) = (number(value["ci"]?["lower"]), number(value["ci"]?["upper"]))
        let pairs = integer(value["pairs"]) ?? 0
        let (sign, tone, verdict) = Self.verdict(value["verdict"]?.string ?? "")
        let isTable = value["table"] != nil
        let ends = lower.flatMap { lower in
            upper.map { "\(PageText.signed(lower)) … \(PageText.signed($0))" }
        }
        let plot = IntervalPlot(axis: axis, lower: lower, value: difference, upper: upper)
        let bounds = value["bounds"].flatMap { bounds in
            number(bounds["lowest"]).flatMap { lowest in
                number(bounds["highest"]).map {
                    "if every row had been scored: \(PageText.signed(lowest)) to \(PageText.signed($0))"
                }
            }
        }
        return [
            "functionName": PageText.shown(function), "label": PageText.shown(label), "isFew": pairs < Self.fewPairs,
            "href": functionLink(function) ?? false as Any,
            "a": number(value["a"]?["value"]).map(PageText.figure) ?? "–",
            "b": number(value["b"]?["value"]).map(PageText.figure) ?? "–",
            "difference": difference.map(PageText.signed) ?? "–", "ends": ends ?? (isTable ? "" : "–"),
            "interval": difference == nil
                ? false : plot.view(id: "difference-\(index)", title: "\(function) \(label), B − A") as Any,
            "p": PageText.p(number(value["p_adjusted"])),
            "better": isTable ? "" : grouped(integer(value["better"]) ?? 0),
            "worse": isTable ? "" : grouped(integer(value["worse"]) ?? 0), "sign": sign ?? false as Any, "tone": tone,
            "verdict": isTable ? "\(verdict); \(grouped(integer(value["same"]) ?? 0)) the same" : verdict,
            "pairs": isSlice ? counted(pairs, "pair") : false as Any, "bounds": bounds ?? false as Any,
        ]
    }

    /// A finding as a sign, a tone of colour and words.
    static func verdict(_ name: String) -> (sign: String?, tone: String, text: String) {
        switch name {
        case "b_better": ("▲", "good", "B is better")
        case "a_better": ("▼", "bad", "A is better")
        case "no_difference_found": ("≈", "soft", "no difference found")
        case "identical": ("=", "soft", "identical")
        case "too_few_to_tell": ("?", "soft", "too few to tell")
        case "different": ("≠", "soft", "A and B differ")
        case "not_worse": ("≥", "good", "not worse")
        case "equivalent": ("=", "good", "equivalent")
        case "worse_than_margin": ("▼", "bad", "worse by more than the margin")
        default: (nil, "soft", "nothing to compare")
        }
    }

    private static let testNames = [
        "mcnemar mid-p": "McNemar’s test (mid-p)", "mcnemar exact": "McNemar’s exact test",
        "sign flips mid-p": "sign flips (mid-p)", "paired t": "the paired t test",
        "sign flips of clusters mid-p": "sign flips of clusters (mid-p)",
        "paired t, clustered": "the paired t test of clusters", "sign flips, sampled": "sampled sign flips",
        "wilcoxon signed-rank": "Wilcoxon’s signed-rank test", "bootstrap": "the bootstrap interval",
    ]

    /// The most categories of a table of transitions.
    private static let categoryLimit = 12

    private func table(_ function: String, _ value: JSONValue) -> View? {
        guard let names = value["categories"]?.array?.compactMap(\.string), let table = value["table"]?.array,
            names.count <= Self.categoryLimit
        else { return nil }
        let shown = names.map { Self.shortened($0) }
        return [
            "tableName": "\(PageText.shown(function)): from A’s category to B’s", "heads": shown,
            "tableRows": zip(shown, table).enumerated().map { place, entry -> View in
                [
                    "name": entry.0,
                    "cells": (entry.1.array ?? []).enumerated().map { column, count -> View in
                        ["count": grouped(integer(count) ?? 0), "isSame": place == column]
                    },
                ]
            },
        ]
    }

    private func list(_ name: String, _ function: JSONValue, _ index: Int) -> View? {
        guard let rows = function["regressions"]?.array, !rows.isEmpty else { return nil }
        let worse = Self.aggregations(function).first.flatMap { integer($0.value["worse"]) } ?? rows.count
        return [
            "anchor": "worse-\(index)",
            "title": "Worse in \(PageText.shown(name)): \(counted(worse, "row"))"
                + (rows.count < worse ? ", the first \(rows.count)" : ""),
            "list": rows.map { row -> View in
                let number = integer(row["row"]) ?? 0
                func score(_ key: String) -> String { Reports.number(row[key]).map(PageText.figure) ?? "–" }
                return [
                    "row": "Row \(grouped(number))", "href": rowLink?(number) ?? false as Any,
                    "change": "\(score("a")) → \(score("b"))",
                    "text": Self.shortened(row["text"]?.string ?? "", to: 120),
                ]
            },
        ]
    }

    static func shortened(_ text: String, to limit: Int = 40) -> String {
        PageText.shown(PageText.cut(text, to: limit, lines: 1).map { $0 + "…" } ?? text)
    }
}

/// A message at the top of a page.
package enum MessageView {
    package static func alarm(_ word: String, _ text: String) -> View {
        ["kind": "alarm", "isAlarm": true, "word": word, "text": PageText.shown(text)]
    }

    package static func warning(_ text: String) -> View {
        ["kind": "note", "isAlarm": false, "word": "Warning:", "text": PageText.shown(text)]
    }

    package static func good(_ word: String, _ text: String) -> View {
        ["kind": "note good", "isAlarm": false, "word": word, "text": PageText.shown(text)]
    }
}

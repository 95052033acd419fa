import Encodings
import JSON
import Runs
import ScoringCore
import Statistics

/// Scores by the value of a column.
enum SlicesView {
    private static let shownSlices = 60

    static func view(_ report: Report, isComparison: Bool) -> View {
        guard !isComparison, !report.options.sliceColumns.isEmpty, let summary = report.summaries.first else {
            return ["hasSlices": false, "slices": [View]()]
        }
        var tables: [View] = []
        for (index, function) in summary.functions.enumerated() {
            for (column, name) in report.options.sliceColumns.enumerated() where !function.slices[column].isEmpty {
                let slices = Slices(function.slices[column], all: function.moments)
                tables.append(
                    table(slices, column: name, summary, index, omitted: function.omitted[column], tables.count))
            }
        }
        return ["hasSlices": !tables.isEmpty, "slices": tables]
    }

    private static func table(
        _ slices: Slices, column: String, _ summary: RunSummary, _ index: Int, omitted: Int, _ place: Int
    ) -> View {
        let function = PageText.shown(summary.run.functions[index])
        let count = slices.slices.count
        var caption =
            "\(function): \(counted(count, "value")) of \(PageText.shown(column)) were looked at, the surest difference "
            + "from the rest first; p allows for all of them (Benjamini–Hochberg)"
        if count > shownSlices { caption += "; the first \(shownSlices) are shown" }
        if omitted > 0 { caption += "; \(counted(omitted, "row")) of further values are left out" }
        let shown = slices.slices.prefix(shownSlices)
        let known = shown.flatMap { [$0.estimate.value, $0.estimate.interval?.lower, $0.estimate.interval?.upper] }
        let axis = IntervalPlot.axis(
            of: known.compactMap(\.self), range: summary.run.range(of: summary.run.functions[index]))
        return [
            "sliceName": "\(function) by \(PageText.shown(column))", "caption": caption,
            "column": PageText.shown(column),
            "lines": shown.enumerated().map { line, slice -> View in
                let interval = slice.estimate.interval
                let plot = IntervalPlot(
                    axis: axis, lower: interval?.lower, value: slice.estimate.value, upper: interval?.upper)
                return [
                    "sliceValue": ComparisonView.shortened(slice.value, to: 80),
                    "isFew": slice.count < ReportPage.fewRows,
                    "value": slice.estimate.value.map(PageText.figure) ?? "–", "count": grouped(slice.count),
                    "interval": slice.estimate.value == nil
                        ? false : plot.view(id: "slice-\(place)-\(line)", title: slice.value) as Any,
                    "ends": interval.map { "\(PageText.figure($0.lower)) … \(PageText.figure($0.upper))" }
                        ?? slice.estimate.reason ?? "–",
                    "difference": slice.difference.map(PageText.signed) ?? "–", "p": PageText.p(slice.p),
                ]
            },
        ]
    }
}

/// What is known of judges, and whether people have checked them.
enum JudgesView {
    /// Whether a function's scores are those of a judge that nobody has compared with people's labels.
    static func isUnchecked(_ run: SavedRun, _ function: String) -> Bool {
        run.judge(of: function) != nil && calibration(run, function) == nil
    }

    private static func calibration(_ run: SavedRun, _ function: String) -> JSONValue? {
        let found = run.manifest?["calibration"]?[function] ?? run.provenance?["functions"]?[function]?["calibration"]
        return found == .null ? nil : found
    }

    static func view(_ report: Report, isComparison: Bool) -> View {
        var cards: [View] = []
        for (number, summary) in report.summaries.enumerated() {
            for (index, function) in summary.run.functions.enumerated() {
                guard let judge = summary.run.judge(of: function) else { continue }
                let known = calibration(summary.run, function)
                cards.append([
                    "anchor": "judge-\(number)-\(index)", "functionName": PageText.shown(function),
                    "runName": ReportPage.runName(number, isComparison, report).map { PageText.shown($0) }
                        ?? false as Any,
                    "unchecked": known == nil
                        ? "How far this judge agrees with people is not known; assay agree compares it with labels."
                        : false as Any,
                    "calibration": known.map { calibrationText($0) } ?? false as Any,
                    "facts": (judge.object?.members ?? []).compactMap { fact($0.key, $0.value) },
                    "length": length(summary.functions[index].length) ?? false as Any,
                ])
            }
        }
        return ["hasJudges": !cards.isEmpty, "judges": cards]
    }

    private static func fact(_ name: String, _ value: JSONValue) -> View? {
        if value == .null { return nil }
        let values = value.array.map { $0.map { $0.string ?? $0.text } } ?? [value.string ?? value.text]
        return ["label": words(name), "values": values.map { ComparisonView.shortened($0, to: 200) }]
    }

    private static func calibrationText(_ calibration: JSONValue) -> String {
        let parts = [("agreement", "agreement"), ("kappa", "kappa")].compactMap { name, label in
            (number(calibration[name]?["value"]) ?? number(calibration[name])).map { "\(label) \(PageText.figure($0))" }
        }
        return "Checked against people’s labels" + (parts.isEmpty ? "." : ": \(parts.joined(separator: ", ")).")
    }

    private static func length(_ length: LengthCorrelation) -> String? {
        length.value.map {
            "The length of the answer and the score have a correlation of \(PageText.signed(($0 * 1_000).rounded() / 1_000)) "
                + "(Pearson’s r, \(counted(length.count, "row"))). A judge that prefers long answers has a high one."
        }
    }
}

/// What models were asked, from `run.json`.
enum CostView {
    private static let figures = [
        ("requests", "Requests"), ("cached", "From the cache"), ("batched", "From batches"), ("failed", "Failed"),
        ("input_tokens", "Input tokens"), ("output_tokens", "Output tokens"), ("cost", "Cost"),
    ]

    /// When the run was started. A run that asked nobody is the same at any time, and has none.
    static func started(_ run: SavedRun) -> String? {
        guard hasUsage(run) else { return nil }
        return run.execution?["started"]?.string
    }

    private static func hasUsage(_ run: SavedRun) -> Bool {
        run.execution?["usage"]?.object != nil || run.execution?["candidate_usage"]?.object != nil
    }

    static func view(_ run: SavedRun) -> View {
        let usages = [("candidate_usage", "candidate"), ("usage", "judges")].compactMap { key, name in
            run.execution?[key]?.object.map { (name: name, usage: $0) }
        }
        let hasBatches = usages.contains { integer($0.usage["batched"]) ?? 0 > 0 }
        let figures = figures.filter { $0.0 != "batched" || hasBatches }
        let lines = usages.map { name, usage -> View in
            return [
                "name": name,
                "figures": figures.map { member, _ in
                    member == "cost"
                        ? number(usage[member]).map(PageText.figure) ?? "not known"
                        : grouped(integer(usage[member]) ?? 0)
                },
            ]
        }
        let seconds = number(run.execution?["seconds"]).map { "\(PageText.figure($0)) s" }
        let when = [started(run).map { "Started \($0)" }, seconds.map { "took \($0)" }].compactMap(\.self)
        let factors = Set(usages.flatMap { $0.usage["batch_price_factors"]?.array ?? [] }.compactMap { number($0) })
        let prices = factors.sorted().map(PageText.figure).joined(separator: " and ")
        let sentences =
            (when.isEmpty ? [] : [when.joined(separator: ", ") + "."])
            + (factors.isEmpty ? [] : ["The replies from batches are counted at \(prices) of the price."])
        return [
            "hasCost": !lines.isEmpty, "costHeads": figures.map(\.1), "costLines": lines,
            "when": sentences.isEmpty ? false : sentences.joined(separator: " ") as Any,
        ]
    }
}

/// How runs came about, and how to make them again.
enum MakingView {
    /// The most bytes of one document, and of all of them.
    private static let documentSize = 64 << 10
    private static let documentsSize = 400 << 10

    static func view(_ report: Report) -> View {
        var methods = [
            "Intervals: Wilson’s for shares, ± t · standard error for other means, order statistics for medians; with "
                + "clusters, the errors are those of clusters. Rows without a score are left out and counted."
        ]
        if report.summaries.count > 1 {
            methods.append("The difference is of the same rows in both runs; its interval and test are named above.")
        }
        if let warnings = report.run.manifest?["warnings"]?.array { methods += warnings.compactMap(\.string) }
        let isComparison = report.summaries.count > 1
        return [
            "methods": methods.map { PageText.shown($0) },
            "makings": report.summaries.enumerated().map { index, summary -> View in
                let run = summary.run
                return [
                    "runName": ReportPage.runName(index, isComparison, report).map { PageText.shown($0) } ?? "",
                    "caption": ReportPage.runName(index, isComparison, report).map { PageText.shown($0) }
                        ?? "Provenance",
                    "entries": entries(run), "command": command(run).map { PageText.shown($0) } ?? false as Any,
                    "documents": documents(run, hasTexts: report.options.hasTexts),
                ]
            },
        ]
    }

    /// The provenance as a list of names and values.
    private static func entries(_ run: SavedRun) -> [View] {
        var entries: [View] = []
        func add(_ name: String, _ value: JSONValue) {
            switch value {
            case .null: return
            case .object(let object) where entries.count < 500:
                for (key, member) in object.members { add(name.isEmpty ? key : "\(name) · \(key)", member) }
            case .array(let list) where list.isEmpty: return
            default:
                let text = value.array.map { $0.map { $0.string ?? $0.text }.joined(separator: ", ") }
                entries.append([
                    "label": ComparisonView.shortened(words(all: name), to: 200),
                    "value": ComparisonView.shortened(text ?? value.string ?? value.text, to: 400),
                ])
            }
        }
        var provenance = run.provenance?.object ?? [:]
        if var dataset = provenance["dataset"]?.object {
            // The digests of columns are in the JSON.
            dataset["columns"] = nil
            provenance["dataset"] = .object(dataset)
        }
        add("", .object(provenance))
        if entries.isEmpty { add("rows", .string(run.name)) }
        return Array(entries.prefix(500))
    }

    private static func words(all name: String) -> String { name.split(separator: "_").joined(separator: " ") }

    /// The command line that makes the run again.
    private static func command(_ run: SavedRun) -> String? {
        guard let provenance = run.provenance, let source = provenance["dataset"]?["source"]?.string else { return nil }
        var words = ["assay", "score", source]
        if let model = ReportPage.candidate(run) { words = ["assay", "evaluate", source, "--model", model] }
        let dataset = provenance["dataset"]
        for (name, column) in dataset?["map"]?.object?.members ?? [] {
            words += ["--map", "\(name)=\(column.string ?? "")"]
        }
        for condition in dataset?["where"]?.array?.compactMap(\.string) ?? [] { words += ["--where", condition] }
        if let limit = integer(dataset?["limit"]) { words += ["--limit", "\(limit)"] }
        words += ["--fn-dir", "functions"]
        for function in run.functions where provenance["functions"]?[function]?["score_of"] == nil {
            words += ["--fn", function]
        }
        for name in ["key", "cluster"] {
            let columns = provenance[name]?.array?.compactMap(\.string) ?? []
            if !columns.isEmpty { words += ["--\(name)", columns.joined(separator: ",")] }
        }
        words += ["--save", "again"]
        return words.map(shellWord).joined(separator: " ")
    }

    /// Definitions and results in full, as far as they fit.
    private static func documents(_ run: SavedRun, hasTexts: Bool) -> [View] {
        var documents: [View] = []
        var rest = documentsSize
        func add(_ title: String, _ json: JSONValue, _ place: String) {
            let text = json.prettyText
            let limit = min(rest, documentSize)
            let beginning = PageText.cut(text, to: limit, lines: .max)
            rest = max(0, rest - text.utf8.count)
            documents.append([
                "title": PageText.shown(title),
                "text": PageText.shown(beginning ?? text)
                    + (beginning == nil ? "" : "\n… shortened; the whole is in \(place)"),
            ])
        }
        if hasTexts {
            for function in run.functions {
                guard let definition = run.definitions[function] else { continue }
                add("Definition of \(function)", definition, "the folder functions")
            }
        }
        if let manifest = run.manifest { add("results.json", .object(manifest), "results.json") }
        return documents
    }
}

import JSON
import Runs
import ScoringCore

extension Report {
    /// The report as one HTML file below 5 MB, which needs nothing but itself.
    ///
    /// - Throws: `RunError` where the program's own templates are at fault.
    public func html() throws -> String { try ReportPage(self).html() }
}

/// Makes the HTML of a report.
struct ReportPage {
    var report: Report
    private let library: TemplateLibrary
    /// The rows to show, and what tells each from the others.
    private let examples: [(example: ShownExample, kind: RunSummary.Kind, anchor: String)]
    private let isComparison: Bool

    /// Fewer rows than these are greyed.
    static let fewRows = 20
    private static let scoreLimit = 60

    init(_ report: Report) throws {
        self.report = report
        do {
            library = try TemplateLibrary(ReportTemplate.allCases.map { ($0.rawValue, $0.text) })
        } catch {
            throw RunError("the report's templates cannot be read: \(error)")
        }
        isComparison = report.summaries.count > 1
        var anchors: [Int: Int] = [:]
        let rows = report.summaries.last?.examples(report.options.examples) ?? []
        let budget = TextBudget(rows.map(\.example.row), limit: 2_500_000)
        examples = rows.prefix(budget.rows).map { example, kind in
            var example = example
            example.row = budget.fitted(example.row)
            anchors[example.number, default: 0] += 1
            let count = anchors[example.number] ?? 1
            return (example, kind, "\(example.number)" + (count > 1 ? "-\(count)" : ""))
        }
    }

    func html() throws -> String {
        var view = head
        view.merge(numbers) { $1 }
        view.merge(unscored) { $1 }
        view.merge(scores) { $1 }
        view.merge(SlicesView.view(report, isComparison: isComparison)) { $1 }
        view.merge(JudgesView.view(report, isComparison: isComparison)) { $1 }
        view.merge(try rows()) { $1 }
        view.merge(CostView.view(report.run)) { $1 }
        view.merge(MakingView.view(report)) { $1 }
        if let changes = report.changes, isComparison, report.options.hasTexts {
            view["changed"] = ChangesView(changes, report).view()
        } else {
            view["changed"] = false
        }
        let contents: [(String, String, Bool)] = [
            ("numbers", "Numbers", true), ("unscored", "Not scored", true),
            ("changed", "Changes", view["changed"] is View), ("scores", "Scores", true),
            ("slices", "Slices", view["hasSlices"] as? Bool ?? false),
            ("judges", "Judges", view["hasJudges"] as? Bool ?? false),
            ("rows", "Rows", view["hasRows"] as? Bool ?? false),
            ("cost", "Cost", view["hasCost"] as? Bool ?? false), ("making", "Provenance", true),
        ]
        let hasRows = view["hasRows"] as? Bool ?? false
        return try render(
            .reportFrame,
            [
                "policy": ReportTemplate.policy, "title": title, "style": PageStyle.text,
                "contents": contents.filter(\.2).map { ["anchor": $0.0, "name": $0.1] as View },
                "body": try render(.report, view), "version": report.options.version,
                "footer": "Printed, this is the first page: scores, rows and provenance are in the file.",
                "hasScript": hasRows, "script": RowFilterScript.text,
            ])
    }

    private func render(_ template: ReportTemplate, _ view: View) throws -> String {
        guard let text = library.render(template.rawValue, view) else {
            throw RunError("the report's template \(template) is missing")
        }
        return text
    }

    /// The name of a run where there are two.
    static func runName(_ index: Int, _ isComparison: Bool, _ report: Report) -> String? {
        isComparison ? "\(index == 0 ? "A" : "B") \(report.name(of: report.summaries[index].run))" : nil
    }

    private var title: String {
        let name = report.name(of: report.run)
        return ComparisonView.shortened(
            isComparison ? "\(name) against \(report.name(of: report.summaries[0].run))" : name, to: 100)
    }

    // MARK: What this is

    private var head: View {
        var messages: [View] = []
        for summary in report.summaries {
            let run = summary.run
            let status = run.manifest?["status"]?.string ?? "complete"
            if status != "complete" {
                messages.append(
                    MessageView.alarm(
                        "Unfinished:", "the run \(report.name(of: run)) is \(status); its rows are a selection."))
            }
            if run.isUnverified {
                messages.append(
                    MessageView.warning(
                        "\(report.name(of: run)) is a file of rows: definitions, judges and dataset are not known."))
            }
        }
        for requirement in report.requirements {
            messages.append(
                requirement.isMet
                    ? MessageView.good("Met:", requirement.text) : MessageView.alarm("Not met:", requirement.text))
        }
        var facts: [View] = []
        func add(_ label: String, _ values: [String]) {
            let values = values.filter { !$0.isEmpty }
            if !values.isEmpty { facts.append(["label": label, "values": values.map { PageText.shown($0) }]) }
        }
        let runs = report.summaries.map(\.run)
        add(isComparison ? "Candidates" : "Candidate", unique(runs.map { Self.candidate($0) ?? "" }))
        add(
            "Dataset",
            unique(runs.map { $0.provenance?["dataset"]?["source"]?.string ?? ($0.isUnverified ? $0.name : "") }))
        add("Rows", unique(report.summaries.map { grouped($0.rows) }))
        add("Functions", ["\(runs.last?.functions.count ?? 0)"])
        if let started = CostView.started(report.run) { add("Date", [started]) }
        let name = report.name(of: report.run)
        return [
            "kind": isComparison ? "Comparison of two runs" : "Report of a run", "name": PageText.shown(name),
            "against": isComparison ? PageText.shown(report.name(of: runs[0])) : false as Any,
            "head": ["messages": messages] as View, "facts": facts,
        ]
    }

    private func unique(_ texts: [String]) -> [String] {
        texts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    static func candidate(_ run: SavedRun) -> String? {
        let candidate = run.provenance?["candidate"]
        return candidate?["model"]?.string ?? candidate?["agent"].map { "agent \($0["model"]?.string ?? "")" }
    }

    // MARK: The numbers

    private var numbers: View {
        if isComparison {
            var view = ComparisonView(shownComparison)
            view.functionLink = { [functions = report.run.functions] name in
                functions.firstIndex(of: name).flatMap { $0 < Self.scoreLimit ? "#b-function-\($0)" : nil }
            }
            return ["comparison": view.view(), "plainNumbers": false]
        }
        let summary = report.summaries[0]
        let functions = summary.run.functions.enumerated().map { index, function in
            NumbersView.Function(
                function, report.aggregates(summary, index), range: summary.run.range(of: function),
                href: index < Self.scoreLimit ? "#function-\(index)" : nil,
                warning: JudgesView.isUnchecked(summary.run, function) ? "judge not checked against people" : nil)
        }
        return ["plainNumbers": NumbersView.view(functions), "comparison": false]
    }

    /// The comparison without texts of rows, where they are not wanted.
    private var shownComparison: JSONValue {
        guard !report.options.hasTexts, var comparison = report.comparison?.object else {
            return report.comparison ?? .null
        }
        comparison["refusals"] = comparison["refusals"]?.array.map { refusals in
            .array(
                refusals.map { refusal in
                    [
                        "code": refusal["code"] ?? .null, "function": refusal["function"] ?? .null,
                        "message": refusal["code"] ?? .null,
                    ]
                })
        }
        return .object(comparison)
    }

    // MARK: What was not scored

    private var unscored: View {
        var cards: [View] = []
        for (number, summary) in report.summaries.enumerated() {
            for (index, function) in summary.functions.enumerated() where function.counts.unscored > 0 {
                cards.append(unscoredCard(function, summary, index, number))
            }
        }
        return [
            "unscored": Array(cards.prefix(Self.scoreLimit)),
            "allScored": cards.isEmpty ? "Every row was scored by every function." : false as Any,
        ]
    }

    private func unscoredCard(_ function: FunctionSummary, _ summary: RunSummary, _ index: Int, _ number: Int) -> View {
        let counts = function.counts
        var start = 0.0
        let parts = RowOutcome.allCases.filter { counts[$0] > 0 }.map { outcome -> View in
            let width = 400 * Double(counts[outcome]) / Double(max(1, counts.total))
            defer { start += width }
            return [
                "x": PageText.exact((start * 10).rounded() / 10),
                "width": PageText.exact((max(1, width) * 10).rounded() / 10),
                "kind": outcome == .scored ? "scored" : "miss-\(outcome.rawValue % 2)",
            ]
        }
        let isLast = number == report.summaries.count - 1
        let outcomes = RowOutcome.allCases.filter { $0 != .scored && counts[$0] > 0 }.map { outcome -> View in
            let reasons = function.reasons.filter { $0.key.outcome == outcome && !$0.key.message.isEmpty }
                .sorted { ($1.value.count, $0.value.number) < ($0.value.count, $1.value.number) }
            return [
                "outcome": outcome.shownName, "count": grouped(counts[outcome]),
                "share": PageText.share(counts[outcome], of: counts.total),
                "reasons": reasons.prefix(5).map { reason, found -> View in
                    let anchor = isLast ? examples.first { $0.example.number == found.number }?.anchor : nil
                    return [
                        "times": "\(grouped(found.count)) ×", "message": PageText.shown(reason.message),
                        "row": "row \(grouped(found.number))", "href": anchor.map { "#row-\($0)" } ?? false as Any,
                    ]
                },
            ]
        }
        return [
            "anchor": "unscored-\(number)-\(index)", "functionName": PageText.shown(summary.run.functions[index]),
            "runName": Self.runName(number, isComparison, report).map { PageText.shown($0) } ?? false as Any,
            "sentence": "\(grouped(counts.unscored)) of \(counted(counts.total, "row")) "
                + "(\(PageText.share(counts.unscored, of: counts.total))) have no score. The numbers are of the "
                + "\(grouped(counts.scored)) others.",
            "parts": parts, "outcomes": outcomes,
        ]
    }

    // MARK: Distribution of scores

    private var scores: View {
        var cards: [View] = []
        for (number, summary) in report.summaries.enumerated() {
            for index in summary.functions.indices.prefix(Self.scoreLimit) {
                var function = summary.functions[index]
                var view = ScoresView(
                    summary.run.functions[index], index: index, aggregates: report.aggregates(summary, index),
                    bars: function.bars())
                view.runName = Self.runName(number, isComparison, report)
                view.prefix = isComparison ? (number == 0 ? "a-" : "b-") : ""
                view.level = 3
                let isLast = number == report.summaries.count - 1
                cards.append(view.view { bar in isLast ? link(bar, index) : nil })
            }
        }
        let more = (report.summaries.map(\.functions.count).max() ?? 0) - Self.scoreLimit
        return [
            "scores": cards,
            "moreScores": more > 0 ? "\(counted(more, "more function")) are left out here." : false as Any,
        ]
    }

    /// The first row among the examples that belongs to a bar.
    private func link(_ bar: ScoreBar, _ function: Int) -> String? {
        guard let query = bar.query else { return nil }
        let fields = Dictionary(query, uniquingKeysWith: { $1 })
        let found = examples.first { entry in
            let score = entry.example.scores[function]
            if let name = fields["outcome"], name != RowOutcome.scored.name { return score.outcome?.name == name }
            if let text = fields["score"] {
                if case .text(let found) = score { return found == text }
                return score.number.map { $0 == Double(text) } ?? false
            }
            guard let number = score.number else { return false }
            return fields["least"].flatMap(Double.init).map { number >= $0 } ?? true
                && fields["below"].flatMap(Double.init).map { number < $0 } ?? true
        }
        return found.map { "#row-\($0.anchor)" }
    }

    // MARK: Rows

    private func rows() throws -> View {
        guard !examples.isEmpty, let summary = report.summaries.last else { return ["hasRows": false] }
        let view = RowsView(hasScores: true, RunSummary.limits)
        let shown = examples.map { example, kind, anchor -> View in
            var row = view.view(
                example.row, at: example.number, anchor: anchor, href: "#row-\(anchor)", wholeRow: nil)
            row["why"] = kind.rawValue
            return row
        }
        let place = summary.run.isUnverified ? "in the file of the run" : "in rows.jsonl.zst"
        let status =
            "\(grouped(shown.count)) of \(counted(summary.rows, "row"))"
            + (isComparison ? " of B" : "") + ": the lowest scores, rows without a score, and a random sample. All are "
            + place + "."
        let list = library.render(
            SharedTemplate.rows.rawValue, ["rows": shown, "status": status, "hasPager": false, "pagerLinks": [View]()])
        func choice(_ value: String, _ name: String) -> View { ["choice": value, "name": name, "isChosen": false] }
        let functions = summary.run.functions
        return [
            "hasRows": true, "rowsText": "<div id=\"rows-shown\">\(list ?? "")</div>", "formID": "filter",
            "hasFunctionField": functions.count > 1,
            "functionChoices": [choice("", "Any")]
                + functions.map { choice(PageText.shown($0), PageText.shown($0)) },
            "outcomeChoices": [choice("", "Any"), choice("missing", "Without a score")]
                + RowOutcome.allCases.map { choice($0.name, $0.shownName) },
            "scoreText": "", "leastText": "", "belowText": "", "isFiltered": false, "filterFault": false,
            "formPath": "",
        ]
    }
}

import HTTPTypes
import JSON
import Reports
import Runs
import Store

/// `/compare` and `/agree`: two results side by side, and judges against labels or one another.
struct ComparePage {
    private let service: Service
    private let context: HandlerContext
    /// The results that have rows, the newest first.
    private let results: [StoredResult]

    /// The number of results to choose from.
    private static let choices = 200
    private static let regressions = 50

    init(_ service: Service, _ context: HandlerContext) throws {
        self.service = service
        self.context = context
        results = try service.registry.results(ListPage(offset: 0, limit: Self.choices)).filter {
            $0.rowsDatasetID != nil
        }
    }

    // MARK: Two results

    func comparison() throws -> Page {
        let (a, b) = (field("a"), field("b"))
        var view = try form("/compare", [("a", "A: what you have", a), ("b", "B: what is new", b)])
        view["fields"] = [
            text("key", "Pair rows by the columns", "row numbers"), text("by", "Also by the values of", ""),
        ]
        view["about"] =
            "The scores of B less those of A, over the same rows. Rows are paired by the columns that say which question "
            + "they are, or by their numbers."
        if let a, let b {
            let found: JSONValue
            do {
                var options = ComparisonOptions()
                options.key = columns("key")
                options.sliceColumns = columns("by") ?? []
                options.regressions = Self.regressions
                found = try Comparison(service.run(.result(a)), service.run(.result(b)), options: options).json
            } catch let refusal as Refusal {
                found = ["comparable": false, "refusals": [refusal.json]]
            } catch let error as RunError {
                found = ["comparable": false, "refusals": [["message": .string(error.message)]]]
            }
            var shown = ComparisonView(found)
            shown.rowLink = { PageText.link("/results", a, [("row", "\($0)")]) }
            view["comparison"] = shown.view()
        }
        return Page(title: "Compare", place: "/compare", template: .compare, view: view)
    }

    // MARK: Judges

    func agreement() throws -> Page {
        let (run, other, labels) = (field("run"), field("other"), field("labels"))
        var view = try form("/agree", [("run", "Result", run), ("other", "With another result", other)])
        view["fields"] = [
            text("labels", "Labels in the column", "none"), text("function", "Only the function", "all"),
        ]
        view["about"] =
            "How far the scores of judges agree with people’s labels in a column of the rows; without labels, with one "
            + "another."
        if let run {
            do {
                let runs = try ([run] + (other.map { [$0] } ?? [])).map { try service.run(.result($0)) }
                var options = AgreementOptions()
                options.functions = field("function").map { [$0] } ?? []
                if let labels {
                    guard runs[0].columns.contains(labels) else {
                        throw APIError.invalid(
                            "the rows have no column \(quoted(labels)); they have: \(runs[0].columns.joined(separator: ", "))"
                        )
                    }
                    options.labels = labels
                }
                view["agreement"] = AgreementView.view(
                    try Agreement(runs, options: options).json, hasLabels: labels != nil)
            } catch let refusal as Refusal {
                view["agreement"] = failure(refusal.description)
            } catch let error as RunError {
                view["agreement"] = failure(error.message)
            }
        }
        return Page(title: "Agreement", place: "/compare", template: .compare, view: view)
    }

    private func failure(_ message: String) -> View {
        ["messages": [MessageView.alarm("Not compared:", message)], "judges": [View](), "alpha": false]
    }

    // MARK: The form

    private func field(_ name: String) -> String? { context.query[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The names of columns, with commas between them.
    private func columns(_ name: String) -> [String]? {
        field(name)?.split(separator: ",").map { String($0.trimmingPrefix(" ")) }
    }

    private func text(_ name: String, _ label: String, _ placeholder: String) -> View {
        ["field": name, "label": label, "value": field(name) ?? "", "placeholder": placeholder]
    }

    private func form(_ path: String, _ selections: [(name: String, label: String, chosen: String?)]) throws -> View {
        let names = try results.map { ($0.id, try name(of: $0)) }
        return [
            "formPath": path, "isComparison": path == "/compare", "comparison": false, "agreement": false,
            "hasChoices": !results.isEmpty,
            "selections": selections.map { selection -> View in
                var choices = [("", "Choose a result")]
                // One that is too old for the list.
                if let chosen = selection.chosen, !names.contains(where: { $0.0 == chosen }) {
                    choices.append((chosen, PageText.shown(chosen)))
                }
                choices += names
                return [
                    "field": selection.name, "label": selection.label,
                    "choices": choices.map { id, name -> View in
                        ["choice": id, "name": name, "isChosen": id == (selection.chosen ?? "")]
                    },
                ]
            },
        ]
    }

    private func name(of result: StoredResult) throws -> String {
        let job = try result.jobID.flatMap { try service.registry.briefJob($0) }
        let candidate = job?.candidateName.map { ", \($0)" } ?? ""
        let text = "\(result.datasetID)\(candidate), \(PageText.time(result.created).shown)"
        return PageText.shown(PageText.cut(text, to: 100, lines: 1).map { $0 + "…" } ?? text)
    }
}

import JSON
import Reports
import ScoringCore
import Store

/// `/results/{id}`: the result of a run, and its rows.
struct ResultPage {
    private let result: StoredResult
    private let service: Service
    private let context: HandlerContext
    private let path: String
    /// The rows and their scores; nil if they were not kept, or were deleted.
    private let rows: StoredDataset?

    static let rowsOnPage = 25

    init(_ service: Service, _ context: HandlerContext) throws {
        guard let result = try service.registry.result(context.identifier) else {
            throw APIError.notFound(
                "There is no result \(quoted(context.identifier)). The server keeps the latest "
                    + "\(service.registry.resultLimit)."
            )
        }
        self.result = result
        self.service = service
        self.context = context
        path = PageText.link("/results", result.id)
        rows = try result.rowsDatasetID.flatMap { try service.registry.dataset($0) }
    }

    func page() throws -> Page {
        let time = PageText.time(result.created)
        let name = PageText.shown(result.datasetID)
        let job = try result.jobID.flatMap { try service.registry.briefJob($0) }
        let isThere = try service.registry.dataset(result.datasetID) != nil
        var view: View = [
            "datasetName": name, "datasetLink": (isThere ? datasetLink(result.datasetID) : nil) ?? false,
            "time": time.shown, "machineTime": time.machine, "benchmark": result.benchmarkID != nil,
            "benchmarkName": PageText.shown(result.benchmarkID ?? ""), "job": result.jobID != nil,
            "jobName": PageText.shown(result.jobID ?? ""),
            "candidate": (job?.candidateName).map { PageText.shown($0) } ?? false as Any,
            "isCancelled": job?.status == .cancelled,
            "scores": context.query["row"] == nil ? result.functions.enumerated().map(scores) : [View](),
            "rowsNote": rowsNote ?? false, "hasRows": rows != nil,
            "savedRows": grouped(rows?.rowCount ?? 0),
            "compareLink": PageText.link("/compare", nil, [("b", result.id)]),
            "agreeLink": PageText.link("/agree", nil, [("run", result.id)]),
            "reportLink": path + "/report",
            "runLink": path + "/run",
        ]
        view.merge(numbers) { $1 }
        if let rows { try view.merge(rowsView(rows)) { $1 } }
        let row = try context.integer("row", from: 0).map { "Row \($0) – " } ?? ""
        return Page(
            title: row + "Result of \(result.datasetID), \(time.shown)", place: "/results", template: .result,
            view: view)
    }

    private var rowsNote: String? {
        if rows != nil { return nil }
        return result.rowsDatasetID == nil
            ? "The rows were not kept. To see them here, score with save_results_dataset."
            : "The dataset with the rows was deleted."
    }

    // MARK: Functions

    private func scores(_ index: Int, _ function: String) -> View {
        let aggregates = result.aggregates[function]
        let bars = ScoreBar.all(of: result.distributions[function], rows: aggregates?["rows"])
        return ScoresView(
            function, index: index, aggregates: aggregates, bars: bars,
            isDistributionKnown: result.distributions[function] != nil
        ).view { bar in
            guard rows != nil else { return nil }
            let query = bar.query.map { (result.functions.count > 1 ? [("function", function)] : []) + $0 }
            return query.map { PageText.link(path, nil, $0) + "#rows" }
        }
    }

    /// The aggregates of all functions, where there are several.
    private var numbers: View {
        guard result.functions.count > 1, context.query["row"] == nil else { return ["hasNumbers": false] }
        var view = NumbersView.view(
            result.functions.enumerated().map { index, function in
                NumbersView.Function(function, result.aggregates[function], href: "#function-\(index)")
            })
        view["hasNumbers"] = true
        return view
    }

    // MARK: Rows

    private func rowsView(_ dataset: StoredDataset) throws -> View {
        var filter = ResultRowFilter()
        var fault: String?
        do throws(APIError) {
            filter = try ResultRowFilter(context.query)
        } catch {
            fault = error.message
        }
        let single = try context.integer("row", from: 0)
        let start = try single ?? context.integer("from", from: 0) ?? 0
        let search =
            try fault == nil
            ? RowSearch(
                service.registry, dataset, from: start, count: single == nil ? Self.rowsOnPage : 1,
                single == nil ? filter : ResultRowFilter()) : nil
        let found = search?.found ?? []
        var view = pager(dataset, filter, start, search, isSingle: single != nil)
        view.merge([
            "rows": RowsOnPage(path: path, hasScores: true, isWhole: single != nil).view(found),
            "status": fault == nil ? status(dataset, filter, start, search) : "",
        ]) { $1 }
        view.merge(form(filter, fault)) { $1 }
        return view
    }

    private func status(_ dataset: StoredDataset, _ filter: ResultRowFilter, _ start: Int, _ search: RowSearch?)
        -> String
    {
        let found = search?.found ?? []
        let total = grouped(dataset.rowCount)
        guard let last = found.last else {
            if start >= dataset.rowCount {
                return "Row \(grouped(start)) does not exist; the dataset has \(total) rows."
            }
            let isAll = start == 0 && search?.next == dataset.rowCount
            return isAll
                ? "No rows match."
                : "No rows from \(grouped(start)) to \(grouped((search?.next ?? start) - 1)) match."
        }
        if filter.isEmpty {
            return found.count == 1
                ? "Row \(grouped(last.index)) of \(total), counted from 0"
                : "Rows \(grouped(start)) to \(grouped(last.index)) of \(total), counted from 0"
        }
        let seen = (search?.next ?? start) - 1
        return "\(counted(found.count, "row")) found in rows \(grouped(start)) to "
            + "\(grouped(seen)) of \(total)"
    }

    private func pager(
        _ dataset: StoredDataset, _ filter: ResultRowFilter, _ start: Int, _ search: RowSearch?, isSingle: Bool
    ) -> View {
        let kept = isSingle ? [] : query.filter { $0.0 != "from" }
        func link(_ name: String, _ parameter: String, _ row: Int) -> View {
            ["name": name, "href": PageText.link(path, nil, kept + [(parameter, "\(row)")]) + "#rows"]
        }
        var links: [View] = []
        if isSingle {
            links.append(["name": "Whole result", "href": path])
            if start > 0 { links.append(link("Previous row", "row", start - 1)) }
            if start < dataset.rowCount - 1 { links.append(link("Next row", "row", start + 1)) }
        } else {
            if start > 0 { links.append(["name": "First rows", "href": PageText.link(path, nil, kept) + "#rows"]) }
            if start > 0, filter.isEmpty {
                links.append(link("Previous rows", "from", max(0, start - Self.rowsOnPage)))
            }
            if let next = search?.next, next < dataset.rowCount {
                let isCut = (search?.found.count ?? 0) < Self.rowsOnPage
                let name = filter.isEmpty || !isCut ? "Next rows" : "Continue from row \(grouped(next))"
                links.append(link(name, "from", next))
            }
        }
        return ["hasPager": !links.isEmpty, "pagerLinks": links]
    }

    private static let fields = ["function", "outcome", "score", "least", "below", "from"]

    /// The known parameters of the query, in the order of the form.
    private var query: [(String, String)] {
        Self.fields.compactMap { name in
            context.query[name].flatMap { $0.isEmpty ? nil : (name, $0) }
        }
    }

    private func form(_ filter: ResultRowFilter, _ fault: String?) -> View {
        func choice(_ value: String, _ name: String, _ field: String) -> View {
            ["choice": value, "name": name, "isChosen": (context.query[field] ?? "") == value]
        }
        let functions =
            [choice("", "Any", "function")]
            + result.functions.map { choice($0, PageText.shown($0), "function") }
        let outcomes =
            [choice("", "Any", "outcome"), choice("missing", "Without a score", "outcome")]
            + RowOutcome.allCases.map { choice($0.name, $0.shownName, "outcome") }
        return [
            "formID": false, "formPath": path, "hasFunctionField": result.functions.count > 1,
            "functionChoices": functions,
            "outcomeChoices": outcomes, "scoreText": context.query["score"] ?? "",
            "leastText": context.query["least"] ?? "", "belowText": context.query["below"] ?? "",
            "isFiltered": !filter.isEmpty || fault != nil, "filterFault": fault ?? false,
        ]
    }
}

/// The page of a dataset; nil for `.` and `..`, which cannot be the last part of a path.
func datasetLink(_ id: String) -> String? { id == "." || id == ".." ? nil : PageText.link("/datasets", id) }

extension StoredJob {
    /// The model or the agent that generated the answers.
    var candidateName: String? {
        let candidate = request["benchmark_config"]?["eval_candidate"]
        if let model = candidate?["model"]?.string { return model }
        let agent = candidate?["config"]
        let name = agent?["name"]?.string ?? agent?["agent_id"]?.string ?? agent?["model"]?.string
        return name.map { "agent \($0)" }
    }
}

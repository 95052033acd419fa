import Evaluation
import Inference
import JSON
import Reports
import ScoringCore
import ScoringDefinitions
import Store

/// The list pages, and the overview.
enum PageLists {
    private static let onOverview = 8
    private static let onPage = 100
    /// The number of functions that a list shows for a result or benchmark.
    private static let functionsInLine = 6

    /// A list: its name, and how to read it.
    private struct List {
        var path: String
        var name: String
        var heading: String
        var list: PageTemplate
        var table: PageTemplate
        var count: (Service) throws -> Int
        var read: (Service, ListPage) throws -> View
    }

    private static var lists: [List] {
        [
            List(
                path: "/results", name: "results", heading: "Results", list: .results, table: .resultTable,
                count: { try $0.registry.resultCount() },
                read: { service, page in
                    try resultTable(
                        service.registry.results(page), service,
                        none: "Nothing has been scored yet. Score a dataset with POST /v1/scoring/score-batch.")
                }),
            List(
                path: "/jobs", name: "jobs", heading: "Jobs", list: .jobs, table: .jobTable,
                count: { try $0.registry.jobCount() }, read: jobTable),
            List(
                path: "/datasets", name: "datasets", heading: "Datasets", list: .datasets, table: .datasetTable,
                count: { try $0.registry.datasetCount() }, read: datasetTable),
            List(
                path: "/benchmarks", name: "benchmarks", heading: "Benchmarks", list: .benchmarks,
                table: .benchmarkTable, count: { try $0.registry.definitionCount(.benchmark) }, read: benchmarkTable),
            List(
                path: "/functions", name: "functions", heading: "Scoring functions", list: .functions,
                table: .functionTable, count: { $0.definitions.identifiers.count }, read: functionTable),
        ]
    }

    /// `/`
    static func overview(_ service: Service) throws -> Page {
        let views = try lists.map { list -> View in
            let count = try list.count(service)
            let table = try list.read(service, ListPage(offset: 0, limit: onOverview))
            return [
                "anchor": list.name, "name": list.name == "results" ? "Recent results" : list.heading,
                "all": "All " + list.heading.lowercased(),
                "count": grouped(count), "href": list.path, "more": count > onOverview,
                "table": try service.pages.render(list.table, table),
            ]
        }
        return Page(title: "Overview", place: "/", template: .overview, view: ["lists": views])
    }

    /// `/results`, `/jobs`, `/datasets`, `/benchmarks` and `/functions`.
    static func page(_ path: String, _ service: Service, _ context: HandlerContext) throws -> Page {
        guard let list = lists.first(where: { $0.path == path }) else {
            throw APIError.notFound("This list does not exist.")
        }
        let count = try list.count(service)
        let start = try min(context.integer("from", from: 0) ?? 0, max(0, count - 1))
        let end = min(count, start + onPage)
        var view = try list.read(service, ListPage(offset: start, limit: onPage))
        var links: [View] = []
        if start > 0 {
            links.append([
                "name": "Previous", "href": PageText.link(path, nil, [("from", "\(max(0, start - onPage))")]),
            ])
        }
        if end < count { links.append(["name": "Next", "href": PageText.link(path, nil, [("from", "\(end)")])]) }
        view["heading"] = list.heading
        view["position"] =
            count > end - start
            ? "\(grouped(start + 1)) to \(grouped(end)) of \(grouped(count))"
            : grouped(count) + " in all"
        view["hasPager"] = !links.isEmpty
        view["pagerLinks"] = links
        return Page(title: list.heading, place: path, template: list.list, view: view)
    }

    static func resultTable(_ results: [StoredResult], _ service: Service, none: String) throws -> View {
        let views = try results.map { result -> View in
            // Nothing is known about a deleted job.
            let job = try result.jobID.flatMap { try service.registry.briefJob($0) }
            let time = PageText.time(result.created)
            let functions = result.functions.prefix(functionsInLine).map { function -> View in
                [
                    "functionName": PageText.shown(function),
                    "figures": ResultFigures.short(result.aggregates[function]),
                ]
            }
            let counts = result.functions.map { result.aggregates[$0]?["rows"] }
            let total = counts.compactMap { integer($0?["total"]) }.max() ?? 0
            let missing = counts.map { (integer($0?["total"]) ?? 0) - (integer($0?["scored"]) ?? 0) }.max() ?? 0
            return [
                "href": PageText.link("/results", result.id), "time": time.shown, "machineTime": time.machine,
                "datasetName": PageText.shown(result.datasetID), "benchmark": result.benchmarkID != nil,
                "benchmarkName": PageText.shown(result.benchmarkID ?? ""), "functions": functions,
                "moreFunctions": more(result.functions.count), "rowCount": grouped(total),
                "candidate": (job?.candidateName).map { PageText.shown($0) } ?? false as Any,
                "isCancelled": job?.status == .cancelled,
                "missing": missing == 0 ? false : grouped(missing) + " not scored" as Any,
            ]
        }
        return ["results": views, "hasResults": !views.isEmpty, "none": none]
    }

    private static func jobTable(_ service: Service, _ page: ListPage) throws -> View {
        let views = try service.registry.jobs(page).map { job -> View in
            let time = PageText.time(job.created)
            let progress = job.finished == nil ? service.jobs.progress(of: job.id) : nil
            let done = grouped(progress?.done ?? job.rowsDone)
            let total = (progress?.total ?? job.rowsTotal).map { " of " + grouped($0) } ?? ""
            return [
                "id": PageText.shown(job.id), "time": time.shown, "machineTime": time.machine,
                "benchmarkName": PageText.shown(job.benchmarkID), "candidate": PageText.shown(job.candidateName ?? ""),
                "status": job.status.rawValue.split(separator: "_").joined(separator: " ")
                    + (progress?.batches.map {
                        ", " + waitingText(batches: $0.count, answered: $0.answered, of: $0.requests)
                    } ?? ""),
                "isBad": job.status == .failed || job.status == .cancelled, "rowCount": done + total,
            ]
        }
        return ["jobs": views, "hasJobs": !views.isEmpty]
    }

    private static func more(_ functions: Int) -> Any {
        functions > functionsInLine ? "and \(grouped(functions - functionsInLine)) more" : false
    }

    private static func datasetTable(_ service: Service, _ page: ListPage) throws -> View {
        let views = try service.registry.datasetSummaries(page).map { dataset -> View in
            let time = PageText.time(dataset.created)
            return [
                "id": PageText.shown(dataset.id), "href": datasetLink(dataset.id) ?? false,
                "rowCount": grouped(dataset.rowCount),
                "about": about(uri: dataset.uri, resultsOf: dataset.resultsOf), "time": time.shown,
                "machineTime": time.machine,
            ]
        }
        return ["datasets": views, "hasDatasets": !views.isEmpty]
    }

    /// The description of a dataset, by the source of its rows.
    static func about(uri: String?, resultsOf: String?) -> String {
        if let resultsOf { return "results of " + PageText.shown(resultsOf) }
        guard let uri else { return "uploaded rows" }
        return PageText.shown(PageText.cut(uri, to: 120, lines: 1).map { $0 + "…" } ?? uri)
    }

    private static func benchmarkTable(_ service: Service, _ page: ListPage) throws -> View {
        let views = try service.registry.definitions(.benchmark, page).map { id, definition -> View in
            let functions = definition["scoring_functions"]?.array?.compactMap(\.string) ?? []
            return [
                "id": PageText.shown(id), "datasetName": PageText.shown(definition["dataset_id"]?.string ?? ""),
                "functions": functions.prefix(functionsInLine).map { PageText.shown($0) },
                "moreFunctions": more(functions.count),
            ]
        }
        return ["benchmarks": views, "hasBenchmarks": !views.isEmpty]
    }

    private static func functionTable(_ service: Service, _ page: ListPage) throws -> View {
        let definitions = service.definitions
        let ids = definitions.identifiers.dropFirst(page.offset).prefix(page.limit)
        let views = ids.compactMap { definitions[$0] }.map { function -> View in
            let about = function.description
            return [
                "id": PageText.shown(function.identifier), "gives": function.returnType.kind.rawValue,
                "about": PageText.shown(PageText.cut(about, to: 300, lines: 3).map { $0 + "…" } ?? about),
            ]
        }
        return ["functions": views, "hasFunctions": !views.isEmpty]
    }
}

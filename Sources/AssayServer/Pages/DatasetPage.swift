import JSON
import Reports
import ScoringCore
import Store

/// `/datasets/{id}`: the rows of a dataset, and its results.
struct DatasetPage {
    private let dataset: StoredDataset
    private let service: Service
    private let context: HandlerContext

    private static let resultsOnPage = 10

    init(_ service: Service, _ context: HandlerContext) throws {
        guard let dataset = try service.registry.dataset(context.identifier) else {
            throw APIError.notFound("There is no dataset \(quoted(context.identifier)).")
        }
        self.dataset = dataset
        self.service = service
        self.context = context
    }

    func page() throws -> Page {
        let single = try context.integer("row", from: 0)
        let start = try min(single ?? context.integer("from", from: 0) ?? 0, max(0, dataset.rowCount - 1))
        let count = single == nil ? ResultPage.rowsOnPage : 1
        let search = try RowSearch(service.registry, dataset, from: start, count: count, ResultRowFilter())
        let path = PageText.link("/datasets", dataset.id)
        let results = try service.registry.results(ListPage(offset: 0, limit: Self.resultsOnPage), of: dataset.id)
        let source = dataset.definition["source"]
        var view: View = [
            "id": PageText.shown(dataset.id), "rowCount": grouped(dataset.rowCount),
            "purpose": PageText.shown(dataset.definition["purpose"]?.string ?? "–"),
            "about": PageLists.about(
                uri: source?["uri"]?.string, resultsOf: dataset.definition["metadata"]?["results_of"]?.string),
            "rows": RowsOnPage(path: path, hasScores: false, isWhole: single != nil).view(search.found),
            "status": status(start, search),
        ]
        var links: [View] = []
        if start > 0 {
            let name = single == nil ? "from" : "row"
            let text = "\(max(0, start - count))"
            links.append(["name": "Previous", "href": PageText.link(path, nil, [(name, text)]) + "#rows"])
        }
        if search.next < dataset.rowCount {
            let name = single == nil ? "from" : "row"
            links.append(["name": "Next", "href": PageText.link(path, nil, [(name, "\(search.next)")]) + "#rows"])
        }
        view["hasPager"] = !links.isEmpty
        view["pagerLinks"] = links
        view.merge(try PageLists.resultTable(results, service, none: "")) { $1 }
        let row = single.map { "Row \($0) – " } ?? ""
        return Page(title: row + "Dataset \(dataset.id)", place: "/datasets", template: .dataset, view: view)
    }

    private func status(_ start: Int, _ search: RowSearch) -> String {
        guard let last = search.found.last else { return "It has no rows." }
        let total = grouped(dataset.rowCount)
        return "Rows \(grouped(start)) to \(grouped(last.index)) of \(total), counted from 0"
    }
}

import Glibc
import JSON
import Logging
import ScoringCore
import ScoringDefinitions
import ScoringEngine
import Store

extension Service {
    /// Keeps what a run over a dataset came to, for the pages that show it. Where that cannot be kept, the log says so,
    /// and the run is no worse for it.
    ///
    /// - Parameters:
    ///   - results: of a request with `keepsDistribution`, or else there is nothing to plot.
    ///   - rowsDatasetID: the dataset with the rows and their scores, as score-batch writes them.
    func record(
        _ results: ScoringResults, of datasetID: String, rowsDatasetID: String?, benchmarkID: String? = nil,
        jobID: String? = nil, logger: Logger
    ) {
        var aggregates = JSONObject()
        var distributions = JSONObject()
        for result in results.functions {
            aggregates[result.function.identifier] = abridged(result.json)
            guard let bars = result.aggregates.distribution else { continue }
            distributions[result.function.identifier] = .array(bars.map(json(of:)))
        }
        let result = StoredResult(
            id: String(DatasetRoutes.randomName().prefix(16)), created: time(nil), datasetID: datasetID,
            rowsDatasetID: rowsDatasetID, benchmarkID: benchmarkID, jobID: jobID,
            functions: results.functions.map(\.function.identifier), aggregates: .object(aggregates),
            distributions: .object(distributions))
        do throws(StoreError) {
            try registry.record(result)
        } catch {
            logger.warning("the result was not kept for the pages", metadata: ["error": "\(error)"])
        }
    }
}

/// Categories of one function that are kept.
private let categoryLimit = 1_000

/// A function's result with the most frequent of its categories, where it has very many; "omitted" is how many more
/// there are.
private func abridged(_ result: JSONValue) -> JSONValue {
    let name = "categorical_count"
    guard var members = result.object, var aggregated = result["aggregated_results"]?.object,
        let categories = aggregated[name]?[name]?.object, categories.count > categoryLimit
    else { return result }
    func count(_ member: JSONObject.Member) -> Double {
        if case .number(let number) = member.value { number.double } else { 0 }
    }
    let most = categories.members.sorted { count($0) > count($1) }.prefix(categoryLimit)
    var kept = JSONObject()
    for (key, value) in most { kept[key] = value }
    aggregated[name] = .object([name: .object(kept), "omitted": JSONValue(categories.count - kept.count)])
    members["aggregated_results"] = .object(aggregated)
    if var bounds = members["bounds"]?.object {
        bounds[name] = nil
        members["bounds"] = bounds.isEmpty ? nil : .object(bounds)
    }
    return .object(members)
}

private func json(of bar: ScoreDistribution.Bar) -> JSONValue {
    var members: JSONObject
    switch bar.scores {
    case .number(let number): members = ["number": JSONValue(number)]
    case .range(let lower, let upper, let includesUpper):
        members = ["from": JSONValue(lower), includesUpper ? "to" : "below": JSONValue(upper)]
    case .text(let text): members = ["text": .string(text)]
    case .otherTexts: members = [:]
    }
    members["count"] = JSONValue(bar.count)
    return .object(members)
}

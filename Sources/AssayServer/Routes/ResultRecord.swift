import Evaluation
import Glibc
import Inference
import JSON
import Logging
import ScoringCore
import ScoringDefinitions
import ScoringEngine
import Store

extension Service {
    /// Stores the result of a run over a dataset, for the pages. If it cannot be stored, the failure is logged, and the run
    /// is not affected.
    ///
    /// - Parameters:
    ///   - results: the results of a request with `keepsDistribution`; without it, there is nothing to plot.
    ///   - rowsDatasetID: the dataset with the rows and their scores, in the form of score-batch.
    func record(
        _ results: ScoringResults, of datasetID: String, rowsDatasetID: String?, logger: Logger
    ) {
        record(
            StoredResult(
                id: newResultID(), created: time(nil), datasetID: datasetID, rowsDatasetID: rowsDatasetID,
                functions: results.functions.map(\.function.identifier),
                aggregates: .object(
                    JSONObject(results.functions.map { ($0.function.identifier, abridged($0.json)) })),
                distributions: .object(results.distributions),
                origin: origin(
                    results.functions.map(\.function), of: datasetID,
                    rows: results.functions.first?.aggregates.counts.total,
                    served: Dictionary(
                        results.functions.map { ($0.function.identifier, $0.usage?.servedModels ?? []) },
                        uniquingKeysWith: { $0.union($1) }))
            ), logger)
    }

    /// Stores the result of a job, for the pages.
    func record(_ job: StoredJob, _ logger: Logger) {
        guard job.status == .completed || job.status == .cancelled, let scores = job.result?["scores"]?.object else {
            return
        }
        record(
            StoredResult(
                id: newResultID(), created: time(nil),
                datasetID: job.request["benchmark"]?["dataset_id"]?.string ?? "", rowsDatasetID: job.datasetID,
                benchmarkID: job.benchmarkID, jobID: job.id, functions: scores.keys,
                aggregates: .object(JSONObject(scores.members.map { ($0.key, abridged($0.value)) })),
                distributions: job.result?["distributions"] ?? [:],
                origin: origin(
                    scores.keys.compactMap { id in
                        let parameters = job.request["benchmark_config"]?["scoring_params"]?[id]?.object
                        return try? definitions.find(id).overriding(with: parameters)
                    }.flatMap {
                        [$0] + (FunctionProvenance(of: $0, in: engine)?.furtherScores.map(\.definition) ?? [])
                    },
                    of: job.request["benchmark"]?["dataset_id"]?.string ?? "", rows: job.rowsDone,
                    candidate: job.request["benchmark_config"]?["eval_candidate"])), logger)
    }

    /// How a result came about, as run folders have it.
    private func origin(
        _ functions: [ScoringFunction], of datasetID: String, rows: Int?, served: [String: Set<String>] = [:],
        candidate: JSONValue? = nil
    ) -> JSONValue {
        var (described, saved) = (JSONObject(), JSONObject())
        for function in functions {
            let id = function.identifier
            let provenance = FunctionProvenance(of: function, in: engine)?.json(
                judgeModel: configuration.judgeModel, served: served[id] ?? []
            ) { pluginDigests.digest(of: $0) }
            described[id] = .object(provenance ?? [:])
            saved[id] = function.json
        }
        var provenance: JSONObject = [
            "assay": ["version": .string(configuration.version)],
            "dataset": ["source": .string(datasetID), "rows": rows.map { JSONValue($0) } ?? .null],
            "functions": .object(described),
        ]
        if let candidate {
            let model: JSONObject = [
                "model": candidate["model"] ?? .null, "sampling": candidate["sampling_params"] ?? .null,
                "system_message": candidate["system_message"] ?? .null,
            ]
            // Nothing else of an agent, whose configuration may hold secrets.
            let agent: JSONObject = ["agent": ["model": candidate["config"]?["model"] ?? .null]]
            provenance["candidate"] = .object(candidate["config"] == nil ? model : agent)
        }
        return ["provenance": .object(provenance), "definitions": .object(saved)]
    }

    private func record(_ result: StoredResult, _ logger: Logger) {
        do throws(StoreError) {
            try registry.record(result)
        } catch {
            logger.warning("the result was not kept for the pages", metadata: ["error": "\(error)"])
        }
    }
}

private func newResultID() -> String { randomIdentifier(digits: 16) }

/// The number of stored categories per function.
private let categoryLimit = 1_000

/// A function's result with only its most frequent categories, if there are very many; "omitted" is the number of the
/// others.
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

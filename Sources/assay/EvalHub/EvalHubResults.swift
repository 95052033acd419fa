import JSON
import Platform
import ScoringCore

/// The results of a job's run, as EvalHub stores them: a flat object of metrics.
///
/// A metric is named after its aggregation (`accuracy`); if the run has several functions, after its function as well
/// (`basic::equality/accuracy`). `rows` and `rows_unscored` are metrics too, so that rows without a score are never lost.
struct EvalHubResults {
    private(set) var metrics = JSONObject()
    /// The results in full: intervals, standard errors, outcomes.
    let details: JSONValue
    let overallScore: Double?
    /// What EvalHub should show beside the metrics: that rows have no score.
    let warning: String?

    /// - Returns: nil if the folder holds no results.
    init?(inFolder folder: String, _ job: EvalHubJob) {
        guard let bytes = try? RegularFile.read("\(folder)/results.json", limit: 256 << 20),
            let json = try? JSONValue(parsing: bytes), let results = json["results"]?.object, !results.isEmpty
        else { return nil }
        details = [
            "status": json["status"] ?? .null, "results": .object(results), "generation": json["generation"] ?? .null,
        ]
        var (rows, unscored) = (0, 0)
        for (function, result) in results.members {
            let prefix = results.count > 1 ? "\(function)/" : ""
            for (name, value) in result["aggregated_results"]?.object?.members ?? [] {
                if let figure = value.object?.figure(name) ?? value.number?.double {
                    metrics[prefix + name] = JSONValue(figure)
                }
                if let error = result["standard_error"]?[name]?.number?.double {
                    metrics["\(prefix)\(name)_stderr"] = JSONValue(error)
                }
            }
            let counts = result["rows"]
            let total = counts?["total"]?.number?.int ?? 0
            rows = max(rows, total)
            unscored = max(unscored, total - (counts?["scored"]?.number?.int ?? 0))
        }
        metrics["rows"] = JSONValue(rows)
        metrics["rows_unscored"] = JSONValue(unscored)
        overallScore = if let name = job.primaryMetric { metrics[name]?.number?.double } else { nil }
        warning =
            unscored == 0
            ? nil
            : "\(grouped(unscored)) of \(grouped(rows)) rows have no score; additional_info says how many of each outcome"
    }
}

import Evaluation
import HTTPTypes
import Store

/// `/metrics`.
enum MetricsRoute {
    static let all: [Route] = [
        Route(
            .get, "/metrics",
            Operation(
                id: "metrics", summary: "Get metrics of the server, for Prometheus.",
                contentType: PrometheusText.contentType)
        ) { service, _ in
            var text = PrometheusText()
            service.metrics.write(to: &text)
            text.add(
                "assay_build_info", "gauge", "The server's version.",
                [("{version=\"\(service.configuration.version)\"}", 1)])
            let counts = try service.registry.jobCounts()
            text.add(
                "assay_jobs", "gauge", "Stored evaluation jobs.",
                StoredJob.Status.allCases.map { ("{status=\"\($0.rawValue)\"}", counts[$0] ?? 0) })
            text.add(
                "assay_jobs_waiting", "gauge", "Evaluation jobs waiting for their turn.", service.jobs.waitingCount)
            return .text(text.text, contentType: PrometheusText.contentType)
        }
    ]
}

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
                contentType: "text/plain; version=0.0.4; charset=utf-8")
        ) { service, _ in
            .text(
                service.metrics.text + build(service) + (try jobs(service)),
                contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
    ]

    private static func build(_ service: Service) -> String {
        "# HELP assay_build_info The server's version.\n# TYPE assay_build_info gauge\n"
            + "assay_build_info{version=\"\(service.configuration.version)\"} 1\n"
    }

    /// The numbers of jobs by status.
    private static func jobs(_ service: Service) throws(StoreError) -> String {
        let counts = try service.registry.jobCounts()
        var text = "# HELP assay_jobs Stored evaluation jobs.\n# TYPE assay_jobs gauge\n"
        for status in StoredJob.Status.allCases {
            text += "assay_jobs{status=\"\(status.rawValue)\"} \(counts[status] ?? 0)\n"
        }
        text += "# HELP assay_jobs_waiting Evaluation jobs waiting for their turn.\n# TYPE assay_jobs_waiting gauge\n"
        return text + "assay_jobs_waiting \(service.jobs.waitingCount)\n"
    }
}

import HTTPTypes

/// `/metrics`.
enum MetricsRoute {
    static let all: [Route] = [
        Route(
            .get, "/metrics",
            Operation(
                id: "metrics", summary: "Counts of what the server does, for Prometheus.",
                contentType: "text/plain; version=0.0.4; charset=utf-8")
        ) { service, _ in
            .text(service.metrics.text, contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
    ]
}

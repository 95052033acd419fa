import JSON
import Synchronization

/// Counters of the server, for Prometheus.
final class Metrics: Sendable {
    private struct Key: Hashable {
        var operation: String
        var status: Int
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
        var count = 0
        var sum = 0.0
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var durations: [String: Histogram] = [:]
        var open = 0
        var connections = 0
        var rejected = 0
        var rows = 0
        var unscored = 0
        var models: [ModelCount: Double] = [:]
    }

    /// The counters for models: the name in a run's usage, the name of the metric, and its description.
    private enum ModelCount: String, CaseIterable {
        case requests, answered, cached, failed
        case notAsked = "not_asked"
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cost

        var metric: (name: String, help: String) {
            switch self {
            case .requests: ("requests_total", "Requests sent to models, including retries.")
            case .answered: ("replies_total", "Replies received from models.")
            case .cached: ("cache_hits_total", "Replies that came from the cache.")
            case .failed: ("failures_total", "Requests that failed after all retries.")
            case .notAsked: ("refused_total", "Requests not sent because of a limit or because their run was stopped.")
            case .inputTokens: ("input_tokens_total", "Prompt tokens, as counted by the models' servers.")
            case .outputTokens: ("output_tokens_total", "Reply tokens, as counted by the models' servers.")
            case .cost: ("cost_total", "Cost of replies at the configured prices.")
            }
        }
    }

    /// Upper bounds of the histogram's buckets, in seconds.
    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600]

    private let state = Mutex(State())

    /// The work on a request starts.
    func begin() { state.withLock { $0.open += 1 } }

    /// A request was answered completely.
    func end(_ operation: String, status: Int, after duration: Duration) {
        let seconds = duration / .seconds(1)
        state.withLock { state in
            state.open -= 1
            state.requests[Key(operation: operation, status: status), default: 0] += 1
            state.durations[operation, default: Histogram()].count += 1
            state.durations[operation, default: Histogram()].sum += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
                state.durations[operation, default: Histogram()].buckets[index] += 1
            }
        }
    }

    /// A request was rejected because there were too many.
    func reject() { state.withLock { $0.rejected += 1 } }

    /// Sets the number of open connections.
    func setConnections(_ count: Int) { state.withLock { $0.connections = count } }

    func add(rows: Int, unscored: Int) {
        state.withLock { state in
            state.rows += rows
            state.unscored += unscored
        }
    }

    /// Adds the requests of a run to models.
    ///
    /// - Parameter usage: in the form of results: `{"requests": …, "answered": …, …}`.
    func add(usage: JSONValue) {
        state.withLock { state in
            for count in ModelCount.allCases {
                if let number = usage[count.rawValue]?.number { state.models[count, default: 0] += number.double }
            }
        }
    }

    /// Adds all counts to a text.
    func write(to text: inout PrometheusText) {
        let state = state.withLock { $0 }
        let requests = state.requests.sorted { ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status) }
        text.add(
            "assay_http_requests_total", "counter", "Requests answered.",
            requests.map { ("{operation=\"\($0.key.operation)\",status=\"\($0.key.status)\"}", $0.value) })
        var durations: [(String, String)] = []
        for (operation, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            let label = "operation=\"\(operation)\""
            let bounds = Self.bounds.map { "\($0)" } + ["+Inf"]
            for (bound, count) in zip(bounds, histogram.buckets + [histogram.count]) {
                durations.append(("_bucket{\(label),le=\"\(bound)\"}", "\(count)"))
            }
            durations.append(("_sum{\(label)}", "\(histogram.sum)"))
            durations.append(("_count{\(label)}", "\(histogram.count)"))
        }
        text.add(
            "assay_http_request_duration_seconds", "histogram",
            "Duration of requests, up to the last byte of the response.", durations)
        text.add("assay_http_connections_open", "gauge", "Open client connections.", state.connections)
        text.add("assay_http_requests_open", "gauge", "Requests in progress.", state.open)
        text.add(
            "assay_http_requests_rejected_total", "counter", "Requests rejected because the server was busy.",
            state.rejected)
        text.add("assay_rows_total", "counter", "Rows processed, with or without a score.", state.rows)
        text.add(
            "assay_rows_unscored_total", "counter", "Rows that at least one function could not score.",
            state.unscored)
        for count in ModelCount.allCases {
            let value = state.models[count] ?? 0
            let (name, help) = count.metric
            text.add("assay_model_" + name, "counter", help, Int(exactly: value).map { "\($0)" } ?? "\(value)")
        }
    }
}

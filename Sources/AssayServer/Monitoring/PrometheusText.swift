/// Metrics in Prometheus's text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Adds a metric of one value.
    mutating func add(_ name: String, _ type: String, _ help: String, _ value: some CustomStringConvertible) {
        add(name, type, help, [("", value)])
    }

    /// Adds a metric.
    ///
    /// - Parameter samples: what follows the name, such as `{status="200"}`, and the value.
    mutating func add<Value: CustomStringConvertible>(
        _ name: String, _ type: String, _ help: String, _ samples: [(suffix: String, value: Value)]
    ) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        for sample in samples { text += "\(name)\(sample.suffix) \(sample.value)\n" }
    }
}

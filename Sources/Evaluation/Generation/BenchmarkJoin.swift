import Datasets
import JSON

/// A dataset whose columns a benchmark's rows get: `{"dataset_id": "gold", "on": "id"}`, or `LEFT=RIGHT` where it calls the
/// column with the key something else.
struct BenchmarkJoin: Sendable, Hashable {
    var datasetID: String
    var key: JoinKey

    /// - Returns: nil for a value of another form.
    init?(_ value: JSONValue) {
        guard let object = value.object, object.count == 2, let id = object["dataset_id"]?.string, !id.isEmpty,
            let key = object["on"]?.string.flatMap({ JoinKey($0) })
        else { return nil }
        datasetID = id
        self.key = key
    }
}

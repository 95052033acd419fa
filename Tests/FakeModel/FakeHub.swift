public import JSON
import NIOHTTP1

/// The datasets server of the Hugging Face Hub, with rows of its own, in the shapes of the real one's responses
/// (https://huggingface.co/docs/dataset-viewer/rows).
public enum FakeHub {
    /// A split of a dataset.
    public struct Split: Sendable {
        public var dataset: String
        public var config: String
        public var split: String
        public var rows: [JSONObject]

        public init(_ dataset: String, config: String = "default", split: String, rows: [JSONObject]) {
            self.dataset = dataset
            self.config = config
            self.split = split
            self.rows = rows
        }
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - features: the types of the columns.
    ///   - revision: the commit that it names; nil: none.
    ///   - isDown: whether it refuses everything.
    ///   - failure: a status that it answers with instead of rows, by the number of the first row.
    public static func start(
        _ splits: [Split], features: JSONValue = [], revision: @escaping @Sendable () -> String? = { nil },
        isDown: @escaping @Sendable () -> Bool = { false },
        failure: @escaping @Sendable (_ row: Int) -> Int? = { _ in nil }
    ) async throws -> FakeWeb {
        try await FakeWeb { head in
            let headers = revision().map { [("X-Revision", $0)] } ?? []
            if isDown() { return FakeWeb.Page(status: 404, body: #"{"error": "The dataset does not exist."}"#) }
            let parts = head.uri.split(separator: "?")
            var query: [String: String] = [:]
            for pair in (parts.count == 2 ? parts[1] : "").split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1)
                query[String(sides[0])] = sides.count > 1 ? sides[1].split(separator: "%2F").joined(separator: "/") : ""
            }
            let found = splits.filter { $0.dataset == query["dataset"] }
            if parts.first == "/splits" {
                let entries = found.map { split -> JSONValue in
                    [
                        "dataset": .string(split.dataset), "config": .string(split.config),
                        "split": .string(split.split),
                    ]
                }
                return FakeWeb.Page(headers: headers, body: JSONValue.object(["splits": .array(entries)]).text)
            }
            guard let split = found.first(where: { $0.config == query["config"] && $0.split == query["split"] }) else {
                return FakeWeb.Page(
                    status: 404, body: #"{"error": "The dataset does not exist, or has no such split."}"#)
            }
            let start = min(Int(query["offset"] ?? "") ?? 0, split.rows.count)
            if let status = failure(start) {
                return FakeWeb.Page(status: status, headers: [("Retry-After", "0")], body: #"{"error": "Not now."}"#)
            }
            let end = min(start + min(100, Int(query["length"] ?? "") ?? 100), split.rows.count)
            let rows = (start..<end).map { index -> JSONValue in
                ["row_idx": JSONValue(index), "row": .object(split.rows[index]), "truncated_cells": []]
            }
            return FakeWeb.Page(
                headers: headers,
                body: JSONValue.object([
                    "features": features, "rows": .array(rows), "num_rows_total": JSONValue(split.rows.count),
                    "num_rows_per_page": 100, "partial": false,
                ]).text)
        }
    }
}

import Glibc
import JSON
import Testing

@testable import Runs

func readBytes(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
}

/// A case of a file of Data.
struct SpecifiedCase: CustomTestStringConvertible {
    let json: JSONValue

    var testDescription: String { json["id"]?.string ?? "" }

    subscript(_ name: String) -> JSONValue? { json[name] }
}

/// The cases of a file of Data.
func cases(_ file: String) throws -> [SpecifiedCase] {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let text = String(decoding: try readBytes("/\(folder)/Data/\(file).jsonl"), as: UTF8.self)
    return try text.split(separator: "\n").map { SpecifiedCase(json: try JSONValue(parsing: String($0))) }
}

/// A run as `--save` keeps it.
struct RunFixture {
    /// Rows with "row" and "scores", and their own columns.
    var rows: [JSONValue]
    var columns: [String]
    var key: [String] = []
    var functions: [String: JSONValue] = ["f": ["params": [:]]]
    var range: ClosedRange<Double>?
    var aggregation = "average"
    var status = "complete"
    var judge: JSONValue?
    var plugin: JSONValue?

    /// Rows of scores of one function; nil has none.
    init(scores: [Double?], expected: [String] = []) {
        rows = scores.enumerated().map { index, score in
            let result: JSONValue =
                score.map { ["score": JSONValue($0)] } ?? ["score": .null, "outcome": "model_error", "message": "503"]
            return [
                "row": JSONValue(index), "id": .string("q\(index)"),
                "expected": .string(expected.isEmpty ? "\(index)" : expected[index]), "scores": ["f": result],
            ]
        }
        columns = ["id", "expected"]
        key = ["id"]
    }

    @discardableResult
    func save(_ path: String, cut: Int = .max) throws -> SavedRun {
        let writer = try RunFolderWriter(
            path, replaces: false, columns: columns.map { RunFolderWriter.Column(name: $0, source: $0) }, key: key)
        var start = 0
        while start < rows.count {
            let end = min(rows.count, start.addingReportingOverflow(cut).partialValue)
            let lines = Array(rows[start..<max(end, start + 1)].map { $0.text + "\n" }.joined().utf8)
            try lines.withUnsafeBytes { try writer.write($0) }
            start = max(end, start + 1)
        }
        var described = JSONObject()
        for name in functions.keys.sorted() {
            var function: JSONObject = [
                "columns": ["expected"], "aggregations": [.string(aggregation)],
                "score_range": range.map { [JSONValue($0.lowerBound), JSONValue($0.upperBound)] } ?? .null,
            ]
            if let judge { function["judge"] = judge }
            if let plugin { function["plugin"] = plugin }
            described[name] = .object(function)
        }
        let provenance: JSONObject = [
            "dataset": ["columns": .object(writer.columnDigests)],
            "key_order": writer.keysAscend ? "ascending" : .null,
            "key": key.isEmpty ? .null : .array(key.map(JSONValue.string)), "functions": .object(described),
        ]
        try writer.finish(
            results: [
                "schema": .string(SavedRun.schema), "status": .string(status), "provenance": .object(provenance),
            ], definitions: functions.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }, run: [:])
        return try SavedRun(path)
    }
}

import JSON
import Runs

/// A run to be saved, as a test describes it.
struct SmallRun {
    /// Nil: not scored.
    var scores: [Double?]
    /// Of the rows, from the first again where there are more rows.
    var answers = ["an answer"]
    var name: String?
    var function = "f"
    /// Further functions have the same scores.
    var functionCount = 1
    var message = "no number in the reply"
    var judge: JSONValue = nil
    var requirements: [JSONValue] = []

    private var names: [String] { [function] + (1..<max(1, functionCount)).map { "\(function)\($0)" } }

    @discardableResult
    func save(_ path: String) throws -> SavedRun {
        let writer = try RunFolderWriter(
            path, replaces: false,
            columns: ["input_query", "generated_answer"].map { RunFolderWriter.Column(name: $0, source: $0) }, key: [])
        var text = ""
        for (number, score) in scores.enumerated() {
            let result: JSONValue =
                score.map { ["score": JSONValue($0)] }
                ?? ["score": nil, "outcome": "unparsed", "message": .string(message)]
            let line: JSONValue = [
                "row": JSONValue(number), "input_query": .string("question \(number)"),
                "generated_answer": .string(answers[number % answers.count]),
                "scores": .object(JSONObject(names.map { ($0, result) })),
            ]
            text += line.text + "\n"
            if text.utf8.count > 1 << 20 || number == scores.count - 1 {
                try text.withUTF8 { try writer.write(UnsafeRawBufferPointer($0)) }
                text = ""
            }
        }
        let scored = scores.compactMap(\.self)
        let mean = scored.reduce(0, +) / Double(max(1, scored.count))
        let interval: JSONValue = [
            "level": JSONValue(0.95), "lower": JSONValue(mean * 0.9), "upper": JSONValue(mean * 1.05),
        ]
        let aggregates: JSONValue = [
            "aggregated_results": ["accuracy": ["accuracy": JSONValue(mean)]],
            "rows": ["total": JSONValue(scores.count), "scored": JSONValue(scored.count)],
            "interval": ["accuracy": interval],
        ]
        var results: JSONObject = [
            "schema": "assay.run/1", "status": "complete",
            "provenance": [
                "dataset": ["source": "rows.jsonl", "columns": writer.columnDigests.json],
                "functions": .object(JSONObject(names.map { ($0, ["judge": judge, "aggregations": ["accuracy"]]) })),
            ],
            "results": .object(JSONObject(names.map { ($0, aggregates) })),
        ]
        if let name { results["name"] = .string(name) }
        if !requirements.isEmpty { results["requirements"] = .array(requirements) }
        try writer.finish(
            results: results,
            definitions: names.prefix(3).map {
                ($0, ["identifier": .string($0), "params": ["prompt_template": "a prompt"]])
            },
            run: [:])
        return try SavedRun(path)
    }
}

extension JSONObject {
    fileprivate var json: JSONValue { .object(self) }
}

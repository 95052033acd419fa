import FakeModel
import JSON
import Testing

/// A folder with rows, a judge and the configuration of its model, whose server has a batch API.
struct Batching {
    let folder: TemporaryFolder
    let server: FakeBatchServer

    /// - Parameter batch: further members of the model's "batch".
    init(
        rows: Int, _ form: FakeBatchServer.Form = .openai, _ plan: FakeBatchServer.Plan = .init(),
        batch: JSONObject = [:], model: JSONObject = [:],
        react: @escaping @Sendable (FakeBatchServer.Call) -> FakeBatchServer.Reaction = { _ in .pass }
    ) throws {
        server = try FakeBatchServer(form, plan, react: react)
        var settings: JSONObject = ["poll_seconds": JSONValue(0.02), "api": .string("\(form)")]
        for (name, value) in batch.members { settings[name] = value }
        var entry: JSONObject = [
            "id": "fake", "url": .string(server.url), "price_per_million": ["input": 10, "output": 10],
            "batch": .object(settings), "limits": ["max_retries": 3],
        ]
        if form == .anthropic { entry["api"] = "anthropic" }
        for (name, value) in model.members { entry[name] = value }
        let lines = (0..<rows).map { "{\"input_query\": \"number \($0)\", \"generated_answer\": \"It is \($0).\"}\n" }
        let models: JSONValue = ["models": [.object(entry)]]
        folder = try TemporaryFolder([
            "rows.jsonl": lines.joined(), "functions/judge.json": ratingJudge, "models.json": models.text,
        ])
    }

    func command(_ options: [String] = [], output: String = "out.jsonl", setup: String = "") -> Command {
        folder.command(
            [
                "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json",
                "--cache", "cache", "--batch", "--output", output,
            ] + options, setup: setup)
    }

    func score(_ options: String..., setup: String = "") throws -> CommandResult {
        try command(options, setup: setup).run()
    }

    func batches(_ arguments: String...) throws -> CommandResult {
        try folder.command(["batches"] + arguments + ["--cache", "cache"]).run()
    }

    /// Whether each request was paid for exactly once, and there are so many.
    func isPaidOnce(_ count: Int) -> Bool {
        server.paid.count == count && server.paid.values.allSatisfy { $0 == 1 }
    }

    /// The number in the prompt of a request.
    static func number(in body: JSONValue) -> Int {
        let prompt = body["messages"]?.array?.last?["content"]?.string ?? ""
        guard let start = prompt.firstRange(of: "number ")?.upperBound else { return -1 }
        return Int(prompt[start...].prefix { $0.isNumber }) ?? -1
    }
}

extension CommandResult {
    /// A number of the usage of models.
    func usageNumber(_ name: String) throws -> Double { try value("usage", name).number?.double ?? -1 }
}

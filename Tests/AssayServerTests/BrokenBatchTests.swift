import AssayServer
import FakeModel
import JSON
import Logging
import Synchronization
import Testing

@Suite("Answers that break off")
struct BrokenBatchTests {
    @Test("a batch whose model is gone half-way is no JSON, leaves no results, and is in the log")
    func batch() async throws {
        let log = Records()
        let asked = Mutex(0)
        let fake = try FakeModelServer(
            .choosing { _ in
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                return count <= 800 ? .answer("Total rating: 4") : .status(401)
            })
        defer { fake.stop() }
        let logger = Logger(label: "test") { _ in Handler(records: log) }
        try await TestServer.run(modelURL: fake.url, logger: logger) { server async throws in
            let filler = String(repeating: "x", count: 1_000)
            let rows = (0..<1_600).map { JSONValue.object(["generated_answer": .string("\($0) \(filler)")]) }
            let dataset: JSONValue = [
                "dataset_id": "d", "purpose": "eval/question-answer", "source": ["type": "rows", "rows": .array(rows)],
            ]
            #expect(try await server.post("/v1/datasets", dataset).status == 200)
            let body: JSONValue = [
                "dataset_id": "d", "save_results_dataset": true,
                "scoring_functions": [
                    "llm-as-judge::base": [
                        "judge_model": "m", "prompt_template": "{generated_answer}",
                        "judge_score_regexes": ["Total rating: (\\d+)"],
                    ]
                ],
            ]
            let client = try RawClient(port: server.port)
            let text = body.text
            try await client.send(
                "POST /v1/scoring/score-batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
                    + text)
            let answer = try #require(try await client.rest())
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("\"score\""), "it did not begin")
            // The last chunk, without which the body is not whole.
            #expect(!answer.hasSuffix("0\r\n\r\n"))
            let id = answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix("x-request-id: ") }?.dropFirst(
                14)
            let failure = log.all.first { $0.contains("the request failed") } ?? ""
            #expect(failure.contains(id ?? "no identifier") && failure.contains("401"), "\(failure)")
            #expect(try await server.get("/v1/datasets").json["data"]?.array?.count == 1)
        }
    }
}

/// What was logged, as text.
private final class Records: Sendable {
    private let records = Mutex<[String]>([])

    var all: [String] { records.withLock { $0 } }
    func add(_ record: String) { records.withLock { $0.append(record) } }
}

private struct Handler: LogHandler {
    let records: Records
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        records.add("\(event.message) \(metadata.merging(event.metadata ?? [:]) { _, new in new })")
    }
}

import FakeModel
import JSON
import Testing

@Suite("Options and settings of batches do what the manual says")
struct BatchOptionTests {
    @Test("--batch-size limits a batch, and --batch-window is passed on")
    func sizeAndWindow() throws {
        let batching = try Batching(rows: 60)
        let result = try batching.score("--batch-size", "25", "--batch-window", "7d")
        #expect(try result.usage("batched") == 60, "\(result.errors)")
        #expect(batching.server.sizes == [25, 25, 10])
        #expect(batching.server.windows == ["7d", "7d", "7d"])
        let usual = try Batching(rows: 30)
        _ = try usual.score()
        #expect(usual.server.windows == ["24h"])
    }

    @Test("a time to wait may be given in any unit", arguments: ["20s", "90m", "12h", "1d", "forever"])
    func units(wait: String) throws {
        let batching = try Batching(rows: 30)
        let result = try batching.score("--batch-wait", wait)
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.usage("batched") == 30)
    }

    @Test(
        "price_factor is the price of a reply, a cost that the server reports is used unchanged",
        arguments: [false, true])
    func price(isReported: Bool) throws {
        let batching = try Batching(rows: 30, batch: ["price_factor": JSONValue(0.25)]) { call in
            guard call.step == .results, isReported else { return .pass }
            return .change { bytes in
                Array(
                    String(decoding: bytes, as: UTF8.self).replacing(
                        "\"completion_tokens\": 10", with: "\"completion_tokens\": 10, \"cost\": 0.5"
                    ).utf8)
            }
        }
        let result = try batching.score("--save", "run")
        #expect(result.ending == .status(0), "\(result.errors)")
        let cost = isReported ? 15 : 30 * 110 * 10 / 1e6 * 0.25
        #expect(abs(try result.usageNumber("cost") - cost) < 1e-9)
        // The saved run has what was paid, and says how.
        let usage = try JSONValue(parsing: batching.folder.read("run/run.json"))["usage"]
        #expect(abs((usage?["cost"]?.number?.double ?? 0) - cost) < 1e-9)
        #expect(usage?["batched"] == 30)
        #expect(usage?["batch_price_factors"] == (isReported ? nil : [JSONValue(0.25)]), "\(usage?.text ?? "")")
        let report = try batching.folder.assay("report", "run", "-o", "report.html")
        #expect(report.ending == .status(0), "\(report.errors)")
        let page = try batching.folder.read("report.html")
        #expect(page.contains("From batches") && page.contains("at 0.25 of the price") == !isReported)
        #expect(page.contains(isReported ? ">15<" : ">0.008"))
    }

    @Test("a run counts replies of batches that an earlier command has submitted, in what it saves")
    func earlier() throws {
        let batching = try Batching(rows: 30)
        _ = try batching.score("--batch-wait", "none")
        let result = try batching.score("--save", "run")
        #expect(try result.usage("batched") == 30)
        let usage = try JSONValue(parsing: batching.folder.read("run/run.json"))["usage"]
        #expect(abs((usage?["cost"]?.number?.double ?? 0) - 30 * 110 * 10 / 1e6 / 2) < 1e-9)
        // Without batches, a saved run says nothing of them.
        let direct = try Batching(rows: 5)
        _ = try direct.score("--save", "run")
        let text = try direct.folder.read("run/run.json")
        #expect(!text.contains("batch_price") && !text.contains("batched"))
    }

    @Test("files that cannot be deleted for a while are deleted later", arguments: [429, 503])
    func deletion(status: Int) throws {
        let batching = try Batching(rows: 30) { call in
            call.step == .delete && call.count <= 2 ? .status(status, .null, [("Retry-After", "0")]) : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(batching.server.files == 0)
        // One that is never deleted does not fail the run.
        let refused = try Batching(rows: 30) { call in call.step == .delete ? .status(403) : .pass }
        #expect(try refused.score().ending == .status(0))
    }

    @Test("export divides requests by their size, and import reads compressed files")
    func files() throws {
        let batching = try Batching(rows: 0)
        let text = String(repeating: "long ", count: 10_000)
        let rows = (0..<40).map { "{\"input_query\": \"number \($0)\", \"generated_answer\": \"\(text)\"}\n" }
        try batching.folder.write(rows.joined(), to: "rows.jsonl")
        let run = [
            "score", "rows.jsonl", "--fn-dir", "functions", "--fn", "test::rating", "--config", "models.json",
            "--cache",
            "cache", "--format", "json",
        ]
        let export = try batching.folder.command(
            ["batch", "export", "-o", "requests.jsonl", "--max-size", "1"] + run
        ).run()
        #expect(export.ending == .status(0), "\(export.errors)")
        #expect(batching.folder.size(of: "requests.jsonl") <= 1 << 20)
        #expect(batching.folder.size(of: "requests-2.jsonl") > 0 && batching.folder.size(of: "requests-3.jsonl") == 0)
        let requests = try ["requests.jsonl", "requests-2.jsonl"].flatMap { name in
            try batching.folder.read(name).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
        #expect(requests.count == 40)
        let replies = requests.map { request -> JSONValue in
            let message: JSONValue = ["role": "assistant", "content": "Total rating: 7"]
            let body: JSONValue = ["choices": [["index": 0, "message": message, "finish_reason": "stop"]]]
            return ["custom_id": request["custom_id"] ?? .null, "body": body]
        }
        try batching.folder.write(replies.map { $0.text + "\n" }.joined(), to: "replies.jsonl")
        let imported = try batching.folder.assay(
            "batch", "import", "replies.jsonl.gz", "--cache", "cache", setup: "gzip replies.jsonl")
        #expect(try imported.value("imported") == 40, "\(imported.errors)")
        #expect(try batching.folder.command(run).run().usage("cached") == 40)
    }
}

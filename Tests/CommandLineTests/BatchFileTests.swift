import FakeModel
import JSON
import Testing

@Suite("Requests and replies are exchanged as files")
struct BatchFileTests {
    /// The requests of a file.
    private func requests(_ folder: TemporaryFolder, _ file: String = "requests.jsonl") throws -> [JSONValue] {
        try folder.read(file).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private func export(_ judging: Judging, _ options: String..., fn: String = "test::rating") throws -> CommandResult {
        try judging.folder.command(
            ["batch", "export", "-o", "requests.jsonl"] + options + [
                "score", "rows.jsonl", "--fn-dir", "functions", "--fn", fn, "--model-url", judging.server.url,
                "--cache", "cache", "--output", "never.jsonl",
            ]
        ).run()
    }

    private func chat(_ text: String) -> JSONValue {
        [
            "object": "chat.completion", "model": "fake",
            "choices": [
                ["index": 0, "message": ["role": "assistant", "content": .string(text)], "finish_reason": "stop"]
            ],
            "usage": ["prompt_tokens": 20, "completion_tokens": 5],
        ]
    }

    private func reply(_ request: JSONValue, _ body: JSONValue, status: Int = 200) -> JSONValue {
        [
            "id": "vllm-1", "custom_id": request["custom_id"] ?? .null,
            "response": ["status_code": JSONValue(status), "request_id": "r", "body": body], "error": .null,
        ]
    }

    private func lines(_ values: [JSONValue]) -> String { values.map { $0.text + "\n" }.joined() }

    @Test("a judge's requests are answered by an offline runner, in any order, and the run then asks nobody")
    func roundTrip() throws {
        let judging = try Judging(rows: 30, .answer("Total rating: 1"))
        let exported = try export(judging)
        #expect(exported.ending == .status(0), "\(exported.errors)")
        #expect(exported.output.contains("requests.jsonl: 30 requests to model \"fake\" (POST /v1/chat/completions)"))
        #expect(judging.server.totals.requests == 0)
        #expect(judging.folder.size(of: "never.jsonl") == 0)
        let requests = try requests(judging.folder)
        #expect(requests.count == 30)
        #expect(requests.allSatisfy { $0["method"] == "POST" && $0["url"] == "/v1/chat/completions" })
        #expect(requests.allSatisfy { $0["body"]?["model"] == "fake" && $0["body"]?["messages"]?.array != nil })
        #expect(Set(requests.compactMap { $0["custom_id"]?.string }).count == 30)

        let results = requests.reversed().map { reply($0, chat("Total rating: 7")) }
        try judging.folder.write(lines(results), to: "replies.jsonl")
        let imported = try judging.folder.assay("batch", "import", "replies.jsonl", "--cache", "cache")
        #expect(imported.ending == .status(0), "\(imported.errors)")
        #expect(try imported.value("imported") == 30)
        let again = try judging.folder.assay("batch", "import", "replies.jsonl", "--cache", "cache")
        #expect(try again.value("imported") == 0)
        #expect(try again.value("already_cached") == 30)

        let scored = try judging.score()
        #expect(scored.ending == .status(0), "\(scored.errors)")
        #expect(try scored.rows("scored") == 30)
        #expect(try scored.usage("cached") == 30)
        #expect(judging.server.totals.requests == 0)
        #expect(try judging.verdicts().allSatisfy { $0["score"]?.number?.double == 7 })
        #expect(try export(judging).output.contains("The cache holds all replies"))
    }

    @Test("every line that is no reply is counted, with its place and its reason, and the others are taken")
    func faults() throws {
        let judging = try Judging(rows: 8, .answer("Total rating: 1"))
        _ = try export(judging)
        let requests = try requests(judging.folder)
        let error: JSONValue = ["error": ["message": "max_tokens is too large", "type": "invalid_request_error"]]
        let expired: JSONValue = [
            "custom_id": requests[3]["custom_id"] ?? .null, "response": .null,
            "error": ["code": "batch_expired", "message": "This request could not be executed before the window"],
        ]
        let good = reply(requests[0], chat("Total rating: 7"))
        let text =
            lines([
                good, good, reply(requests[1], error, status: 400), reply(requests[2], ["choices": []]), expired,
                ["custom_id": "request-1", "response": ["status_code": 200, "body": chat("A")]], ["x": 1],
                [
                    "custom_id": requests[4]["custom_id"] ?? .null,
                    "result": [
                        "type": "succeeded",
                        "message": [
                            "type": "message", "content": [["type": "text", "text": "Total rating: 9"]],
                            "stop_reason": "end_turn",
                        ],
                    ],
                ],
                ["custom_id": requests[5]["custom_id"] ?? .null, "result": ["type": "expired"]],
            ]) + #"{"custom_id": "abc", "respon"#
        try judging.folder.write(text, to: "replies.jsonl")
        let imported = try judging.folder.assay("batch", "import", "replies.jsonl", "--cache", "cache")
        #expect(imported.ending == .status(3), "\(imported.errors)")
        #expect(try imported.value("imported") == 2)
        #expect(try imported.value("repeated") == 1)
        #expect(try imported.value("failed") == 4)
        #expect(try imported.value("ignored") == 3)
        let table = try judging.folder.assay(
            "batch", "import", "replies.jsonl", "--cache", "cache", "--format", "table")
        #expect(table.output.contains("status 400: max_tokens is too large (replies.jsonl, line 3)"), "\(table.output)")
        #expect(table.output.contains("custom_id request-1"), "\(table.output)")
        #expect(table.output.contains("line 10)"), "\(table.output)")
        // The others are asked as always.
        #expect(try judging.score().rows("scored") == 8)
        #expect(judging.server.totals.requests == 6)
    }

    @Test("a candidate is asked first, and its judge when there are answers")
    func stages() throws {
        let judging = try Judging(rows: 5, .answer("never"))
        let run = [
            "evaluate", "rows.jsonl", "--model", "candidate", "--fn-dir", "functions", "--fn", "test::rating",
            "--model-url", judging.server.url, "--cache", "cache",
        ]
        for (model, text) in [("candidate", "It is so."), ("fake", "Total rating: 4")] {
            let exported = try judging.folder.command(["batch", "export", "-o", "requests.jsonl"] + run).run()
            #expect(exported.ending == .status(0), "\(exported.errors)")
            let requests = try requests(judging.folder)
            #expect(requests.count == 5)
            #expect(requests.allSatisfy { $0["body"]?["model"] == .string(model) })
            try judging.folder.write(lines(requests.map { reply($0, chat(text)) }), to: "replies.jsonl")
            #expect(
                try judging.folder.assay("batch", "import", "replies.jsonl", "--cache", "cache").ending == .status(0))
        }
        let scored = try judging.folder.command(run).run()
        #expect(scored.ending == .status(0), "\(scored.errors)")
        #expect(try scored.rows("scored") == 5)
        #expect(judging.server.totals.requests == 0)
    }

    @Test("a file has at most so many requests")
    func split() throws {
        let judging = try Judging(rows: 25, .answer("Total rating: 1"))
        let exported = try export(judging, "--max-requests", "10")
        #expect(exported.output.split(separator: "\n").count == 3, "\(exported.output)")
        let files = ["requests.jsonl", "requests-2.jsonl", "requests-3.jsonl"]
        #expect(try files.map { try requests(judging.folder, $0).count } == [10, 10, 5])
    }

    @Test("equal requests are written once, and the votes of a judge each")
    func equal() throws {
        let line = "{\"input_query\": \"q\", \"generated_answer\": \"a\"}\n"
        let judging = try Judging(lines: [line, line, line], .answer("Total rating: 1"))
        #expect(try export(judging).output.contains(": 1 requests"))
        let votes = try export(judging, fn: #"test::rating={"votes": 3}"#)
        #expect(votes.output.contains(": 3 requests") || votes.ending == .status(1), "\(votes.output)")
    }

    @Test(
        "what cannot be exported is refused",
        arguments: [
            (["score", "rows.jsonl", "--fn", "basic::equality", "--no-cache"], 1),
            (["compare", "a", "b"], 64), (["score", "rows.jsonl", "--fn", "basic::equality", "--dry-run"], 64),
            (["score", "rows.jsonl", "--fn", "basic::equality", "--retry", "unparsed"], 64), ([], 64),
            (["evaluate", "rows.jsonl", "--fn", "basic::equality", "--agent", "{}"], 64),
        ] as [([String], Int32)])
    func refused(command: [String], status: Int32) throws {
        let judging = try Judging(rows: 1, .answer("A"))
        let result = try judging.folder.command(["batch", "export", "-o", "requests.jsonl"] + command).run()
        #expect(result.ending == .status(status), "\(result.errors)")
    }
}

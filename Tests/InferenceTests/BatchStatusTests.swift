import JSON
import Testing

@testable import Inference

@Suite("What servers say about batches is read in every form")
struct BatchStatusTests {
    @Test("OpenAI's form, Together's, and Anthropic's")
    func forms() throws {
        let openAI = try #require(
            BatchStatus(
                try JSONValue(
                    parsing: """
                        {"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "errors": null,
                         "input_file_id": "file-1", "completion_window": "24h", "status": "expired",
                         "output_file_id": "file-2", "error_file_id": "file-3", "created_at": 1714508499,
                         "request_counts": {"total": 100, "completed": 95, "failed": 5}, "metadata": {"assay": "abc"}}
                        """)))
        #expect(openAI.isEnded && openAI.files == ["file-2", "file-3"] && openAI.token == "abc")
        #expect(openAI.inputFile == "file-1" && openAI.createdAt == 1_714_508_499)
        #expect(openAI.text == "expired, 100 of 100 done, 5 failed")

        let together = try #require(
            BatchStatus(
                try JSONValue(
                    parsing: """
                        {"job": {"id": "b-1", "status": "IN_PROGRESS", "created_at": "2024-01-15T14:30:00.25Z",
                         "input_file_id": "file-9", "progress": 75, "error": null}, "warning": ""}
                        """)))
        #expect(!together.isEnded && together.state == "in_progress" && together.createdAt == 1_705_329_000)

        let anthropic = try #require(
            BatchStatus(
                try JSONValue(
                    parsing: """
                        {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress",
                         "request_counts": {"processing": 30, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0},
                         "created_at": "2024-08-20T18:37:24.100435+02:00", "results_url": null}
                        """)))
        #expect(!anthropic.isEnded && anthropic.total == 30 && anthropic.createdAt == 1_724_171_844)
        #expect(BatchStatus(["error": "x"]) == nil)
        #expect(BatchStatus([]) == nil)
    }

    @Test(
        "every state that ends a batch",
        arguments: ["completed", "FAILED", "expired", "cancelled", "canceled", "ended"])
    func endings(state: String) throws {
        #expect(try #require(BatchStatus(["id": "b", "status": .string(state)])).isEnded)
    }

    @Test("other states do not", arguments: ["validating", "in_progress", "finalizing", "cancelling", "paused", ""])
    func open(state: String) throws {
        #expect(!(try #require(BatchStatus(["id": "b", "status": .string(state)])).isEnded))
    }

    @Test("a batch that is refused because too much is waiting")
    func overLimit() throws {
        let status = try #require(
            BatchStatus(
                try JSONValue(
                    parsing: """
                        {"id": "b", "status": "failed", "errors": {"object": "list", "data": [{"code":
                         "token_limit_exceeded", "line": null, "param": null, "message":
                         "Enqueued token limit reached for gpt-4o-mini in organization org-x. Limit: 2,000,000"}]}}
                        """)))
        #expect(status.isOverLimit)
        #expect(status.faults.count == 1 && status.faults[0].line == nil)
    }

    @Test(
        "times that are not",
        arguments: ["", "2024-01-15", "T", "2024-13-01T00:00:00Z", "2024-01-01T25:00:00Z", "x-y-zTa:b:c"])
    func times(text: String) {
        #expect(secondsSince1970(ofISO: text) == nil)
    }

    @Test("batches of Azure's older form do not belong to a deployment")
    func addresses() throws {
        for (url, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/files?limit=1"),
            ("https://r.openai.azure.com/openai/v1", "https://r.openai.azure.com/openai/v1/files?limit=1"),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/files?api-version=2024-10-21&limit=1"
            ),
        ] {
            #expect(try ModelAddress(parsing: url).batchTarget("files", query: "limit=1") == expected)
        }
    }

    @Test("a configuration says how batches are sent, and its faults are located")
    func configuration() throws {
        func read(_ batch: String) throws -> ModelConfiguration {
            let json = #"{"models": [{"id": "m", "url": "http://h/v1", "batch": \#(batch)}]}"#
            return try #require(try ModelConfiguration.models(in: JSONValue(parsing: json), file: "m.json").first)
        }
        let settings = try read(
            #"{"api": "together", "max_requests": 10, "max_bytes": 2048, "max_open": 3, "price_factor": 0.7, "poll_seconds": 60, "jobs": true}"#
        ).batch
        #expect(settings.form == .together && settings.maxRequests == 10 && settings.maxBytes == 2048)
        #expect(settings.maxOpen == 3 && settings.priceFactor == 0.7 && settings.pollInterval == .seconds(60))
        #expect(settings.jobs)
        #expect(try read("{}").batch == BatchSettings())
        for fault in [
            #"{"api": "x"}"#, #"{"api": "anthropic"}"#, #"{"max_requests": 0}"#, #"{"price_factor": 2}"#,
            #"{"size": 1}"#, "[]",
        ] {
            #expect(throws: ConfigurationError.self) { try read(fault) }
        }
    }
}

import JSON
import NIOCore
import Platform
import Store
import Testing
import Web

@testable import Inference

@Suite("The parts that batches are made of")
struct BatchPartsTests {
    @Test("lines are the same, however they arrive", arguments: [1, 2, 3, 7, 100])
    func lines(size: Int) throws {
        let text = Array("one\n\ntwo\r\n{\"three\": \"ü\"}\nrest".utf8)
        var splitter = LineSplitter()
        var lines: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            try splitter.add(ByteBuffer(bytes: text[start..<min(start + size, text.count)])) { line, _ in
                lines.append(String(decoding: line, as: UTF8.self))
            }
        }
        try splitter.finish { line, _ in lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(lines == ["one", "", "two\r", "{\"three\": \"ü\"}", "rest"])
    }

    private func cost(_ bound: Double?) -> Cost { Cost(model: "m", prompt: 0.1, bound: bound, usual: 2) }

    @Test("what a request may cost is reserved, at the price of a batch, and released or settled")
    func ledger() {
        var ledger = BatchLedger(BudgetLimits(maxCost: 1))
        #expect(ledger.reserve(cost(1), factor: 0.5) == 0.5)
        #expect(ledger.reserve(cost(nil), factor: 0.5) == nil)
        #expect(ledger.reserve(cost(1), factor: 0.5) == 0.5)
        #expect(ledger.reserve(cost(0.01), factor: 0.5) == nil)
        ledger.release(requests: 1, reserved: 0.5)
        ledger.settle(reserved: 0.5, spent: 0.1)
        #expect(ledger.requests == 1 && ledger.spent == 0.1 && ledger.reserved == 0)
        // When enough replies are known, they say what others cost.
        for _ in 0..<20 { ledger.learn(0.02, factor: 0.5, model: "m") }
        let expected = ledger.reserve(cost(1), factor: 0.5) ?? 0
        #expect(expected > 0.02 && expected < 0.03)
        #expect(ledger.reserve(cost(0.03), factor: 0.5) == 0.015)
    }

    @Test("a server is asked about a batch later and later, up to 20 times the first interval, or when it wants")
    func questions() throws {
        let configuration = ModelConfiguration(id: "m", url: "http://localhost/v1")
        let model = try ModelCatalog([configuration]).find("m")
        var stored = StoredBatch(
            token: "t", model: "m", name: "m", url: "", path: "/v1/chat/completions", api: "openai", keyVariable: nil)
        stored.requests = 1
        let now = ContinuousClock.now
        var batch = OpenBatch(stored, of: model, isOurs: true, at: now)
        var pauses: [Double] = []
        for _ in 0..<10 {
            batch.postpone(at: now, fraction: 0.5)
            pauses.append(((batch.nextPoll - now) / .seconds(1)).rounded())
        }
        #expect(pauses.first == 15 && pauses.last == 300 && pauses == pauses.sorted())
        batch.postpone(to: now + .seconds(3600), at: now, fraction: 0.5)
        #expect(batch.nextPoll == now + .seconds(3600))
    }

    @Test(
        "what a server says of a batch tells how many requests are answered",
        arguments: [("in_progress, 120 of 1319 done, 3 failed", 120), ("validating", 0), ("", 0), ("one of 2 done", 0)])
    func answered(text: String, count: Int) {
        #expect(BatchStatus.answered(inText: text) == count)
    }

    @Test("requests are counted when they are submitted")
    func count() {
        var ledger = BatchLedger(BudgetLimits(maxRequests: 2))
        #expect(ledger.reserve(cost(nil), factor: 0.5) != nil)
        ledger.add(requests: 1, spent: 0)
        #expect(ledger.reserve(cost(nil), factor: 0.5) == nil)
        #expect(ledger.refusal.message.contains("the limit of 2 requests"))
    }

    @Test("why a request failed survives in the cache, without secrets")
    func failures() throws {
        let said: JSONValue = ["error": ["message": "key sk-0123456789 is bad", "param": "temperature"]]
        let failure = BatchResult.Failure(status: 400, message: "sk-0123456789", isTemporary: false, error: said)
        let text = failure.text(Redaction([Secret("sk-0123456789")]))
        #expect(!text.contains("sk-0123456789"))
        let read = try #require(BatchResult.Failure(text: text))
        #expect(read.status == 400 && !read.isTemporary && read.message == "[redacted]")
        #expect(ServerError(read.error).parameters == ["temperature"])
        #expect(BatchResult.Failure(text: "{}") == nil)
        #expect(BatchResult.Failure(text: "x") == nil)
    }

    @Test("a form with a file is what RFC 7578 says, and its length is known")
    func form() async throws {
        let file = try UnnamedFile(in: "/tmp")
        let content = [UInt8](repeating: UInt8(ascii: "x"), count: 600_000)
        try content.withUnsafeBytes { try file.append($0) }
        let upload = BatchUpload.form(file, name: "a.jsonl", purpose: "batch", boundary: "b")
        var bytes: [UInt8] = []
        for try await piece in upload { bytes += piece.readableBytesView }
        #expect(bytes.count == upload.length)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"))
        #expect(text.contains("filename=\"a.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\nxxx"))
        #expect(text.hasSuffix("xxx\r\n--b--\r\n"))
    }

    @Test(
        "a server on the internet cannot send requests into a private network, nor a file from https to http",
        arguments: [
            ("https://api.example.com", ["203.0.114.1"], "https://files.example.com", ["198.52.100.1"], nil),
            ("https://api.example.com", ["203.0.114.1"], "https://api.example.com", ["203.0.114.1"], nil),
            ("https://api.example.com", ["203.0.114.1"], "http://files.example.com", ["198.52.100.1"], "https to http"),
            ("https://api.example.com", ["203.0.114.1"], "https://169.254.169.254", ["169.254.169.254"], "private"),
            ("https://api.example.com", ["203.0.114.1"], "https://x.example.com", ["198.52.100.1", "::1"], "private"),
            ("http://api.example.com", ["203.0.114.1"], "http://localhost:9200", ["127.0.0.1"], "private"),
            ("http://127.0.0.1:8000", ["127.0.0.1"], "http://127.0.0.1:9000", ["127.0.0.1"], nil),
            ("http://gateway.internal", ["10.0.0.7"], "http://minio.internal", ["10.0.0.8"], nil),
            ("http://api.example.com", [], "http://files.example.com", [], nil),
            ("http://api.example.com", [], "http://10.0.0.8", ["10.0.0.8"], "private"),
            ("http://x.example.com", ["203.0.114.1", "10.0.0.7"], "http://10.0.0.8", ["10.0.0.8"], "private"),
        ] as [(String, [String], String, [String], String?)])
    func redirections(from: String, _ addresses: [String], to: String, _ others: [String], reason: String?) throws {
        let redirection = Redirection(from: try WebURL(parsing: from), to: try WebURL(parsing: to))
        let fault = redirection.fault(addresses.compactMap { IPAddress($0) }, others.compactMap { IPAddress($0) })
        #expect((fault == nil) == (reason == nil))
        if let reason { #expect(fault?.contains(reason) ?? false, "\(fault ?? "nothing")") }
    }

    @Test("results that are not compressed have the same limit", arguments: [1, 2, 10, 1000])
    func endlessResults(size: Int) throws {
        let pieces = GzipPieces(limit: 100_000)
        var taken = 0
        #expect(throws: GzipPieces.Fault.self) {
            for _ in 0..<200_000 {
                try pieces.add(ByteBuffer(repeating: 0x61, count: size)) { taken += $0.readableBytes }
            }
        }
        #expect(taken <= 100_000 && taken + size > 100_000 - 2)
    }

    @Test("results of requests that nobody made are not remembered without end")
    func foreignResults() throws {
        let folder = try TemporaryFolder()
        let cache = try ReplyCache(folder: folder.path)
        var batch = StoredBatch(
            token: "a", model: "m", name: "n", url: "http://h/v1", path: "/v1/chat/completions", api: "openai",
            keyVariable: nil)
        batch.requests = 2
        batch = try cache.add(batch)
        let model = try ModelCatalog([ModelConfiguration(id: "m", url: "http://h/v1")]).find("m")
        let results = BatchResults(batch, model, cache)
        for number in 0..<3_000 {
            let key = String(repeating: "0", count: 60) + String(1000 + number)
            let line = "{\"custom_id\": \"\(key)\", \"error\": {\"message\": \"no\"}}"
            try results.take(Array(line.utf8), isCut: false)
        }
        try results.finish()
        #expect(results.remembered == 1_004 && results.ignored == 3_000 && results.isOfOthers)
    }
}

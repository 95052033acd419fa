import FakeModel
import JSON
import Testing

@Suite("A third party's scorer has texts embedded and moderated")
struct EmbeddingCommandTests {
    private static let packageFolder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private static let function = """
        {"identifier": "mine::texts", "provider_id": "org.example.texts", "provider_resource_id": "texts",
         "return_type": {"type": "number"},
         "params": {"type": "basic", "embedding_model": "small", "moderation_model": "strict", "aggregation_functions": ["average"]}}
        """

    /// A folder with the plugin, its function and three rows.
    private func folder() throws -> TemporaryFolder {
        let rows = ["a", "b", "a"].map { "{\"text\": \"\($0)\"}\n" }.joined()
        let folder = try TemporaryFolder(["rows.jsonl": rows, "functions/texts.json": Self.function])
        let compiler = Command(
            executable: "/usr/bin/cc",
            arguments: [
                "-shared", "-fPIC", "-I\(Self.packageFolder)/Sources/CScorerPlugin/include", "-x", "c",
                "\(Self.packageFolder)/Tests/ScorerHostTests/Fixtures/texts.c.txt", "-o", "\(folder.path)/texts.so",
            ], folder: folder.path)
        let result = try compiler.run()
        #expect(result.ending == .status(0), "\(result.errors)")
        return folder
    }

    @Test("in a worker, each text is sent once, and all requests are counted and cached")
    func scored() throws {
        let folder = try folder()
        let server = try FakeModelServer(
            .choosing { request in
                let input = (try? JSONValue(parsing: request.body))?["input"]?.array ?? []
                if request.path.hasSuffix("/moderations") {
                    return .status(200, body: "{\"results\": [{\"flagged\": false}]}")
                }
                let data = input.indices.map { "{\"index\": \($0), \"embedding\": [1, 0.5]}" }.joined(separator: ", ")
                return .status(200, body: "{\"data\": [\(data)], \"usage\": {\"prompt_tokens\": 2}}")
            })
        for round in 1...2 {
            let result = try folder.assay(
                "score", "rows.jsonl", "--fn", "mine::texts", "--fn-dir", "functions", "--plugin-dir", ".",
                "--model-url",
                server.url, "--cache", "cache", "--output", "out.jsonl")
            #expect(result.ending == .status(0), "\(result.errors)\(result.output)")
            // Three vectors of 1.5 each.
            let rows = try folder.read("out.jsonl").split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            #expect(rows.map { $0["scores"]?["mine::texts"]?["score"] } == Array(repeating: JSONValue(304.5), count: 3))
            // "a" and "b" with the other text of each row, and two different texts moderated.
            let texts = server.requests.filter { $0.path.hasSuffix("/embeddings") }
                .flatMap { (try? JSONValue(parsing: $0.body))?["input"]?.array ?? [] }
            #expect(texts.count == 3 && Set(texts).count == 3)
            #expect(server.requests.count { $0.path.hasSuffix("/moderations") } == 2)
            #expect(try result.value("usage", "requests") == (round == 1 ? JSONValue(server.totals.requests) : 0))
        }
    }

    @Test("a check gives it vectors, and finds no fault in its requests")
    func checked() throws {
        let folder = try folder()
        let result = try folder.assay("plugins", "check", "texts.so")
        #expect(!result.output.contains("crash") && !result.output.contains("never scored"), "\(result.output)")
        #expect(!result.output.contains("no row got a score"), "\(result.output)")
    }
}

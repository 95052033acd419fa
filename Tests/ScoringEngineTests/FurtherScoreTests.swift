import FakeModel
import Inference
import JSON
import ScoringCore
import ScoringDefinitions
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("Scores beside \"score\" have results of their own")
struct FurtherScoreTests {
    private static let judge = ScoringFunctionText(
        """
        {"identifier": "mine::essay", "provider_id": "llm-as-judge", "return_type": {"type": "number"}, "params": {
        "type": "llm_as_judge", "judge_model": "judge", "prompt_template": "<answer>{generated_answer}</answer>",
        "aggregation_functions": ["average", "median", "categorical_count"],
        "score_fields": [{"name": "coherence", "range": [1, 5]}, {"name": "kind", "type": "boolean"}]}}
        """)

    /// Answers with the reply in the answer of the row.
    private static func engine(_ server: FakeModelServer) -> Engine {
        let catalog = ModelCatalog(defaultEndpoint: .init(url: server.url))
        return Engine(functionFolders: [], pluginFolders: [pluginFolder]) { InferenceService(catalog: catalog) }
    }

    private static func server() throws -> FakeModelServer {
        try FakeModelServer(
            .answer { request in
                let prompt = request.prompt ?? ""
                let start = prompt.firstRange(of: "<answer>")?.upperBound ?? prompt.startIndex
                let end = prompt.firstRange(of: "</answer>")?.lowerBound ?? prompt.endIndex
                return String(prompt[start..<end])
            })
    }

    private static let replies = [
        #"{"coherence": 4, "kind": true}"#, #"{"coherence": 2, "kind": false}"#, #"{"coherence": 3}"#, "no",
    ]

    private static func request() throws -> ScoringRequest {
        var definitions = DefinitionCatalog()
        definitions.set(try judge.function())
        var request = ScoringRequest(
            Dataset(rows: replies.enumerated().map { ["generated_answer": .string($1), "half": .bool($0 < 2)] }),
            functions: ["mine::essay": nil])
        request.definitions = definitions
        return request
    }

    @Test("aggregates, bounds and outcomes are those of the score", arguments: [1, 4])
    func results(jobs: Int) async throws {
        let server = try Self.server()
        let engine = Self.engine(server)
        defer { withExtendedLifetime(server) {} }
        let output = Output()
        var request = try Self.request()
        request.jobs = jobs
        request.groupColumns = ["half"]
        let results = try engine.score(request, sink: output.sink)
        #expect(
            results.functions.map(\.function.identifier) == [
                "mine::essay", "mine::essay/coherence", "mine::essay/kind",
            ])
        let json = results.json["results"]
        let (whole, coherence, kind) = (json?["mine::essay"], json?["mine::essay/coherence"], json?["mine::essay/kind"])
        // (4 + 1) / 2 and (2 + 0) / 2.
        #expect(whole?["aggregated_results"]?["average"] == ["average": JSONValue(1.75)])
        #expect(coherence?["aggregated_results"]?["average"] == ["average": JSONValue(3.0)])
        #expect(coherence?["aggregated_results"]?["median"] == ["median": JSONValue(3.0)])
        #expect(kind?["aggregated_results"]?["categorical_count"]?["categorical_count"] == ["False": 1, "True": 1])
        #expect(coherence?["bounds"]?["average"] == ["lowest": JSONValue(2.5), "highest": JSONValue(3.5)])
        #expect(
            whole?["rows"]?["unparsed"] == 2 && coherence?["rows"]?["unparsed"] == 1 && kind?["rows"]?["unparsed"] == 2)
        #expect(whole?["usage"]?["requests"] == 4 && coherence?["usage"] == nil)
        let groups = coherence?["by"]?["half"]?.array
        #expect(groups?.map { $0["rows"]?["scored"] } == [1, 2])
        // A row is shown once, unless a score of its own has another reason.
        #expect(results.unscored.map(\.row) == [2, 3])
        await engine.shutDown()
    }

    @Test("rows have them as members of the function and as scores of their own")
    func rows() async throws {
        let server = try Self.server()
        let engine = Self.engine(server)
        defer { withExtendedLifetime(server) {} }
        let output = Output()
        _ = try engine.score(try Self.request(), sink: output.sink)
        let rows = try output.lines.map { try JSONValue(parsing: $0)["scores"] }
        #expect(rows[0]?["mine::essay"]?["coherence"] == JSONValue(4.0) && rows[0]?["mine::essay"]?["kind"] == true)
        #expect(rows[0]?["mine::essay/coherence"] == ["score": JSONValue(4.0)])
        #expect(rows[0]?["mine::essay/kind"] == ["score": true])
        #expect(rows[2]?["mine::essay/coherence"] == ["score": JSONValue(3.0)])
        #expect(rows[2]?["mine::essay/kind"]?["outcome"] == "unparsed")
        #expect(
            rows[2]?["mine::essay/kind"]?["message"]?.string?.hasPrefix("kind: the reply's JSON object has no \"kind\"")
                == true)
        #expect(rows[3]?["mine::essay/coherence"]?["outcome"] == "unparsed")
        await engine.shutDown()
    }

    @Test("separate results come with the name of the score, in the order of the results")
    func separate() async throws {
        let server = try Self.server()
        let engine = Self.engine(server)
        defer { withExtendedLifetime(server) {} }
        let parts = Mutex<[String]>([])
        _ = try engine.score(
            try Self.request(),
            resultSink: { index, function, bytes in
                parts.withLock {
                    $0.append("\(index) \(function) \(String(decoding: bytes, as: UTF8.self).prefix(15))")
                }
            })
        #expect(
            parts.withLock { $0 } == [
                "0 mine::essay , {\"score\": 2.5", "1 mine::essay/coherence , {\"score\": 4.0",
                "2 mine::essay/kind , {\"score\": tru",
            ])
        await engine.shutDown()
    }

    @Test("a function and a score of another function cannot have one name")
    func names() async throws {
        let server = try Self.server()
        let engine = Self.engine(server)
        defer { withExtendedLifetime(server) {} }
        var request = try Self.request()
        var definitions = request.definitions ?? DefinitionCatalog()
        var other = try #require(JSONValue(parsing: Self.judge.json).object)
        other["identifier"] = "mine::essay/kind"
        definitions.set(try ScoringFunction(.object(other), origin: "test"))
        request.definitions = definitions
        request.functions.append(("mine::essay/kind", nil))
        let error = #expect(throws: EngineError.self) { try engine.score(request) }
        #expect(error?.message.contains("mine::essay/kind is the name of a function and of a score") == true)
        await engine.shutDown()
    }
}

/// A definition as text.
private struct ScoringFunctionText: Sendable {
    let json: String
    init(_ json: String) { self.json = json }

    func function() throws -> ScoringFunction { try ScoringFunction(JSONValue(parsing: json), origin: "test") }
}

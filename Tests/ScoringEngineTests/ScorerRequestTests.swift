import FakeModel
import Inference
import JSON
import Testing

@testable import ScorerHost
@testable import ScoringEngine

@Suite("Requests of scorers reach models as they were made")
struct ScorerRequestTests {
    private func made(_ json: String, _ sample: Int?) throws -> InferenceRequest {
        try InferenceRequest(ModelRequest(tag: 1, role: "judge", json: json, sample: sample))
    }

    @Test(
        "a plugin of today says the sample beside the JSON, one of 1.0 or 1.1 within it",
        arguments: [
            (#"{"messages": []}"#, 0, #"{"messages": []}"#, 0), (#"{"messages": []}"#, 7, #"{"messages": []}"#, 7),
            (#"{"messages": []}"#, nil, #"{"messages": []}"#, 0),
            (#"{"messages": [], "assay": {"sample": 2}, "seed": 1}"#, nil, #"{"messages": [], "seed": 1}"#, 2),
            // What is sent is the plugin's business where the sample has a place of its own.
            (#"{"messages": [], "assay": {"sample": 2}}"#, 1, #"{"messages": [], "assay": {"sample": 2}}"#, 1),
            (#"{"messages": ["\"assay\""]}"#, nil, #"{"messages": ["\"assay\""]}"#, 0),
        ] as [(String, Int?, String, Int)])
    func samples(json: String, sample: Int?, body: String, expected: Int) throws {
        let request = try made(json, sample)
        #expect(request.body == body)
        #expect(request.sample == expected)
    }

    @Test(
        "a member that is not as the host expects it is refused",
        arguments: ["1", "{}", #"{"sample": -1}"#, #"{"sample": "1"}"#, #"{"sample": 1.5}"#, "null"])
    func refused(member: String) {
        #expect(throws: RequestFault.self) { try made("{\"messages\": [], \"assay\": \(member)}", nil) }
    }

    @Test("equal votes are separate requests, of which the model is told nothing")
    func votes() async throws {
        let server = try FakeModelServer(.answer("B"))
        let catalog = ModelCatalog(defaultEndpoint: .init(url: server.url))
        let engine = Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder]) {
            InferenceService(catalog: catalog)
        }
        let row: JSONValue = ["input_query": "q", "generated_answer": "a", "expected_answer": "e"]
        let parameters: JSONObject = ["votes": 3, "temperature": 1]
        let results = try engine.score(
            ScoringRequest(Dataset(rows: [row]), functions: [("llm-as-judge::405b-simpleqa", parameters)]))
        #expect(results.failure == nil && results.isComplete)
        let bodies = server.requests.map(\.body)
        #expect(bodies.count == 3)
        #expect(Set(bodies).count == 1)
        #expect(bodies.allSatisfy { !$0.contains("assay") && !$0.contains("sample") })
        await engine.shutDown()
    }
}

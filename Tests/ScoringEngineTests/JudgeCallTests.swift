import Concurrency
import FakeModel
import Foundation
import Inference
import JSON
import ScoringCore
import ScoringDefinitions
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("Runs that ask models share a process and nothing else")
struct JudgeCallTests {
    /// An engine whose models are all played by `server`.
    private static func engine(_ server: FakeModelServer) -> Engine {
        let catalog = ModelCatalog(defaultEndpoint: .init(url: server.url))
        return Engine(functionFolders: ["\(packageFolder)/scoring_fns"], pluginFolders: [pluginFolder]) {
            InferenceService(catalog: catalog)
        }
    }

    private static let rows: [JSONValue] = (0..<300).map { index in
        ["input_query": .string("q\(index)"), "generated_answer": .string("a\(index)"), "expected_answer": "e"]
    }

    @Test("parameters of one of two runs at once change neither the other nor the definition")
    func parameters() async throws {
        let server = try FakeModelServer(
            Behaviour.answer { ($0.prompt ?? "").hasPrefix("Short") ? "grade: short" : "B" }
                .delayed(by: .milliseconds(3)))
        let engine = Self.engine(server)
        let id = "llm-as-judge::405b-simpleqa"
        let definition = try engine.definitions.find(id)
        let own: JSONObject = [
            "prompt_template": "Short {generated_answer}", "judge_score_regexes": ["grade: (\\w+)"],
            "judge_model": "another", "temperature": JSONValue(0.5),
        ]
        let outcomes = Mutex<[Bool: [String]]>([:])
        onThreads(2) { thread in
            let hasParameters = thread == 0
            let output = Output()
            let request = ScoringRequest(
                Dataset(rows: Self.rows), functions: [(id, hasParameters ? own : nil)])
            let results = try? engine.score(request, sink: output.sink)
            let scores = results?.functions.first?.aggregates.entries.first?.value
            outcomes.withLock { $0[hasParameters] = output.lines + ["\(String(describing: scores))"] }
        }
        let (with, without) = outcomes.withLock { ($0[true] ?? [], $0[false] ?? []) }
        #expect(with.count == 301 && without.count == 301)
        #expect(with.dropLast().allSatisfy { $0.contains("\"score\": \"short\"") })
        #expect(without.dropLast().allSatisfy { $0.contains("\"score\": \"B\"") })
        #expect(try engine.definitions.find(id) == definition)
        let models = Set(server.requests.map { $0.body.contains("\"another\"") })
        #expect(models == [true, false])
        await engine.shutDown()
    }

    @Test(
        "judged and compared rows come out side by side and in order, for any number of threads", arguments: [1, 2, 5])
    func order(jobs: Int) async throws {
        // Later rows are answered first.
        let server = try FakeModelServer(
            .choosing { request in
                Behaviour.answer("B").delayed(by: .milliseconds(request.number % 7 == 0 ? 40 : 1))
            })
        let engine = Self.engine(server)
        let output = Output()
        var request = ScoringRequest(
            Dataset(
                rows: (0..<2500).map {
                    ["input_query": "q", "generated_answer": .string("\($0)"), "expected_answer": "1"]
                }),
            functions: ["basic::subset_of": nil, "llm-as-judge::405b-simpleqa": nil])
        request.jobs = jobs
        request.limit = 2100
        let results = try engine.score(request, sink: output.sink)
        #expect(results.failure == nil && results.isComplete)
        #expect(output.lines.count == 2100)
        for (index, line) in output.lines.enumerated() {
            let isFound = "\(index)".contains("1") ? "1.0" : "0.0"
            #expect(
                line.hasPrefix(
                    "{\"row\": \(index), \"scores\": {\"basic::subset_of\": {\"score\": \(isFound)}, "
                        + "\"llm-as-judge::405b-simpleqa\": {\"score\": \"B\","))
        }
        #expect(server.totals.answered == 2100)
        await engine.shutDown()
    }

    @Test("a run whose output cannot be written ends, whatever its models do")
    func failingSink() async throws {
        struct Full: Error {}
        let server = try FakeModelServer(
            .choosing { $0.number > 1200 ? .stall(.beforeHead) : .answer("B") })
        let engine = Self.engine(server)
        let answer = JSONValue.string(String(repeating: "x", count: 2000))
        let rows = (0..<3000).map { index -> JSONValue in
            ["input_query": .string("\(index)"), "generated_answer": answer, "expected_answer": "1"]
        }
        let results = try engine.score(
            ScoringRequest(Dataset(rows: rows), functions: ["llm-as-judge::405b-simpleqa": nil]),
            sink: { _ in throw Full() })
        #expect(results.failure?.code == .output)
        await engine.shutDown()
    }

    @Test("a run that is cancelled ends at once, though its model hangs")
    func cancellation() async throws {
        let server = try FakeModelServer(.stall(.beforeHead))
        let engine = Self.engine(server)
        let cancellation = Cancellation()
        let results = Mutex<ScoringResults?>(nil)
        onThreads(2) { thread in
            if thread == 0 {
                let request = ScoringRequest(
                    Dataset(rows: Self.rows), functions: ["llm-as-judge::405b-simpleqa": nil])
                let outcome = try? engine.score(request, cancellation: cancellation)
                results.withLock { $0 = outcome }
            } else {
                while server.totals.requests < 5 { usleep(1000) }
                cancellation.cancel()
            }
        }
        let counts = try #require(results.withLock { $0 }).functions[0].aggregates.counts
        #expect(counts.notAsked == 300)
        await engine.shutDown()
    }
}

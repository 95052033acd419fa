import FakeModel
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Jobs of a server whose model answers in batches")
struct BatchJobTests {
    private static let path = "/v1/eval/benchmarks/b/jobs"

    private static func startJob(_ serving: Serving, rows count: Int) async throws -> String {
        let rows = JSONValue.array(
            (0..<count).map { ["question": .string("Say number \($0)"), "answer": "Total rating: 7"] })
        return try await serving.startJob(rows)
    }

    @Test("a job waits for its batch, also across a kill of the server, and nothing is paid for twice")
    func killed() async throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 20
        let batching = try Batching(rows: 0, .openai, plan, batch: ["jobs": true])
        let options = ["--cache", "cache", "--config", "models.json"]
        var serving: Serving? = try Serving(batching.folder, options)
        let id = try await Self.startJob(try #require(serving), rows: 60)
        while batching.server.calls(.poll) < 3 { try await Task.sleep(for: .milliseconds(2)) }
        let job = try await serving?.get("\(Self.path)/\(id)")
        #expect(job?["status"] == "in_progress")
        serving?.running.send(SIGKILL)
        _ = try serving?.running.finish()
        serving = try Serving(batching.folder, options)
        while true {
            let job = try await #require(serving).get("\(Self.path)/\(id)")
            if job["finished_at"] != .null {
                #expect(job["status"] == "completed", "\(job.text)")
                #expect(job["generation"]?["usage"]?["batched"] == 60, "\(job.text)")
                break
            }
            try #require(serving).readLog()
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(batching.isPaidOnce(60))
        #expect(batching.server.sizes == [60])
    }
}

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

    @Test(
        "a job waits for its batch, also across the end of the server, and nothing is paid for twice",
        arguments: [SIGKILL, SIGTERM])
    func ended(signal: Int32) async throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 20
        let batching = try Batching(rows: 0, .openai, plan, batch: ["jobs": true])
        let options = ["--cache", "cache", "--config", "models.json"]
        var serving: Serving? = try Serving(batching.folder, options)
        let id = try await Self.startJob(try #require(serving), rows: 60)
        while batching.server.calls(.poll) < 3 { try await Task.sleep(for: .milliseconds(2)) }
        let job = try await serving?.get("\(Self.path)/\(id)")
        #expect(job?["status"] == "in_progress")
        serving?.running.send(signal)
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
        #expect(batching.server.calls(.cancel) == 0)
    }

    /// Waits until a job has ended, and returns it.
    private static func end(of id: String, _ serving: Serving) async throws -> JSONValue {
        while true {
            let job = try await serving.get("\(path)/\(id)")
            if job["finished_at"] != .null { return job }
            try serving.readLog()
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("a job that waits says for what, and its batches are cancelled with it", arguments: [false, true])
    func cancelled(isRefusedAtFirst: Bool) async throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 100_000
        // What is not answered when a batch is cancelled.
        plan.outcome = { body, made in
            Batching.number(in: body) % 2 == 0 || made > 0 ? .reply("Total rating: 7") : .error("batch_cancelled", "")
        }
        let batching = try Batching(rows: 0, .openai, plan, batch: ["jobs": true]) { call in
            call.step == .cancel && call.count == 1 && isRefusedAtFirst ? .status(503) : .pass
        }
        let serving = try Serving(batching.folder, ["--cache", "cache", "--config", "models.json"])
        let id = try await Self.startJob(serving, rows: 80)
        while batching.server.calls(.poll) < 2 { try await Task.sleep(for: .milliseconds(2)) }
        let progress = try await serving.get("\(Self.path)/\(id)")["progress"]
        #expect(progress?["batches"] == ["open": 1, "requests": 80, "answered": 0], "\(progress?.text ?? "")")
        #expect(progress?["total"] == 80)
        let page = try await serving.text("/jobs")
        #expect(page.contains("in progress, waiting for 1 batch: 0 of 80 requests answered"))
        _ = try await serving.post("\(Self.path)/\(id)/cancel", [:])
        let job = try await Self.end(of: id, serving)
        #expect(job["status"] == "cancelled" && job["progress"]?["batches"] == nil, "\(job.text)")
        #expect(batching.server.calls(.cancel) == (isRefusedAtFirst ? 2 : 1))
        // The next job uses what was answered, and submits the rest.
        let next = try await Self.startJob(serving, rows: 80)
        while batching.server.sizes.count < 2 {
            try serving.readLog()
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(batching.server.sizes == [80, 40])
        _ = try await serving.post("\(Self.path)/\(next)/cancel", [:])
        #expect(batching.isPaidOnce(80))
    }

    @Test("a batch that another job waits for is not cancelled")
    func shared() async throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 60
        let batching = try Batching(rows: 0, .openai, plan, batch: ["jobs": true])
        let serving = try Serving(batching.folder, ["--cache", "cache", "--config", "models.json"])
        let first = try await Self.startJob(serving, rows: 60)
        while batching.server.calls(.poll) < 2 { try await Task.sleep(for: .milliseconds(2)) }
        let second = try await Self.startJob(serving, rows: 60)
        while try await serving.get("\(Self.path)/\(second)")["progress"]?["batches"] == nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        _ = try await serving.post("\(Self.path)/\(first)/cancel", [:])
        #expect(try await Self.end(of: first, serving)["status"] == "cancelled")
        let job = try await Self.end(of: second, serving)
        #expect(job["status"] == "completed" && job["generation"]?["rows"]?["generated"] == 60, "\(job.text)")
        #expect(batching.server.calls(.cancel) == 0 && batching.server.sizes == [60])
    }
}

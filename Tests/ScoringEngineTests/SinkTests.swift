import Concurrency
import JSON
import ScoringCore
import Synchronization
import Testing

@testable import ScoringEngine

@Suite("A run ends well where its output fails or nobody wants the rest")
struct SinkTests {
    /// Six chunks or more.
    private static let rows = String(
        repeating: answers("\"\(String(repeating: "x", count: 1000))\"", #""x""#), count: 3500)

    private struct DiskFull: Error {}

    @Test("an output that fails stops the run with its error", arguments: [1, 2, 7], [1, 3])
    func failingSink(jobs: Int, goodCalls: Int) throws {
        let calls = Mutex<Int>(0)
        var request = ScoringRequest(Dataset(jsonLines: Self.rows, named: "rows"), functions: ["basic::subset_of": nil])
        request.jobs = jobs
        let results = try shippedEngine.score(
            request,
            sink: { _ in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call > goodCalls { throw DiskFull() }
            })
        #expect(results.failure?.code == .output)
        #expect(results.failure?.message == "DiskFull()")
        #expect(calls.withLock { $0 } == goodCalls + 1, "nothing is written after the failure")
    }

    @Test("an error of the engine's own kind is passed on as it is")
    func ownError() throws {
        let request = ScoringRequest(Dataset(jsonLines: Self.rows, named: "rows"), functions: ["basic::subset_of": nil])
        let results = try shippedEngine.score(
            request, sink: { _ in throw EngineError(.output, "out.jsonl: disk full") })
        #expect(results.failure?.message == "out.jsonl: disk full")
    }

    @Test(
        "a run that is cancelled has the results of the rows that were done, all of them written", arguments: [1, 2, 7])
    func cancellation(jobs: Int) throws {
        let cancellation = Cancellation()
        let output = Output()
        let progress = RunProgress()
        var request = ScoringRequest(Dataset(jsonLines: Self.rows, named: "rows"), functions: ["basic::subset_of": nil])
        request.jobs = jobs
        let results = try shippedEngine.score(
            request,
            sink: { lines in
                try output.sink(lines)
                cancellation.cancel()
            }, progress: progress, cancellation: cancellation)
        #expect(results.isCancelled)
        #expect(results.failure == nil)
        let done = try #require(results["basic::subset_of"]?.aggregates.counts.total)
        #expect(done > 0 && (done < 3500 || jobs > 2))
        #expect(output.lines.count == done)
        #expect(progress.rows == done)
        for (row, line) in output.lines.enumerated() {
            #expect(line == "{\"row\": \(row), \"scores\": {\"basic::subset_of\": {\"score\": 1.0}}}")
        }
    }

    @Test("a run that was cancelled before it began scores nothing")
    func cancelledBefore() throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        let output = Output()
        let request = ScoringRequest(Dataset(jsonLines: Self.rows, named: "rows"), functions: ["basic::subset_of": nil])
        let results = try shippedEngine.score(request, sink: output.sink, cancellation: cancellation)
        #expect(results.isCancelled)
        #expect(results["basic::subset_of"]?.aggregates.counts.total == 0)
        #expect(output.callCount == 0)
    }

    @Test("progress counts all rows and those without a score", arguments: [1, 3])
    func progress(jobs: Int) throws {
        let progress = RunProgress()
        var request = ScoringRequest(
            Dataset(jsonLines: Self.rows + "broken\n" + answers("1", "1"), named: "rows"),
            functions: ["basic::equality": nil, "basic::subset_of": nil])
        request.jobs = jobs
        _ = try shippedEngine.score(request, progress: progress)
        #expect(progress.rows == 3502)
        #expect(progress.unscored == 2)
    }
}

import Concurrency
import Evaluation
import Glibc
import JSON
import Store
import TestSupport
import Testing

@Suite("Jobs of a process that is killed")
struct KilledJobTests {
    @Test("they go on in the next process, in their order, with what they kept")
    func killing() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let queue = try JobQueue(
                try Registry(folder: path), providers: [CountingProvider(dies: true)], inference: nil)
            try queue.start(1)
            for id in ["a", "b", "c"] { _ = try queue.submit(id, benchmark, try configuration()) }
            sleep(60)
        }
        let registry = try Registry(folder: path)
        #expect(try registry.job("a")?.status == .inProgress)
        #expect(try registry.job("b")?.status == .scheduled)
        let provider = CountingProvider(dies: false)
        let queue = try JobQueue(registry, providers: [provider], inference: nil)
        let ended = Monitor<[StoredJob]>([])
        try queue.start(1, onEnd: { job in ended.update { $0.append(job) } })
        let jobs = ended.wait { $0.count == 3 ? $0 : nil }
        queue.stop()
        #expect(jobs.map(\.id) == ["a", "b", "c"])
        #expect(jobs.allSatisfy { $0.status == .completed })
        #expect(jobs.map { $0.result?["generation"]?["state"] } == ["kept by a", nil, nil])
        // What the first process wrote of the rows is gone with it.
        #expect(try registry.dataset("generations-a")?.rowCount == 2)
        #expect(try registry.datasets().map(\.id) == ["generations-a", "generations-b", "generations-c"])
    }
}

private let benchmark: JSONValue = ["identifier": "b", "dataset_id": "d", "scoring_functions": [], "provider_id": "p"]

private func configuration() throws -> BenchmarkConfiguration {
    try BenchmarkConfiguration(["eval_candidate": ["model": "m"]])
}

/// Writes two rows, and says which state it was given. Or kills its process when it has written them.
private struct CountingProvider: EvaluationProvider {
    let id = "p"
    let type = "inline::p"
    let dies: Bool

    func register(_ benchmark: Benchmark) {}

    func evaluateRows(_ run: EvaluationRun) -> EvaluationResult { EvaluationResult(scores: [:]) }

    func runJob(_ run: EvaluationRun) throws(EvaluationError) -> EvaluationResult {
        try run.keep(.string("kept by \(run.jobID ?? "")"))
        do {
            // As many as are written at once.
            let rows = "{\"n\": 1}\n{\"n\": \"" + String(repeating: "x", count: 300_000) + "\"}\n"
            try Array(rows.utf8).withUnsafeBytes { try run.output($0) }
        } catch {
            throw EvaluationError(.output, "\(error)")
        }
        if dies { kill(getpid(), SIGKILL) }
        var generation = JSONObject()
        generation["state"] = run.state
        return EvaluationResult(scores: [:], generation: generation)
    }
}

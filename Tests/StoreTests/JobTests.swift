import JSON
import Store
import TestSupport
import Testing

struct JobTests {
    private let folder: TemporaryFolder
    private let registry: Registry

    init() throws {
        folder = try TemporaryFolder()
        registry = try Registry(folder: folder.path)
    }

    @Test("a job is what was asked for, with its times, until it has come to its end")
    func life() throws {
        let made = try add("j")
        #expect(made.status == .scheduled && made.request == ["of": "j"] && made.rowsTotal == 10)
        #expect(made.created > 1_700_000_000 && made.started == nil && made.finished == nil)
        let begun = try #require(try registry.beginJob("j"))
        #expect(begun.status == .inProgress && begun.started != nil && begun.finished == nil)
        try registry.keepJobState(["remote": 7], of: "j")
        let ended = try registry.endJob(
            "j", JobEnd(.completed, rowsDone: 3, rowsTotal: 4, result: ["scores": [:]]), rows: try rows("g"))
        #expect(ended.status == .completed && ended.finished != nil && ended.datasetID == "g")
        #expect(ended.rowsDone == 3 && ended.rowsTotal == 4 && ended.result == ["scores": [:]])
        #expect(try registry.job("j") == ended && ended.state == ["remote": 7])
        #expect(try registry.dataset("g")?.rowCount == 2)
    }

    @Test("a job that has ended stays as it is", arguments: [StoredJob.Status.completed, .failed, .cancelled])
    func ends(status: StoredJob.Status) throws {
        _ = try add("j")
        _ = try registry.beginJob("j")
        let ended = try registry.endJob("j", JobEnd(status, error: "e"))
        #expect(try registry.beginJob("j") == nil)
        #expect(try registry.cancelJob("j") == ended)
        #expect(try registry.endJob("j", JobEnd(.failed), rows: try rows("g")) == ended)
        #expect(try registry.dataset("g") == nil)
    }

    @Test("a job that waits is at its end when it is cancelled, one that runs when it has stopped")
    func cancelling() throws {
        _ = try (add("waiting"), add("running"))
        _ = try registry.beginJob("running")
        #expect(try registry.cancelJob("waiting")?.finished != nil)
        #expect(try registry.beginJob("waiting") == nil)
        let stopping = try registry.cancelJob("running")
        #expect(stopping?.status == .cancelled && stopping?.finished == nil)
        // Whatever it came to in the meantime.
        let ended = try registry.endJob("running", JobEnd(.completed, rowsDone: 10))
        #expect(ended.status == .cancelled && ended.finished != nil && ended.rowsDone == 10)
        #expect(try registry.cancelJob("nobody") == nil)
    }

    @Test("rows whose identifier is taken are not published, and the job has not ended")
    func takenRows() throws {
        _ = try registry.makeDataset().publish(as: "g", ["another": true])
        _ = try add("j")
        _ = try registry.beginJob("j")
        let error = #expect(throws: StoreError.self) {
            try registry.endJob("j", JobEnd(.completed), rows: try rows("g"))
        }
        #expect(error?.code == .conflict)
        #expect(try registry.job("j")?.status == .inProgress)
    }

    @Test("a process takes over what the one before it left, in its order")
    func takingOver() throws {
        let folder = try TemporaryFolder()
        do {
            let registry = try Registry(folder: folder.path)
            for id in ["c", "done", "b", "stopped", "a"] { _ = try add(id, in: registry) }
            for id in ["b", "stopped", "done"] { _ = try registry.beginJob(id) }
            _ = try registry.endJob("done", JobEnd(.completed))
            _ = try registry.cancelJob("stopped")
        }
        let registry = try Registry(folder: folder.path)
        #expect(try registry.takeOverJobs() == ["c", "b", "a"])
        let stopped = try registry.job("stopped")
        #expect(stopped?.status == .cancelled && stopped?.finished != nil)
        #expect(try registry.beginJob("b")?.status == .inProgress)
    }

    @Test("the newest jobs of a benchmark are listed first, by pages")
    func listing() throws {
        for number in 0..<5 { _ = try add("\(number)") }
        _ = try add("other", of: "another")
        #expect(try registry.jobs(of: "b", limit: 10).map(\.id) == ["4", "3", "2", "1", "0"])
        #expect(try registry.jobs(of: "b", offset: 1, limit: 2).map(\.id) == ["3", "2"])
        #expect(try registry.jobs(of: "nothing", limit: 2).isEmpty)
        for id in ["1", "3"] { _ = try registry.endJob(id, JobEnd(.completed)) }
        _ = try registry.endJob("4", JobEnd(.failed))
        #expect(try registry.newestJob(of: "b", .completed)?.id == "3")
        #expect(try registry.newestJob(of: "another", .completed) == nil)
        #expect(try registry.jobCounts() == [.scheduled: 3, .completed: 2, .failed: 1])
    }

    private func add(_ id: String, of benchmark: String = "b", in other: Registry? = nil) throws -> StoredJob {
        try (other ?? registry).addJob(id, of: benchmark, by: "p", request: ["of": .string(id)], rowsTotal: 10)
    }

    private func rows(_ id: String) throws -> JobDataset {
        let draft = try registry.makeDataset()
        try draft.append(RowBlock(lines: Array("{}\n{}\n".utf8)))
        return JobDataset(draft, id: id, definition: ["of": .string(id)])
    }
}

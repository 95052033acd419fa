import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("Processes that share a cache ask for each reply once")
struct SharedCacheTests {
    @Test("two that start together with the same rows")
    func together() throws {
        let judging = try Judging(rows: 60, .answer("Total rating: 7").delayed(by: .milliseconds(20)))
        let runs = try ["a.jsonl", "b.jsonl"].map { name in
            try RunningCommand(judging.command(["--output", name]))
        }
        for (run, name) in zip(runs, ["a.jsonl", "b.jsonl"]) {
            let result = try run.finish()
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(try judging.verdicts(in: name).count == 60)
        }
        #expect(judging.server.totals.requests == 60)
        #expect(judging.server.totals.askedAgain == 0)
    }

    @Test("one that is killed while it asks keeps nobody waiting", arguments: [SIGKILL, SIGINT])
    func killed(signal: Int32) throws {
        let isFirst = Mutex(true)
        let judging = try Judging(
            rows: 1,
            .choosing { _ in
                isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst ? .stall(.beforeHead) : .answer("Total rating: 7")
                }
            })
        let first = try RunningCommand(judging.command(["--output", "a.jsonl"]))
        try first.wait { judging.server.totals.requests == 1 }
        let second = try RunningCommand(judging.command(["--output", "b.jsonl"]))
        try second.wait { judging.folder.size(of: "cache/replies.sqlite-reservations") == 2 }
        usleep(300_000)
        #expect(second.isRunning && judging.server.totals.requests == 1)
        first.send(signal)
        _ = try first.finish()
        let result = try second.finish()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try judging.verdicts(in: "b.jsonl")[0]["score"]?.number?.double == 7)
        #expect(judging.server.totals.requests == 2)
    }

    @Test("one that fails leaves the rows to the other")
    func failing() throws {
        // The first to ask is refused for good, whichever that is.
        let isFirst = Mutex(true)
        let judging = try Judging(
            rows: 1,
            .choosing { _ in
                isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                        ? .status(400, body: "no").delayed(by: .milliseconds(500)) : .answer("Total rating: 7")
                }
            })
        let first = try RunningCommand(judging.command(["--output", "a.jsonl"]))
        try first.wait { judging.server.totals.requests == 1 }
        let second = try RunningCommand(judging.command(["--output", "b.jsonl"]))
        #expect(try first.finish().rows("model_error") == 1)
        #expect(try second.finish().rows("scored") == 1)
        #expect(judging.server.totals.requests == 2)
    }

    @Test("one that waits for another can be stopped")
    func waiting() throws {
        let judging = try Judging(rows: 1, .stall(.beforeHead))
        let first = try RunningCommand(judging.command(["--output", "a.jsonl"]))
        try first.wait { judging.server.totals.requests == 1 }
        let second = try RunningCommand(judging.command(["--output", "b.jsonl"]))
        try second.wait { judging.folder.size(of: "cache/replies.sqlite-reservations") == 2 }
        usleep(300_000)
        second.send(SIGINT)
        #expect(try second.finish().ending == .status(130))
        #expect(judging.server.totals.requests == 1)
    }
}

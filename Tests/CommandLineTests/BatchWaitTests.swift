import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("Batches outlive the process that submits them")
struct BatchWaitTests {
    @Test("a command that does not wait says what is open, and the same command goes on later")
    func goesOn() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 2
        let batching = try Batching(rows: 40, .openai, plan)
        let first = try batching.score("--batch-wait", "none")
        #expect(first.ending == .status(3), "\(first.errors)")
        #expect(try first.rows("not_asked") == 40)
        #expect(first.errors.contains("batch batch_1"), "\(first.errors)")
        #expect(try batching.folder.read("out.jsonl").contains("the request is in batch batch_1"))
        let list = try batching.batches("list", "--format", "json")
        #expect(try JSONValue(parsing: list.output).array?.first?["id"] == "batch_1", "\(list.output)")
        // Nobody is asked twice while it is open.
        #expect(try batching.score("--batch-wait", "none").rows("not_asked") == 40)
        let last = try batching.score("--batch-wait", "none")
        #expect(last.ending == .status(0), "\(last.errors)")
        #expect(try last.rows("scored") == 40)
        #expect(try last.usage("batched") == 40)
        #expect(batching.isPaidOnce(40))
        #expect(try batching.batches("list", "--format", "table").output == "No batches are open.\n")
    }

    @Test("what is not answered in time is left in its batch")
    func deadline() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 1_000_000
        let batching = try Batching(rows: 30, .openai, plan)
        let result = try batching.score("--batch-wait", "0.2s")
        #expect(result.ending == .status(3), "\(result.errors)")
        #expect(try result.rows("not_asked") == 30)
    }

    @Test("replies are fetched without a run, and batches are cancelled")
    func commands() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 2
        let batching = try Batching(rows: 40, .openai, plan)
        _ = try batching.score("--batch-wait", "none")
        #expect(try batching.batches("fetch").ending == .status(3))
        let fetched = try batching.batches("fetch")
        #expect(fetched.ending == .status(0), "\(fetched.errors)")
        #expect(fetched.output.contains("batch_1: done"))
        let scored = try batching.score()
        #expect(try scored.usage("cached") == 40)
        #expect(batching.isPaidOnce(40))

        plan.polls = 1_000_000
        let other = try Batching(rows: 40, .openai, plan)
        _ = try other.score("--batch-wait", "none")
        #expect(try other.batches("cancel", "batch_1").output.contains("batch_1: cancellation requested"))
        #expect(try other.batches("fetch", "batch_1").ending == .status(0))
        #expect(try other.batches("cancel", "batch_7").errors.contains("there is no batch batch_7"))
    }

    @Test("a run that is interrupted keeps its batches, and says how to cancel them")
    func interrupted() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 1_000_000
        let batching = try Batching(rows: 40, .openai, plan)
        let run = try RunningCommand(batching.command())
        try run.wait { batching.server.calls(.poll) > 2 }
        run.send(SIGINT)
        let result = try run.finish()
        #expect(result.ending == .status(130))
        #expect(result.errors.contains("batch batch_1 stays open"), "\(result.errors)")
        #expect(result.errors.contains("assay batches cancel"))
    }

    @Test("two processes with one cache submit each request once")
    func together() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 10
        let batching = try Batching(rows: 200, .openai, plan)
        let runs = try ["a.jsonl", "b.jsonl"].map { try RunningCommand(batching.command(output: $0)) }
        var batched = 0
        for run in runs {
            let result = try run.finish()
            #expect(result.ending == .status(0), "\(result.errors)")
            #expect(try result.rows("scored") == 200)
            // Not there in the results of one that only waited.
            batched += try JSONValue(parsing: result.output)["usage"]?["batched"]?.number?.int ?? 0
        }
        #expect(batching.isPaidOnce(200))
        #expect(batched <= 200)
    }

    @Test("a process continues the batch of another one that was killed")
    func takenOver() throws {
        var plan = FakeBatchServer.Plan()
        plan.polls = 60
        let batching = try Batching(rows: 50, .openai, plan)
        let first = try RunningCommand(batching.command(output: "a.jsonl"))
        try first.wait { batching.server.calls(.poll) > 1 }
        let second = try RunningCommand(batching.command(output: "b.jsonl"))
        try second.wait { batching.folder.size(of: "cache/replies.sqlite-reservations") == 2 }
        first.send(SIGKILL)
        _ = try first.finish()
        let result = try second.finish()
        #expect(result.ending == .status(0), "\(result.errors)")
        #expect(try result.rows("scored") == 50)
        #expect(batching.isPaidOnce(50))
    }
}

import FakeModel
import Glibc
import JSON
import Synchronization
import Testing

@Suite("No fault of a server, and no end of the process, loses a reply of a batch or pays for it twice")
struct BatchFaultTests {
    /// A step, and what is done with it. `delete` fails quietly.
    private static let faults: [(FakeBatchServer.Step, FakeBatchServer.Reaction)] =
        [.upload, .create, .poll, .results, .delete].flatMap { step in
            [.drop, .dropAfter, .status(500), .status(429, .null, [("Retry-After", "0")]), .cutOff].map { (step, $0) }
        }

    @Test("a server that fails at one step", arguments: faults.indices, ["openai", "anthropic"])
    func fails(index: Int, form: String) throws {
        let (step, reaction) = Self.faults[index]
        let batching = try Batching(rows: 40, form == "openai" ? .openai : .anthropic) { call in
            call.step == step && call.count <= 2 ? reaction : .pass
        }
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(step) \(reaction): \(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(batching.isPaidOnce(40), "\(step) \(reaction): \(batching.server.sizes)")
    }

    @Test("a batch, or its results, that are not known at once")
    func later() throws {
        let batching = try Batching(rows: 40) { call in
            (call.step == .poll || call.step == .results) && call.count <= 4
                ? .status(404, ["error": ["message": "No such thing"]]) : .pass
        }
        #expect(try batching.score().rows("scored") == 40)
        #expect(batching.isPaidOnce(40))
    }

    @Test("results that end within a line are read again before anything is requested again")
    func shortened() throws {
        let batching = try Batching(rows: 40) { call in
            call.step == .results && call.count == 1 ? .shorten : .pass
        }
        #expect(try batching.score().rows("scored") == 40)
        #expect(batching.isPaidOnce(40))
    }

    @Test("a server that forgets a batch, as one does that keeps batches in memory")
    func lost() throws {
        let batching = try Batching(rows: 40) { call in
            call.step == .poll && call.path.hasSuffix("batch_1") ? .status(404) : .pass
        }
        let result = try batching.score()
        #expect(try result.rows("scored") == 40)
        #expect(result.errors.contains("does not know it any more"), "\(result.errors)")
        #expect(batching.server.sizes == [40, 40])
    }

    /// Every step of the protocol, and whether the server had done its part when the process was killed.
    private static let moments: [(FakeBatchServer.Step, Bool)] =
        [.upload, .create, .poll, .results, .delete].flatMap { [($0, false), ($0, true)] }

    @Test(
        "the process is killed at one step, and the same command goes on", arguments: moments.indices,
        ["openai", "together", "anthropic"])
    func killed(index: Int, form: String) throws {
        let (step, isDone) = Self.moments[index]
        let process = Mutex<pid_t>(0)
        let isKilled = Mutex(false)
        let batching = try Batching(
            rows: 40, form == "openai" ? .openai : form == "together" ? .together : .anthropic
        ) { call in
            let isNow = isKilled.withLock { isKilled in
                guard call.step == step, !isKilled else { return false }
                isKilled = true
                return true
            }
            guard isNow else { return .pass }
            // The process may be faster than the test that starts it.
            while process.withLock({ $0 }) == 0 { usleep(1000) }
            kill(process.withLock { $0 }, SIGKILL)
            return isDone ? .dropAfter : .drop
        }
        let first = try RunningCommand(batching.command())
        process.withLock { $0 = first.pid }
        let ending = try first.finish().ending
        // Anthropic's form has no files to upload or to delete.
        let isReached = form != "anthropic" || (step != .upload && step != .delete)
        #expect(ending == (isReached ? .signal(SIGKILL) : .status(0)))
        let result = try batching.score()
        #expect(result.ending == .status(0), "\(step) \(isDone): \(result.errors)")
        #expect(try result.rows("scored") == 40)
        #expect(batching.isPaidOnce(40), "\(step) \(isDone): \(batching.server.sizes)")
        #expect(try batching.batches("list", "--format", "json").output == "[]\n")
    }
}

import FakeModel
import JSON
import Synchronization
import Testing

@Suite("--retry asks again for rows that have no score")
struct RetryTests {
    /// A judge that gives no rating for numbers that end in 3, until it is told to.
    private func judging(rows: Int = 50) throws -> (judging: Judging, isGood: Shared) {
        let isGood = Shared()
        let judging = try Judging(
            rows: rows,
            .answer { request in
                let ends = (request.prompt ?? "").contains("3.\n")
                return ends && !isGood.value ? "I cannot say." : "Total rating: 7"
            })
        return (judging, isGood)
    }

    final class Shared: Sendable {
        private let state = Mutex(false)
        var value: Bool { state.withLock { $0 } }
        func set() { state.withLock { $0 = true } }
    }

    @Test("replies that could not be read are asked for again, and no others")
    func unparsed() throws {
        let (judging, isGood) = try judging()
        #expect(try judging.score().rows("unparsed") == 5)
        #expect(judging.server.totals.requests == 50)
        // Without the option they come from the cache again.
        #expect(try judging.score().rows("unparsed") == 5)
        #expect(judging.server.totals.requests == 50)
        isGood.set()
        let again = try judging.score("--retry", "unparsed,model_error")
        #expect(again.ending == .status(0), "\(again.errors)")
        #expect(try again.rows("scored") == 50)
        #expect(judging.server.totals.requests == 55)
        #expect(try judging.verdicts()[3]["score"]?.number?.double == 7)
        // What they say now is what the cache holds from now on.
        #expect(try judging.score().rows("scored") == 50)
        #expect(judging.server.totals.requests == 55)
    }

    @Test("rows that fail again are asked once in a run")
    func stillUnparsed() throws {
        let (judging, _) = try judging()
        _ = try judging.score()
        let again = try judging.score("--retry", "unparsed")
        #expect(again.ending == .status(3))
        #expect(try again.rows("unparsed") == 5)
        #expect(judging.server.totals.requests == 55)
    }

    @Test("on rows that were never judged, it asks no more than without it")
    func firstRun() throws {
        let (judging, _) = try judging()
        #expect(try judging.score("--retry", "unparsed").rows("unparsed") == 5)
        #expect(judging.server.totals.requests == 50)
    }

    @Test(
        "outcomes for which asking again is of no use are refused", arguments: ["input_error", "unparsed,x", "", ","])
    func refusals(outcomes: String) throws {
        let (judging, _) = try judging(rows: 1)
        #expect(try judging.score("--retry", outcomes).ending == .status(64))
    }
}

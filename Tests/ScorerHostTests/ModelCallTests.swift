import ScoringCore
import Testing

@testable import ScorerHost

@Suite("A scorer that asks models is stepped until it has its replies")
struct ModelCallTests {
    private let build: FixtureBuild
    private let plugin: Plugin
    private let log = LogLines()
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
        plugin = try build.load("models", log: log)
    }

    private func start(_ questions: [String]) throws -> (ScorerCall, ScorerCall.Progress) {
        let call = ScorerCall(try plugin.scorer("judge"))
        call.prepare(rowCount: questions.count)
        let progress = call.start([cells.texts(questions, nullable: false)], rowCount: questions.count)
        return (call, progress)
    }

    private func request(_ tag: UInt64, _ text: String, role: String = "judge") -> ModelRequest {
        ModelRequest(tag: tag, role: role, json: #"{"messages": [{"role": "user", "content": "\#(text)"}]}"#)
    }

    private func reply(_ tag: UInt64, _ text: String) -> ModelReply {
        ModelReply(tag: tag, status: .answered, text: text)
    }

    /// Checks that the call's state was freed once, and that none is left.
    private func expectFreed(_ count: Int32 = 1, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try plugin.counter("freed_states") == count, sourceLocation: sourceLocation)
        #expect(try plugin.counter("live_states") == 0, sourceLocation: sourceLocation)
        #expect(try plugin.counter("freed_without_state") == 0, sourceLocation: sourceLocation)
    }

    @Test("the roles of a scorer are known before it asks")
    func roles() throws {
        #expect(try plugin.scorer("judge").description.roles == ["judge", "critic"])
    }

    @Test("all replies at once, in another order")
    func oneRound() throws {
        let (call, progress) = try start(["a", "b", "of the critic"])
        #expect(
            progress == .waiting([request(0, "a"), request(1, "b"), request(2, "of the critic", role: "critic")]))
        #expect(try plugin.counter("live_states") == 1)
        let end = call.deliver([
            reply(2, "0.25"), ModelReply(tag: 0, status: .answered, text: "0.5", response: #"{"id": "zürich"}"#),
            reply(1, "1"),
        ])
        #expect(end == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(1), .scored(0.25)])
        #expect(call.results.texts("feedback") == ["0.5", "1", "0.25"])
        #expect(call.results.texts("response") == [#"{"id": "zürich"}"#, "", ""])
        try expectFreed()
    }

    @Test("one reply at a time, with new requests in between")
    func severalRounds() throws {
        let (call, _) = try start(["a", "b", "c"])
        #expect(call.deliver([reply(1, "again")]) == .waiting([request(1001, "b")]))
        #expect(call.deliver([reply(2, "0.75")]) == .waiting([]))
        #expect(call.deliver([reply(1001, "again"), reply(0, "0.5")]) == .waiting([request(2001, "b")]))
        #expect(try plugin.counter("freed_states") == 0)
        #expect(call.deliver([reply(2001, "0")]) == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(0), .scored(0.75)])
        #expect(try plugin.counter("steps") == 5)
        try expectFreed()
    }

    @Test("a tag is free again once its reply has come")
    func tagAgain() throws {
        let (call, _) = try start(["a"])
        #expect(call.deliver([reply(0, "same tag again")]) == .waiting([request(0, "a")]))
        #expect(call.deliver([reply(0, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(1)])
    }

    @Test("a tag that is open is refused a second time, and one request is made")
    func duplicateTag() throws {
        let (call, progress) = try start(["twice"])
        #expect(progress == .waiting([request(0, "twice")]))
        #expect(call.deliver([ModelReply(tag: 0, status: .failed, text: "x")]) == .finished)
        #expect(
            log.all == [
                #"error org.example.models: scorer "judge" misuses its host: request: the tag 0 is already open"#
            ])
    }

    @Test("a role that the scorer does not name is refused")
    func unknownRole() throws {
        let (call, progress) = try start(["of nobody"])
        #expect(progress == .finished)
        #expect(call.results.verdicts == [.scored(-1)])
        #expect(
            log.all == [
                #"error org.example.models: scorer "judge" misuses its host: request: the scorer's description names no role "#
                    + #""poet""#
            ])
        try expectFreed()
    }

    @Test(
        "a request that failed for good is told to the scorer",
        arguments: [
            (ModelReply.Status.failed, "-6: HTTP 500"), (.timedOut, "-4: HTTP 500"), (.cancelled, "-3: HTTP 500"),
        ])
    func failedRequest(status: ModelReply.Status, reason: String) throws {
        let (call, _) = try start(["a", "b"])
        #expect(call.deliver([ModelReply(tag: 1, status: status, text: "HTTP 500")]) == .waiting([]))
        #expect(call.deliver([reply(0, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(1), .failed(.modelError, reason)])
        try expectFreed()
    }

    @Test("replies that nobody waits for are dropped without a step")
    func strayReplies() throws {
        let (call, _) = try start(["a", "b"])
        #expect(call.deliver([reply(7, "1")]) == .waiting([]))
        #expect(call.deliver([]) == .waiting([]))
        #expect(call.deliver([reply(0, "0.5"), reply(0, "0.75"), reply(9, "1")]) == .waiting([]))
        #expect(call.deliver([reply(0, "1")]) == .waiting([]))
        #expect(try plugin.counter("steps") == 2)
        #expect(call.deliver([reply(1, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(1)])
    }

    @Test("waiting without having asked is an error of the batch")
    func pendingWithoutRequest() throws {
        let (call, progress) = try start(["ask nothing", "without asking", "c"])
        #expect(progress == .finished)
        let waits = RowVerdict.failed(.scorerError, "the scorer waits for model replies, but has asked nothing")
        #expect(call.results.verdicts == [.scored(0), waits, waits])
        try expectFreed()
    }

    @Test("a scorer may end while requests are open; their replies are dropped")
    func endsEarly() throws {
        let (call, _) = try start(["a", "b"])
        #expect(call.deliver([reply(0, "stop")]) == .finished)
        let reason = "the scorer gave no score for this row, and no reason"
        #expect(call.results.verdicts == [.failed(.scorerError, reason), .failed(.scorerError, reason)])
        try expectFreed()
        _ = call.deliver([reply(1, "1")])
        #expect(try plugin.counter("steps") == 2)
        try expectFreed()
    }

    @Test("a scorer that gives up is freed")
    func givesUp() throws {
        let (call, progress) = try start(["a", "give up"])
        #expect(progress == .finished)
        let gaveUp = RowVerdict.failed(.scorerError, "the scorer gave up on the batch: timed out (-4)")
        #expect(call.results.verdicts == [gaveUp, gaveUp])
        try expectFreed()
    }

    @Test("a call that waits can be ended; what was scored stays")
    func cancel() throws {
        let (call, _) = try start(["a", "b", "c"])
        _ = call.deliver([reply(1, "0.5")])
        call.cancel(.timedOut, "too late")
        #expect(
            call.results.verdicts == [.failed(.timedOut, "too late"), .scored(0.5), .failed(.timedOut, "too late")])
        try expectFreed()
        call.cancel(.modelError, "again")
        #expect(call.results.verdicts[0] == .failed(.timedOut, "too late"))
        try expectFreed()
    }

    @Test("a call that is dropped while it waits is freed")
    func dropped() throws {
        do {
            let (call, progress) = try start(["a"])
            #expect(progress != .finished)
            withExtendedLifetime(call) {}
        }
        try expectFreed()
    }

    @Test("a call serves batch after batch, each freed once, also one without a state")
    func reuse() throws {
        let (call, _) = try start(["a"])
        #expect(call.deliver([reply(0, "1")]) == .finished)
        call.prepare(rowCount: 1)
        #expect(call.start([cells.texts(["nothing to free"], nullable: false)], rowCount: 1) == .finished)
        call.prepare(rowCount: 2)
        #expect(
            call.start([cells.texts(["b", "c"], nullable: false)], rowCount: 2)
                == .waiting([request(0, "b"), request(1, "c")]))
        #expect(call.deliver([reply(1, "0.5"), reply(0, "0")]) == .finished)
        #expect(call.results.verdicts == [.scored(0), .scored(0.5)])
        #expect(try plugin.counter("freed_states") == 2)
        #expect(try plugin.counter("freed_without_state") == 1)
    }
}

import Concurrency
import ScoringCore
import Testing

@testable import ScorerHost

@Suite("A scorer that asks models is stepped until it has its replies")
struct ModelCallTests {
    private let build: FixtureBuild
    private let log = LogLines()
    private let cells = CellMemory()

    init() throws {
        build = try FixtureBuild()
    }

    private func load(_ place: Plugin.Place) throws -> Plugin { try build.load("models", in: place, log: log) }

    private func start(_ questions: [String], _ plugin: Plugin) throws -> (ScorerCall, ScorerCall.Progress) {
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
    private func expectFreed(_ plugin: Plugin, _ count: Int32 = 1, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        // In a worker, they are counted where nobody sees them.
        if plugin.place == .worker { return }
        #expect(try plugin.counter("freed_states") == count, sourceLocation: sourceLocation)
        #expect(try plugin.counter("live_states") == 0, sourceLocation: sourceLocation)
        #expect(try plugin.counter("freed_without_state") == 0, sourceLocation: sourceLocation)
    }

    @Test("the roles of a scorer are known before it asks", arguments: Plugin.places)
    func roles(place: Plugin.Place) throws {
        let plugin = try load(place)
        #expect(try plugin.scorer("judge").description.roles == ["judge", "critic"])
    }

    @Test("all replies at once, in another order", arguments: Plugin.places)
    func oneRound(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, progress) = try start(["a", "b", "of the critic"], plugin)
        #expect(
            progress == .waiting([request(0, "a"), request(1, "b"), request(2, "of the critic", role: "critic")]))
        if place == .host { #expect(try plugin.counter("live_states") == 1) }
        let end = call.deliver([
            reply(2, "0.25"), ModelReply(tag: 0, status: .answered, text: "0.5", response: #"{"id": "zürich"}"#),
            reply(1, "1"),
        ])
        #expect(end == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(1), .scored(0.25)])
        #expect(call.results.texts("feedback") == ["0.5", "1", "0.25"])
        #expect(call.results.texts("response") == [#"{"id": "zürich"}"#, "", ""])
        try expectFreed(plugin)
    }

    @Test("one reply at a time, with new requests in between", arguments: Plugin.places)
    func severalRounds(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a", "b", "c"], plugin)
        #expect(call.deliver([reply(1, "again")]) == .waiting([request(1001, "b")]))
        #expect(call.deliver([reply(2, "0.75")]) == .waiting([]))
        #expect(call.deliver([reply(1001, "again"), reply(0, "0.5")]) == .waiting([request(2001, "b")]))
        if place == .host { #expect(try plugin.counter("freed_states") == 0) }
        #expect(call.deliver([reply(2001, "0")]) == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(0), .scored(0.75)])
        if place == .host { #expect(try plugin.counter("steps") == 5) }
        try expectFreed(plugin)
    }

    @Test("a tag is free again once its reply has come", arguments: Plugin.places)
    func tagAgain(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a"], plugin)
        #expect(call.deliver([reply(0, "same tag again")]) == .waiting([request(0, "a")]))
        #expect(call.deliver([reply(0, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(1)])
    }

    @Test("a tag that is open is refused a second time, and one request is made", arguments: Plugin.places)
    func duplicateTag(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, progress) = try start(["twice"], plugin)
        #expect(progress == .waiting([request(0, "twice")]))
        #expect(call.deliver([ModelReply(tag: 0, status: .failed, text: "x")]) == .finished)
        #expect(
            log.all == [
                #"error org.example.models: scorer "judge" misuses its host: request: the tag 0 is already open"#
            ])
    }

    @Test("a role that the scorer does not name is refused", arguments: Plugin.places)
    func unknownRole(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, progress) = try start(["of nobody"], plugin)
        #expect(progress == .finished)
        #expect(call.results.verdicts == [.scored(-1)])
        #expect(
            log.all == [
                #"error org.example.models: scorer "judge" misuses its host: request: the scorer's description names no role "#
                    + #""poet""#
            ])
        try expectFreed(plugin)
    }

    @Test(
        "a request that failed for good is told to the scorer",
        arguments: [
            (ModelReply.Status.failed, "-6: HTTP 500"), (.timedOut, "-4: HTTP 500"), (.cancelled, "-3: HTTP 500"),
        ] as [(ModelReply.Status, String)], Plugin.places)
    func failedRequest(failure: (status: ModelReply.Status, reason: String), place: Plugin.Place) throws {
        let (status, reason) = failure
        let plugin = try load(place)
        let (call, _) = try start(["a", "b"], plugin)
        #expect(call.deliver([ModelReply(tag: 1, status: status, text: "HTTP 500")]) == .waiting([]))
        #expect(call.deliver([reply(0, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(1), .failed(.modelError, reason)])
        try expectFreed(plugin)
    }

    @Test("replies that nobody waits for are dropped without a step", arguments: Plugin.places)
    func strayReplies(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a", "b"], plugin)
        #expect(call.deliver([reply(7, "1")]) == .waiting([]))
        #expect(call.deliver([]) == .waiting([]))
        #expect(call.deliver([reply(0, "0.5"), reply(0, "0.75"), reply(9, "1")]) == .waiting([]))
        #expect(call.deliver([reply(0, "1")]) == .waiting([]))
        if place == .host { #expect(try plugin.counter("steps") == 2) }
        #expect(call.deliver([reply(1, "1")]) == .finished)
        #expect(call.results.verdicts == [.scored(0.5), .scored(1)])
    }

    @Test("waiting without having asked is an error of the batch", arguments: Plugin.places)
    func pendingWithoutRequest(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, progress) = try start(["ask nothing", "without asking", "c"], plugin)
        #expect(progress == .finished)
        let waits = RowVerdict.failed(.scorerError, "the scorer waits for model replies, but has sent no request")
        #expect(call.results.verdicts == [.scored(0), waits, waits])
        try expectFreed(plugin)
    }

    @Test("a scorer may end while requests are open; their replies are dropped", arguments: Plugin.places)
    func endsEarly(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a", "b"], plugin)
        #expect(call.deliver([reply(0, "stop")]) == .finished)
        let reason = "the scorer returned no score for this row, and no reason"
        #expect(call.results.verdicts == [.failed(.scorerError, reason), .failed(.scorerError, reason)])
        try expectFreed(plugin)
        _ = call.deliver([reply(1, "1")])
        if place == .host { #expect(try plugin.counter("steps") == 2) }
        try expectFreed(plugin)
    }

    @Test("a scorer that gives up is freed", arguments: Plugin.places)
    func givesUp(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, progress) = try start(["a", "give up"], plugin)
        #expect(progress == .finished)
        let gaveUp = RowVerdict.failed(.scorerError, "the scorer failed on the batch: timed out (-4)")
        #expect(call.results.verdicts == [gaveUp, gaveUp])
        try expectFreed(plugin)
    }

    @Test("a call that waits can be ended; what was scored stays", arguments: Plugin.places)
    func cancel(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a", "b", "c"], plugin)
        _ = call.deliver([reply(1, "0.5")])
        call.cancel(.timedOut, "too late")
        #expect(
            call.results.verdicts == [.failed(.timedOut, "too late"), .scored(0.5), .failed(.timedOut, "too late")])
        try expectFreed(plugin)
        call.cancel(.modelError, "again")
        #expect(call.results.verdicts[0] == .failed(.timedOut, "too late"))
        try expectFreed(plugin)
    }

    @Test("a call that is dropped while it waits is freed", arguments: Plugin.places)
    func dropped(place: Plugin.Place) throws {
        let plugin = try load(place)
        do {
            let (call, progress) = try start(["a"], plugin)
            #expect(progress != .finished)
            withExtendedLifetime(call) {}
        }
        try expectFreed(plugin)
    }

    @Test("a call serves batch after batch, each freed once, also one without a state", arguments: Plugin.places)
    func reuse(place: Plugin.Place) throws {
        let plugin = try load(place)
        let (call, _) = try start(["a"], plugin)
        #expect(call.deliver([reply(0, "1")]) == .finished)
        call.prepare(rowCount: 1)
        #expect(call.start([cells.texts(["nothing to free"], nullable: false)], rowCount: 1) == .finished)
        call.prepare(rowCount: 2)
        #expect(
            call.start([cells.texts(["b", "c"], nullable: false)], rowCount: 2)
                == .waiting([request(0, "b"), request(1, "c")]))
        #expect(call.deliver([reply(1, "0.5"), reply(0, "0")]) == .finished)
        #expect(call.results.verdicts == [.scored(0), .scored(0.5)])
        if place == .host { #expect(try plugin.counter("freed_states") == 2) }
        if place == .host { #expect(try plugin.counter("freed_without_state") == 1) }
    }
}

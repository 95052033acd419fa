import Testing

@testable import Inference

/// A gate whose waiters are names, and what it said last.
private struct GateDriver {
    let start = ContinuousClock.now
    var gate: AttemptGate<String>
    var tickets = Ticket.Roll()
    var started: [String] = []
    /// The attempts in progress, the latest last.
    private var running: [AttemptStart] = []
    var refused: [String] = []
    var alarm: Double?

    init(maxConcurrency: Int = 100, requestsPerMinute: Double? = nil) {
        gate = AttemptGate(
            limits: ModelLimits(maxConcurrency: maxConcurrency, requestsPerMinute: requestsPerMinute))
    }

    private func instant(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private mutating func note(_ actions: AttemptGate<String>.Actions) {
        started = actions.started.map(\.waiter)
        running += actions.started.map(\.start)
        refused = actions.refused.map(\.waiter)
        alarm = actions.wakeAt.map { ($0 - start) / .seconds(1) }
    }

    @discardableResult
    mutating func enter(_ name: String, notBefore time: Double? = nil, at now: Double = 0) -> Ticket {
        let ticket = tickets.issue()
        note(gate.enter(name, ticket: ticket, notBefore: time.map(instant), at: instant(now)))
        return ticket
    }

    mutating func finish(_ outcome: AttemptOutcome, at now: Double = 0) {
        note(gate.finish(outcome, of: running.removeFirst(), at: instant(now)))
    }

    mutating func throttle(retryAfter seconds: Double, at now: Double = 0) {
        finish(.throttled(status: 429, retryAt: instant(now + seconds)), at: now)
    }

    mutating func wake(at now: Double) {
        note(gate.wake(alarm: instant(now), at: instant(now)))
    }
}

private let answered = AttemptOutcome.answered(latency: .milliseconds(1))

struct AttemptGateTests {
    @Test("as many go as there are places; who leaves lets the next in, in their order")
    func places() {
        var driver = GateDriver(maxConcurrency: 2)
        for name in ["a", "b"] {
            driver.enter(name)
            #expect(driver.started == [name])
        }
        driver.enter("c")
        let ticket = driver.enter("d")
        driver.enter("e")
        #expect(driver.started == [])
        #expect(driver.alarm == nil)
        #expect(driver.gate.leave(ticket) == "d")
        #expect(driver.gate.leave(ticket) == nil)
        driver.finish(answered)
        #expect(driver.started == ["c"])
        driver.finish(.abandoned)
        #expect(driver.started == ["e"])
        driver.finish(answered)
        #expect(driver.started == [])
        #expect(driver.gate.running == 1)
    }

    @Test("who has to wait for a time of their own goes at that time, and holds no place until then")
    func delays() {
        var driver = GateDriver(maxConcurrency: 1)
        driver.enter("late", notBefore: 5)
        #expect(driver.alarm == 5)
        driver.enter("soon", notBefore: 2)
        #expect(driver.alarm == 2)
        driver.enter("now")
        #expect(driver.started == ["now"])
        driver.wake(at: 2)
        #expect(driver.started == [])
        #expect(driver.alarm == 5)
        driver.finish(answered, at: 3)
        #expect(driver.started == ["soon"])
        driver.finish(answered, at: 3)
        driver.wake(at: 5)
        #expect(driver.started == ["late"])
    }

    @Test("one who is asked to come later keeps the others waiting for no more than a moment")
    func singleThrottle() {
        var driver = GateDriver()
        driver.enter("a")
        driver.throttle(retryAfter: 60)
        driver.enter("b")
        #expect(driver.started == [])
        #expect(driver.alarm == 0.05)
        driver.wake(at: 0.05)
        #expect(driver.started == ["b"])
    }

    @Test("when most are asked to come later, nobody goes before that time")
    func pause() {
        var driver = GateDriver()
        for name in ["a", "b", "c", "d", "e"] { driver.enter(name) }
        for seconds in [10.0, 20, 30, 40, 25] { driver.throttle(retryAfter: seconds) }
        driver.enter("f", at: 1)
        #expect(driver.started == [])
        #expect(driver.alarm == 25, "as the answer says that showed that most are turned away")
        driver.wake(at: 25)
        #expect(driver.started == ["f"])
    }

    @Test("starts are spread over the minute")
    func pace() {
        var driver = GateDriver(requestsPerMinute: 60)
        driver.enter("a")
        #expect(driver.started == ["a"])
        driver.enter("b", at: 0.2)
        driver.enter("c", at: 0.2)
        #expect(driver.started == [])
        driver.wake(at: 1)
        #expect(driver.started == ["b"])
        #expect(driver.alarm == 2)
    }

    @Test("when the server is gone, all who wait are turned away, and who comes later too")
    func circuit() {
        var driver = GateDriver(maxConcurrency: 3)
        for name in ["a", "b", "c", "d"] { driver.enter(name) }
        driver.enter("e", notBefore: 100)
        for _ in 0..<2 { driver.finish(.refused) }
        #expect(driver.refused == [])
        driver.finish(.refused)
        #expect(driver.refused == ["e"])
        driver.enter("f", at: 29)
        #expect(driver.refused == ["f"])
        driver.enter("g", at: 31)
        #expect(driver.started == ["g"])
        driver.enter("h", at: 31)
        #expect(driver.refused == ["h"])
        driver.finish(answered, at: 32)
        driver.enter("i", at: 32)
        #expect(driver.started == ["i"])
    }

    @Test("100,000 may wait, and leave in any order")
    func crowd() {
        var driver = GateDriver()
        let tickets = (0..<100_000).map { driver.enter("\($0)", notBefore: $0 % 2 == 0 ? nil : Double($0 % 97)) }
        for ticket in tickets.reversed() { _ = driver.gate.leave(ticket) }
        #expect(driver.gate.close() == [])
        #expect(driver.gate.running == 8)
    }
}

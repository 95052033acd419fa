import Testing

@testable import Inference

/// Outcomes at times in seconds, and when the circuit opens, if it does.
struct CircuitCourse: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var outcomes: [(time: Double, outcome: AttemptOutcome)]
    var opens: Double?
    var reason = ""

    static func every(
        _ step: Double, from start: Double = 0, times: Int, _ outcome: AttemptOutcome
    ) -> [(time: Double, outcome: AttemptOutcome)] {
        (0..<times).map { (start + Double($0) * step, outcome) }
    }
}

private let answered = AttemptOutcome.answered(latency: .milliseconds(1))

struct CircuitTests {
    private let start = ContinuousClock.now

    @Test(
        "a server that is gone is given up, and no other",
        arguments: [
            CircuitCourse(
                testDescription: "no connection, five times over three seconds",
                outcomes: CircuitCourse.every(1, times: 6, .unreachable), opens: 4,
                reason: "5 consecutive connection attempts failed within 4 s, the last one with: broken; "
                    + "check the URL, and that the server is running"),
            CircuitCourse(
                testDescription: "no connection, many times at once",
                outcomes: CircuitCourse.every(0.01, times: 100, .unreachable)),
            CircuitCourse(
                testDescription: "no connection, with an answer between",
                outcomes: CircuitCourse.every(1, times: 4, .unreachable) + [(4, answered)]
                    + CircuitCourse.every(1, from: 5, times: 4, .unreachable)),
            CircuitCourse(
                testDescription: "refused at the start", outcomes: CircuitCourse.every(1, times: 3, .refused), opens: 2,
                reason: "it refused 3 consecutive requests, the last one with: broken; "
                    + "check the URL, the name of the model and the API key"),
            CircuitCourse(
                testDescription: "refused nine times after an answer",
                outcomes: [(0, answered)] + CircuitCourse.every(1, from: 1, times: 9, .refused)),
            CircuitCourse(
                testDescription: "refused ten times after an answer",
                outcomes: [(0, answered)] + CircuitCourse.every(1, from: 1, times: 10, .refused), opens: 10,
                reason: "it refused 10 consecutive requests, the last one with: broken; "
                    + "check the URL, the name of the model and the API key"),
            CircuitCourse(
                testDescription: "failures of all kinds for half a minute",
                outcomes: CircuitCourse.every(4, times: 8, .failed)
                    + CircuitCourse.every(0.5, from: 29, times: 10, .timedOut),
                opens: 32.5,
                reason:
                    "16 consecutive requests failed within 33 s, the last one with: broken; check the server and its "
                    + "log"
            ),
            CircuitCourse(
                testDescription: "many failures within less than half a minute",
                outcomes: CircuitCourse.every(0.1, times: 250, .failed)),
            CircuitCourse(
                testDescription: "few failures for minutes", outcomes: CircuitCourse.every(20, times: 15, .failed)),
            CircuitCourse(
                testDescription: "told to slow down for minutes",
                outcomes: CircuitCourse.every(1, times: 300, .throttled(status: 429, retryAt: nil))),
            CircuitCourse(
                testDescription: "told to slow down for ten minutes, and nothing answered",
                outcomes: CircuitCourse.every(10, times: 61, .throttled(status: 429, retryAt: nil)), opens: 600,
                reason: "it answered nothing for 10 min and refused 61 requests, the last one with: broken; "
                    + "check the limits of the account, and run again later"),
            CircuitCourse(
                testDescription: "told to slow down for hours, and something answered now and then",
                outcomes: (0..<12).flatMap { hour in
                    CircuitCourse.every(10, from: Double(hour) * 600, times: 59, .throttled(status: 429, retryAt: nil))
                        + [(Double(hour) * 600 + 595, answered)]
                }),
            CircuitCourse(
                testDescription: "told to come again in minutes, a few times",
                outcomes: CircuitCourse.every(300, times: 15, .throttled(status: 429, retryAt: nil))),
            CircuitCourse(
                testDescription: "requests that are themselves at fault",
                outcomes: CircuitCourse.every(1, times: 300, .rejected)),
        ])
    func opening(_ course: CircuitCourse) {
        var circuit = Circuit()
        for (time, outcome) in course.outcomes {
            let now = start + .seconds(time)
            if case .refused = circuit.outlook(at: now) { return }
            #expect(circuit.admit(at: now) == .allowed)
            let reason = circuit.record(outcome, detail: "broken", at: now)
            #expect(reason == (time == course.opens ? course.reason : nil), "at \(time)")
        }
        #expect(course.opens == nil || course.outcomes.last?.time == course.opens)
    }

    /// A circuit that opened at the start.
    private func open() throws -> Circuit {
        var circuit = Circuit()
        for _ in 0..<3 { _ = circuit.record(.refused, detail: "status 401", at: start) }
        guard case .refused = circuit.admit(at: start) else { throw CancellationError() }
        return circuit
    }

    @Test("a server that wants to be left alone for long is not waited for")
    func longPause() {
        var circuit = Circuit()
        let outcome = AttemptOutcome.throttled(status: 429, retryAt: start + .seconds(3600))
        #expect(
            circuit.record(outcome, detail: "status 429", at: start)
                == "it asks clients to wait for 60 min (status 429); run again after that")
        var patient = Circuit()
        let soon = AttemptOutcome.throttled(status: 429, retryAt: start + .seconds(600))
        #expect(patient.record(soon, detail: "status 429", at: start) == nil)
    }

    @Test(
        "a pause is stated in units that a reader can use",
        arguments: [
            (601, "11 min"), (3600, "60 min"), (7200, "2 h"), (21_540, "5 h 59 min"), (86_400, "24 h"),
        ] as [(Int, String)])
    func units(seconds: Int, text: String) {
        var circuit = Circuit()
        let outcome = AttemptOutcome.throttled(status: 429, retryAt: start + .seconds(seconds))
        #expect(
            circuit.record(outcome, detail: "status 429", at: start)
                == "it asks clients to wait for \(text) (status 429); run again after that")
    }

    @Test("a try that is told to wait for long again lets nobody else through")
    func longPauseAgain() {
        var circuit = Circuit()
        func refused(at now: ContinuousClock.Instant) -> AttemptOutcome {
            .throttled(status: 429, retryAt: now + .seconds(7200))
        }
        _ = circuit.record(refused(at: start), detail: "status 429", at: start)
        let later = start + .seconds(31)
        #expect(circuit.admit(at: later) == .allowed)
        _ = circuit.record(refused(at: later), detail: "status 429", at: later)
        #expect(circuit.outage != nil)
        #expect(circuit.admit(at: later + .seconds(1)) != .allowed)
    }

    @Test("after half a minute one request tries again, and the others wait for what comes of it")
    func probing() throws {
        var circuit = try open()
        guard case .refused = circuit.admit(at: start + .seconds(29.9)) else { throw CancellationError() }
        #expect(circuit.outlook(at: start + .seconds(30)) == .allowed)
        #expect(circuit.admit(at: start + .seconds(30)) == .allowed)
        guard case .refused = circuit.admit(at: start + .seconds(31)) else { throw CancellationError() }
    }

    @Test(
        "what comes of the try decides",
        arguments: [
            (answered, true), (.rejected, true), (.throttled(status: 429, retryAt: nil), true), (.failed, false),
            (.refused, false), (.hopeless, false), (.unreachable, false), (.timedOut, false),
        ])
    func probeOutcomes(_ outcome: AttemptOutcome, closes: Bool) throws {
        var circuit = try open()
        let now = start + .seconds(30)
        _ = circuit.admit(at: now)
        #expect(circuit.record(outcome, detail: "again", at: now) == nil)
        for time in [0, 29.9] { #expect((circuit.admit(at: now + .seconds(time)) == .allowed) == closes) }
        #expect(circuit.admit(at: now + .seconds(30)) == .allowed)
    }

    @Test("a try that was given up leaves the next request to try")
    func abandonedProbe() throws {
        var circuit = try open()
        let now = start + .seconds(30)
        _ = circuit.admit(at: now)
        #expect(circuit.record(.abandoned, detail: "", at: now) == nil)
        #expect(circuit.admit(at: now) == .allowed)
    }

    @Test("an answer to a request that was under way closes the circuit")
    func lateAnswer() throws {
        var circuit = try open()
        #expect(circuit.record(answered, detail: "", at: start) == nil)
        #expect(circuit.admit(at: start) == .allowed)
    }
}

@testable import Inference

/// A run of requests through a gate to a simulated server, in simulated time.
struct AdmissionSimulation {
    /// Seconds from a client to the server and back.
    var roundTrip = 0.002
    var limits = ModelLimits()
    var tokens: (inout SimulatedChance) -> Double = { _ in 1 }

    struct Outcome {
        var seconds = 0.0
        var sent = 0
        var refused = 0
        var answered = 0
        var failed = 0

        var refusedShare: Double { Double(refused) / Double(sent) }
    }

    private enum Event {
        case arrival(request: Int, AttemptStart)
        case end(request: Int, AttemptStart, AttemptOutcome)
        case alarm(ContinuousClock.Instant)
    }

    /// Events by their time, in the order in which they were added.
    private struct Calendar {
        private var heap: [(time: Double, number: Int, event: Event)] = []
        private var count = 0

        mutating func add(_ event: Event, at time: Double) {
            count += 1
            heap.append((time, count, event))
            var child = heap.count - 1
            while child > 0, precedes(child, (child - 1) / 2) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func next() -> (time: Double, event: Event)? {
            guard !heap.isEmpty else { return nil }
            heap.swapAt(0, heap.count - 1)
            let first = heap.removeLast()
            var parent = 0
            while true {
                let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
                guard let child = children.min(by: precedes), precedes(child, parent) else { break }
                heap.swapAt(child, parent)
                parent = child
            }
            return (first.time, first.event)
        }

        private func precedes(_ one: Int, _ other: Int) -> Bool {
            (heap[one].time, heap[one].number) < (heap[other].time, heap[other].number)
        }
    }

    func run(_ requests: Int, _ server: some SimulatedServer) -> Outcome {
        let start = ContinuousClock.now
        var server = server
        var gate = AttemptGate<Int>(limits: limits)
        var calendar = Calendar()
        var tickets = Ticket.Roll()
        var chance = SimulatedChance()
        var schedules = (0..<requests).map { _ in RetrySchedule(maximum: limits.maxRetries) }
        let sizes = (0..<requests).map { _ in tokens(&chance) }
        var outcome = Outcome()

        func instant(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }
        func perform(_ actions: AttemptGate<Int>.Actions, at time: Double) {
            for (request, start) in actions.started {
                outcome.sent += 1
                calendar.add(.arrival(request: request, start), at: time + roundTrip / 2)
            }
            outcome.failed += actions.refused.count
            if let alarm = actions.wakeAt {
                // Timers are a little late.
                calendar.add(.alarm(alarm), at: max(time, (alarm - start) / .seconds(1)) + 0.0005)
            }
        }
        for request in 0..<requests {
            perform(gate.enter(request, ticket: tickets.issue(), notBefore: nil, at: instant(0)), at: 0)
        }
        while let (time, event) = calendar.next() {
            switch event {
            case .arrival(let request, let start):
                let back = time + roundTrip / 2
                switch server.receive(at: time, tokens: sizes[request]) {
                case .reply(let seconds):
                    let answer = AttemptOutcome.answered(latency: .seconds(seconds + roundTrip))
                    calendar.add(.end(request: request, start, answer), at: back + seconds)
                case .refusal(let status, let retryAfter):
                    outcome.refused += 1
                    let refusal = AttemptOutcome.throttled(
                        status: status, retryAt: retryAfter.map { instant(back + $0) })
                    calendar.add(.end(request: request, start, refusal), at: back)
                }
            case .end(let request, let start, let result):
                outcome.seconds = time
                perform(gate.finish(result, of: start, at: instant(time)), at: time)
                if case .answered = result {
                    outcome.answered += 1
                } else if let again = schedules[request].next(
                    after: result, at: instant(time), fraction: chance.next())
                {
                    perform(
                        gate.enter(request, ticket: tickets.issue(), notBefore: again, at: instant(time)), at: time)
                } else {
                    outcome.failed += 1
                }
            case .alarm(let alarm): perform(gate.wake(alarm: alarm, at: instant(time)), at: time)
            }
        }
        return outcome
    }
}

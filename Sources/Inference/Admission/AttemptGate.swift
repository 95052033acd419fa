/// Decides when the attempts of an endpoint's requests start, wait or are rejected.
///
/// Attempts go first come, first served, as far as there are places, the pace allows it and the server did not ask for
/// a pause. Those that have to wait until a time of their own join the line then. When the circuit opens, all who wait
/// are turned away.
///
/// A server that refuses requests (429, 503, 529) limits either the number in progress or the rate, see ``LearnedRate``.
/// In the first case, the number of places is adapted to it. In the second, or where the server states its limits, starts
/// are spread over time, and as many places are used as that needs.
struct AttemptGate<Waiter> {
    /// The actions after an event.
    struct Actions {
        var started: [(waiter: Waiter, start: AttemptStart)] = []
        var refused: [(waiter: Waiter, reason: String)] = []
        /// When to call `wake`, unless a later event changes that.
        var wakeAt: ContinuousClock.Instant?
    }

    private(set) var limit: AdaptiveLimit
    private(set) var learned = LearnedRate()
    private var stated = StatedLimits()
    private let limits: ModelLimits
    private(set) var running = 0
    private var circuit = Circuit()
    private var pacing: Pacing?
    private var ready = WaitingLine<Waiter>()
    private var delayed = DelayLine<Waiter>()
    private var pausedUntil: ContinuousClock.Instant?
    /// When the earliest alarm goes off that was asked for.
    private var alarm: ContinuousClock.Instant?
    private var lastStart = 0
    /// The last attempt that had started when the number of places was last reduced.
    private var reducedAt = 0

    init(limits: ModelLimits) {
        self.limits = limits
        limit = AdaptiveLimit(maximum: limits.usualConcurrency)
        pacing = limits.requestsPerMinute.map { Pacing(requestsPerMinute: $0) }
    }

    /// Why the server counts as unavailable; nil if it does not.
    var outage: String? { circuit.outage }

    /// The maximum number of attempts in progress, now or soon.
    var maxConcurrency: Int {
        learned.isRate || stated.areBinding ? limits.highestConcurrency : limits.usualConcurrency
    }

    /// Adds a waiter for an attempt, which starts no earlier than `time`, if set.
    mutating func enter(
        _ waiter: Waiter, ticket: Ticket, notBefore time: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) -> Actions {
        if case .refused(let reason) = circuit.outlook(at: now) {
            var actions = advance(at: now)
            actions.refused.append((waiter, reason))
            return actions
        }
        // Who is refused at a known rate waits for the next free turn rather than for whole seconds.
        if let time, time > now, !learned.isMeasured || time - now > LearnedRate.coarsePause {
            delayed.insert(waiter, ticket: ticket, until: time)
        } else {
            ready.append(waiter, ticket: ticket)
        }
        return advance(at: now)
    }

    /// Removes a waiter that gives up; nil if the ticket is not waiting here.
    mutating func leave(_ ticket: Ticket) -> Waiter? {
        ready.remove(ticket) ?? delayed.remove(ticket)
    }

    /// Records the outcome of an attempt.
    ///
    /// - Parameter detail: a description of the failure, as part of a sentence.
    mutating func finish(
        _ outcome: AttemptOutcome, of start: AttemptStart, detail: String = "", at now: ContinuousClock.Instant
    ) -> Actions {
        running -= 1
        switch outcome {
        case .answered(let latency): limit.record(.success(latency: latency))
        case .throttled(_, let retryAt): recordRefusal(of: start, at: now, retryAt: retryAt)
        case .timedOut: limit.record(.overload)
        case .unreachable, .refused, .hopeless, .rejected, .failed: limit.record(.neither)
        case .abandoned: learned.recordAbandonment(of: start, at: now)
        }
        switch outcome {
        case .answered, .timedOut, .refused, .hopeless, .rejected, .failed:
            learned.recordAcceptance(of: start, at: now)
        case .throttled, .unreachable, .abandoned: break
        }
        let reason = circuit.record(outcome, detail: detail, at: now)
        var actions = reason == nil ? advance(at: now) : Actions()
        if let reason { actions.refused = close().map { ($0, reason) } }
        return actions
    }

    private mutating func recordRefusal(
        of start: AttemptStart, at now: ContinuousClock.Instant, retryAt: ContinuousClock.Instant?
    ) {
        let wasRate = learned.isRate
        learned.recordRefusal(
            of: start, others: running, limit: limit.refusedAbove, at: now, retryAt: retryAt)
        if learned.isIgnoring {
            limit.record(.overload)
        } else if !learned.isRate, !wasRate {
            let isNew = start.number > reducedAt
            if isNew { reducedAt = lastStart }
            limit.record(.refusal(others: running, isNew: isNew))
        }
        if let retryAt, retryAt - now > LearnedRate.coarsePause, limit.isMostlyOverloaded {
            pausedUntil = max(retryAt, pausedUntil ?? retryAt)
        }
    }

    /// Records what a response states about the server's limits, before its outcome.
    mutating func note(
        _ limits: [StatedLimit], usage: TokenUsage?, of start: AttemptStart, at now: ContinuousClock.Instant
    ) {
        stated.record(limits, of: start, lastStart: lastStart, usage: usage, at: now)
    }

    /// Handles an alarm.
    mutating func wake(alarm time: ContinuousClock.Instant, at now: ContinuousClock.Instant) -> Actions {
        // An earlier one may have been asked for after this.
        if alarm == time { alarm = nil }
        return advance(at: now)
    }

    /// Lets all out who wait.
    mutating func close() -> [Waiter] {
        ready.removeAll() + delayed.removeAll()
    }

    private mutating func advance(at now: ContinuousClock.Instant) -> Actions {
        var actions = Actions()
        while let (ticket, waiter) = delayed.popDue(at: now) { ready.append(waiter, ticket: ticket) }
        while !ready.isEmpty, running < places(at: now), start(after: now) == nil, let (_, waiter) = ready.popFirst() {
            switch circuit.admit(at: now) {
            case .allowed:
                pacing?.recordStart(at: now)
                stated.recordStart(at: now)
                let start = learned.recordStart(at: now, running: running)
                lastStart = start.number
                running += 1
                actions.started.append((waiter, start))
            case .refused(let reason):
                actions.refused.append((waiter, reason))
            }
        }
        setAlarm(at: now, in: &actions)
        return actions
    }

    /// The number of attempts that may be in progress.
    private func places(at now: ContinuousClock.Instant) -> Int {
        // One for a probe, and one so that its time is awaited.
        if let tested = learned.testedPlaces { return max(limit.places, min(tested + 2, limits.highestConcurrency)) }
        guard learned.isRate || stated.areBinding, !limit.isSlow else { return limit.places }
        // As many as the rate needs, if the latency is known: twice that, so that it does not get in the way.
        let rates = [learned.isMeasured ? learned.rate(at: now) : nil, stated.areBinding ? stated.rate : nil]
        guard let rate = rates.compactMap(\.self).min(), let latency = limit.baseline else {
            return limits.highestConcurrency
        }
        let needed = 2 * rate * (latency / .seconds(1)) + 16
        return max(limit.places, Int(min(needed, Double(limits.highestConcurrency))))
    }

    /// When the next attempt may start, nil for at once.
    private mutating func start(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let pause = pausedUntil.flatMap { $0 > now ? $0 : nil }
        let pace = pacing?.start(after: now)
        let learned = learned.start(after: now, running: running)
        return [pause, pace, learned, stated.start(after: now)].compactMap(\.self).max()
    }

    private mutating func setAlarm(at now: ContinuousClock.Instant, in actions: inout Actions) {
        var next = delayed.earliest
        // Who waits for a place is let in by the one who leaves it.
        if !ready.isEmpty, running < places(at: now), let start = start(after: now) { next = min(start, next ?? start) }
        guard let next else { return }
        if let alarm, alarm <= next { return }
        alarm = next
        actions.wakeAt = next
    }
}

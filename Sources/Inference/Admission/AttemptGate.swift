/// Decides when the attempts of an endpoint's requests start, wait or are rejected.
///
/// Attempts go first come, first served, as far as there are places, the pace allows it and the server did not ask for
/// a pause. Those that have to wait until a time of their own join the line then. When the circuit opens, all who wait
/// are turned away.
struct AttemptGate<Waiter> {
    /// The actions after an event.
    struct Actions {
        var started: [Waiter] = []
        var refused: [(waiter: Waiter, reason: String)] = []
        /// When to call `wake`, unless a later event changes that.
        var wakeAt: ContinuousClock.Instant?
    }

    private(set) var limit: AdaptiveLimit
    private(set) var running = 0
    private var circuit = Circuit()
    private var pacing: Pacing?
    private var ready = WaitingLine<Waiter>()
    private var delayed = DelayLine<Waiter>()
    private var pausedUntil: ContinuousClock.Instant?
    /// When the earliest alarm goes off that was asked for.
    private var alarm: ContinuousClock.Instant?

    init(limits: ModelLimits) {
        limit = AdaptiveLimit(maximum: limits.maxConcurrency)
        pacing = limits.requestsPerMinute.map { Pacing(requestsPerMinute: $0) }
    }

    /// Why the server counts as unavailable; nil if it does not.
    var outage: String? { circuit.outage }

    /// Adds a waiter for an attempt, which starts no earlier than `time`, if set.
    mutating func enter(
        _ waiter: Waiter, ticket: Ticket, notBefore time: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) -> Actions {
        if case .refused(let reason) = circuit.outlook(at: now) {
            var actions = advance(at: now)
            actions.refused.append((waiter, reason))
            return actions
        }
        if let time, time > now {
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
        _ outcome: AttemptOutcome, detail: String = "", at now: ContinuousClock.Instant
    ) -> Actions {
        running -= 1
        switch outcome {
        case .answered(let latency): limit.record(.success(latency: latency))
        case .throttled(_, let retryAt):
            limit.record(.overload)
            if let retryAt, limit.isMostlyOverloaded { pausedUntil = max(retryAt, pausedUntil ?? retryAt) }
        case .timedOut: limit.record(.overload)
        case .unreachable, .refused, .hopeless, .rejected, .failed: limit.record(.neither)
        case .abandoned: break
        }
        let reason = circuit.record(outcome, detail: detail, at: now)
        var actions = reason == nil ? advance(at: now) : Actions()
        if let reason { actions.refused = close().map { ($0, reason) } }
        return actions
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
        while !ready.isEmpty, running < limit.places, start(after: now) == nil, let (_, waiter) = ready.popFirst() {
            switch circuit.admit(at: now) {
            case .allowed:
                running += 1
                pacing?.recordStart(at: now)
                actions.started.append(waiter)
            case .refused(let reason):
                actions.refused.append((waiter, reason))
            }
        }
        setAlarm(at: now, in: &actions)
        return actions
    }

    /// When the next attempt may start, nil for at once.
    private func start(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let pause = pausedUntil.flatMap { $0 > now ? $0 : nil }
        let pace = pacing?.start(after: now)
        return [pause, pace].compactMap(\.self).max()
    }

    private mutating func setAlarm(at now: ContinuousClock.Instant, in actions: inout Actions) {
        var next = delayed.earliest
        // Who waits for a place is let in by the one who leaves it.
        if !ready.isEmpty, running < limit.places, let start = start(after: now) { next = min(start, next ?? start) }
        guard let next else { return }
        if let alarm, alarm <= next { return }
        alarm = next
        actions.wakeAt = next
    }
}

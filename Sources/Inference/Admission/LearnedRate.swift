/// The rate at which a server accepts requests, learned from those that it refuses.
///
/// All requests in flight when a refusal becomes known belong to the same burst, and count as one event. After the first:
/// - **Testing.** The server may limit the number of requests in progress, or their rate. While as many are in progress
///   as when it refused, single requests are sent after growing pauses. If one of them is not refused, or one is refused while
///   clearly fewer are in progress, it limits the rate. If they are refused, and a request that takes the place of a
///   finished one is not, it limits the number.
/// - **Paced.** The rate of a server is measured between bursts, see ``RefusalHistory``. The pace is set between that and the
///   pace at which the server refused, because a measurement may be too low; it grows until the next refusal, see
///   ``GrowingPace``. As it approaches the rate, refusals become rare.
/// - **Closed.** If nothing is accepted between three bursts, the server accepts nothing for now. Single requests are
///   sent after growing pauses, and when one is not refused, the pace is resumed.
/// - **Ignoring.** If refusals stay as frequent however low the pace, they have another reason, and are ignored for a time.
struct LearnedRate {
    private enum Phase {
        case free
        /// - Parameter others: the requests that were in progress when one was refused.
        case testing(others: Int)
        case paced
        case closed
        case ignoring(until: Int)
    }

    /// A request that is sent to see whether it is accepted.
    private struct Probe {
        /// When to send it.
        var time: ContinuousClock.Instant
        var start: AttemptStart?
    }

    private var phase = Phase.free
    private var started = 0
    /// The last request that had started when the latest burst of refusals was noticed.
    private var burst = 0
    private var history = RefusalHistory()
    private var pace: GrowingPace?
    /// When the next request may start.
    private var next: ContinuousClock.Instant?
    private var lastStart: ContinuousClock.Instant?
    private var probe: Probe?
    /// Seconds before the latest probe.
    private var probePause = 0.0
    private var refusedProbes = 0
    /// The first request that took the place of a finished one while the server was tested.
    private var replacement: AttemptStart?
    /// How many requests a measured pace is expected to last.
    private var steadiness = 8.0
    /// Bursts between which nothing was accepted.
    private var barren = 0
    /// The requests that were accepted between the latest bursts; 0 after the pace has been resumed.
    private var lastRun = 0
    /// The highest rate that was measured.
    private var highest = 0.0
    /// One bit for each of the latest outcomes, set where the request was refused.
    private var recent: UInt32 = 0
    /// For how many requests refusals are ignored the next time.
    private var rest = 4096
    /// The first refused request of a burst while nothing was known.
    private var firstRefused: Int?
    /// The requests that were refused after it in the burst, and those that were accepted.
    private var burstOfFirst = 0
    private var laterRefused = 0
    private var laterAccepted = 0

    /// Seconds in which an unknown rate is approached.
    private static let quickest = 0.1
    /// Refusals whose rate has fallen so much do not come from a limit on the rate.
    private static let incredibleFall = 8.0
    /// Seconds between probes, at most.
    private static let longestPause = 5.0
    /// Timers are late by a little; what that costs is made up for within this time.
    private static let slack = Duration.milliseconds(20)
    /// Servers that count in whole seconds ask for one where less would do.
    static let coarsePause = Duration.milliseconds(1100)

    /// Whether the server is known to limit the rate.
    var isRate: Bool {
        switch phase {
        case .paced, .closed: true
        case .free, .testing, .ignoring: false
        }
    }

    /// Whether refusals are ignored.
    var isIgnoring: Bool { if case .ignoring = phase { true } else { false } }

    /// Whether the rate has been measured.
    var isMeasured: Bool { isRate && pace?.isMeasured ?? false }

    /// The requests that may be in progress while the server is tested, beside a probe.
    var testedPlaces: Int? { if case .testing(let others) = phase { max(1, others) } else { nil } }

    /// The requests per second that are sent at most; nil if that is not limited.
    func rate(at now: ContinuousClock.Instant) -> Double? {
        if case .paced = phase { pace?.rate(at: now) } else { nil }
    }

    /// When the next request may start; nil for at once.
    ///
    /// - Parameter running: the requests in progress.
    mutating func start(after now: ContinuousClock.Instant, running: Int) -> ContinuousClock.Instant? {
        switch phase {
        case .free, .ignoring: return nil
        case .paced: return next.flatMap { $0 > now ? $0 : nil }
        case .testing(let others):
            if let replacement, refusedProbes > 0, now >= replacement.time + .seconds(patience) {
                reset(to: .free)
                return nil
            }
            return isReplacement(running, others) ? nil : probeStart(at: now)
        case .closed: return probeStart(at: now)
        }
    }

    /// Records that a request starts.
    ///
    /// - Parameter running: the others in progress.
    mutating func recordStart(at now: ContinuousClock.Instant, running: Int) -> AttemptStart {
        started += 1
        let earlier = lastStart
        lastStart = now
        let start = AttemptStart(number: started, time: now)
        switch phase {
        case .free, .ignoring: break
        case .paced:
            let due = next.map { max($0, now - Self.slack) } ?? now
            if let next, now - Self.slack > next, isMeasured { pace?.postpone(by: now - next, at: now) }
            next = due + .seconds(1 / (pace?.rate(at: now) ?? 1))
        case .testing(let others) where isReplacement(running, others):
            if replacement == nil { replacement = start }
            // It took a permission that a probe right after it would miss, though it comes for all but that one.
            if let earlier, let time = probe?.time { probe?.time = max(time, now + (now - earlier) / 2) }
        case .testing, .closed: probe?.start = start
        }
        return start
    }

    /// Records that a request was accepted, whatever came of it then.
    mutating func recordAcceptance(of start: AttemptStart, at now: ContinuousClock.Instant) {
        recent <<= 1
        if start == probe?.start { open(at: now) }
        guard let firstRefused, start.number > firstRefused, start.number <= burstOfFirst else { return }
        laterAccepted += 1
        // A limit that is reached refuses what comes next.
        if laterAccepted >= 5, laterAccepted >= 5 * laterRefused { ignore() }
    }

    /// Records that a request was not sent after all.
    mutating func recordAbandonment(of start: AttemptStart, at now: ContinuousClock.Instant) {
        history.countUnsent()
        if start == replacement { replacement = nil }
        if start == probe?.start { probe = Probe(time: now) }
    }

    /// Records that a request was refused.
    ///
    /// - Parameters:
    ///   - others: the other requests in progress now.
    ///   - limit: the number in progress that the server is thought to limit requests to; 0 if none is known.
    ///   - retryAt: the time before which the server asks for no request.
    mutating func recordRefusal(
        of start: AttemptStart, others: Int, limit: Double, at now: ContinuousClock.Instant,
        retryAt: ContinuousClock.Instant?
    ) {
        history.count(start, at: now)
        recent = recent << 1 | 1
        if start.number <= burst {
            if case .testing(let known) = phase { phase = .testing(others: min(known, others)) }
            if let firstRefused, start.number > firstRefused, start.number <= burstOfFirst { laterRefused += 1 }
            history.extend(to: start)
            return
        }
        burst = started
        if case .ignoring(let end) = phase {
            guard started >= end || recent.nonzeroBitCount > 16 else { return }
            reset(to: .free)
        }
        switch phase {
        case .ignoring: return
        case .free:
            // Explained by the number of requests in progress.
            if limit > 0, 4 * Double(others) >= 3 * limit { return }
            phase = .testing(others: others)
            (firstRefused, burstOfFirst, laterRefused, laterAccepted) = (start.number, started, 0, 0)
            // What the server asks of one request may not concern the others.
            postpone(at: now, retryAt: nil)
        case .testing(let known):
            if 4 * others < 3 * known {
                begin(at: start, now)
            } else {
                if start == probe?.start { refusedProbes += 1 }
                if start == replacement { replacement = nil }
                phase = .testing(others: min(others, known))
                postpone(at: now, retryAt: retryAt)
            }
        case .closed: postpone(at: now, retryAt: retryAt)
        case .paced: adjust(to: start, at: now, retryAt: retryAt)
        }
        history.begin(start)
    }

    private func isReplacement(_ running: Int, _ others: Int) -> Bool { running < others }
}

// MARK: Probes

extension LearnedRate {
    /// The seconds after which a request has not been refused.
    private var patience: Double { max(0.05, 2 * history.delay) }

    private mutating func probeStart(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let probe else { return nil }
        guard let start = probe.start else { return probe.time > now ? probe.time : nil }
        let end = start.time + .seconds(patience)
        if now < end { return end }
        open(at: now)
        return next.flatMap { $0 > now ? $0 : nil }
    }

    private mutating func postpone(at now: ContinuousClock.Instant, retryAt: ContinuousClock.Instant?) {
        probePause = probePause == 0 ? patience : min(probePause * 2, Self.longestPause)
        var time = now + .seconds(probePause)
        if let retryAt, retryAt - now > Self.coarsePause { time = max(time, retryAt) }
        probe = Probe(time: time)
    }

    /// A probe was not refused.
    private mutating func open(at now: ContinuousClock.Instant) {
        if case .testing = phase {
            begin(at: probe?.start, now)
        } else if let pace, lastRun < 8 {
            begin(at: probe?.start, now, atMost: pace.base)
        } else if let pace {
            // Once: if it was too quick, the next run is short.
            lastRun = 0
            self.pace = GrowingPace(pace.base, from: now, time: pace.time, growth: pace.growth)
            next = now
        }
        phase = .paced
        probe = nil
        probePause = 0
    }

    private mutating func reset(to phase: Phase) {
        self.phase = phase
        history.removeAll()
        pace = nil
        probe = nil
        probePause = 0
        refusedProbes = 0
        replacement = nil
        highest = 0
        recent = 0
        barren = 0
        firstRefused = nil
    }

    /// Ignores refusals for a time, and for longer each time.
    private mutating func ignore() {
        reset(to: .ignoring(until: started + rest))
        rest = min(4 * rest, 1 << 16)
    }
}

// MARK: The pace

extension LearnedRate {
    private var shortestTime: Double { max(Self.quickest, patience) }

    /// Starts to pace, with what the server has accepted since the latest refusal. A permission is known to have come since.
    private mutating func begin(
        at start: AttemptStart?, _ now: ContinuousClock.Instant, atMost highest: Double = .infinity
    ) {
        let growth: GrowingPace.Growth = if case .closed = phase { .careful } else { .quick }
        phase = .paced
        probe = nil
        let accepted = start.flatMap { history.accepted(upTo: $0) } ?? 1
        var seconds = history.last.map { ((start?.time ?? now) - $0) / .seconds(1) } ?? 0
        // A pause that the server asked for is not the time that a permission takes.
        seconds = accepted > 1 ? seconds : min(seconds, probePause)
        let rate = min(highest, Double(max(1, accepted)) / max(0.02, seconds))
        let pace = GrowingPace(rate, from: now, time: shortestTime, growth: growth)
        self.pace = pace
        next = now + .seconds(1 / pace.base)
    }

    /// Adapts the pace to a refusal.
    private mutating func adjust(
        to start: AttemptStart, at now: ContinuousClock.Instant, retryAt: ContinuousClock.Instant?
    ) {
        guard let old = pace else { return }
        let refusedAt = old.rate(at: start.time)
        let run = history.accepted(upTo: start) ?? 0
        let measured = history.rate(upTo: start)
        let rate = min(measured?.perSecond ?? refusedAt / 2, refusedAt)
        barren = run == 0 ? barren + 1 : 0
        if run > 0 { lastRun = run }
        if barren >= 2 {
            pace = GrowingPace(rate, from: now, time: old.time, growth: old.growth)
            phase = .closed
            probePause = measured == nil ? 0 : min(0.25 / rate, Self.longestPause)
            postpone(at: now, retryAt: retryAt)
            return
        }
        if old.isMeasured {
            rateSteadiness(run)
            if let measured { highest = max(highest, min(measured.perSecond, refusedAt)) }
            if rate < highest / Self.incredibleFall { return ignore() }
        }
        let base = max(GrowingPace.slowest, min((rate + refusedAt) / 2, 2 * rate))
        let isMeasured = old.isMeasured || measured?.count ?? 0 >= 4 && old.growth == .careful
        let time = isMeasured ? max(steadiness / 32, shortestTime, steadiness / base) : shortestTime
        pace = GrowingPace(base, from: now, time: time, growth: isMeasured ? .measured : .careful)
        // What was sent last took the permission that the refused request missed.
        if let lastStart { next = max(next ?? now, lastStart + .seconds(1 / base)) }
    }

    /// - Parameter run: the requests accepted since the last change of the pace.
    private mutating func rateSteadiness(_ run: Int) {
        if run < 8 {
            steadiness = max(min(16, steadiness), steadiness / 2)
        } else if Double(run) >= steadiness {
            steadiness = min(64, steadiness * 2)
        }
    }
}

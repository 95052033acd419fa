/// Detects that an endpoint is unavailable, so that a run ends with one message instead of failing row by row.
///
/// It opens after
/// - 5 attempts in a row without a connection, over at least 3 s;
/// - 3 answers in a row of 401, 403, 404 or a redirection if nothing ever succeeded, else 10;
/// - an answer that says that nothing will be answered, such as one of a spent account;
/// - an answer of 429, 503 or 529 that asks for a pause of more than 10 minutes, or whose headers state a quota that is used
///   up for so long;
/// - 16 answers of 429 and no success for 10 minutes, whatever other failures came between;
/// - 16 failed attempts in a row of any kind but 429 and what blames a request alone, without a success for 30 s.
///
/// While it is open, no request goes through. After 30 s one may, as a probe, and its success closes the circuit.
struct Circuit {
    /// The decision about a request.
    enum Admission: Hashable {
        case allowed
        case refused(reason: String)
    }

    static let pause = Duration.seconds(30)

    private enum State {
        case closed
        case open(reason: String, until: ContinuousClock.Instant)
        case probing(reason: String)
    }

    /// Failures one after another.
    private struct Streak {
        private(set) var count = 0
        private(set) var start: ContinuousClock.Instant?

        mutating func extend(at now: ContinuousClock.Instant) {
            count += 1
            if start == nil { start = now }
        }

        func length(at now: ContinuousClock.Instant) -> Duration { start.map { now - $0 } ?? .zero }
    }

    private var state = State.closed
    private var hasSucceeded = false
    private var unreachable = Streak()
    private var refused = Streak()
    private var failed = Streak()
    /// Answers of 429, whatever else came between them but a success.
    private var throttled = Streak()

    /// Whether requests may go through, or what they are told. Who is allowed through an open circuit is its probe.
    mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed: return .allowed
        case .open(let reason, let until):
            guard now >= until else { return .refused(reason: reason) }
            state = .probing(reason: reason)
            return .allowed
        case .probing(let reason): return .refused(reason: reason)
        }
    }

    /// Why the server counts as unavailable, until a request succeeds again; nil if it does not.
    var outage: String? {
        switch state {
        case .closed: nil
        case .open(let reason, _), .probing(let reason): reason
        }
    }

    /// What a request that has to wait yet is told in the meantime.
    func outlook(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .open(let reason, let until) where now < until: .refused(reason: reason)
        case .probing(let reason): .refused(reason: reason)
        default: .allowed
        }
    }

    /// Records the outcome of an attempt.
    ///
    /// - Parameter detail: a description of the failure, as part of a sentence: "connection refused".
    /// - Returns: the reason, if the circuit opens now.
    mutating func record(_ outcome: AttemptOutcome, detail: String, at now: ContinuousClock.Instant) -> String? {
        let reason = count(outcome, detail: detail, at: now)
        switch (state, outcome) {
        case (.closed, _):
            guard let reason else { return nil }
            state = .open(reason: reason, until: now + Self.pause)
            return reason
        case (_, .answered), (.probing, .rejected):
            state = .closed
        case (.probing, .throttled(429, _)) where reason == nil:
            state = .closed
        case (.probing(let old), .abandoned):
            // Nothing was learnt: the next request is the probe.
            state = .open(reason: old, until: now)
        case (.probing(let old), _):
            state = .open(reason: reason ?? old, until: now + Self.pause)
        case (.open, _): break
        }
        return nil
    }

    private mutating func count(
        _ outcome: AttemptOutcome, detail: String, at now: ContinuousClock.Instant
    ) -> String? {
        if case .throttled(_, .some(let time)) = outcome, time - now > RetrySchedule.longestPause {
            return "it asks clients to wait for \(Self.text(of: time - now)) (\(detail)); run again after that"
        }
        switch outcome {
        case .answered:
            hasSucceeded = true
            unreachable = Streak()
            refused = Streak()
            failed = Streak()
            throttled = Streak()
            return nil
        case .abandoned: return nil
        case .hopeless: return detail
        case .rejected:
            unreachable = Streak()
            return nil
        case .throttled(429, _):
            unreachable = Streak()
            throttled.extend(at: now)
            guard throttled.count >= 16, throttled.length(at: now) >= RetrySchedule.longestPause else { return nil }
            return "it answered nothing for \(Self.text(of: throttled.length(at: now))) and refused "
                + "\(throttled.count) requests, the last one with: \(detail); check the limits of the account, "
                + "and run again later"
        case .unreachable:
            unreachable.extend(at: now)
        case .refused:
            unreachable = Streak()
            refused.extend(at: now)
        case .failed, .timedOut, .throttled:
            unreachable = Streak()
            refused = Streak()
        }
        failed.extend(at: now)
        if unreachable.count >= 5, unreachable.length(at: now) >= .seconds(3) {
            let seconds = Self.text(of: unreachable.length(at: now))
            return "\(unreachable.count) consecutive connection attempts failed within \(seconds), the last one with: "
                + "\(detail); check the URL, and that the server is running"
        }
        if refused.count >= (hasSucceeded ? 10 : 3) {
            return "it refused \(refused.count) consecutive requests, the last one with: \(detail); "
                + "check the URL, the name of the model and the API key"
        }
        if failed.count >= 16, failed.length(at: now) >= .seconds(30) {
            let seconds = Self.text(of: failed.length(at: now))
            return "\(failed.count) consecutive requests failed within \(seconds), the last one with: \(detail); "
                + "check the server and its log"
        }
        return nil
    }

    /// "25 s", and from two minutes on "25 min", "6 h 25 min".
    private static func text(of duration: Duration) -> String {
        let seconds = max(1, Int((duration / .seconds(1)).rounded()))
        guard seconds >= 120 else { return "\(seconds) s" }
        let minutes = (seconds + 59) / 60
        guard minutes >= 120 else { return "\(minutes) min" }
        return "\(minutes / 60) h" + (minutes % 60 == 0 ? "" : " \(minutes % 60) min")
    }
}

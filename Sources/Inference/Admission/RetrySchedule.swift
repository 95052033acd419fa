import Web

/// Decides whether and when one request is repeated after a failed attempt.
///
/// Pauses are those of ``Backoff``.
struct RetrySchedule {
    /// How often, for each retry, a server may ask to be tried again later; this does not count as a retry.
    static let invitationsPerRetry = 4

    /// The longest requested pause that is accepted.
    static let longestPause = Duration.seconds(600)

    private let maximum: Int
    private var retries = 0
    private var invitations = 0

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// The number of failed attempts.
    var failures: Int { retries + invitations }

    /// When to make the next attempt; nil for none.
    ///
    /// - Parameter fraction: a random number from 0 to 1.
    mutating func next(
        after outcome: AttemptOutcome, at now: ContinuousClock.Instant, fraction: Double
    ) -> ContinuousClock.Instant? {
        if case .throttled(_, .some(let time)) = outcome, time - now > Self.longestPause { return nil }
        switch outcome {
        case .answered, .refused, .hopeless, .rejected, .abandoned: return nil
        case .throttled(status: 429, .some(let time)), .throttled(status: 503, .some(let time)):
            guard invitations < Self.invitationsPerRetry * maximum else { return nil }
            defer { invitations += 1 }
            return max(time, now + Backoff.pause(after: invitations, fraction: fraction))
        case .throttled, .timedOut, .unreachable, .failed:
            guard retries < maximum else { return nil }
            defer { retries += 1 }
            var time = now + Backoff.pause(after: retries, fraction: fraction)
            if case .throttled(_, .some(let earliest)) = outcome { time = max(time, earliest) }
            return time
        }
    }
}

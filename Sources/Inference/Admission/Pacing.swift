/// Spreads requests over time to respect a limit per minute.
struct Pacing {
    private let interval: Duration
    private var next: ContinuousClock.Instant?
    /// Timers are late by a little; what that costs is made up for within this time.
    private let slack = Duration.milliseconds(100)

    init(requestsPerMinute: Double) {
        interval = .seconds(60 / requestsPerMinute)
    }

    /// When the next request may start, nil for at once.
    func start(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        next.flatMap { $0 > now ? $0 : nil }
    }

    /// Records the start of a request.
    mutating func recordStart(at now: ContinuousClock.Instant) {
        let due = next.map { max($0, now - slack) } ?? now
        next = due + interval
    }
}

import Glibc

/// A pace of requests that grows from the time of its last change.
///
/// Where the rate of a server has been measured, the pace starts a little below it and grows more and more quickly, so that
/// it finds a rate that has risen. Where it has not, each request makes it quicker by a factor, but it doubles no sooner than
/// after `time`.
struct GrowingPace {
    enum Growth: Hashable {
        /// Doubles with every request, as TCP's slow start does.
        case quick
        /// By a quarter with every request: the server has refused one at this pace.
        case careful
        case measured
    }

    /// Requests per second at `start`.
    private(set) var base: Double
    /// When the pace began to grow.
    private(set) var start: ContinuousClock.Instant
    /// Seconds in which the pace doubles at most, or after which a measured one exceeds its base by 5 %.
    private(set) var time: Double
    private(set) var growth: Growth

    var isMeasured: Bool { growth == .measured }

    /// One request in 20 seconds; what has to be slower is kept so by the server's own `Retry-After`.
    static let slowest = 0.05
    private static let fastest = 1e6

    init(_ base: Double, from start: ContinuousClock.Instant, time: Double, growth: Growth) {
        self.base = max(base, Self.slowest)
        self.start = start
        self.time = time
        self.growth = growth
    }

    /// Requests per second.
    func rate(at now: ContinuousClock.Instant) -> Double {
        let seconds = max(0, (now - start) / .seconds(1))
        let rate =
            switch growth {
            // Four times as much more after each `time`; 2^40 is more than `fastest` allows.
            case .measured: base * (0.97 + 0.02 * exp2(min(2 * seconds / time, 40)))
            case .quick: grown(by: M_LN2, after: seconds)
            case .careful: grown(by: log(1.25), after: seconds)
            }
        return min(rate, Self.fastest)
    }

    /// What the pace has grown to if each request multiplies it by e^`step`, until it would double in less than `time`.
    private func grown(by step: Double, after seconds: Double) -> Double {
        let turn = M_LN2 / (step * time)
        if base >= turn { return base * exp2(min(seconds / time, 40)) }
        // The solution of p' = step · p², which reaches `turn` after `slow` seconds.
        let slow = (1 / base - 1 / turn) / step
        if seconds < slow { return 1 / (1 / base - step * seconds) }
        return turn * exp2(min((seconds - slow) / time, 40))
    }

    /// Postpones the growth by a time in which fewer requests were sent than the pace allows.
    mutating func postpone(by duration: Duration, at now: ContinuousClock.Instant) {
        start = min(now, start + duration)
    }
}

/// The refused requests of a server, as far as they tell its rate.
///
/// A refused request shows that the server's bucket of permissions was empty. Between two such requests, the server accepts as many
/// as flow into the bucket, or fewer, if so few are sent that the bucket overflows.
struct RefusalHistory {
    /// The last refused request of a burst.
    private struct Mark {
        var start: AttemptStart
        /// How many requests did not count as accepted up to it.
        var refused: Int
    }

    /// The latest last.
    private var marks: [Mark] = []
    private var refused = 0
    /// Seconds from a request to its refusal.
    private(set) var delay = 0.0

    /// When the latest refused request was sent.
    var last: ContinuousClock.Instant? { marks.last?.start.time }

    /// Counts a request that was not accepted.
    mutating func count(_ start: AttemptStart, at now: ContinuousClock.Instant) {
        refused += 1
        delay = max((now - start.time) / .seconds(1), delay * 0.9)
    }

    /// Counts a request that was not sent.
    mutating func countUnsent() { refused += 1 }

    /// Adds the first refused request of a burst.
    mutating func begin(_ start: AttemptStart) {
        marks.append(Mark(start: start, refused: refused))
        if marks.count > 64 { marks.removeFirst(32) }
    }

    /// Adds a further refused request of the latest burst.
    mutating func extend(to start: AttemptStart) {
        guard let last = marks.last, start.number > last.start.number else { return }
        marks[marks.count - 1] = Mark(start: start, refused: refused)
    }

    /// The requests accepted since the latest burst, up to a request; nil without a burst.
    func accepted(upTo start: AttemptStart) -> Int? { marks.last.map { accepted(from: $0, to: start) } }

    /// The requests per second that were accepted up to a refused one, over as many bursts as contain four, and how many
    /// they were; nil if none was accepted.
    func rate(upTo start: AttemptStart) -> (perSecond: Double, count: Int)? {
        var rate: (perSecond: Double, count: Int)?
        for mark in marks.reversed() {
            let count = accepted(from: mark, to: start)
            let seconds = (start.time - mark.start.time) / .seconds(1)
            // In less time, requests may have arrived in another order.
            if seconds > 2 * delay, count > 0 { rate = (Double(count) / seconds, count) }
            if let rate, rate.count >= 4 { return rate }
        }
        return rate
    }

    mutating func removeAll() { marks = [] }

    private func accepted(from mark: Mark, to start: AttemptStart) -> Int {
        max(0, start.number - mark.start.number - (refused - mark.refused))
    }
}

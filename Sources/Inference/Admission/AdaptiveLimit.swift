/// The number of concurrent requests to an endpoint: it grows while the endpoint copes, and falls as soon as it is overloaded.
///
/// Time is divided into rounds, of as many completions as there are places. Growth begins with TCP's slow start (one
/// more place for each success, which doubles them every round) until the first sign of overload; then it is one place,
/// or 5 %, for a round without such a sign. After a round with signs the limit is reduced in proportion to the share of
/// the completions that bore one, as by DCTCP (RFC 8257): by half at most. While answers take more than twice as long
/// as in the quickest round remembered, the limit does not grow; that memory fades over about 20 rounds.
///
/// A server that refuses requests at once shows how many it accepts: as many as are in progress beside a refused one. The
/// limit is set to that. Each time that one more is refused there, the next try waits for twice as many rounds, up to 16.
struct AdaptiveLimit {
    /// What the completion of a request indicates about the load.
    enum Sign {
        case success(latency: Duration)
        /// The server did not answer in time, or refused the request for a reason that is not known.
        case overload
        /// The server refused the request because too many are in progress.
        ///
        /// - Parameters:
        ///   - others: the requests in progress beside it.
        ///   - isNew: whether it started after the last reduction.
        case refusal(others: Int, isNew: Bool)
        case neither
    }

    private static let fewestLatencies = 8
    private let maximum: Double
    private var limit: Double
    private var isStarting = true
    private var round: Round
    /// The lowest median latency of a round, faded.
    private(set) var baseline: Duration?
    /// Whether answers take more than twice as long as they did.
    private(set) var isSlow = false
    /// The requests in progress beside the last refused one; 0 if none was refused.
    private(set) var refusedAbove = 0.0
    /// The rounds before the limit is exceeded at which requests were refused, and those that have passed.
    private var roundsToWait = 1
    private var roundsWaited = 0
    private var wasLastRoundOverloaded = false
    /// One bit for each of the last 8 completions, set where it was a sign of overload or a refusal.
    private var recent: UInt8 = 0

    private struct Round {
        let size: Int
        var completions = 0
        var overloads = 0
        var refusals = 0
        var latencies: [Duration] = []
    }

    init(maximum: Int, start: Int = 8) {
        self.maximum = Double(max(1, maximum))
        limit = min(Double(start), self.maximum)
        round = Round(size: Int(limit))
    }

    /// The current maximum number of requests in progress; at least 1.
    var places: Int { Int(limit) }

    /// Whether more than half of the last round, or of the last 8 completions, were signs of overload or refusals.
    var isMostlyOverloaded: Bool { wasLastRoundOverloaded || recent.nonzeroBitCount > 4 }

    /// Records a completion.
    mutating func record(_ sign: Sign) {
        round.completions += 1
        recent <<= 1
        switch sign {
        case .success(let latency):
            round.latencies.append(latency)
            if isStarting, !isSlow { limit = min(limit + 1, maximum) }
        case .overload:
            round.overloads += 1
            recent |= 1
            isStarting = false
        case .refusal(let others, let isNew):
            round.refusals += 1
            recent |= 1
            isStarting = false
            reduce(to: max(1, min(limit, Double(others))), isNew: isNew)
        case .neither: break
        }
        if round.completions >= round.size { endRound() }
    }

    private mutating func endRound() {
        let overloaded = Double(round.overloads) / Double(round.completions)
        wasLastRoundOverloaded = 2 * (round.overloads + round.refusals) > round.completions
        compareLatencies()
        if overloaded > 0 {
            limit = max(1, limit * (1 - overloaded / 2))
        } else if !isStarting, !isSlow, !round.latencies.isEmpty, round.refusals == 0 {
            roundsWaited += 1
            if limit > refusedAbove + 1 || roundsWaited >= roundsToWait {
                limit = min(limit + max(1, limit / 20), maximum)
                roundsWaited = 0
            }
        }
        let latencies = round.latencies
        round = Round(size: places)
        if latencies.count < Self.fewestLatencies { round.latencies = latencies }
    }

    private mutating func reduce(to level: Double, isNew: Bool) {
        if isNew {
            let isSame = level >= refusedAbove * 0.8 && level <= refusedAbove * 1.25
            roundsToWait = isSame ? min(2 * roundsToWait, 16) : 1
            roundsWaited = 0
        }
        if isNew || level < limit { refusedAbove = level }
        limit = level
    }

    private mutating func compareLatencies() {
        // Fewer say little about a server whose replies take more and less time.
        guard round.latencies.count >= Self.fewestLatencies else { return }
        let median = round.latencies.sorted()[round.latencies.count / 2]
        var known = baseline ?? median
        known = median < known ? median : known + (median - known) / 20
        baseline = known
        isSlow = median > known * 2
        // What began with doubling goes on in small steps once it has led to a queue.
        if isSlow { isStarting = false }
    }
}

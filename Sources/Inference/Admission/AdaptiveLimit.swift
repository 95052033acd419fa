/// The number of concurrent requests to an endpoint: it grows while the endpoint copes, and falls as soon as it is overloaded.
///
/// Time is divided into rounds, of as many completions as there are places. Growth begins with TCP's slow start (one
/// more place for each success, which doubles them every round) until the first sign of overload; then it is one place,
/// or 5 %, for a round without such a sign. After a round with signs the limit is reduced in proportion to the share of
/// the completions that bore one, as by DCTCP (RFC 8257): by half at most. While answers take more than twice as long
/// as in the quickest round remembered, the limit does not grow; that memory fades over about 20 rounds.
struct AdaptiveLimit {
    /// What the completion of a request indicates about the load.
    enum Sign {
        case success(latency: Duration)
        /// The server rejected the request, or did not answer in time.
        case overload
        case neither
    }

    private let maximum: Double
    private var limit: Double
    private var isStarting = true
    private var round: Round
    /// The lowest median latency of a round, faded.
    private var baseline: Duration?
    private var isSlow = false
    private var wasLastRoundOverloaded = false
    /// One bit for each of the last 8 completions, set where it was a sign of overload.
    private var recent: UInt8 = 0

    private struct Round {
        let size: Int
        var completions = 0
        var overloads = 0
        var latencies: [Duration] = []
    }

    init(maximum: Int, start: Int = 8) {
        self.maximum = Double(max(1, maximum))
        limit = min(Double(start), self.maximum)
        round = Round(size: Int(limit))
    }

    /// The current maximum number of requests in progress; at least 1.
    var places: Int { Int(limit) }

    /// Whether more than half of the last round, or of the last 8 completions, were signs of overload.
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
        case .neither: break
        }
        if round.completions >= round.size { endRound() }
    }

    private mutating func endRound() {
        let overloaded = Double(round.overloads) / Double(round.completions)
        wasLastRoundOverloaded = overloaded > 0.5
        compareLatencies()
        if overloaded > 0 {
            limit = max(1, limit * (1 - overloaded / 2))
        } else if !isStarting, !isSlow, !round.latencies.isEmpty {
            limit = min(limit + max(1, limit / 20), maximum)
        }
        round = Round(size: places)
    }

    private mutating func compareLatencies() {
        guard !round.latencies.isEmpty else { return }
        let median = round.latencies.sorted()[round.latencies.count / 2]
        var known = baseline ?? median
        known = median < known ? median : known + (median - known) / 20
        baseline = known
        isSlow = median > known * 2
        // What began with doubling goes on in small steps once it has led to a queue.
        if isSlow { isStarting = false }
    }
}

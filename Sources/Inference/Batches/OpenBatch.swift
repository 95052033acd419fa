import Store

/// A batch that a round waits for.
struct OpenBatch {
    var stored: StoredBatch
    let model: Model
    /// Whether this process looks after it. Otherwise another one does, and this one reads what that one writes.
    var isOurs: Bool
    var nextPoll: ContinuousClock.Instant
    var pause: Duration
    /// How often its results were missing, or not whole.
    var resultMisses = 0
    /// When it was attempted to create it, in seconds since 1970.
    var attemptedAt: Int?
    /// How often in a row the server refused to speak of it, or what it said could not be read.
    var refusals = 0
    /// Failures to reach the server in a row.
    var failures = 0
    /// The replies that this process has taken, what they cost, and how many of them tell no cost.
    var replies = 0
    var spent = 0.0
    var unpriced = 0

    init(_ stored: StoredBatch, of model: Model, isOurs: Bool, at now: ContinuousClock.Instant) {
        self.stored = stored
        self.model = model
        self.isOurs = isOurs
        pause = model.batch.pollInterval
        nextPoll = now
    }

    /// More than this often, a server that does not know a batch is believed.
    static let mostMisses = 8
    /// More than this often, the same results are not downloaded.
    static let mostDownloads = 4
    /// More than this often in a row, what a server says of a batch is not asked again.
    static let mostRefusals = 4

    /// Plans the next question: later and later, and not before the server wants it.
    mutating func postpone(to time: ContinuousClock.Instant? = nil, at now: ContinuousClock.Instant, fraction: Double) {
        let next = now + pause * (0.8 + 0.4 * fraction)
        nextPoll = time.map { max($0, next) } ?? next
        pause = min(pause * 1.5, model.batch.pollInterval * 20)
    }

    var group: BatchSpool.Group { BatchSpool.Group(model: stored.model, path: stored.path) }
}

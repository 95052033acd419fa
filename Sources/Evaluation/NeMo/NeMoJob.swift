import JSON

/// Decides what is done about a job, as the answers to questions about it come in.
struct NeMoJob {
    enum Action: Hashable {
        /// Ask again after a pause.
        case ask(after: Duration)
        case getResults
        case fail(String)
        /// It was cancelled there.
        case end
    }

    /// How often in a row the service may answer with a status that means nothing here.
    static let strangeAnswers = 10

    /// How many rows a dataset may have; other numbers are not believed.
    private static let counts = 0...(1 << 40)

    private let longestPause: Duration
    private var pause: Duration
    private var strange = 0

    /// Whether the service has the job but has not begun with it.
    private(set) var isWaiting = true
    /// The rows that are done, and all, as far as the service says so.
    private(set) var done: Int?
    private(set) var total: Int?

    init(longestPause: Duration) {
        self.longestPause = longestPause
        pause = longestPause / 16
    }

    /// - Parameter answer: an EvaluationJob.
    mutating func next(after answer: JSONValue) -> Action {
        readProgress(answer["status_details"])
        let status = answer["status"]?.string
        switch status {
        case "created", "pending":
            isWaiting = true
        case "running", "cancelling":
            isWaiting = false
        case "completed":
            isWaiting = false
            return .getResults
        case "cancelled":
            return .end
        case "failed":
            return .fail(Self.failure(answer["status_details"]))
        default:
            strange += 1
            if strange == Self.strangeAnswers {
                let found = answer["status"].map(\.text) ?? "no status"
                return .fail("NeMo Evaluator returned \(found), which is not a known job status")
            }
            return askLater()
        }
        strange = 0
        return askLater()
    }

    /// Pauses grow by half, up to the longest one.
    private mutating func askLater() -> Action {
        defer { pause = min(pause * 1.5, longestPause) }
        return .ask(after: pause)
    }

    private mutating func readProgress(_ details: JSONValue?) {
        guard let samples = details?["samples_processed"]?.number?.int, Self.counts.contains(samples) else { return }
        done = samples
        if let percent = details?["progress"]?.number?.double, percent > 0, percent <= 100, samples > 0 {
            let rows = Int(exactly: (Double(samples) * 100 / percent).rounded())
            total = rows.flatMap { Self.counts.contains($0) ? $0 : nil }
        }
    }

    private static func failure(_ details: JSONValue?) -> String {
        let message = details?["message"]?.string ?? ""
        let states = details?["task_status"]?.object?.members ?? []
        let tasks = states.map { "\($0.key): \($0.value.string ?? $0.value.text)" }
        let said = ([message] + tasks).filter { !$0.isEmpty }.joined(separator: "; ")
        return "the job failed on NeMo Evaluator" + (said.isEmpty ? ", which does not say why" : ": \(said)")
    }
}

extension Duration {
    fileprivate static func * (duration: Duration, factor: Double) -> Duration {
        .seconds(duration / .seconds(1) * factor)
    }
}

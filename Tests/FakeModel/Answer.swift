/// What is done about one request: what a behaviour decided, for the handler to carry out.
struct Answer: Sendable {
    typealias Header = (name: String, value: String)

    /// What the body holds.
    enum Content: Sendable {
        /// A model's answer, in the form that the request's operation has.
        case reply(String)
        /// A chat's answer with this JSON in place of its only choice.
        case choice(String)
        /// This body, as it is.
        case text(String)
        /// This stream of events, as it is.
        case events(String)
        /// An error object with this message.
        case error(String)
        case malformed(Malformation)
        /// No HTTP at all.
        case garbage
    }

    /// An answer that does not come to its end.
    struct Stop: Sendable {
        enum Manner: String { case drop, stall }

        var manner: Manner
        var point: StopPoint
    }

    var content: Content
    var status = 200
    var headers: [Header] = []
    var usage = TokenCounts.estimated
    /// White space before the body.
    var leadingSpace = ""
    /// What an agent retrieves before it answers.
    var retrieved: String?
    var delay = Duration.zero
    /// The pause after each single byte of the body, if it is to be sent so.
    var drip: Duration?
    /// The size to which the body is filled up; 0 for its own.
    var paddedSize = 0
    var closesConnection = false
    var stop: Stop?
    /// What must be entered before the answer begins, and is left at its end.
    var places: [Turnstile.Place] = []

    init(_ content: Content) {
        self.content = content
    }

    /// Whether a client that gets all of it has its answer.
    var isUsable: Bool {
        guard status == 200, stop == nil else { return false }
        switch content {
        case .reply, .choice: return true
        case .text, .events, .error, .malformed, .garbage: return false
        }
    }

    /// The answer in the words of the log: "answer", "status 429", "stall inBody", "malformed noChoices".
    var treatment: String {
        if let stop { return "\(stop.manner.rawValue) \(stop.point.rawValue)" }
        switch content {
        case .garbage: return "garbage"
        case .malformed(let malformation): return "malformed \(malformation.rawValue)"
        case .reply where status == 200, .choice where status == 200: return "answer"
        case .reply, .choice, .text, .events, .error: return "status \(status)"
        }
    }
}

/// Why a request to a model got no answer, or could not be made.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// The model and its address, what went wrong, and what to do about it. Holds no secret.
    public var message: String
    /// The status that the server answered, where that was the failure.
    public var status: Int?
    /// What the server said, where it said something.
    var serverError: ServerError?
    /// Whether the request was not sent, as more has been learnt of the model's server since it was adapted to that.
    var isOutdated = false

    init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    public var description: String { message }

    /// A kind of failure.
    public struct Code: Hashable, Sendable {
        private enum Value {
            case unknownModel, invalidModel, invalidRequest
            case timedOut, rejected, unreachable, dropped, badReply, unavailable, notAsked, cancelled
        }
        private var value: Value

        /// No configured model has the name.
        public static let unknownModel = Code(value: .unknownModel)
        /// The model's configuration cannot be used: its address, a variable of the environment, the proxy, its price.
        public static let invalidModel = Code(value: .invalidModel)
        /// The body of the request is not a JSON object.
        public static let invalidRequest = Code(value: .invalidRequest)
        /// No whole answer came in time.
        public static let timedOut = Code(value: .timedOut)
        /// The server answered with a status of failure.
        public static let rejected = Code(value: .rejected)
        /// No connection could be made.
        public static let unreachable = Code(value: .unreachable)
        /// The connection ended before the whole answer was there.
        public static let dropped = Code(value: .dropped)
        /// The answer is not what a model server answers.
        public static let badReply = Code(value: .badReply)
        /// The server failed so often that it is not asked any more for a while.
        public static let unavailable = Code(value: .unavailable)
        /// The limit on requests or on cost is reached; the request was not made, or not again.
        public static let notAsked = Code(value: .notAsked)
        /// The task was cancelled, or the service shut down.
        public static let cancelled = Code(value: .cancelled)
    }
}

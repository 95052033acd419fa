/// Why a request to a model failed, or could not be sent.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Code
    /// The model and its address, what went wrong, and what to do about it. Contains no secrets.
    public var message: String
    /// The status of the response, if that was the failure.
    public var status: Int?
    /// The server's own error, if there is one.
    var serverError: ServerError?
    /// Whether the request was not sent because new changes for the model's server have been discovered since it was adapted.
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
        /// No complete response arrived in time.
        public static let timedOut = Code(value: .timedOut)
        /// The server returned an error status.
        public static let rejected = Code(value: .rejected)
        /// No connection could be made.
        public static let unreachable = Code(value: .unreachable)
        /// The connection ended before the response was complete.
        public static let dropped = Code(value: .dropped)
        /// The response is not valid for a model server.
        public static let badReply = Code(value: .badReply)
        /// The server failed so often that no requests are sent to it for a while.
        public static let unavailable = Code(value: .unavailable)
        /// The limit on requests or on cost is reached; the request was not sent, or not repeated.
        public static let notAsked = Code(value: .notAsked)
        /// The task was cancelled, or the service shut down.
        public static let cancelled = Code(value: .cancelled)
    }
}

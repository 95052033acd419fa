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
    @nonexhaustive
    public enum Code: Hashable, Sendable {
        /// No configured model has the name.
        case unknownModel
        /// The model's configuration cannot be used: its address, a variable of the environment, the proxy, its price.
        case invalidModel
        /// The body of the request is not a JSON object.
        case invalidRequest
        /// No whole answer came in time.
        case timedOut
        /// The server answered with a status of failure.
        case rejected
        /// No connection could be made.
        case unreachable
        /// The connection ended before the whole answer was there.
        case dropped
        /// The answer is not what a model server answers.
        case badReply
        /// The server failed so often that it is not asked any more for a while.
        case unavailable
        /// The limit on requests or on cost is reached; the request was not made, or not again.
        case notAsked
        /// The task was cancelled, or the service shut down.
        case cancelled
    }
}

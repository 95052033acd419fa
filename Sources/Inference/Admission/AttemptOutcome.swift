/// The outcome of an attempt, from the endpoint's point of view.
enum AttemptOutcome: Hashable, Sendable {
    /// With an answer, after `latency`.
    case answered(latency: Duration)
    /// With 429, 503 or 529: the server is overloaded. It asks for no requests before `retryAt`.
    case throttled(status: Int, retryAt: ContinuousClock.Instant?)
    case timedOut
    /// Without a connection.
    case unreachable
    /// With 401, 403, 404 or a redirection, which would affect every request.
    case refused
    /// With a message that means that every request will fail until someone resolves it, such as an account without
    /// credit.
    case hopeless
    /// With a status that blames the request alone, such as 400.
    case rejected
    /// With any other failure: 500, a dropped connection, a bad reply.
    case failed
    /// Without a result: cancelled, or never sent.
    case abandoned

    init(status: Int, latency: Duration, retryAt: ContinuousClock.Instant?) {
        self =
            switch status {
            case 200..<300: .answered(latency: latency)
            case 429, 503, 529: .throttled(status: status, retryAt: retryAt)
            case 300..<400, 401, 403, 404: .refused
            case 408, 409, 425, 500...: .failed
            default: .rejected
            }
    }
}

/// How an attempt ended, as far as the endpoint is concerned.
enum AttemptOutcome: Hashable, Sendable {
    /// With an answer, after `latency`.
    case answered(latency: Duration)
    /// With 429, 503 or 529: the server has too much to do. It asks not to be asked again before `retryAt`.
    case throttled(status: Int, retryAt: ContinuousClock.Instant?)
    case timedOut
    /// Without a connection.
    case unreachable
    /// With 401, 403, 404 or a redirection: what is wrong is wrong for every request.
    case refused
    /// With words that say that every request will fail until somebody does something about it, such as those of a spent
    /// account.
    case hopeless
    /// With a status that blames the request alone, such as 400.
    case rejected
    /// With any other failure: 500, a dropped connection, a bad reply.
    case failed
    /// Before it was known how it would end: cancelled, or never sent.
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

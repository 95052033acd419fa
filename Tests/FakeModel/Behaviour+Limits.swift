import Synchronization

extension Behaviour {
    /// Refuses requests beyond a rate with status 429 and a `Retry-After` of the whole seconds until one is allowed.
    ///
    /// A token bucket: it holds `burst` requests and fills at the rate given.
    ///
    /// - Parameters:
    ///   - headers: how each answer states the limit; nil for not at all.
    ///   - countsTokens: whether a request takes as many permissions as its body has fourths of a byte.
    public func rateLimited(
        perSecond rate: Double, burst: Int, stating headers: LimitHeaders? = nil, countsTokens: Bool = false
    ) -> Behaviour {
        let bucket = TokenBucket(rate: rate, size: Double(max(burst, 1)))
        return Behaviour { request in
            let cost = countsTokens ? (Double(request.body.utf8.count) / 4).rounded(.up) : 1
            let (wait, left) = bucket.take(cost, at: request.received)
            var answer =
                wait.map { Behaviour.status(429, retryAfter: .seconds(max(1, Int($0.rounded(.up))))).plan(request) }
                ?? plan(request)
            if let headers {
                answer.headers += headers.headers(
                    countsTokens ? "tokens" : "requests", size: Double(burst), left: left, rate: rate)
            }
            return answer
        }
    }

    /// Adds headers to every answer, such as those of a quota.
    public func stating(_ headers: KeyValuePairs<String, String>) -> Behaviour {
        let headers = headers.map { (name: $0.key, value: $0.value) }
        return changing { $0.headers += headers }
    }

    /// Works on at most `count` requests at once; so many more wait for their turn, and those beyond are refused.
    public func limited(
        toConcurrent count: Int, waiting: Int = 0, beyond refusal: Behaviour = .status(503)
    ) -> Behaviour {
        let turnstile = Turnstile(capacity: max(count, 1), waiting: waiting)
        return Behaviour { request in
            guard let place = turnstile.enter() else { return refusal.plan(request) }
            var answer = plan(request)
            answer.places.append(place)
            return answer
        }
    }
}

/// A bucket of permissions that fills at a steady rate.
private final class TokenBucket: Sendable {
    private let rate: Double
    private let size: Double
    private let state: Mutex<(tokens: Double, time: ContinuousClock.Instant?)>

    init(rate: Double, size: Double) {
        self.rate = max(rate, 1e-6)
        self.size = size
        state = Mutex((tokens: size, time: nil))
    }

    /// Takes permissions, or returns the seconds until there are as many; and what is left.
    func take(_ count: Double, at now: ContinuousClock.Instant) -> (wait: Double?, left: Double) {
        state.withLock { state in
            if let time = state.time, now > time {
                state.tokens = min(size, state.tokens + (now - time) / .seconds(1) * rate)
            }
            // Requests of several event loops may arrive in another order than they were timed.
            state.time = max(state.time ?? now, now)
            guard state.tokens < count else {
                state.tokens -= count
                return (nil, state.tokens)
            }
            return ((count - state.tokens) / rate, state.tokens)
        }
    }
}

/// How a server states its limits.
public enum LimitHeaders: String, Sendable, Hashable, CaseIterable {
    /// `x-ratelimit-limit-requests`, `…-remaining-…`, and `…-reset-…` as a duration such as `120ms`.
    case openAI = "openai"
    /// `anthropic-ratelimit-requests-limit`, and so on, with a time; the limit is that of a minute.
    case anthropic
    /// `x-ratelimit-limit-req-minute` and `…-remaining-…`.
    case mistral

    fileprivate func headers(_ unit: String, size: Double, left: Double, rate: Double) -> [Answer.Header] {
        let remaining = String(Int(left))
        let whole = String(Int(size))
        let milliseconds = Int(((size - left) / rate * 1000).rounded(.up))
        switch self {
        case .openAI:
            return [
                ("x-ratelimit-limit-\(unit)", whole), ("x-ratelimit-remaining-\(unit)", remaining),
                ("x-ratelimit-reset-\(unit)", "\(milliseconds)ms"),
            ]
        case .anthropic:
            return [
                ("anthropic-ratelimit-\(unit)-limit", String(Int(rate * 60))),
                ("anthropic-ratelimit-\(unit)-remaining", remaining),
                ("anthropic-ratelimit-\(unit)-reset", "2026-01-01T00:00:00Z"),
            ]
        case .mistral:
            let name = (unit == "requests" ? "req" : unit) + "-minute"
            return [
                ("x-ratelimit-limit-\(name)", String(Int(rate * 60))), ("x-ratelimit-remaining-\(name)", remaining),
            ]
        }
    }
}

/// Lets a limited number of requests in, and the others in the order in which they came.
final class Turnstile: Sendable {
    /// A request's place inside or in the line, from `enter` to `leave`.
    struct Place: Sendable {
        fileprivate let turnstile: Turnstile
        fileprivate let ticket: Int

        /// Calls `action` when the place is inside: at once, or on the thread of whoever makes room.
        func whenInside(_ action: @escaping @Sendable () -> Void) { turnstile.whenInside(ticket, action) }

        /// Gives up the place, wherever it is. To be called once.
        func leave() { turnstile.leave(ticket) }
    }

    private struct State {
        var inside = 0
        var lastTicket = 0
        var line: [Int] = []
        var actions: [Int: @Sendable () -> Void] = [:]
    }

    private let capacity: Int
    private let waiting: Int
    private let state = Mutex(State())

    init(capacity: Int, waiting: Int) {
        self.capacity = capacity
        self.waiting = waiting
    }

    /// A place inside or in the line; nil if both are full.
    func enter() -> Place? {
        state.withLock { state in
            state.lastTicket += 1
            if state.inside < capacity {
                state.inside += 1
            } else if state.line.count < waiting {
                state.line.append(state.lastTicket)
            } else {
                return nil
            }
            return Place(turnstile: self, ticket: state.lastTicket)
        }
    }

    private func whenInside(_ ticket: Int, _ action: @escaping @Sendable () -> Void) {
        let waits = state.withLock { state in
            guard state.line.contains(ticket) else { return false }
            state.actions[ticket] = action
            return true
        }
        if !waits { action() }
    }

    private func leave(_ ticket: Int) {
        let next = state.withLock { state -> (@Sendable () -> Void)? in
            if let position = state.line.firstIndex(of: ticket) {
                state.line.remove(at: position)
                state.actions[ticket] = nil
                return nil
            }
            guard !state.line.isEmpty else {
                state.inside -= 1
                return nil
            }
            return state.actions.removeValue(forKey: state.line.removeFirst())
        }
        next?()
    }
}

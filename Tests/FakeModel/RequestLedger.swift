import NIOCore
import NIOHTTP1
import Synchronization

/// Numbers of all the requests that a server got.
public struct RequestTotals: Sendable, Hashable {
    public var requests = 0
    /// Requests whose answer, good or bad, was written to its end.
    public var written = 0
    /// Requests that got a usable answer, written to its end.
    public var answered = 0
    /// Requests whose answer the behaviour broke off.
    public var cutOff = 0
    /// Requests whose connection was gone before the answer was complete.
    public var abandoned = 0
    /// Different bodies.
    public var bodies = 0
    /// Different bodies that got a usable answer.
    public var bodiesAnswered = 0
    /// Requests that arrived when their body had got a usable answer already.
    public var askedAgain = 0
    /// Requests that have arrived and not ended.
    public var inFlight = 0
    public var highestInFlight = 0
    public var overHTTP1 = 0
    public var overHTTP2 = 0
    /// Connections accepted.
    public var connections = 0
}

/// How often one body was asked.
public struct BodyTally: Sendable, Hashable {
    public var asked = 0
    /// How often a usable answer to it was written to its end.
    public var answered = 0

    public init(asked: Int = 0, answered: Int = 0) {
        self.asked = asked
        self.answered = answered
    }
}

/// Keeps a server's books. Any thread may use it.
final class RequestLedger: Sendable {
    private struct State {
        var totals = RequestTotals()
        var tallies: [BodyHash: BodyTally] = [:]
        var requests: [ReceivedRequest] = []
    }

    private let keepsRequests: Bool
    private let log: RequestLog?
    private let state = Mutex(State())

    init(keepsRequests: Bool, log: RequestLog?) {
        self.keepsRequests = keepsRequests
        self.log = log
    }

    var totals: RequestTotals { state.withLock { $0.totals } }
    var requests: [ReceivedRequest] { state.withLock { $0.requests } }

    func tally(of body: String) -> BodyTally {
        let hash = BodyHash(body)
        return state.withLock { $0.tallies[hash] ?? BodyTally() }
    }

    func countConnection() {
        state.withLock { $0.totals.connections += 1 }
    }

    /// Enters a request that has arrived.
    func begin(_ parts: ReceivedRequest.Parts) -> ReceivedRequest {
        var parts = parts
        // A part of a connection's buffer would keep the whole of that buffer alive.
        if keepsRequests { parts.body = ByteBuffer(bytes: parts.body.readableBytesView) }
        let path = String(parts.head.uri.prefix { $0 != "?" })
        let operation = parts.head.method == .POST ? Operation(path: path) : nil
        let hash = BodyHash(parts.body)
        return state.withLock { state in
            state.totals.requests += 1
            state.totals.inFlight += 1
            state.totals.highestInFlight = max(state.totals.highestInFlight, state.totals.inFlight)
            switch parts.httpVersion {
            case .http1: state.totals.overHTTP1 += 1
            case .http2: state.totals.overHTTP2 += 1
            }
            var attempt = 1
            if operation != nil {
                var tally = state.tallies[hash] ?? BodyTally()
                tally.asked += 1
                attempt = tally.asked
                if operation?.isQuestion == true {
                    if attempt == 1 { state.totals.bodies += 1 }
                    if tally.answered > 0 { state.totals.askedAgain += 1 }
                }
                state.tallies[hash] = tally
            }
            let request = ReceivedRequest(
                parts, path: path, operation: operation, bodyHash: hash, number: state.totals.requests,
                attempt: attempt)
            if keepsRequests { state.requests.append(request) }
            return request
        }
    }

    /// Enters what the behaviour decided.
    func decide(_ request: ReceivedRequest) {
        guard keepsRequests else { return }
        state.withLock { $0.requests[request.number - 1].treatment = request.treatment }
    }

    /// Enters the end of a request. `isUsable` says whether its answer was one that a client can use.
    func end(_ request: ReceivedRequest, isUsable: Bool) {
        state.withLock { state in
            state.totals.inFlight -= 1
            switch request.ending {
            case .underWay: break
            case .written: state.totals.written += 1
            case .cutOff: state.totals.cutOff += 1
            case .abandoned: state.totals.abandoned += 1
            }
            if isUsable, request.ending == .written, request.operation?.isQuestion == true {
                state.totals.answered += 1
                state.tallies[request.bodyHash, default: BodyTally()].answered += 1
                if state.tallies[request.bodyHash]?.answered == 1 { state.totals.bodiesAnswered += 1 }
            }
            if keepsRequests { state.requests[request.number - 1] = request }
        }
        log?.write(request, isUsable: isUsable)
    }
}

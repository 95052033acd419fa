import Synchronization

/// Limits the work in progress: the number of requests, and the bytes of their bodies, which are in memory.
final class Admission: Sendable {
    private struct State {
        var requests = 0
        var bytes = 0
    }

    private let maxRequests: Int
    private let maxBytes: Int
    private let state = Mutex(State())

    init(maxRequests: Int, maxBytes: Int) {
        self.maxRequests = maxRequests
        self.maxBytes = maxBytes
    }

    /// Admits a request; false if the limit is reached.
    func enter() -> Bool {
        state.withLock { state in
            if state.requests >= maxRequests { return false }
            state.requests += 1
            return true
        }
    }

    /// Admits more bytes of a body; false if the limit is reached.
    func add(bytes: Int) -> Bool {
        state.withLock { state in
            if state.bytes + bytes > maxBytes { return false }
            state.bytes += bytes
            return true
        }
    }

    /// Releases a request, if it was admitted, and its bytes.
    func leave(isIn: Bool, bytes: Int) {
        state.withLock { state in
            if isIn { state.requests -= 1 }
            state.bytes -= bytes
        }
    }
}

/// A request's share of the limits, until it is released.
final class AdmissionHold: Sendable {
    private let admission: Admission
    private let held = Mutex((isIn: false, bytes: 0))

    init(_ admission: Admission) {
        self.admission = admission
    }

    /// Admits the request; false if the limit is reached.
    func enter() -> Bool {
        held.withLock { held in
            held.isIn = admission.enter()
            return held.isIn
        }
    }

    /// Admits more bytes, before they are in memory; false if the limit is reached.
    func add(bytes: Int) -> Bool {
        held.withLock { held in
            guard admission.add(bytes: bytes) else { return false }
            held.bytes += bytes
            return true
        }
    }

    /// Releases everything. May be called more than once.
    func release() {
        held.withLock { held in
            admission.leave(isIn: held.isIn, bytes: held.bytes)
            held = (false, 0)
        }
    }
}

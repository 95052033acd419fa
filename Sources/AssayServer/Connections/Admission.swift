import Synchronization

/// How much is being worked on at once: requests, and the bytes of their bodies, which lie in memory.
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

    /// Takes in a request; false where there are enough.
    func enter() -> Bool {
        state.withLock { state in
            if state.requests >= maxRequests { return false }
            state.requests += 1
            return true
        }
    }

    /// Takes in more of a body; false where there is enough.
    func add(bytes: Int) -> Bool {
        state.withLock { state in
            if state.bytes + bytes > maxBytes { return false }
            state.bytes += bytes
            return true
        }
    }

    /// Lets go of a request, if it was taken in, and of its bytes.
    func leave(isIn: Bool, bytes: Int) {
        state.withLock { state in
            if isIn { state.requests -= 1 }
            state.bytes -= bytes
        }
    }
}

/// What a request takes of what may be worked on at once, until it is released.
final class AdmissionHold: Sendable {
    private let admission: Admission
    private let held = Mutex((isIn: false, bytes: 0))

    init(_ admission: Admission) {
        self.admission = admission
    }

    /// Takes in the request; false where there are enough.
    func enter() -> Bool {
        held.withLock { held in
            held.isIn = admission.enter()
            return held.isIn
        }
    }

    /// Takes in more bytes that are about to be in memory; false where there is enough.
    func add(bytes: Int) -> Bool {
        held.withLock { held in
            guard admission.add(bytes: bytes) else { return false }
            held.bytes += bytes
            return true
        }
    }

    /// Lets go of all. May be called more than once.
    func release() {
        held.withLock { held in
            admission.leave(isIn: held.isIn, bytes: held.bytes)
            held = (false, 0)
        }
    }
}

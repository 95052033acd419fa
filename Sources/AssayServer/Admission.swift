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

import Synchronization

/// Lets equal requests that are in progress at the same time share one reply.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// The instruction for a caller.
    enum Role {
        /// Send the request, and call `land` afterwards, whatever the result.
        case asks
        /// The result of the caller that sent the request.
        case shares(Result<Value, InferenceError>)
    }

    private struct Follower {
        var ticket: Ticket
        var continuation: CheckedContinuation<Role, Never>
    }

    private struct State {
        var flights: [Key: [Follower]] = [:]
        var tickets = Ticket.Roll()
        /// The keys of the last flights that ended well, and the order in which they did, as a ring.
        var landed: Set<Key> = []
        var order: [Key] = []
        var next = 0

        mutating func remember(_ key: Key) {
            guard landed.insert(key).inserted else { return }
            if order.count < SingleFlight.remembered {
                order.append(key)
            } else {
                landed.remove(order[next])
                order[next] = key
                next = (next + 1) % order.count
            }
        }
    }

    /// More than the requests that a run looks up in the cache before it asks the first of them.
    private static var remembered: Int { 16_384 }

    private let state = Mutex(State())

    /// Joins the flight of the key. Returns at once for the first caller; for the others, when the reply has arrived or the
    /// first caller has given up.
    func join(_ key: Key) async -> Role {
        let ticket = state.withLock { $0.tickets.issue() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let role: Role? = state.withLock { state in
                    if state.flights[key] == nil {
                        state.flights[key] = []
                        return .asks
                    }
                    // Under the lock, so that a cancellation either shows here or finds the follower.
                    if Task.isCancelled { return .shares(.failure(.cancelled)) }
                    state.flights[key]?.append(Follower(ticket: ticket, continuation: continuation))
                    return nil
                }
                if let role { continuation.resume(returning: role) }
            }
        } onCancel: {
            let follower = state.withLock { state -> Follower? in
                guard let place = state.flights[key]?.firstIndex(where: { $0.ticket == ticket }) else { return nil }
                return state.flights[key]?.remove(at: place)
            }
            follower?.continuation.resume(returning: .shares(.failure(.cancelled)))
        }
    }

    /// Whether a flight of the key ended well a short while ago.
    func hasLanded(_ key: Key) -> Bool {
        state.withLock { $0.landed.contains(key) }
    }

    /// Ends the flight of the key with its result.
    ///
    /// A failure that concerns the one who asked alone, because of its task or its budget, is not shared: the next
    /// takes over.
    func land(_ key: Key, _ result: Result<Value, InferenceError>) {
        if case .failure(let error) = result, error.code == .cancelled || error.code == .notAsked {
            let next = state.withLock { state -> Follower? in
                guard let followers = state.flights[key], !followers.isEmpty else {
                    state.flights[key] = nil
                    return nil
                }
                return state.flights[key]?.removeFirst()
            }
            next?.continuation.resume(returning: .asks)
            return
        }
        let followers = state.withLock { state in
            if case .success = result { state.remember(key) }
            return state.flights.removeValue(forKey: key) ?? []
        }
        for follower in followers { follower.continuation.resume(returning: .shares(result)) }
    }
}

extension InferenceError {
    static let cancelled = InferenceError(.cancelled, "the request was cancelled")
}

import Concurrency
import NIOCore
import Synchronization

/// The open connections. Cancels the work on a request when its client disconnects, and closes connections that nobody
/// uses when the limit is reached and another client waits.
///
/// Only connections whose client owes the next byte are closed for others: those without a request, and those whose
/// request or its head stays incomplete for long (`ConnectionHandler` decides). Clients that never sent a permitted request
/// go first, and among each kind the one that has been in this state for the longest time.
final class Connections: Sendable {
    private struct Connection {
        let channel: any Channel
        /// Whether its client has just connected and may still begin a request.
        var isNew = true
        /// Whether it has received a permitted request.
        var isKnown = false
        /// When it became spare, in the order of such events; nil if it is in use.
        var spareSince: Int?
    }

    private struct State {
        /// The work on the request of a channel.
        var calls: [ObjectIdentifier: Cancellation] = [:]
        var connections: [ObjectIdentifier: Connection] = [:]
        /// Accepted connections that have not ended, whether or not they are set up yet.
        var open = 0
        /// How many of them have been told to close.
        var leaving = 0
        var events = 0
        /// Whether a connection beyond the limit is open, so that further clients wait.
        var isCrowded: Bool { open - leaving > limit }
        let limit: Int
    }

    private let state: Mutex<State>

    /// - Parameter limit: the number of open connections beyond which spare ones are closed.
    init(limit: Int) {
        state = Mutex(State(limit: limit))
    }

    /// Cancels `cancellation` if the channel's client disconnects before `forget` is called.
    func watch(_ channel: any Channel, _ cancellation: Cancellation) {
        state.withLock { $0.calls[ObjectIdentifier(channel)] = cancellation }
        if !channel.isActive { cancellation.cancel() }
    }

    func forget(_ channel: any Channel) {
        state.withLock { $0.calls[ObjectIdentifier(channel)] = nil }
    }

    /// Cancels the work on all requests.
    func cancelAll() {
        for context in state.withLock({ Array($0.calls.values) }) { context.cancel() }
    }

    /// The channel's client has disconnected.
    func close(_ channel: any Channel) {
        state.withLock { $0.calls[ObjectIdentifier(channel)] }?.cancel()
    }

    // MARK: Places

    /// Whether a client waits for another connection to end.
    var isCrowded: Bool { state.withLock { $0.isCrowded } }

    /// A connection was accepted. Returns false if it is beyond the limit and no connection can be closed for it yet.
    func accepted() -> Bool {
        state.withLock { $0.open += 1 }
        return makeRoom()
    }

    /// An accepted connection has ended.
    func ended() {
        state.withLock { state in
            state.open -= 1
            // Any that ends makes the room that a leaving one would have made.
            state.leaving = max(0, state.leaving - 1)
        }
    }

    /// The channel of an accepted connection is set up.
    func opened(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = Connection(channel: channel) }
    }

    /// The channel is closed.
    func closed(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
    }

    /// The channel has received a permitted request.
    func trust(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)]?.isKnown = true }
    }

    /// The channel may be closed if another client waits.
    func spare(_ channel: any Channel) {
        state.withLock { state in
            state.events += 1
            state.connections[ObjectIdentifier(channel)]?.spareSince = state.events
            state.connections[ObjectIdentifier(channel)]?.isNew = false
        }
        _ = makeRoom()
    }

    /// The channel is in use again.
    func keep(_ channel: any Channel) {
        state.withLock { state in
            state.connections[ObjectIdentifier(channel)]?.spareSince = nil
            state.connections[ObjectIdentifier(channel)]?.isNew = false
        }
        // Idle clients that were served give way to it, now that it is no longer new.
        _ = makeRoom()
    }

    /// The channel was told to close, but is in use by now.
    func stays() {
        state.withLock { $0.leaving = max(0, $0.leaving - 1) }
        _ = makeRoom()
    }

    /// Tells spare connections to close until no more than the limit are left. Returns false if there are not enough.
    private func makeRoom() -> Bool {
        while true {
            let (channel, isCrowded) = state.withLock { state -> ((any Channel)?, Bool) in
                guard state.isCrowded else { return (nil, false) }
                let spare = state.connections.filter { $0.value.spareSince != nil }
                let first = spare.min { one, other in
                    if one.value.isKnown != other.value.isKnown { return other.value.isKnown }
                    return one.value.spareSince ?? 0 < other.value.spareSince ?? 0
                }
                guard let first else { return (nil, true) }
                // Clients that have been served give way last: a new one may turn out to be spare in a moment.
                if first.value.isKnown, state.connections.values.contains(where: { $0.isNew && !$0.isKnown }) {
                    return (nil, true)
                }
                state.connections[first.key]?.spareSince = nil
                state.leaving += 1
                return (first.value.channel, true)
            }
            guard let channel else { return !isCrowded }
            channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.MakeRoom())
        }
    }
}

import Concurrency
import NIOCore
import Synchronization

/// The open connections. Cancels the work on a request when its client disconnects, and finds a connection to close
/// when the limit is reached.
final class Connections: Sendable {
    private struct State {
        /// The work on the request of a channel.
        var calls: [ObjectIdentifier: Cancellation] = [:]
        /// Channels that have not received a permitted request yet, in the order in which they were opened.
        var strangers: [Int: any Channel] = [:]
        /// Strangers to be closed once they are known here: of several that are accepted at once, none is known yet.
        var owed = 0
        var numbers: [ObjectIdentifier: Int] = [:]
        var opened = 0

        mutating func takeOldestStranger() -> (any Channel)? {
            guard let number = strangers.keys.min(), let channel = strangers.removeValue(forKey: number) else {
                return nil
            }
            numbers[ObjectIdentifier(channel)] = nil
            return channel
        }
    }

    private let state = Mutex(State())

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

    // MARK: Strangers

    /// A client has connected.
    func opened(_ channel: any Channel) {
        let oldest = state.withLock { state -> (any Channel)? in
            state.opened += 1
            state.strangers[state.opened] = channel
            state.numbers[ObjectIdentifier(channel)] = state.opened
            // The latest one may still become known.
            guard state.owed > 0, state.strangers.count > 1 else { return nil }
            state.owed -= 1
            return state.takeOldestStranger()
        }
        oldest?.close(promise: nil)
    }

    /// The channel has received a permitted request, or is closed.
    func trust(_ channel: any Channel) {
        state.withLock { state in
            guard let number = state.numbers.removeValue(forKey: ObjectIdentifier(channel)) else { return }
            state.strangers[number] = nil
        }
    }

    /// Closes the connection that has been open for the longest time without such a request. Returns false if there is
    /// none; then the next one that is known, except for the latest, is closed.
    func closeOldestStranger() -> Bool {
        let oldest = state.withLock { state -> (any Channel)? in
            let oldest = state.takeOldestStranger()
            if oldest == nil { state.owed += 1 }
            return oldest
        }
        oldest?.close(promise: nil)
        return oldest != nil
    }

    /// There is room again.
    func forgetOwed() {
        state.withLock { $0.owed = 0 }
    }
}

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
        var numbers: [ObjectIdentifier: Int] = [:]
        var opened = 0
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
        state.withLock { state in
            state.opened += 1
            state.strangers[state.opened] = channel
            state.numbers[ObjectIdentifier(channel)] = state.opened
        }
    }

    /// The channel has received a permitted request, or is closed.
    func trust(_ channel: any Channel) {
        state.withLock { state in
            guard let number = state.numbers.removeValue(forKey: ObjectIdentifier(channel)) else { return }
            state.strangers[number] = nil
        }
    }

    /// Closes the connection that has been open for the longest time without such a request. Returns false if there is
    /// none.
    func closeOldestStranger() -> Bool {
        let oldest = state.withLock { state -> (any Channel)? in
            guard let number = state.strangers.keys.min() else { return nil }
            let channel = state.strangers.removeValue(forKey: number)
            if let channel { state.numbers[ObjectIdentifier(channel)] = nil }
            return channel
        }
        oldest?.close(promise: nil)
        return oldest != nil
    }
}

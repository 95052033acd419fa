import NIOCore
import ScorerHost
import Synchronization

/// Tells the work on a request when its client goes away.
final class Connections: Sendable {
    private let calls = Mutex<[ObjectIdentifier: Cancellation]>([:])

    /// Cancels `cancellation` when the channel's client goes away, until `forget`.
    func watch(_ channel: any Channel, _ cancellation: Cancellation) {
        calls.withLock { $0[ObjectIdentifier(channel)] = cancellation }
        if !channel.isActive { cancellation.cancel() }
    }

    func forget(_ channel: any Channel) {
        calls.withLock { $0[ObjectIdentifier(channel)] = nil }
    }

    /// Cancels the work on all requests.
    func cancelAll() {
        for call in calls.withLock({ Array($0.values) }) { call.cancel() }
    }

    /// The channel's client is gone.
    func close(_ channel: any Channel) {
        calls.withLock { $0[ObjectIdentifier(channel)] }?.cancel()
    }
}

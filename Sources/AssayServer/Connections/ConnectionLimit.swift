import HummingbirdCore
import Logging
import NIOCore

/// How many connections may be open. For a further one, the oldest ends on which nobody has made a request that may be made;
/// where there is none, it waits until another one ends.
struct ConnectionLimit: AvailableConnectionsDelegate {
    let limit: Int
    let connections: Connections
    let metrics: Metrics
    let logger: Logger
    private var count = 0

    init(_ limit: Int, _ connections: Connections, _ metrics: Metrics, _ logger: Logger) {
        self.limit = limit
        self.connections = connections
        self.metrics = metrics
        self.logger = logger
    }

    mutating func connectionOpened() {
        count += 1
        metrics.setConnections(count)
        guard count >= limit else { return }
        // The new one is not among them yet.
        if !connections.closeOldestStranger() {
            logger.warning("the limit on open connections is reached", metadata: ["limit": "\(limit)"])
        }
    }

    mutating func connectionClosed() {
        count -= 1
        metrics.setConnections(count)
    }

    func isAcceptingNewConnections() -> Bool { count < limit }
}

/// Rests for a moment where a connection cannot be accepted, as the process or the system has no file descriptor or memory
/// for it: trying at once, again and again, would take all of a processor's time.
final class AcceptPause: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let logger: Logger
    private var isResting = false

    init(_ logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Passed on, it would end the server.
        if isResting { return }
        isResting = true
        logger.error("a connection could not be accepted", metadata: ["error": "\(error)"])
        // The channel goes on to look for connections unless it is told not to.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.isResting = false
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    func read(context: ChannelHandlerContext) {
        if !isResting { context.read() }
    }
}

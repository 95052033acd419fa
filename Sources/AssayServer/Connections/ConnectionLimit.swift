import HummingbirdCore
import Logging
import NIOCore

/// Limits the number of open connections. To accept a further one, the oldest connection without a permitted request is closed;
/// if there is none, the new one waits until another connection ends.
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
        // The new connection is not counted yet.
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

/// Pauses for a moment if a connection cannot be accepted because the process or the system has no file descriptor or memory
/// left: retrying at once, in a loop, would use all the time of a processor.
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
        // Passing the error on would end the server.
        if isResting { return }
        isResting = true
        logger.error("a connection could not be accepted", metadata: ["error": "\(error)"])
        // The channel keeps looking for connections until it is told to stop.
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

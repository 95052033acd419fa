import HummingbirdCore
import Logging
import NIOCore

/// Limits the number of open connections. One more is accepted: if a connection is spare, it is closed for the new one;
/// otherwise, further clients wait until a connection ends or becomes spare.
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
        if !connections.accepted() {
            logger.warning(
                "the limit on open connections is reached, and none can be closed yet", metadata: ["limit": "\(limit)"])
        }
    }

    mutating func connectionClosed() {
        count -= 1
        metrics.setConnections(count)
        connections.ended()
    }

    func isAcceptingNewConnections() -> Bool { count <= limit }
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

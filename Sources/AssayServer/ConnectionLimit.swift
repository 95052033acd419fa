import HummingbirdCore
import Logging
import NIOCore

/// How many connections may be open. Further ones wait until one of these ends.
struct ConnectionLimit: AvailableConnectionsDelegate {
    let limit: Int
    let metrics: Metrics
    let logger: Logger
    private var count = 0

    init(_ limit: Int, _ metrics: Metrics, _ logger: Logger) {
        self.limit = limit
        self.metrics = metrics
        self.logger = logger
    }

    mutating func connectionOpened() {
        count += 1
        metrics.setConnections(count)
        if count == limit { logger.warning("as many connections are open as may be", metadata: ["limit": "\(limit)"]) }
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

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// The handlers of a connection: those of HTTP/1.1, preceded by one that counts bytes, and after the parser one that
/// decides when the connection must be closed.
struct WatchedChannel: ServerChildChannel {
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(TransferMeter(), position: .first)
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }.flatMapThrowing { value in
            let handlers = channel.pipeline.syncOperations
            let parser = try handlers.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try handlers.addHandler(ConnectionOption(), position: .after(parser))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

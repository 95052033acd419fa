import NIOCore
import NIOHTTP1

/// Writes `Connection: close` into each request after which the connection is to be closed, as hummingbird looks for that
/// and nothing else: not for other options beside it, capitals, or the version 1.0 of HTTP, which closes unless it is told
/// otherwise (RFC 9112, 9.3).
final class ConnectionOption: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.isKeepAlive else {
            return context.fireChannelRead(data)
        }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

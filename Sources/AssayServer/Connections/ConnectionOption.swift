import NIOCore
import NIOHTTP1

/// Writes `Connection: close` into each request after which the connection must be closed, because Hummingbird only looks for
/// exactly that: not for further options, for upper case, or for HTTP 1.0, in which connections close by default
/// (RFC 9112, 9.3).
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

import HTTPTypes
import NIOCore
import NIOHTTPTypes
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

    fileprivate func close(_ channel: any Channel) {
        calls.withLock { $0[ObjectIdentifier(channel)] }?.cancel()
    }
}

/// Watches one connection: notices when the client goes away, and answers those who ask whether they may send a body.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: Connections

    init(_ connections: Connections) {
        self.connections = connections
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), let expect = head.headerFields[.expect],
            expect.lowercased() == "100-continue"
        {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connections.close(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.close(context.channel)
        context.fireChannelInactive()
    }
}

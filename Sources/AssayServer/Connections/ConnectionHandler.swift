import HTTPTypes
import JSON
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches one connection: detects a client that disconnects or stalls, and reports what is wrong with a request that is
/// not valid HTTP.
///
/// While it sends a request, a client must send a kibibyte per second on average; while a response is waiting, it must read
/// some of it from time to time. Slower clients only occupy the connection.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// The client stalled in the middle of a request's body.
    struct SlowClient: Error {}

    /// The state at some point in time.
    private struct Progress {
        /// The number of complete requests.
        var requests = 0
        /// Whether the rest of a request was awaited.
        var isReceiving = false
        var received = 0
        /// Bytes that the system has accepted for sending.
        var sent = 0
        /// How long bytes had been waiting without any being read by the client.
        var secondsStill = 0
    }

    private let connections: Connections
    /// The time over which the speed of incoming data is measured.
    private let seconds: Int
    /// How long the client may read nothing. The system buffers some megabytes for it, and reports progress in large steps.
    private let readerSeconds: Int
    /// How long the client may take to start its first request.
    private let firstRequestSeconds: Int
    private var meter: TransferMeter?
    private var last = Progress()
    private var requests = 0
    /// Requests without a finished response, including the one that is arriving.
    private var unanswered = 0
    private var isBodyMissing = false
    /// The bytes that had arrived when the last request was complete.
    private var receivedBefore = 0
    private var fault: HTTPParserError?
    private var task: Scheduled<Void>?
    private var firstTask: Scheduled<Void>?

    init(_ connections: Connections, seconds: Int, readerSeconds: Int, firstRequestSeconds: Int) {
        self.connections = connections
        self.firstRequestSeconds = firstRequestSeconds
        self.seconds = seconds
        self.readerSeconds = readerSeconds
    }

    func handlerAdded(context: ChannelHandlerContext) {
        meter = try? context.pipeline.syncOperations.handler(type: TransferMeter.self)
        connections.opened(context.channel)
        schedule(context)
        firstTask = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(firstRequestSeconds))) {
            // The minimum speed also applies to a request's head.
            if self.requests == 0 && self.unanswered == 0 && self.meter?.received ?? 0 == 0 {
                context.close(promise: nil)
            }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        task?.cancel()
        task = nil
        firstTask?.cancel()
        firstTask = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isBodyMissing = true
        case .body: break
        case .end:
            requests += 1
            isBodyMissing = false
            receivedBefore = meter?.received ?? 0
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head)
        where fault != nil && head.status == .badRequest && head.headerFields[.contentLength] == "0":
            // The parser's own response to invalid HTTP has no content, so it is replaced.
            return explain(context, promise)
        case .end: unanswered -= 1
        default: break
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if fault == nil { fault = error as? HTTPParserError }
        context.fireErrorCaught(error)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { connections.close(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.close(context.channel)
        connections.trust(context.channel)
        context.fireChannelInactive()
    }

    // MARK: Faults

    private func explain(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let error = APIError(fault ?? .unknown)
        let body = ByteBuffer(string: error.json.text)
        let head = HTTPResponse(
            status: error.status,
            headerFields: [
                .contentType: RouteResponse.jsonType, .contentLength: "\(body.readableBytes)", .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: promise)
        // The rest of the request is not read. The client should be able to read the response before the connection closes.
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { context.close(promise: nil) }
    }

    // MARK: Pace

    private func schedule(_ context: ChannelHandlerContext) {
        task = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(seconds))) {
            self.checkPace(context)
        }
    }

    private func checkPace(_ context: ChannelHandlerContext) {
        guard let meter, context.channel.isActive else { return }
        let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        var now = Progress(
            requests: requests,
            // Later requests are not read before the current one is finished.
            isReceiving: isBodyMissing ? unanswered == 1 : unanswered == 0 && meter.received > receivedBefore,
            received: meter.received, sent: meter.written - waiting)
        if waiting > 0 && now.sent == last.sent { now.secondsStill = last.secondsStill + seconds }
        defer { last = now }
        if now.secondsStill >= readerSeconds { return context.close(promise: nil) }
        let pace = now.received - last.received
        if last.isReceiving && now.isReceiving && last.requests == now.requests && pace < seconds << 10 {
            return isBodyMissing ? context.fireErrorCaught(SlowClient()) : context.close(promise: nil)
        }
        schedule(context)
    }
}

/// Counts the bytes that a connection receives and sends; the handler that is closest to the socket.
final class TransferMeter: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private(set) var received = 0
    /// The bytes passed to this handler for sending, whether already sent or waiting.
    private(set) var written = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        written += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}

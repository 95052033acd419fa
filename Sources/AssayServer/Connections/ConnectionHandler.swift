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

    /// An event: another client waits for this connection to close, if it is still spare.
    struct MakeRoom {}

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

    /// Whether the connection may be closed when another client waits.
    private var isSpare = false
    private var spareTask: Scheduled<Void>?
    /// Whether a part of a request's head has arrived.
    private var isHeadMissing = false
    /// Whether the response says that the connection closes after it.
    private var isLast = false
    /// How long a request that is not complete is waited for when another client waits.
    private let incompleteSeconds: Int
    /// A client that has just connected has this time to send something before it may be closed.
    private static let greeting = TimeAmount.milliseconds(100)

    init(
        _ connections: Connections, seconds: Int, readerSeconds: Int, firstRequestSeconds: Int, incompleteSeconds: Int
    ) {
        self.connections = connections
        self.firstRequestSeconds = firstRequestSeconds
        self.incompleteSeconds = incompleteSeconds
        self.seconds = seconds
        self.readerSeconds = readerSeconds
    }

    func handlerAdded(context: ChannelHandlerContext) {
        meter = try? context.pipeline.syncOperations.handler(type: TransferMeter.self)
        connections.opened(context.channel)
        becomeSpare(context, after: Self.greeting)
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
        spareTask?.cancel()
        spareTask = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isBodyMissing = true
            isHeadMissing = false
            beUsed(context)
        case .body: break
        case .end:
            requests += 1
            isBodyMissing = false
            receivedBefore = meter?.received ?? 0
            // The rest of a request that was already answered.
            if unanswered == 0 { becomeSpare(context) }
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        noticeHead(context)
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head)
        where fault != nil && head.status == .badRequest && head.headerFields[.contentLength] == "0":
            // The parser's own response to invalid HTTP has no content, so it is replaced.
            return explain(context, promise)
        case .head(var head) where head.status.kind != .informational && !isBodyMissing && connections.isCrowded:
            // Its client should know that it cannot send a further request.
            head.headerFields[.connection] = "close"
            isLast = true
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            let sent = promise ?? context.eventLoop.makePromise()
            sent.futureResult.assumeIsolated().whenSuccess { self.answered(context) }
            return context.write(data, promise: sent)
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
        if event is MakeRoom { return makeRoom(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connections.close(context.channel)
        connections.closed(context.channel)
        context.fireChannelInactive()
    }

    // MARK: Use

    /// A response was sent completely.
    private func answered(_ context: ChannelHandlerContext) {
        unanswered -= 1
        guard unanswered == 0 else { return }
        if isLast { return context.close(promise: nil) }
        if isBodyMissing { return becomeSpare(context, after: .seconds(Int64(incompleteSeconds))) }
        noticeHead(context)
        if !isHeadMissing { becomeSpare(context) }
    }

    /// If a part of a request's head has arrived, waits for the rest of it.
    private func noticeHead(_ context: ChannelHandlerContext) {
        guard unanswered == 0, !isBodyMissing, !isHeadMissing, meter?.received ?? 0 > receivedBefore else { return }
        isHeadMissing = true
        beUsed(context)
        becomeSpare(context, after: .seconds(Int64(incompleteSeconds)))
    }

    private func becomeSpare(_ context: ChannelHandlerContext, after time: TimeAmount = .zero) {
        spareTask?.cancel()
        guard time > .zero else {
            isSpare = true
            return connections.spare(context.channel)
        }
        spareTask = context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.becomeSpare(context) }
    }

    private func beUsed(_ context: ChannelHandlerContext) {
        spareTask?.cancel()
        isSpare = false
        connections.keep(context.channel)
    }

    private func makeRoom(_ context: ChannelHandlerContext) {
        // A request may have arrived in the meantime.
        guard isSpare else { return connections.stays() }
        isSpare = false
        context.close(promise: nil)
        // TLS sends its last message, but does not wait for that of the client.
        try? context.pipeline.syncOperations.context(handlerType: TransferMeter.self).close(promise: nil)
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

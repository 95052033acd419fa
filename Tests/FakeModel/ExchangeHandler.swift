import NIOCore
import NIOHTTP1

/// Reads the requests of a connection (of a stream, in HTTP/2) and has them answered, one at a time and in their order.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let desk: RequestDesk
    private let httpVersion: ReceivedRequest.HTTPVersion
    private var arriving: ReceivedRequest.Parts?
    /// Requests that a client sent without waiting for the answer to the one before.
    private var waiting: [ReceivedRequest.Parts] = []
    private var writer: AnswerWriter?

    init(_ desk: RequestDesk, _ httpVersion: ReceivedRequest.HTTPVersion) {
        self.desk = desk
        self.httpVersion = httpVersion
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            arriving = ReceivedRequest.Parts(head: head, body: ByteBuffer(), httpVersion: httpVersion)
            if head.headers.first(name: "expect")?.lowercased() == "100-continue", httpVersion == .http1 {
                context.triggerUserOutboundEvent(RawBytes("HTTP/1.1 100 Continue\r\n\r\n"), promise: nil)
            }
        case .body(var part):
            if arriving?.body.readableBytes == 0 {
                arriving?.body = part
            } else {
                arriving?.body.writeBuffer(&part)
            }
        case .end:
            guard let parts = arriving else { return }
            arriving = nil
            if writer == nil { answer(parts, context) } else { waiting.append(parts) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting = []
        writer?.abandon()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A request that is no HTTP, a TLS connection that ended without a goodbye, a stream that the client reset.
        context.close(promise: nil)
    }

    private func answer(_ parts: ReceivedRequest.Parts, _ context: ChannelHandlerContext) {
        var request = desk.ledger.begin(parts)
        var answer = desk.answer(to: request)
        if !parts.head.isKeepAlive { answer.closesConnection = true }
        request.treatment = answer.treatment
        desk.ledger.decide(request)
        let writer = AnswerWriter(answer, to: request, context) { [self] ending in
            request.ending = ending
            request.ended = .now
            desk.ledger.end(request, isUsable: answer.isUsable)
            for place in answer.places { place.leave() }
            self.writer = nil
            if ending == .written, !answer.closesConnection, !waiting.isEmpty {
                self.answer(waiting.removeFirst(), context)
            }
        }
        self.writer = writer
        writer.start()
    }
}

extension RequestDesk {
    /// What is done with a request: what the behaviour decides, if it is one to a model.
    func answer(to request: ReceivedRequest) -> Answer {
        if let answer = agents.answer(to: request) { return answer }
        if let (status, message) = request.apiFault {
            let type = status == 401 ? "authentication_error" : "invalid_request_error"
            var answer = Answer(
                .text("{\"type\":\"error\",\"error\":{\"type\":\"\(type)\",\"message\":\(quoted(message))}}"))
            answer.status = status
            return answer
        }
        if request.operation != nil {
            let answer = behaviour.plan(request)
            if answer.isUsable { agents.noteCreation(by: request) }
            return answer
        }
        if request.method == "GET", request.path.hasSuffix("/models") {
            let model = "{\"id\":\"fake\",\"object\":\"model\",\"created\":0}"
            return Answer(.text("{\"object\":\"list\",\"data\":[\(model)]}"))
        }
        var answer = Answer(.error("there is nothing at \(request.method) \(request.path)"))
        answer.status = 404
        return answer
    }
}

/// Bytes to be sent as they are, past the encoder of HTTP/1.1 responses.
///
/// They travel as a user event, since encoders let those through.
struct RawBytes: Sendable {
    let buffer: ByteBuffer

    init(_ buffer: ByteBuffer) { self.buffer = buffer }
    init(_ text: String) { self.init(ByteBuffer(string: text)) }
}

/// Writes `RawBytes`. It stands before the encoder.
final class RawBytesHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let bytes = event as? RawBytes else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        context.writeAndFlush(NIOAny(bytes.buffer), promise: promise)
    }
}

import NIOCore
import NIOHTTP1

/// Carries out one answer on a connection or stream, with its pauses, and ends it once.
///
/// It lives on the event loop of its channel.
final class AnswerWriter {
    private let answer: Answer
    private let request: ReceivedRequest
    private let context: ChannelHandlerContext
    private let loop: NIOIsolatedEventLoop
    private var body = ByteBuffer()
    /// The spaces that are still to be written behind the body.
    private var padding = 0
    /// The bytes of body and padding that may still be written before the answer stops.
    private var allowance = Int.max
    private var isEndSent = false
    private var onEnd: ((ReceivedRequest.Ending) -> Void)?

    private static let spaces = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 18)

    init(
        _ answer: Answer, to request: ReceivedRequest, _ context: ChannelHandlerContext,
        onEnd: @escaping (ReceivedRequest.Ending) -> Void
    ) {
        self.answer = answer
        self.request = request
        self.context = context
        self.onEnd = onEnd
        loop = context.eventLoop.assumeIsolated()
    }

    /// Begins when the answer has its places and its delay is over.
    func start() {
        enterPlaces(from: 0)
    }

    /// Ends the request because its connection or stream is gone.
    func abandon() {
        // A stream of HTTP/2 closes with the end of its answer: whether that got out is known when it has been written.
        if !isEndSent { end(.abandoned) }
    }

    /// Ends the request, unless it has ended.
    private func end(_ ending: ReceivedRequest.Ending) {
        guard let onEnd else { return }
        self.onEnd = nil
        onEnd(ending)
    }

    private var isOver: Bool { onEnd == nil }

    private func enterPlaces(from index: Int) {
        guard !isOver else { return }
        guard index < answer.places.count else {
            return pause(answer.delay) { self.writeHead() }
        }
        let eventLoop = context.eventLoop
        let writer = NIOLoopBound(self, eventLoop: eventLoop)
        answer.places[index].whenInside {
            eventLoop.execute { writer.value.enterPlaces(from: index + 1) }
        }
    }

    private func pause(_ length: Duration, then action: @escaping () -> Void) {
        guard length > .zero else { return action() }
        loop.scheduleTask(in: TimeAmount(length)) {
            if !self.isOver { action() }
        }
    }

    private func writeHead() {
        if answer.stop?.point == .beforeHead { return halt() }
        body = answer.body(for: request)
        if case .garbage = answer.content { return writeGarbage() }
        padding = max(0, answer.paddedSize - body.readableBytes)
        let size = body.readableBytes + padding
        if answer.stop?.point == .inBody { allowance = size / 2 }
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        let isStream = answer.isStream(for: request)
        head.headers.add(name: "Content-Type", value: isStream ? "text/event-stream" : "application/json")
        // A stream is sent in chunks, for its length is not known when it begins.
        if !isStream { head.headers.add(name: "Content-Length", value: String(size)) }
        for header in answer.headers { head.headers.add(name: header.name, value: header.value) }
        if answer.closesConnection, request.httpVersion == .http1 {
            head.headers.add(name: "Connection", value: "close")
        }
        if answer.stop?.point == .afterHead {
            send(.head(head)) { self.halt() }
        } else {
            write(.head(head))
            writePiece()
        }
    }

    /// Writes the next piece of the body; the rest follows when that has left and the pause is over.
    private func writePiece() {
        guard allowance > 0 else { return halt() }
        let piece = nextPiece(longest: min(allowance, answer.drip == nil ? .max : 1))
        allowance -= piece.readableBytes
        guard body.readableBytes > 0 || padding > 0 else {
            write(.body(.byteBuffer(piece)))
            return sendEnd()
        }
        send(.body(.byteBuffer(piece))) { self.pause(self.answer.drip ?? .zero) { self.writePiece() } }
    }

    private func nextPiece(longest: Int) -> ByteBuffer {
        if body.readableBytes > 0 {
            return body.readSlice(length: min(longest, body.readableBytes)) ?? ByteBuffer()
        }
        let count = min(longest, padding, Self.spaces.readableBytes)
        padding -= count
        return Self.spaces.getSlice(at: 0, length: count) ?? ByteBuffer()
    }

    private func sendEnd() {
        isEndSent = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { result in
            guard case .success = result else { return self.end(.abandoned) }
            self.end(.written)
            if self.answer.closesConnection, self.request.httpVersion == .http1 { self.context.close(promise: nil) }
        }
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: sent)
    }

    // Whoever closes a connection ends the request first: the closing would end it as abandoned.

    private func halt() {
        // A stall has nothing more to do: it ends when the client gives up.
        guard answer.stop?.manner == .drop else { return }
        end(.cutOff)
        context.close(promise: nil)
    }

    private func writeGarbage() {
        end(.cutOff)
        let channel = context.channel
        guard request.httpVersion == .http1 else {
            channel.parent?.close(promise: nil)
            return
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.triggerUserOutboundEvent(RawBytes(body), promise: written)
    }

    private func write(_ part: HTTPServerResponsePart) {
        context.write(NIOAny(part), promise: nil)
    }

    /// Writes and flushes, and goes on when everything so far has left; not at all if the connection is gone by then.
    private func send(_ part: HTTPServerResponsePart, then action: @escaping () -> Void) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess {
            if !self.isOver { action() }
        }
        context.writeAndFlush(NIOAny(part), promise: sent)
    }
}

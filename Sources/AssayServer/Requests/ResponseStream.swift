import Concurrency
import NIOCore

/// Connects the thread that works on a request with the task that responds: either a whole response, or the pieces of a
/// long one. Writing a piece blocks while the client does not read.
final class ResponseStream: Sendable {
    /// The first output.
    enum Beginning: Sendable {
        case answer(RouteResponse)
        case piece(ByteBuffer)
    }

    /// The client has disconnected.
    struct Abandoned: Error {}

    private struct State {
        var pieces: [ByteBuffer] = []
        var waiting = 0
        var answer: RouteResponse?
        var failure: (any Error)?
        var isEnded = false
        var isAbandoned = false
        var consumer: CheckedContinuation<Void, Never>?

        /// Whether there is output for the consumer.
        var isReady: Bool { !pieces.isEmpty || isEnded || isAbandoned }
    }

    /// The maximum size of waiting pieces, in bytes. A larger piece waits alone.
    private static let capacity = 1 << 20

    private let state = Monitor(State())

    /// Writes a piece. Blocks until there is room for it.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var buffer = ByteBuffer()
        buffer.writeBytes(bytes)
        let isTaken = state.wait { state -> Bool? in
            if state.isAbandoned { return false }
            guard state.waiting == 0 || state.waiting + bytes.count <= Self.capacity else { return nil }
            state.pieces.append(buffer)
            state.waiting += bytes.count
            return true
        }
        if !isTaken { throw Abandoned() }
        wakeConsumer()
    }

    func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Ends the response; if no piece was written, with a whole response.
    func end(_ answer: RouteResponse? = nil) {
        state.update { state in
            state.answer = answer
            state.isEnded = true
        }
        wakeConsumer()
    }

    /// Ends the response with an error. Earlier pieces are still sent.
    func fail(_ failure: any Error) {
        state.update { state in
            if state.isEnded { return }
            state.failure = failure
            state.isEnded = true
        }
        wakeConsumer()
    }

    /// Tells the writer that the client no longer reads.
    func abandon() {
        state.update { $0.isAbandoned = true }
        wakeConsumer()
    }

    /// The first output. Throws the handler's error.
    func beginning() async throws -> Beginning {
        if let piece = try await next() { return .piece(piece) }
        guard let answer = state.update(\.answer) else { return .piece(ByteBuffer()) }
        return .answer(answer)
    }

    /// The next piece; nil at the end.
    func next() async throws -> ByteBuffer? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.update { state in
                    if !state.isReady { state.consumer = continuation }
                    return state.isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            abandon()
        }
        let result: Result<ByteBuffer?, any Error> = state.update { state in
            if state.isAbandoned { return .failure(Abandoned()) }
            if !state.pieces.isEmpty {
                let piece = state.pieces.removeFirst()
                state.waiting -= piece.readableBytes
                return .success(piece)
            }
            return state.failure.map { .failure($0) } ?? .success(nil)
        }
        return try result.get()
    }

    private func wakeConsumer() {
        let consumer = state.update { state in
            defer { if state.isReady { state.consumer = nil } }
            return state.isReady ? state.consumer : nil
        }
        consumer?.resume()
    }
}
